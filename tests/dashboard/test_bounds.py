"""Bounds: what is small in a file or in a request stays small in the server, measured in its process."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from asking import Asker, grown, hashes_of, is_alive
from every_kind import ARRAY_BOMBS, GRAPH_BOMBS, PROFILE_BOMBS, replace_blobs
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tracker
from dashboard.http import wire
from dashboard.profiles import stored
from tracker.errors import DamagedBytesError
from tracker.values import unpack

MOST_MIB = 64
"""How much a hostile file or request may add to the server's memory."""


def some(names: Iterable[str], *plain: str) -> list[Any]:
    """Of many of a kind those that a plain run tries; the others are tried in a long one."""
    return [name if name in plain else pytest.param(name, marks=pytest.mark.long) for name in names]


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
    client = TestClient(Starlette(routes=routes.routes(live_runs, lambda: Store(logdir), Turns(), None)))
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
