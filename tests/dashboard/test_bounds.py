"""Bounds: what is small in a file, in a request or in a message stays small in the server, measured in its process."""

from __future__ import annotations

import functools
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import event_loop
import numpy as np
import pytest
from asking import Asker, hashes_of
from every_kind import ARRAY_BOMBS, GRAPH_BOMBS, PROFILE_BOMBS, every_kind, replace_blobs
from served import ROOT, serving, start_forked, start_viz
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tracker
from dashboard.http import wire
from dashboard.http.turns import Turns
from dashboard.profiles import stored
from dashboard.server import connections
from tracker.errors import DamagedBytesError
from tracker.series.stretch import Points
from tracker.values import unpack

MOST_MIB = 64
"""How much a hostile file or request may add to the server's memory."""


def some(names: Iterable[str], *plain: str) -> list[Any]:
    """Of many of a kind those that a plain run tries; the others are tried in a long one."""
    return [name if name in plain else pytest.param(name, marks=pytest.mark.long) for name in names]


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks a server of its own process, over a logdir with good runs; warm, so that imports are not counted."""
    folder = tmp_path_factory.mktemp("bounds") / "runs"
    folder.mkdir()
    every_kind(folder)
    with serving(start_forked) as serve:
        served = serve(folder, "--no-token")
        served.logdir = folder
        made = Asker(served)
        run = "deep/run"
        for target in ("graph/overview?run=" + run, "embedding?tag=points&run=" + run, "profiles?run=" + run, "runs"):
            assert made.get(f"/api/v1/{target}").status == 200
        digest = json.loads(made.get(f"/api/v1/profiles?run={run}").body)["profiles"][0]["hash"]
        assert made.get(f"/api/v1/profile?run={run}&hash={digest}").status == 200
        yield made


def grown(asker: Asker, act: Callable[[], None]) -> float:
    """How many MiB the server grew by, at the most, while something was done."""
    before = most = asker.rss()
    act()
    return max(most, asker.rss()) - before


def is_alive(asker: Asker) -> bool:
    """Whether the good run is shown still."""
    answer = asker.get("/api/v1/scalars?run=a&tag=train/loss&columns=5")
    return answer.status == 200 and json.loads(answer.body)["points"] == 300


def peak(asker: Asker) -> float:
    """The most memory that the server ever had, MiB."""
    status = Path(f"/proc/{asker.served.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def bombed(asker: Asker, name: str, kind: str, data: bytes) -> str:
    """A run beside the good ones of which all values of a kind are these bytes; the hash of one."""
    folder = asker.served.logdir / name  # type: ignore[attr-defined]
    values = {
        "graph": lambda: tracker.Graph([{"name": "a", "op": "b"}], []),
        "profile": lambda: tracker.Profile([{"ph": "X", "name": "a", "ts": 1, "dur": 1}]),
        "embedding": lambda: tracker.Embedding([[1.0, 2.0]]),
    }
    with tracker.init(logdir=folder.parent, name=name, machine=False) as run:
        run.log({kind: values[kind]()}, step=1)
    replace_blobs(folder, data)
    return hashes_of(folder)[0]


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="reads the most memory a process had from /proc")
@pytest.mark.parametrize("name", some(GRAPH_BOMBS, "empty nodes", "deep"))
def test_a_graph_that_unpacks_to_much_is_refused(asker: Asker, name: str) -> None:
    """0.3 MB took 7.3 GiB. It is said what is wrong, and the good run is shown."""
    run = f"graph {name}".replace(" ", "-")
    digest = bombed(asker, run, "graph", GRAPH_BOMBS[name]())
    before = peak(asker)
    for target in ("graph/overview?tag=graph", "graph?tag=graph", f"graph/item?id=0&hash={digest}"):
        answer = asker.get(f"/api/v1/{target}&run={run}")
        assert answer.status == 400, answer
        assert "This graph" in json.loads(answer.body)["error"]
    assert peak(asker) - before <= MOST_MIB
    assert is_alive(asker)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="reads the most memory a process had from /proc")
@pytest.mark.parametrize("name", some(PROFILE_BOMBS, "events", "XSpace of events"))
def test_a_profile_that_unpacks_to_much_is_refused(asker: Asker, name: str) -> None:
    """0.6 MB took 2.6 GiB and 40 s; blanks were gone through twice."""
    run = f"profile {name}".replace(" ", "-")
    digest = bombed(asker, run, "profile", PROFILE_BOMBS[name]())
    before = peak(asker)
    for target in ("profile?", "profile/event?id=0&"):
        answer = asker.get(f"/api/v1/{target}run={run}&hash={digest}")
        assert answer.status == 400, answer
        assert "rofile" in json.loads(answer.body)["error"]
    assert peak(asker) - before <= MOST_MIB
    assert is_alive(asker)


@pytest.mark.parametrize("name", ARRAY_BOMBS)
def test_an_array_is_as_large_as_its_bytes(asker: Asker, name: str) -> None:
    """NumPy makes room for what a header claims, a trillion rows, before it reads the first."""
    run = f"array-{name}".replace(" ", "-")
    bombed(asker, run, "embedding", ARRAY_BOMBS[name])
    answer = asker.get(f"/api/v1/embedding?run={run}&tag=embedding")
    assert answer.status == 400
    assert "array" in json.loads(answer.body)["error"]


def test_a_run_that_is_named_often_is_asked_once(asker: Asker) -> None:
    """30 kB of request were 360 MB of answer."""
    body = {"tag": "train/loss", "columns": 20_000, "runs": ["a"] * 5000}
    often, once = (
        asker.post("/api/v1/curves", json.dumps({**body, "runs": runs}).encode()) for runs in (["a"] * 5000, ["a"])
    )
    assert often.status == 200
    assert often.body == once.body


def test_an_answer_is_bounded(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several tags the last are left out, for the page to ask again; one that is too large by itself is refused."""
    from dashboard.api import curves as routes
    from dashboard.http.turns import Turns
    from dashboard.live.websocket import LiveRuns
    from tracker.store.read.reader import Store

    logdir: Path = asker.served.logdir  # type: ignore[attr-defined]
    from dashboard.live.poller import Poller

    live_runs = LiveRuns(lambda tell: Poller(logdir, tell, None, None))
    client = TestClient(Starlette(routes=routes.routes(live_runs, lambda: Store(logdir), Turns())))
    ask = {"runs": ["a", "b"], "columns": 1000}
    monkeypatch.setattr(routes, "MAX_ANSWER_BYTES", 2 * 300 * 3 * 8)
    both = client.post("/api/v1/curves", json={**ask, "tags": ["train/loss", "val/loss"]})
    length = int.from_bytes(both.content[:4], "little")
    answers = json.loads(both.content[4 : 4 + length])["answers"]
    assert [answer["tag"] for answer in answers] == ["train/loss"]
    assert len(answers[0]["curves"]) == 2
    monkeypatch.setattr(routes, "MAX_ANSWER_BYTES", 300 * 3 * 8)
    refused = client.post("/api/v1/curves", json={**ask, "tag": "train/loss"})
    assert refused.status_code == 413
    assert "fewer runs" in refused.text


def test_a_body_is_counted_as_it_comes(asker: Asker) -> None:
    """Without a length 400 MiB were taken; with one that is not true nothing was."""
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = b"POST /api/v1/curves HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"

    def send() -> None:
        answer = asker.raw(head + piece * 1600)
        assert answer.status in (413, 0)  # 0: the line was closed while it was still sending

    assert grown(asker, send) <= MOST_MIB
    said = asker.raw(head + piece * 17 + b"0\r\n\r\n")
    assert said.status == 413
    assert "too large" in json.loads(said.body)["error"]
    packed_body = asker.raw(
        head.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + b"2\r\n\x1f\x8b\r\n0\r\n\r\n"
    )
    assert packed_body.status == 415


def test_a_tab_that_pings_and_never_reads_is_remembered_for_its_last_ping(asker: Asker) -> None:
    """1.46 million pings were 1.9 GiB. The newest is answered, and what is no number or short text is not."""
    with asker.tab() as tab:
        for i in range(20_000):
            tab.send(f'{{"ping": {i}}}')
        answers: list[dict[str, float]] = []
        while not answers or answers[-1]["pong"] != 19_999:
            data = bytes(tab.recv(timeout=20))
            answers += json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])["answers"]
        for odd in ('{"ping": ' + "[" * 200 + "]" * 200 + "}", json.dumps({"ping": "x" * 65}), '{"ping": "end"}'):
            tab.send(odd)
        data = bytes(tab.recv(timeout=20))
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
    aborted = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True


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


IMPATIENT = "import sys; from dashboard import cli; from dashboard.server import connections; connections.READING_S = 1.0; sys.exit(cli.main(sys.argv[1:]))"


def test_a_tab_that_stops_reading_is_let_go_of(tmp_path: Path) -> None:
    """A real line whose buffers are full: it is reset, and a tab that reads beside it stays."""

    def begin(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=ROOT, env=environment,
        )  # fmt: skip

    (tmp_path / "runs").mkdir()
    with serving(functools.partial(start_viz, begin=begin)) as serve:
        asker = Asker(serve(tmp_path / "runs", "--no-token"))
        with asker.tab() as other, socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(30)
            line.connect(asker.place)
            line.sendall(
                b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert b" 101 " in line.recv(256)
            pings = (b"\x89\xfd" + bytes(4) + b"x" * 125) * 500  # each is answered, with as many bytes
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                all(line.sendall(pings) is None for _ in range(100_000))
            other.send('{"ping": "still here"}')
            while b"still here" not in bytes(other.recv(timeout=30)):
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


def test_large_things_that_are_real_are_read() -> None:
    """The bounds are for what is made: a trace and a graph as models and profilers make them lie well within."""
    import gzip
    import zlib

    import model_graphs

    plain = json.dumps(model_graphs.large()).encode()
    assert len(unpack.unpacked_json(zlib.compress(plain), "graph")["nodes"]) == 9769
    events = [
        {"ph": "X", "name": f"op_{i % 300}", "pid": 1, "tid": i % 4, "ts": i * 10.5, "dur": 9 + i % 7}
        for i in range(60_000)
    ]
    for level in (1, 9):
        assert len(stored.opened(gzip.compress(json.dumps(events).encode(), level))) == 60_000
    table = {"columns": [{"name": "a", "kind": "number", "values": [0] * 1_000_000}]}
    assert unpack.unpacked_json(zlib.compress(json.dumps(table).encode()), "table", unpack.NUMBERS) == table
    with pytest.raises(DamagedBytesError, match="too large"):
        unpack.unpacked_json(zlib.compress(json.dumps(table).encode()), "graph")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2**127, '"170141183460469231731687303715884105728"'), (-(2**63) - 1, '"-9223372036854775809"'), (2**64 - 1, "18446744073709551615"),
        ("caf\udce9", '"caf\\\\udce9"'), ({"\ud800": 1}, '{"\\\\ud800":1}'), (float("nan"), "null"), ({1: {2}}, '{"1":[2]}'), (b"\xff", '"\\\\xff"'),
        (10**5000, None), ({3: object}, None),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_whatever_is_stored_can_be_told(value: object, told: str | None) -> None:
    """A seed of 128 bits in one run made the list of all an error; its digits stay whole, where a browser would round."""
    found = wire.encoded(value).decode()
    json.loads(found)
    assert told is None or found == told


def test_what_is_nested_without_end_is_told_to_a_depth() -> None:
    """The encoder goes 254 levels deep, Python 1,000."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert b"\xe2\x80\xa6" in wire.encoded(wire.plain({"config": deep, "x": float("nan")}))
