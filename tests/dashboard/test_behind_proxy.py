"""Behind a proxy: the page lives below its prefix, and only its own pages are ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from let_in import HOST, TOKEN, let_in, stranger
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A browser that has not been let in."""
    with stranger(logdir) as made:
        yield made


def test_behind_a_proxy_the_page_lives_below_its_prefix(logdir: Path) -> None:
    """--path-prefix: everything is there, nothing beside it; and no address in the page knows of it."""
    with TestClient(create_app(Settings(logdir, prefix="/viz")), base_url="http://127.0.0.1:6006") as client:
        page = client.get("/viz/").text
        addresses = re.findall(r'(?:href|src)="([^"#]+)"', page)
        assert len(addresses) > 5
        assert all(address.startswith("./") for address in addresses)
        for address in addresses:
            assert client.get(f"/viz/{address}").status_code == 200, address
        assert client.get("/viz/api/v1/runs").status_code == 200
        assert client.get("/viz/dash/_dash-layout").status_code == 200
        for beside in ("/", "/api/v1/runs", "/vizier/", "/vi", "/viz.", "/VIZ/", "/live"):
            assert client.get(beside).status_code == 404, beside
        with client.websocket_connect("/viz/live", headers=HOST) as feed:
            feed.send_text('{"ping": 1}')
        for closed in ("/live", "/viz"):
            with pytest.raises(WebSocketDisconnect), client.websocket_connect(closed, headers=HOST):
                pass


@pytest.mark.parametrize(("prefix", "to"), [("/viz", "./viz/"), ("/a/b:c", "./b:c/")])
def test_a_missing_slash_is_added_wherever_the_page_is(logdir: Path, prefix: str, to: str) -> None:
    """By an address relative to the one that was asked for: whose name it was is known to the proxy only."""
    with TestClient(
        create_app(Settings(logdir, prefix=prefix, token=TOKEN)), base_url="http://127.0.0.1:6006"
    ) as client:
        answer = client.get(f"{prefix}?token={TOKEN}&p=runs", follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == f"{to}?token={TOKEN}&p=runs"
        assert "set-cookie" not in answer.headers  # it would be sent to what lies beside the page
        page = client.get(f"{prefix}?token={TOKEN}")
        assert (page.status_code, page.url.path) == (200, f"{prefix}/")
        assert client.get(prefix, headers={"cookie": ""}, follow_redirects=False).status_code in (307, 401)


def test_no_answer_sends_elsewhere(client: TestClient) -> None:
    """A redirect that names a host would lead past the proxy."""
    client.headers.update(let_in(client))
    for path in (
        "/api/v1/runs/",
        "/live/",
        "/dash",
        "/session/",
        "/healthz/",
        "/assets",
        "//evil.example/",
    ):
        answer = client.get(f"http://127.0.0.1:6006{path}", follow_redirects=False)
        assert answer.status_code in (401, 404, 410), path
        assert "location" not in answer.headers


@pytest.fixture
def allowed(logdir: Path) -> Iterator[TestClient]:
    """As `client`, with --allow-host training.example."""
    with stranger(logdir, allowed=frozenset({"training.example"})) as made:
        yield made


PLACES = [
    # The Host that arrives, the Origin of the page, what the browser says of it, whether it is ours.
    ("127.0.0.1:6006", "http://training.example", None, True),
    ("127.0.0.1:6006", "https://training.example:8443", None, True),
    ("training.example", "http://training.example:8080", None, True),
    ("training.example:8080", "http://training.example:8080", None, True),
    ("TRAINING.example", "https://Training.Example", None, True),
    ("localhost", "http://localhost:8080", "same-origin", True),
    ("training.example.", "http://training.example.", None, True),
    ("localhost.:6006", "http://localhost.:6006", "same-origin", True),
    ("127.0.0.1:6006", "https://other.example", "same-origin", True),  # it has a certificate: nginx speaks for it
    ("127.0.0.1:6006", "http://evil.example", None, False),
    ("127.0.0.1:6006", "http://evil.example", "same-site", False),
    ("127.0.0.1:6006", "http://evil.example", "none", False),
    ("127.0.0.1:6006", "http://training.example", "cross-site", False),
    ("127.0.0.1:6006", "http://training.example.evil.example", None, False),
    ("127.0.0.1:6006", "http://evil.example:training.example", None, False),
    ("127.0.0.1:6006", "http://training.example@evil.example", None, False),
    ("127.0.0.1:6006", "http://training.example/", None, False),
    ("127.0.0.1:6006", "ftp://training.example", None, False),
    ("127.0.0.1:6006", "null", "same-origin", False),
    ("127.0.0.1:6006", "http://127.0.0.1:7777", "same-site", False),
    ("127.0.0.1:6006", "http://127.0.0.1:7777", None, False),
    ("evil.example", "http://evil.example", "same-origin", False),
    ("evil.example:6006", "http://training.example", None, False),
    ("training.example.evil.example", "http://training.example", None, False),
    ("training.example..", "http://training.example..", None, False),
    ("127.0.0.1, training.example", "http://training.example", None, False),
]


@pytest.mark.parametrize(("host", "origin", "site", "is_ours"), PLACES)
def test_behind_a_proxy_only_its_own_pages_are_ours(
    allowed: TestClient, host: str, origin: str, site: str | None, is_ours: bool
) -> None:
    """Whatever the proxy puts in Host: questions, changes and the line go by one rule."""
    (key,) = let_in(allowed).values()
    (cookie,) = allowed.cookies.values()
    name = f"everystep_{host.partition(':')[2] or 'web'}"
    headers = {"host": host, "origin": origin, "cookie": f"{name}={cookie}"} | (
        {"sec-fetch-site": site} if site else {}
    )
    asked = {**headers, security.KEY_HEADER: key}
    body = {"tag": "loss", "runs": ["a"]}
    assert allowed.post("/api/v1/curves", json=body, headers=asked).status_code == (200 if is_ours else 403)
    assert allowed.post("/live", headers=asked).status_code == (200 if is_ours else 403)
    try:
        with allowed.websocket_connect("/live", headers=headers, subprotocols=["everystep", key]):
            assert is_ours
    except WebSocketDisconnect:
        assert not is_ours


def test_a_refusal_says_what_to_do(client: TestClient) -> None:
    """A person gets a page, a program and the page itself a sentence and the name; what is no name is not repeated."""
    foreign = {"host": "training.example:8080"}
    page = client.get("/", headers=foreign)
    assert page.status_code == 403
    assert "--allow-host training.example." in page.text
    assert client.get("/api/v1/runs", headers={**foreign, "accept": "text/html"}).text == page.text
    assert client.get("/api/v1/runs", headers=foreign).json()["allow"] == "training.example"
    odd = client.get("/", headers={"host": "<script>alert(1)</script>"})
    assert odd.status_code == 403
    assert "<script>" not in odd.text
    assert "--allow-host" not in odd.text
    key = let_in(client)
    said = client.post("/api/v1/curves", json={}, headers={**key, "origin": "http://training.example"}).json()
    assert said["allow"] == "training.example"
    assert said["error"].endswith("start the dashboard with --allow-host training.example.")


def test_a_page_that_is_not_there_says_what_a_proxy_may_have_done(client: TestClient, logdir: Path) -> None:
    """For a person; a program is told as before."""
    html = {"accept": "text/html,*/*", "authorization": f"Bearer {TOKEN}"}
    assert "--path-prefix /team/viz" in client.get("/team/viz/", headers=html).text
    for path in ("/runs", "/runs/", "/team/viz/runs"):
        (link,) = re.findall('<a href="([^"]*)"', client.get(path, headers=html).text)
        assert urljoin(f"http://127.0.0.1/proxied{path}", link) == "http://127.0.0.1/proxied/"
    odd = client.get("/<img src=x>/", headers=html)
    assert (odd.status_code, "<img" in odd.text) == (404, False)
    assert client.get("/team/viz/", headers={"authorization": html["authorization"]}).json() == {"error": "Not Found"}
    assert client.get("/api/v1/nothing", headers=html).json() == {"error": "Not Found"}
    assert "needs its token" in client.get("/team/viz/", headers={"accept": "text/html"}).text
    with TestClient(create_app(Settings(logdir, prefix="/secret", token=TOKEN)), base_url="http://127.0.0.1") as below:
        answer = below.get("/", headers=html)
        assert answer.status_code == 404
        assert "started with a path" in answer.text
        assert "secret" not in answer.text
        assert "below which" not in below.get("/", headers={"accept": "text/html"}).text
