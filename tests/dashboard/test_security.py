"""Who may talk to the server, and what its answers say of themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forged import alter
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import tracker
from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.interface import Interface
from dashboard.server.sessions import Sessions, secret_of
from dashboard.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a" * 43
HOST = {"host": "127.0.0.1:6006"}


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A browser that has not been let in."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"loss": 1.0}, step=0)
    with TestClient(create_app(Settings(logdir, token=TOKEN)), base_url="http://127.0.0.1:6006") as made:
        yield made


def let_in(client: TestClient) -> dict[str, str]:
    """Visits the page with the token; the cookie stays with the client, the header is what the page sends with it."""
    (key,) = re.findall(r'"key": "([0-9a-f]{64})"', client.get(f"/?token={TOKEN}").text)
    return {security.KEY_HEADER: key}


PATHS = [
    "/api/v1/runs", "/api/v1/scalars?run=a&tag=loss", "/api/v1/histograms?run=a&tag=w", "/api/v1/media?run=a&tag=p", "/api/v1/blobs/00",
    "/api/v1/graph?run=a", "/api/v1/marks?run=a", "/", "/assets/x/app.js", "/dash/", "/dash/_dash-layout", "/dash/_dash-dependencies",
    "/dash/_dash-update-component", "/live", "/nowhere", "/api/v1/panes?run=a", "/api/v1/pane?run=a&id=p", "/api/v1/pane/html?run=a&id=p",
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


BY_COOKIE_ALONE = ["/", "/api/v1/runs", "/api/v1/runs?form=page", "/dash/_dash-layout"]
NEEDS_THE_KEY = ["/api/v1/table", "/api/v1/scalars?run=a&tag=loss", "/api/v1/shelf", "/api/v1/trash", "/api/v1/media?run=a&tag=p", "/api/v1/graph?run=a", "/session"]  # fmt: skip


def test_a_cookie_is_no_token_and_opens_little(client: TestClient) -> None:
    """The browser sends it to every port of this machine: what another server there can do with it."""
    key = let_in(client)
    (cookie,) = client.cookies.values()
    assert TOKEN not in cookie
    for path in NEEDS_THE_KEY:
        assert client.get(path, headers=key).status_code == 200 or "media" in path or "graph" in path, path
    other = TestClient(client.app, base_url="http://127.0.0.1:6006")
    for given in ({"authorization": f"Bearer {cookie}"}, {security.KEY_HEADER: cookie}, key):
        assert other.get("/api/v1/runs", headers=given).status_code == 401
    assert other.get(f"/api/v1/runs?token={cookie}").status_code == 401
    other.cookies.set("everystep_6006", cookie)
    for path in BY_COOKIE_ALONE:
        assert other.get(path).status_code == 200, path
    for path in NEEDS_THE_KEY:
        for guess in ("", cookie, "0" * 64, cookie.rpartition(".")[2]):
            assert other.get(path, headers={security.KEY_HEADER: guess}).status_code == 401, path
    for path in ("/", "/?token=", "/?token=wrong", f"/?token={cookie}"):
        assert not re.search("[0-9a-f]{64}", other.get(path).text.replace(cookie, "")), path  # no key for a cookie
        assert "set-cookie" not in other.get(path).headers
    for path, body in (("curves", {"tag": "loss", "runs": ["a"]}), ("trash", {"runs": ["a"]}), ("runs/said", {"runs": ["a"], "key": "note", "value": "x"})):  # fmt: skip
        assert other.post(f"/api/v1/{path}", json=body).status_code == 401
    for protocols in ([], ["everystep"], ["everystep", cookie]):
        own = {**HOST, "cookie": f"everystep_6006={cookie}"}
        with (
            pytest.raises(WebSocketDisconnect),
            other.websocket_connect("/live", headers=own, subprotocols=protocols),
        ):
            pass
    assert client.get("/api/v1/table", headers=key).status_code == 200


@pytest.mark.parametrize("changed", ["x", "1.y.z", "9999999999.abc.", "", ".", "..", "9999999999.abc.0", "é.é.é"])
def test_a_cookie_of_somebodys_making_is_none(client: TestClient, changed: str) -> None:
    """It is signed."""
    header = f"everystep_6006={changed}".encode()
    assert client.get("/api/v1/runs", headers={b"cookie": header}).status_code == 401


def test_a_session_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cookie that was noted long ago opens nothing."""
    sessions = Sessions()
    begun = sessions.begin()
    name = sessions.name_of(begun.cookie)
    assert name is not None
    assert sessions.is_key_of(name, begun.key)
    assert not sessions.is_key_of(name, sessions.begin().key)
    now = time.time()
    monkeypatch.setattr("dashboard.server.sessions.time.time", lambda: now + 31 * 86400)
    assert sessions.name_of(begun.cookie) is None


def test_sessions_of_a_chosen_token_outlive_a_start_and_those_of_a_made_one_do_not() -> None:
    """Whoever chose a token need not paste it again; a new token ends what the old one opened."""
    begun = Sessions(secret_of(TOKEN)).begin()
    assert Sessions(secret_of(TOKEN)).name_of(begun.cookie) is not None
    assert Sessions(secret_of(f"{TOKEN}b")).name_of(begun.cookie) is None
    assert Sessions().name_of(begun.cookie) is None


def test_servers_of_several_ports_keep_their_cookies_apart(logdir: Path) -> None:
    """By the port that the browser knows, also at the ends of two tunnels to one port."""
    names = set()
    for port in (6006, 6007):
        with TestClient(create_app(Settings(logdir, token=TOKEN)), base_url=f"http://localhost:{port}") as visitor:
            visitor.get(f"/?token={TOKEN}")
            names |= set(visitor.cookies)
    assert names == {"everystep_6006", "everystep_6007"}


def test_the_token_begins_a_session_for_a_page_that_stayed_open(client: TestClient) -> None:
    """After a restart: the page asks, shows the token, and has a cookie and a key again."""
    assert client.get("/session").status_code == 401
    assert client.get("/session", headers={"authorization": "Bearer wrong"}).status_code == 401
    key = client.get("/session", headers={"authorization": f"Bearer {TOKEN}"}).json()["key"]
    assert client.get("/api/v1/table", headers={security.KEY_HEADER: key}).status_code == 200
    assert client.get("/session", headers={security.KEY_HEADER: key}).json() == {"key": ""}


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


def test_a_page_brings_its_own_modules_and_one_stylesheet(client: TestClient) -> None:
    """Each further round of asking is felt; a page that nobody knows asks for no more than the frame."""
    client.get(f"/?token={TOKEN}")
    frame, media = (client.get(f"/?p={name}").text for name in ("../../no_such_page", "media"))
    assert "pages/media/panel.js" in media
    assert "pages/media/panel.js" not in frame
    assert "no_such_page" not in frame
    (sheet,) = re.findall(r'rel="stylesheet" href="([^"]+)"', media)
    answer = client.get(sheet)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cache-control"].endswith("immutable")
    for name in ("frame.css", "pages/media/page.css", "pages/paths/page.css"):
        assert (ROOT / "dashboard" / "web" / name).read_text(encoding="utf-8") in answer.text


def test_behind_a_proxy_the_page_lives_below_its_prefix(logdir: Path) -> None:
    """--path-prefix: everything is there, nothing beside it; and no address in the page knows of it."""
    with TestClient(create_app(Settings(logdir, prefix="/viz")), base_url="http://127.0.0.1:6006") as client:
        page = client.get("/viz/").text
        addresses = re.findall(r'(?:href|src)="([^"#]+)"', page)
        assert len(addresses) > 50
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


def test_a_cookie_is_for_what_lies_beside_the_page(client: TestClient) -> None:
    """Wherever a proxy may have put it: without a Path the browser takes the one that it asked for."""
    cookie = client.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert "path" not in cookie.lower()
    assert "domain" not in cookie.lower()


def test_a_cookie_of_another_dashboard_of_the_same_name_is_in_nobody_s_way(client: TestClient) -> None:
    """One at the root of a name and one below a path: the browser sends both, in either order."""
    (key,) = let_in(client).values()
    (cookie,) = client.cookies.values()
    client.cookies.clear()
    other = Sessions().begin().cookie
    for cookies in ((cookie, other), (other, cookie), (other, "", cookie, other)):
        header = "; ".join(f"everystep_6006={each}" for each in cookies)
        assert client.get("/api/v1/table", headers={"cookie": header, security.KEY_HEADER: key}).status_code == 200
    (second,) = let_in(client).values()  # the same server at two paths
    both = f"everystep_6006={client.cookies['everystep_6006']}; everystep_6006={cookie}"
    client.cookies.clear()
    for each in (key, second):
        assert client.get("/api/v1/table", headers={"cookie": both, security.KEY_HEADER: each}).status_code == 200
    for header in (f"everystep_6006={other}", f"everystep_60066={cookie}", f"x=everystep_6006={cookie}", "=", ";;=;"):
        assert client.get("/api/v1/table", headers={"cookie": header, security.KEY_HEADER: key}).status_code == 401


@pytest.fixture
def allowed(logdir: Path) -> Iterator[TestClient]:
    """As `client`, with --allow-host training.example."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"loss": 1.0}, step=0)
    settings = Settings(logdir, token=TOKEN, allowed=frozenset({"training.example"}))
    with TestClient(create_app(settings), base_url="http://127.0.0.1:6006") as made:
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
