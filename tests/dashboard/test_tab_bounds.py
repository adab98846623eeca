"""Bounds of tabs and of those who ask slowly: what they leave unread or unsaid stays small, and ends."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import subprocess
import sys
from pathlib import Path

import event_loop
import numpy as np
import psutil
import pytest
from asking import Asker, is_alive
from served import ROOT, serving, start_viz
from websockets.protocol import State
from websockets.server import ServerProtocol

from dashboard.http.turns import Turns
from dashboard.server import connections
from tracker.series.stretch import Points


def test_a_tab_that_pings_and_never_reads_is_remembered_for_its_last_ping(asker: Asker) -> None:
    """1.46 million pings were 1.9 GiB. The newest is answered, and what is no number or short text is not."""
    with asker.tab() as tab:
        for i in range(20_000):
            tab.send(f'{{"ping": {i}}}')
        answers: list[dict[str, float]] = []
        while not answers or answers[-1]["pong"] != 19_999:
            data = bytes(tab.recv(timeout=60))
            answers += json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])["answers"]
        for odd in ('{"ping": ' + "[" * 200 + "]" * 200 + "}", json.dumps({"ping": "x" * 65}), '{"ping": "end"}'):
            tab.send(odd)
        data = bytes(tab.recv(timeout=60))
        assert json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])["answers"][0]["pong"] == "end"
    assert len(answers) < 20_000
    assert "Traceback" not in asker.said()


def test_a_tab_watches_no_more_than_a_page_shows(asker: Asker) -> None:
    """Lists of 100,000 tags by 20 tabs were 0.7 GiB: such a tab is closed, with the reason."""
    from websockets.exceptions import ConnectionClosed

    for watch in ([f"t{i}" for i in range(6000)], ["x" * 250_000], ["x" * 2_000_000]):
        with asker.tab() as tab:
            tab.send(json.dumps({"watch": watch}))
            with pytest.raises(ConnectionClosed) as closed:
                list(tab)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


def test_news_for_a_tab_that_does_not_read_are_one_a_run(asker: Asker) -> None:
    """What waits for a tab is no longer than the list of runs and its series, whatever happens meanwhile."""
    from dashboard.live.tab import Tab

    tab = Tab(0, lambda: None)
    for i in range(1000):
        what = [["image"], ["text"], ["runs"]][i % 3]
        told = {"run": "a", "what": what, "summary": {"n": i} if what == ["runs"] else None}
        tab.put([], [told], [f"gone {i % 5}"])
    data = tab.frame()
    head = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
    assert head["changed"] == [{"run": "a", "what": ["image", "runs", "text"], "summary": {"n": 998}}]
    assert len(head["removed"]) == 5


def test_series_that_have_more_are_named_once_to_a_tab_that_does_not_read() -> None:
    """Those of either news, and no more than the run has, however often each grows."""
    from dashboard.live.tab import Tab

    tab = Tab(0, lambda: None)
    for i in range(1000):
        kind = "image" if i % 2 else "text"
        tab.put([], [{"run": "a", "what": [kind], "summary": None, "tags": {kind: [f"m{i % 13}"]}}], [])
    tab.put([], [{"run": "a", "what": ["marks"], "summary": None}], [], ["loss"])
    data = tab.frame()
    head = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
    (told,) = head["changed"]
    assert told["what"] == ["image", "marks", "text"]
    assert told["tags"] == {kind: [f"m{i}" for i in range(13)] for kind in ("text", "image")}
    assert head["headlines"] == ["loss"]


def test_a_tab_that_falls_behind_is_told_to_look_again() -> None:
    """What it is not told point by point, since they were too many at once or wait for too long, it is told to ask for."""
    from dashboard.live.changes import NewPoints
    from dashboard.live.tab import MAX_QUEUED_POINTS, Tab

    tab = Tab(0, lambda: None)
    assert tab.hear({"watch": ["loss", "burst"]})
    column = np.zeros(MAX_QUEUED_POINTS + 1)
    many = Points(column.astype(np.int64), column, column)
    tab.put([NewPoints("a", "burst", "s", 0, None), NewPoints("a", "loss", "s", 0, many)], [], [])
    tab.put([NewPoints("a", "loss", "s", len(column), many)], [], [])
    data = tab.frame()
    head = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
    assert head["again"] == [["a", "burst"], ["a", "loss"]]
    assert [entry["counts"] for entry in head["points"]] == [[len(column)]]


class _Line:
    """A transport that holds so many bytes."""

    waiting = 0
    aborted = closed = False
    written = b""

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


def test_who_is_late_is_let_go_of() -> None:
    """Half a request that stays, and an answer that nobody takes; one that is read slowly is not late."""
    line = object.__new__(connections.SocketConnection)
    line.awaited, line._unread, line.transport = None, (0, 0.0), _Line()
    assert not line.is_late(0.0)
    line.awaited = 0.0
    assert not line.is_late(connections.REQUEST_S)
    assert line.is_late(connections.REQUEST_S + 1)
    line.awaited = None
    for now in range(0, 500, 10):  # it shrinks
        line.transport.waiting = 1000 - now
        assert not line.is_late(float(now))
    assert not line.is_late(500.0)
    assert line.is_late(490.0 + connections.READING_S + 1)
    connections.let_go({line}, 490.0 + connections.READING_S + 2)
    assert line.transport.aborted


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSING, State.CLOSED])
def test_a_server_ends_while_a_tab_says_goodbye(state: State) -> None:
    """What a server does at its end is not left out for that."""
    line, transport = object.__new__(connections.SocketConnection), _Line()
    line.__dict__.update(
        ping_timer=None, pong_timer=None, pending_ping_payload=None, close_timer=None, close_sent=False
    )
    line.handshake_complete, line.queue, line.transport = True, asyncio.Queue(), transport
    line.conn = ServerProtocol(state=state)
    line.shutdown()
    assert transport.closed
    assert bool(transport.written) == (state is State.OPEN)


IMPATIENT = """
import socket, sys
from dashboard import cli
from dashboard.server import connections, listen

bind, connections.READING_S = listen.bind, 1.0

def narrow(*where):
    made = bind(*where)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)  # else it takes the kernel megabytes to be full
    return made

listen.bind = narrow
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_tab_that_stops_reading_is_let_go_of(tmp_path: Path) -> None:
    """A real line whose buffers are full: it is reset, and a tab that reads beside it stays."""

    def begin(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=ROOT, env=environment,
        )  # fmt: skip

    (tmp_path / "runs").mkdir()
    with serving(functools.partial(start_viz, begin=begin)) as serve:
        served = serve(tmp_path / "runs", "--no-token")
        asker = Asker(served)
        with asker.tab() as other, socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(60)
            line.connect(asker.place)
            line.sendall(
                b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert b" 101 " in line.recv(256)
            pings = (b"\x89\xfd" + bytes(4) + b"x" * 125) * 5_000  # each is answered, with as many bytes
            server = psutil.Process(served.process.pid)
            sizes = [server.memory_info().rss]

            def press() -> None:
                while True:
                    line.sendall(pings)
                    sizes.append(server.memory_info().rss)

            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                press()
            assert max(sizes) - sizes[0] < 32 << 20
            other.send('{"ping": "still here"}')
            while b"still here" not in bytes(other.recv(timeout=60)):
                pass
        assert asker.get("/healthz").status == 200


def test_half_a_request_is_noticed(asker: Asker) -> None:
    """More lines than may be are opened and say nothing: those that ask are answered."""
    lines = [socket.create_connection(asker.place) for _ in range(connections.MAX_CONNECTIONS + 20)]
    try:
        for line in lines[:200]:
            try:
                line.sendall(b"POST /api/v1/curves HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")
            except OSError:
                continue  # it has made room
        assert is_alive(asker)
    finally:
        for line in lines:
            line.close()


def test_headers_without_end_are_refused(asker: Asker) -> None:
    """One of the two parsers takes any number of them."""
    answer = asker.raw(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n" + b"x: yyyyyyyyyyyyy\r\n" * 20_000)
    assert answer.status in (431, 400, 0)


def test_a_turn_ends_though_what_is_read_stands_still() -> None:
    """One odd run must not keep all curves waiting."""
    import asyncio

    async def both() -> list[str]:
        turns, said, stuck = Turns(0.01), [], asyncio.Event()

        async def stands_still() -> None:
            async with turns.turn():
                await stuck.wait()
                said.append("stuck")

        async def asks() -> None:
            async with turns.turn():
                said.append("answered")
            stuck.set()

        await asyncio.gather(stands_still(), asks())
        async with turns.turn():
            said.append("one at a time")
        return said

    assert event_loop.run(both()) == ["answered", "stuck", "one at a time"]
