"""Who may talk to the server, and what its answers say of themselves."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import event_loop
import pytest
from forged import alter
from let_in import HOST, TOKEN, let_in, stranger
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import tracker
from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.interface import Interface
from dashboard.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A browser that has not been let in."""
    with stranger(logdir) as made:
        yield made


PATHS = [
    "/api/v1/runs", "/api/v1/scalars?run=a&tag=loss", "/api/v1/histograms?run=a&tag=w", "/api/v1/media?run=a&tag=p", "/api/v1/blobs/00",
    "/api/v1/graph?run=a", "/api/v1/marks?run=a", "/", "/assets/x/app.js", "/dash/", "/dash/_dash-layout", "/dash/_dash-dependencies",
    "/dash/_dash-update-component", "/live", "/nowhere", "/api/v1/panes?run=a", "/api/v1/pane?run=a&id=p", "/api/v1/pane/html?run=a&id=p",
    "/api/v1/controls?run=a", "/api/v1/commands?run=a",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_without_the_token(client: TestClient, path: str) -> None:
    """Every route, those of Dash and those that are not there included."""
    for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": "everystep_6006=wrong"}):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert "loss" not in answer.text


def test_every_route_of_the_application_is_among_those_tested(logdir: Path) -> None:
    """A route that is added later is behind the guard as well: the map itself is walked."""
    settings = Settings(logdir, token=TOKEN)
    app: Any = create_app(settings)
    closure = [cell.cell_contents for cell in app._app.__closure__]
    web = next(each for each in closure if hasattr(each, "routes"))
    routes = [*web.routes, *Interface(settings).routes]
    starts = {route.path.partition("{")[0] for route in routes}
    assert all(isinstance(route, (Route, Mount, WebSocketRoute)) for route in routes)
    with TestClient(app, base_url="http://127.0.0.1:6006") as visitor:
        for start in starts - security.OPEN_PATHS - {"/live"}:
            assert visitor.get(start).status_code == 401, start
            assert visitor.post(start).status_code == 401, start
    assert {"/", "/live", "/api/v1/runs", "/api/v1/curves"} <= starts


def test_health_answers_everyone(client: TestClient) -> None:
    """For whoever watches over servers; it tells nothing else."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_token_opens_in_each_of_its_three_forms(client: TestClient) -> None:
    """In the address, as a bearer, and in the cookie that the first visit left."""
    assert client.get("/api/v1/runs", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get(f"/api/v1/runs?token={TOKEN}").status_code == 200
    assert client.get("/api/v1/runs").status_code == 401
    page = client.get(f"/?token={TOKEN}")
    assert page.status_code == 200
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/api/v1/runs").status_code == 200  # the client keeps cookies as a browser does


def test_the_page_without_a_token_says_what_to_do(client: TestClient) -> None:
    """A person gets a page, a program gets JSON."""
    assert "needs its token" in client.get("/").text
    assert client.get("/api/v1/runs").json() == {"error": "This needs the token."}


def test_guessing_tokens_is_slowed_down(client: TestClient) -> None:
    """After twenty wrong ones in a minute even the answer changes."""
    answers = [client.get("/api/v1/runs?token=wrong").status_code for _ in range(25)]
    assert answers[:20] == [401] * 20
    assert answers[-1] == 429
    assert client.get("/api/v1/runs", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:6006",
        "127.0.0.1.evil.example",
        "",
        "localhost.evil.example:6006",
        "169.254.1.1",
        "[::1]evil.example",
        "[::1].evil",
        "[::1",
        "::1",
        "[::1]:",
        "[::1]:x",
        "[::1]:6006:6006",
        "localhost:@evil.example",
        "localhost:6006@evil.example",
        "evil@localhost",
        "localhost:evil",
        "localhost:",
        "localhost:999999",
        "[localhost]",
        "127.0.0.1:6006/",
        " localhost",
        "localhost,evil.example",
        "[::1%25lo]",
        "0.0.0.0",
    ],
)
def test_a_foreign_name_in_host_is_refused(client: TestClient, host: str) -> None:
    """A name that an attacker points at 127.0.0.1 (DNS rebinding) reaches nothing, with or without the token."""
    answer = client.get(f"/api/v1/runs?token={TOKEN}", headers={"host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:6006", "127.0.0.1:6006", "[::1]:6006", "LOCALHOST"])
def test_our_own_names_are_answered(client: TestClient, host: str) -> None:
    """As a browser on this machine, or at the end of an SSH tunnel, says them."""
    assert client.get(f"/api/v1/runs?token={TOKEN}", headers={"host": host}).status_code == 200


CROSS = [
    {"origin": "http://evil.example"}, {"origin": "http://127.0.0.1:6007"}, {"origin": "null"}, {"origin": "https://localhost"},
    {"origin": "ftp://127.0.0.1:6006"}, {"origin": "vscode-webview://127.0.0.1:6006"}, {"origin": "http://x@127.0.0.1:6006"},
    {"origin": "http://127.0.0.1:6006/"}, {"origin": "127.0.0.1:6006"}, {"sec-fetch-site": "cross-site"},
]  # fmt: skip


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_pages_of_other_origins_can_send_nothing(client: TestClient, headers: dict[str, str]) -> None:
    """With the right cookie: what a page of another site makes the browser send."""
    key = let_in(client)
    body = {"tag": "loss", "runs": ["a"]}
    assert client.post("/api/v1/curves", json=body, headers=key).status_code == 200
    assert client.post("/api/v1/curves", json=body, headers={**key, **headers}).status_code == 403


@pytest.mark.parametrize("headers", [*CROSS[:-1], {"host": "evil.example"}], ids=str)
def test_the_live_feed_is_closed_to_other_origins(client: TestClient, headers: dict[str, str]) -> None:
    """WebSockets know no same-origin rule of their own."""
    (key,) = let_in(client).values()
    own = {**HOST, "origin": "http://127.0.0.1:6006", "cookie": f"everystep_6006={client.cookies['everystep_6006']}"}
    with client.websocket_connect("/live", headers=own, subprotocols=["everystep", key]) as feed:
        assert feed.accepted_subprotocol == "everystep"
    with client.websocket_connect("/live", headers=own, subprotocols=[f"everystep, {key}"]) as feed:
        assert feed.accepted_subprotocol == "everystep"  # as uvicorn 0.35 gives them
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/live", headers={**own, **headers}, subprotocols=["everystep", key]),
    ):
        pass


def test_the_live_feed_needs_the_token(client: TestClient) -> None:
    """As everything does."""
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers=HOST):
        pass


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/v1/runs", "/api/v1/nowhere", "/dash/", "/nowhere", "/api/v1/scalars"]
)
def test_every_answer_carries_its_headers(client: TestClient, path: str) -> None:
    """Nothing is sniffed, framed, kept or sent on; scripts come from here and are never made of text."""
    for token in (f"?token={TOKEN}", ""):
        answer = client.get(path + token)
        for name, value in security.HEADERS.items():
            assert answer.headers[name] == value
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self';" in policy
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "....//etc/passwd",
        "..\\..\\etc\\passwd",
        "%252e%252e%252fetc/passwd",
        "/etc/passwd",
        "%00",
    ],
)
def test_no_spelling_of_a_path_leaves_the_logdir(client: TestClient, path: str) -> None:
    """Runs are asked for by name, pictures by hash; assets stay in their folder."""
    client.headers.update(let_in(client))
    digest = client.get("/").text.partition("/assets/")[2].partition("/")[0]
    for address in (
        f"/assets/{digest}/{path}",
        f"/api/v1/scalars?run={path}&tag=loss",
        f"/api/v1/blobs/{path}?run=a",
        f"/api/v1/graph?run={path}",
    ):
        answer = client.get(address)
        assert answer.status_code in (400, 404), address
        assert "root:" not in answer.text


def test_pictures_are_served_as_what_their_bytes_are_and_can_do_nothing(client: TestClient, logdir: Path) -> None:
    """A stored blob that is no picture is handed out as a download, in a sandbox, whatever it claims to be."""

    import numpy as np

    with tracker.init(logdir=logdir, name="p") as run:
        run.log({"p": tracker.Image(np.zeros((2, 2)))}, step=0)
    client.headers.update(let_in(client))
    (item,) = client.get("/api/v1/media?run=p&tag=p").json()["items"]
    answer = client.get(f"/api/v1/blobs/{item['hash']}?run=p")
    assert answer.headers["content-type"] == "image/webp"
    assert "sandbox" in answer.headers["content-security-policy"]
    (file,) = (logdir / "p").glob("events.*.sqlite")
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    alter(file, "UPDATE blobs SET data=?", script)
    (item,) = client.get("/api/v1/media?run=p&tag=p").json()["items"]
    answer = client.get(f"/api/v1/blobs/{item['hash']}?run=p")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


def test_a_page_brings_its_own_script_and_one_stylesheet(client: TestClient) -> None:
    """Each further round of asking is felt; a page that nobody knows asks for no more than the frame."""
    client.get(f"/?token={TOKEN}")
    frame, media = (client.get(f"/?p={name}").text for name in ("../../no_such_page", "media"))
    scripts = [re.findall(r'"modulepreload" href="\./assets/\w+/([^"]+)"', page) for page in (frame, media)]
    assert scripts == [["app.bundle.js"], ["app.bundle.js", "pages/media/page.bundle.js"]]
    assert "no_such_page" not in frame
    (sheet,) = re.findall(r'rel="stylesheet" href="([^"]+)"', media)
    answer = client.get(sheet)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cache-control"].endswith("immutable")
    for name in ("frame.css", "pages/media/page.css", "pages/paths/page.css"):
        assert (ROOT / "dashboard" / "web" / name).read_text(encoding="utf-8") in answer.text


@pytest.mark.parametrize(
    ("why", "is_ours"),
    [
        ("unable to perform operation on <TCPTransport closed=True>; the handler is closed", False),
        ("anything else", True),
    ],
    ids=["who asked has gone", "another fault"],
)
def test_an_answer_to_nobody_is_no_fault_of_the_servers(why: str, is_ours: bool) -> None:
    """What uvloop raises before uvicorn has heard that the other side is gone; all else is told."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def gone(message: Any) -> None:
        raise RuntimeError(why)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    guarded = security.Guard(answer, None, None)
    told = contextlib.nullcontext() if not is_ours else pytest.raises(RuntimeError, match="anything else")
    with told:
        event_loop.run(guarded(scope, answer, gone))
