"""Sessions: what a cookie opens and does not, how long, and at which of several dashboards."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from let_in import HOST, TOKEN, let_in, stranger
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.sessions import Sessions, secret_of
from dashboard.server.settings import Settings


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A browser that has not been let in."""
    with stranger(logdir) as made:
        yield made


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
