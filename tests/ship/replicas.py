"""Segments that are written and shipped within a test, without a server: a source, its replica, and whether they are equal."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tracker import logdir as logdirs
from tracker.series import sketch
from tracker.series.stretch import Points
from tracker.store.read import read_only, shipping
from tracker.store.read.chunks import Chunks
from tracker.store.read.liveness import Writer
from tracker.store.shipment import Arrived, Shipment, packed, unpacked
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.replica import Replica
from tracker.store.write.transaction import Transaction
from tracker.values.value import Medium

SEGMENT = "20260101T000000-0123abcd"

BIRTH = Birth(
    segment=SEGMENT, run="a", parent=None, fork_step=None, reason="start", rank=None, created=1.7e9,
    writer=Writer("elsewhere", "", 1, ""), library="tests", group=None, tags=("x",), notes="ünï\0code",
    config={"lr": 0.1}, environment={},
)  # fmt: skip

COUNTS = [1, 2, 63, 64, 65, 500, 1023, 1024, 1025, 4000]
TAGS = ["loss", "acc", "a/b"]

THINGS = st.one_of(
    st.tuples(st.just("points"), st.sampled_from(TAGS), st.sampled_from(COUNTS)),
    st.tuples(st.just("histogram"), st.sampled_from(["w", "v"])),
    st.tuples(st.just("media"), st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple)),
    st.tuples(st.just("mark"), st.sampled_from(["", "m", "\0ü\x1a"])),
    st.tuples(st.just("receipt"), st.sampled_from(["r1", "r2"])),
    st.tuples(st.just("config"), st.integers(0, 3)),
)
EVENTS = st.one_of(
    st.tuples(st.just("commit"), st.lists(THINGS, min_size=1, max_size=4).map(tuple)),
    st.tuples(st.just("ship"), st.sampled_from([1, 500, 20_000, 1 << 23])),
    st.just(("late",)),
    st.just(("restart",)),
)
"""What may happen to a segment on its way: something is logged, rows travel in pieces of so many bytes, a copy of the file
is late, whoever takes it in is begun anew."""

ODD = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.5, 1e-320, 0.1, -3.0, 1e308])


def points(count: int, first: int = 0, *, odd: bool = True) -> Points:
    """Points of the steps from `first` on, some of whose values no number is."""
    step = np.arange(first, first + count)
    return Points(step, 1.7e9 + step / 7.0, ODD[step % len(ODD)] if odd else np.sin(step))


class Source:
    """A segment that is written here, by what writes a run's.

    Args:
        root: The logdir.
        birth: What it says of itself.
    """

    def __init__(self, root: Path, birth: Birth = BIRTH) -> None:
        folder = root / birth.run
        folder.mkdir(parents=True, exist_ok=True)
        self.path = logdirs.segment_path(folder, birth.segment)
        self.appender = Appender(self.path, birth)
        self.names: list[tuple[str, str]] = []
        self.logged: dict[int, int] = {}

    def series(self, kind: str, tag: str) -> int:
        """The number of a series."""
        if (kind, tag) not in self.names:
            self.names.append((kind, tag))
        return self.names.index((kind, tag)) + 1

    def commit(self, *what: tuple[Any, ...]) -> None:
        """One commit of several things: `("points", tag, count)`, `("histogram", tag)`, `("media", contents)`, …"""
        with self.appender.transaction() as transaction:
            for kind, *words in what:
                getattr(self, f"_{kind}")(transaction, *words)

    def _points(self, transaction: Transaction, tag: str, count: int) -> None:
        number = self.series("scalar", tag)
        transaction.add_series(self.names)
        first = self.logged.get(number, 0)
        transaction.add_scalars([(number, points(count, first))])
        self.logged[number] = first + count

    def _histogram(self, transaction: Transaction, tag: str) -> None:
        number = self.series("histogram", tag)
        transaction.add_series(self.names)
        n = self.logged[number] = self.logged.get(number, -1) + 1
        transaction.add_sketch(number, n, 1.7e9 + n, sketch.count(np.array([n, -n, np.nan, 0.5])))

    def _media(self, transaction: Transaction, contents: Sequence[int]) -> None:
        number = self.series("text", "words")
        transaction.add_series(self.names)
        n = self.logged[number] = self.logged.get(number, -1) + 1
        items = [Medium("text/plain", {"n": each}, bytes([each]) * (each * 97 + 1)) for each in contents]
        transaction.add_media(number, n, 1.7e9 + n, items)

    def _mark(self, transaction: Transaction, text: str) -> None:
        transaction.add_mark(len(text), 1.7e9, "mark", text, {"a": text})

    def _receipt(self, transaction: Transaction, nonce: str) -> None:
        transaction.set_receipt(nonce, 3, 1.7e9, {"outcome": "applied", "at": transaction.next_id})

    def _config(self, transaction: Transaction, value: int) -> None:
        transaction.set_config({"lr": 0.1, "more": value})

    def finish(self) -> None:
        """The last commit, as a run makes it."""
        with self.appender.transaction(durable=True) as transaction:
            transaction.fold_tails()
            transaction.set_state(status="finished", ended=1.7e9 + 5)
        with contextlib.suppress(sqlite3.OperationalError):  # somebody reads: the WAL is empty, and stays
            self.appender.fold_away()

    def close(self) -> None:
        """Lets go of the file."""
        self.appender.close()

    def behind(self, arrived: Arrived, most_bytes: int = 1 << 23) -> Shipment:
        """The next shipment, as it arrives: packed and unpacked."""
        with read_only.snapshot(self.path) as connection:
            said = shipping.behind(connection, arrived, most_bytes)
        data, compressed = packed(said)
        found = unpacked(data, compressed=compressed)
        assert found == said or _text(found) == _text(said)  # NaN is not itself
        return found


def _text(shipment: Shipment) -> str:
    return repr(shipment)


def ship_all(source: Source, replica: Replica, most_bytes: int = 1 << 23) -> int:
    """Ships a segment that has ended, to its end; how many shipments that took."""
    count = 0
    while not replica.arrived.is_whole:
        replica.take(source.behind(replica.arrived, most_bytes))
        count += 1
    return count


def rows_of(path: Path) -> dict[str, list[str]]:
    """Every row of every table of a file, with its number and the type of each value, but for what only says that it
    arrived; points where rows stand for them."""
    with read_only.snapshot(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        chunks = Chunks(connection)
        return {
            table: [
                repr((number, *(chunks.filled(row) if table == "scalars" else row)))
                for number, *row in connection.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()
            ]
            for table in sorted(tables)
            if table not in ("arrivals", "chunks")
        }


def differences(one: Path, other: Path) -> list[str]:
    """Tables of two files that are not equal row by row, and the first row of each that is not."""
    ours, theirs = rows_of(one), rows_of(other)
    found = []
    for table in sorted(ours.keys() | theirs.keys()):
        mine, its = ours.get(table, []), theirs.get(table, [])
        if mine != its:
            first = next((pair for pair in zip(mine, its, strict=False) if pair[0] != pair[1]), ("", ""))
            found.append(f"{table}: {len(mine)} rows and {len(its)}, {first[0][:300]} and {first[1][:300]}")
    return found


def stores_differ(source: Path, target: Path) -> list[str]:
    """What of one logdir is not in another, by the names of runs and segments, or differs."""
    ours = {(name, path.name): path for name, folder in logdirs.run_folders(source) for path in logdirs.segment_files(folder)}  # fmt: skip
    theirs = {(name, path.name): path for name, folder in logdirs.run_folders(target) for path in logdirs.segment_files(folder)}  # fmt: skip
    found = [f"only here: {each}" for each in sorted(ours.keys() - theirs.keys())]
    found += [f"only there: {each}" for each in sorted(theirs.keys() - ours.keys())]
    for key in sorted(ours.keys() & theirs.keys()):
        found += [f"{key}: {each}" for each in differences(ours[key], theirs[key])]
    return found


def a_shipment(root: Path) -> Shipment:
    """One with rows in every part, of a segment that has not ended, from its beginning."""
    source = Source(root)
    source.commit(
        ("points", "loss", 1100), ("points", "acc", 3), ("histogram", "w"), ("histogram", "w"), ("media", (1, 2))
    )
    source.commit(("media", (2, 3)), ("mark", "m"), ("receipt", "r"))
    found = source.behind(Arrived())
    source.close()
    return replace(found)


def is_readable(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong."""
    return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
