"""Visdom's port: who is let in and by what, where browsers are sent, and what is refused."""

from __future__ import annotations

import hashlib
import json
import math
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import viz
from served import Served, serving, start_forked
from visdom_served import Sender, port_of, serving_visdom
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

import tracker
from dashboard.visdom.sources import MAX_SOURCES

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a token of the tests"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a token."""
    with serving_visdom(tmp_path_factory.mktemp("guarded") / "runs", "--token", TOKEN, "--path-prefix", "/viz") as made:
        yield made


@pytest.fixture(scope="module")
def open_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that lets everybody of this machine in."""
    with serving_visdom(tmp_path_factory.mktemp("open") / "runs", "--no-token") as made:
        yield made


def page_port(served: Served) -> int:
    return int(served.base.split(":")[2].partition("/")[0])


def ways(served: Served, prefix: str = "") -> list[tuple[int, str]]:
    """Both places where the protocol is spoken: (port, path)."""
    return [(port_of(served), ""), (page_port(served), f"{prefix}/visdom")]


def login(password: str) -> bytes:
    return json.dumps({"username": "viz", "password": hashlib.sha256(password.encode()).hexdigest()}).encode()


# --- who is let in ------------------------------------------------------------------------------------------


def test_the_client_shows_the_token_as_its_password(guarded: Served) -> None:
    """By what the unmodified client can be told; the cookie that it gets is good for both places."""
    for port, root in ways(guarded, "/viz"):
        sender = Sender(port, root)
        assert sender.ask("POST", "/events", b"{}").status == 401
        answer = sender.ask("POST", "", login(TOKEN)) if root else sender.ask("POST", "/", login(TOKEN))
        assert (answer.status, answer.text) == (200, "")
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert "HttpOnly" in answer.headers["set-cookie"]
        within = Sender(port, root, {"cookie": cookie})
        assert within.text("t", "hello", eid=f"by{root}") == "t"
        assert json.loads(within("win_data", win="t", eid=f"by{root}"))["content"] == "hello"


def test_the_token_itself_is_good_too(guarded: Served) -> None:
    """As a bearer, or in the address."""
    for port, root in ways(guarded, "/viz"):
        assert Sender(port, root, {"authorization": f"Bearer {TOKEN}"}).text("t", "x", eid="bearer") == "t"
        answer = Sender(port, root).ask(
            "POST", f"/win_exists?token={TOKEN.replace(' ', '+')}", b'{"eid": "bearer", "win": "t"}'
        )
        assert answer.text == "true"


@pytest.mark.parametrize(
    "body",
    [
        login("another"),
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"password": null}',
        b'{"password": "\\ud800"}',
        b'{"username": "x"}',
        b"x" * 20_000,
        b'{"eid": "main"}',
    ],
)
def test_nobody_else_is_let_in(guarded: Served, body: bytes) -> None:
    """Whatever is sent in the place of a password."""
    answer = Sender(port_of(guarded)).ask("POST", "/", body)
    assert answer.status in (401, 429)
    assert "set-cookie" not in answer.headers
    assert answer.text.startswith("error: ")


@pytest.mark.parametrize(
    "cookie",
    [
        "user_password=",
        "user_password=x",
        "user_password=" + "0" * 64,
        "a=\x7f; user_password=é".encode().decode("latin-1"),
        "user_password",
    ],
)
def test_no_other_cookie_opens(guarded: Served, cookie: str) -> None:
    """It is made of a secret of the server's."""
    for endpoint in ("/events", "/win_data", "/delete_env", "/vis_socket_wrap"):
        assert Sender(port_of(guarded), headers={"cookie": cookie}).ask("POST", endpoint, b"{}").status in (400, 401)


def test_the_socket_asks_as_well(guarded: Served) -> None:
    """Who hears events sees what the windows hold."""
    port = port_of(guarded)
    with pytest.raises(WebSocketException):
        connect(f"ws://127.0.0.1:{port}/vis_socket")
    cookie = Sender(port).ask("POST", "/", login(TOKEN)).headers["set-cookie"].partition(";")[0]
    with connect(f"ws://127.0.0.1:{port}/vis_socket", additional_headers={"cookie": cookie}) as heard:
        assert json.loads(heard.recv(10)) == {"command": "alive", "data": "vis_alive"}


def test_programs_that_went_make_room_for_others(open_served: Served) -> None:
    """However many came and went: each is told that it is heard."""
    for _ in range(MAX_SOURCES + 20):
        with connect(f"ws://127.0.0.1:{port_of(open_served)}/vis_socket") as heard:
            assert json.loads(heard.recv(10)) == {"command": "alive", "data": "vis_alive"}


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}]
)  # fmt: skip
def test_a_page_of_another_site_changes_nothing(open_served: Served, headers: dict[str, str]) -> None:
    """Without a token too: any page in a browser can send requests to this machine."""
    for port, root in ways(open_served):
        sender = Sender(port, root)
        body = json.dumps({"win": "evil", "data": [{"type": "text", "content": "x"}]}).encode()
        assert sender.ask("POST", "/events", body, **headers).status == 403
        assert sender("win_exists", win="evil") == "false"


def test_a_wrong_password_may_be_tried_twenty_times(tmp_path: Path) -> None:
    """In a minute."""
    with serving_visdom(tmp_path / "runs", "--token", TOKEN) as served:
        port = port_of(served)
        statuses = [Sender(port).ask("POST", "/", login("wrong")).status for _ in range(25)]
        assert (statuses[0], statuses[-1]) == (401, 429)


# --- browsers -----------------------------------------------------------------------------------------------


def test_a_browser_is_sent_to_the_page_of_panes(guarded: Served, open_served: Served) -> None:
    """With the environment of the address, which is that of a run there."""
    accept = {"accept": "text/html", "sec_fetch_mode": "navigate"}
    port, page = port_of(guarded), page_port(guarded)
    sender = Sender(port)
    assert sender.ask("GET", "/", **accept).headers["location"] == f"http://127.0.0.1:{page}/viz/?p=panes"
    found = sender.ask("GET", "/env/a%2Fb", **accept)
    assert (found.status, found.headers["location"]) == (307, f"http://127.0.0.1:{page}/viz/?p=panes&env=a%2Fb")
    found = sender.ask("GET", "/compare/a+b", **accept)
    assert found.headers["location"].endswith("?p=panes&env=a%0Ab")
    below = Sender(page_port(open_served), "/visdom")
    assert below.ask("GET", "/env/a/b", **accept).headers["location"] == "../../../?p=panes&env=a%2Fb"
    assert below.ask("GET", "", **accept).headers["location"] == "./?p=panes"


def test_nothing_is_told_on_the_way(guarded: Served) -> None:
    """Who has no token is sent to a page that asks for it."""
    for path in ("/", "/env/main", "/health", "/nowhere", "/events", "/win_data"):
        answer = Sender(port_of(guarded)).ask("GET", path)
        assert TOKEN not in answer.text + str(answer.headers)
        assert answer.status in (200, 307, 401)


# --- options ------------------------------------------------------------------------------------------------


def test_a_busy_port_is_an_error_with_a_sentence(logdir: Path) -> None:
    """A client that is told a port finds no other one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = viz("serve", "--logdir", str(logdir), "--port", "0", "--visdom-port", port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--visdom-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_writes_nothing_has_no_such_port(logdir: Path) -> None:
    """A usage error: one of the two was not meant."""
    done = viz("serve", "--logdir", str(logdir), "--visdom-port", "0", "--read-only")
    assert (done.returncode, "--read-only" in done.stderr) == (2, True)


def test_the_line_says_how_a_client_is_made(guarded: Served, open_served: Served) -> None:
    """As Python."""
    said = "".join(guarded.lines)
    assert f'Visdom(server="http://127.0.0.1", port={port_of(guarded)}, username="viz", password="{TOKEN}")' in said
    assert f'Visdom(server="http://127.0.0.1", port={port_of(open_served)})' in "".join(open_served.lines)


def test_without_the_option_nothing_of_it_is_there(logdir: Path) -> None:
    """Neither the path, nor what it takes to import: the page is there 0.3 s sooner."""
    with serving(start_forked) as serve:
        served = serve(logdir, "--no-token")
        assert Sender(page_port(served), "/visdom").ask("POST", "/events", b"{}").status == 404
    code = (
        "import sys, pathlib\nfrom dashboard.server.application import create_app\nfrom dashboard.server.settings import Settings\n"
        "create_app(Settings(pathlib.Path('.')))\nprint([m for m in sys.modules if 'sqlalchemy' in m or 'visdom' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


# --- what is said -------------------------------------------------------------------------------------------


def test_python_s_nan_is_taken(open_served: Served) -> None:
    """`json.dumps` of the client writes it, which is not JSON."""
    sender = Sender(port_of(open_served))
    body = b'{"eid": "nan", "win": "b", "data": [{"type": "bar", "y": [1, NaN, Infinity]}], "layout": {}, "opts": {}}'
    assert sender.ask("POST", "/events", body).text == "b"
    y = json.loads(sender("win_data", win="b", eid="nan"))["content"]["data"][0]["y"]
    assert (y[0], y[1] != y[1], y[2]) == (1, True, math.inf)


REFUSED: list[tuple[str, Any, int]] = [
    ("events", b"{", 400), ("events", b"[]", 400), ("events", b"\xff", 400), ("events", b"[" * 100_000, 400),
    ("events", {"data": 3}, 400), ("events", {"data": [3]}, 400), ("events", {"data": [{"type": "image"}]}, 400),
    ("events", {"data": [{"type": "properties", "content": 3}]}, 400), ("events", {"data": [{"type": "network", "content": {"nodes": 3}}]}, 400),
    ("events", {"data": [{"type": "text", "content": {}}]}, 400), ("events", {"data": [], "win": "x" * 300}, 413), ("events", {"data": [], "win": ["x"]}, 400),
    ("events", {"data": [], "eid": 3}, 400), ("events", {"data": [], "eid": "x" * 501}, 413), ("events", {"data": [{}] * 1001}, 413),
    ("events", {"data": [], "layout": 3}, 400), ("events", {"data": [], "opts": []}, 400), ("update", {"data": []}, 400),
    ("win_data", {"win": "nowhere"}, 404), ("win_data", {"win": "t", "data": "{"}, 400), ("win_data", {"win": None, "data": "[]"}, 400),
    ("win_data", {"eid": "nowhere", "win": "t", "data": "3"}, 400), ("save", {"data": 3}, 400), ("fork_env", {"prev_eid": "nowhere"}, 404),
    ("close", {"eid": "nowhere"}, 404), ("delete_env", {"eid": "nowhere"}, 404), ("nowhere", {}, 404), ("vis_socket_wrap", b"3", 400),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "said", "status"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_is_refused_with_a_sentence(open_served: Served, endpoint: str, said: Any, status: int) -> None:
    """It begins with "error:", as the client takes any answer for a window's name."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer = Sender(port_of(open_served)).ask("POST", f"/{endpoint}", body)
    assert (answer.status, answer.text[:7]) == (status, "error: "), answer


def test_what_is_too_large_is_refused(open_served: Served) -> None:
    """While it comes, whole or in pieces."""
    sender = Sender(port_of(open_served))
    assert sender.ask("POST", "/events", b" " * (33 << 20)).status == 413
    sender = Sender(port_of(open_served))
    assert sender.ask("POST", "/events", b'{"data": [' + b"[]," * 1_100_000 + b"[]]}").status == 413
    assert sender.ask("POST", "/events", b"{}", content_encoding="gzip").status == 415
    assert sender.ask("PUT", "/events", b"{}").status == 405


def test_odd_environments_are_safe_and_come_back(open_served: Served) -> None:
    """Each is a folder of its own below the logdir, also those whose names a client takes for a part of the path."""
    sender, names = (
        Sender(port_of(open_served)),
        ["..", "../../up", "a\nb", "", "x" * 500, "a/b", ".trash", "page.sqlite", "~", "%2e%2e"],
    )
    for name in names:
        sender.text("t", repr(name), eid=name)
    assert sender.ask("POST", "/", json.dumps({"eid": ".."}).encode()).text == ""
    assert set(names) <= set(json.loads(sender("env_state")))
    for name in names:
        assert json.loads(sender("win_data", win="t", eid=name))["content"] == repr(name)
    logdir = open_served.logdir
    assert [each.name for each in logdir.parent.iterdir() if each.name not in ("runs", "cache")] == []
    assert len({run.folder for run in tracker.open(logdir).runs()}) >= len(names)


def test_who_asks_again_and_again_hears_the_same(open_served: Served) -> None:
    """The client's way without a WebSocket."""
    sender = Sender(port_of(open_served))
    sid = json.loads(sender("vis_socket_wrap", message_type="init"))["sid"]
    first = json.loads(sender("vis_socket_wrap", message_type="query", sid=sid))
    assert [json.loads(each) for each in first["messages"]] == [{"command": "alive", "data": "vis_alive"}]
    sender("vis_socket_wrap", message_type="send", sid=sid, message='{"cmd": "echo", "n": 1}')
    (echo,) = json.loads(sender("vis_socket_wrap", message_type="query", sid=sid))["messages"]
    assert json.loads(echo) == {"cmd": "echo", "n": 1}
    assert json.loads(sender("vis_socket_wrap", message_type="query", sid="x"))["success"] is False


def test_an_environment_that_is_deleted_lies_in_the_trash(open_served: Served) -> None:
    """From where the page brings it back."""
    sender, logdir = Sender(port_of(open_served)), open_served.logdir
    sender.text("t", "x", eid="doomed")
    sender("delete_env", eid="doomed")
    assert "doomed" not in json.loads(sender("env_state"))
    assert not (logdir / "doomed").exists()
    assert (logdir / ".trash" / "doomed").is_dir()
    sender.text("t", "y", eid="doomed")
    assert json.loads(sender("win_data", win="t", eid="doomed"))["content"] == "y"
