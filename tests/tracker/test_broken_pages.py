"""Which page of a file is broken, and exactly what is lost with it: nothing that stands on the others."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import struct
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tracker import doctor
from tracker.errors import NotAStoreError
from tracker.repair import salvage
from tracker.repair.damaged_file import DamagedRows
from tracker.repair.raw_pages import RawPages
from tracker.series.chunk import CHUNK_POINTS
from tracker.store import columns
from tracker.store.write import schema

PAGE = columns.PAGE_BYTES
VALUES = np.random.default_rng(0).standard_normal(2 * CHUNK_POINTS + 2_100)
"""Of so many digits that a chunk takes pages; two chunks, a shorter one, and a stretch by itself."""
TABLES = (*schema.segment_tables.sorted_tables, schema.chunks)
TEXTS = 80
"""So many that their rows and their contents have leaves below an inner page."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with something of every kind of page."""
    root = tmp_path_factory.mktemp("sound")
    with tracker.init(logdir=root, name="a", machine=False, config={"lr": 0.1}) as run:
        for step, value in enumerate(VALUES.tolist()):
            run.log({"x": value}, step=step)
        for step in range(TEXTS):
            run.log({"t": tracker.Text(text(step))}, step=step)
        for step in range(6):
            run.log({"h": tracker.Histogram(np.arange(1.0 + step))}, step=step)
        run.mark("half", step=3)
    (path,) = (root / "a").glob("events.*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")  # so that no page is free
    return path


def text(step: int) -> str:
    """What was logged at a step; one is longer than a page."""
    return f"text {step} " * (1_000 if step == 5 else 10)


class Noting(RawPages):
    """Pages that say which of them were asked for."""

    def __init__(self, path: Path) -> None:
        self.asked: list[int] = []
        self.leaf = 0
        super().__init__(path)

    def _page(self, number: int) -> bytes:
        self.asked.append(number)
        return super()._page(number)

    def _cells(self, number: int) -> Iterator[Any]:
        self.leaf = number
        return super()._cells(number)


def pages_of_rows(path: Path) -> list[tuple[str, dict[str, Any], set[int]]]:
    """Each row of a sound file: its table, what it says, and the pages that it stands on."""
    found = []
    with contextlib.closing(Noting(path)) as pages:
        rows = DamagedRows(pages)
        for table in TABLES:
            pages.asked.clear()
            for row in rows.of(table):
                found.append((table.name, row, {pages.leaf, *pages.asked[pages.asked.index(pages.leaf) + 1 :]}))
                pages.asked[:] = [pages.leaf]
        assert not rows.lost
    return found


def saved(data: bytes, folder: Path) -> Any:
    """The run that is saved of a damaged file."""
    path = folder / "a" / "events.20260101T000000-00000000.sqlite"
    path.parent.mkdir(exist_ok=True)
    for left in path.parent.iterdir():
        left.unlink()
    path.write_bytes(data)
    salvage.save(path)
    return tracker.open(folder).run("a")


def said(run: Any) -> dict[str, set[Any]]:
    """What a run says, each value being the one that was logged: steps of points, texts and histograms, and the rest."""
    steps: set[int] = set()
    for tag in run.tags("scalar"):
        points = run.scalars(tag)
        assert points.value.tolist() == VALUES[points.step].tolist()
        assert len(set(points.step.tolist())) == len(points), "a point is there twice"
        steps.update(points.step.tolist())
    texts = [each for tag in run.tags("text") for each in run.media("text", tag)]
    assert all(bytes(each.data).decode() == text(each.step) for each in texts)
    found = [run.histograms(tag) for tag in run.tags("histogram")]
    totals = {step: each.total for some in found for step, each in zip(some.step.tolist(), some, strict=True)}
    assert all(total == step + 1 for step, total in totals.items())
    tags = {tag for kind in ("scalar", "text", "histogram") for tag in run.tags(kind)}
    return {
        "tags": tags, "x": steps, "t": {each.step for each in texts}, "h": {*totals},
        "marks": {mark.text for mark in run.marks()}, "config": {*run.config.items()},
    }  # fmt: skip


def expected(rows: list[tuple[str, dict[str, Any]]]) -> dict[str, set[Any]]:
    """What such rows say."""
    of: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
    for table, row in rows:
        of[table].append(row)
    points = of["chunks"] + [row for row in of["scalars"] if row["level"] == 0 and row["points"] != b""]
    contents = {row["hash"] for row in of["blobs"]}
    return {
        "tags": {"x", "t", "h"},  # also where the rows of series are gone: the index has their names
        "x": {step for row in points for step in range(row["n"], row["n"] + row["count"])},
        "t": {row["step"] for row in of["media"] if row["blob"] in contents},
        "h": {row["step"] for row in of["sketches"] if row["level"] == 0},
        "marks": {row["text"] for row in of["marks"]},
        "config": {item for row in of["segment"] for item in row["config"].items()},
    }


def test_the_rows_of_a_sound_file_are_those_that_sqlite_finds(sound: Path) -> None:
    """Each of them, with its values."""
    connection = sqlite3.connect(sound)
    with contextlib.closing(RawPages(sound)) as pages:
        for table in TABLES:
            names = table.columns.keys()
            wanted = connection.execute(f"SELECT rowid, {', '.join(names)} FROM {table.name}").fetchall()
            is_keyed = names[0] == "id" and table is not schema.segment
            own = {
                (number, *((number, *values[1:]) if is_keyed else values))
                for number, values in pages.records(len(names), is_keyed=is_keyed)
            }
            assert set(wanted) <= own, table.name
            assert len(wanted) == sum(name == table.name for name, _, _ in pages_of_rows(sound))
    connection.close()


def test_with_each_page_exactly_what_stands_on_it_is_lost(sound: Path, tmp_path: Path) -> None:
    """Page after page: of a leaf its rows, of an overflow page the one row that it is of, of all others nothing."""
    data = sound.read_bytes()
    rows = pages_of_rows(sound)
    everything = expected([(table, row) for table, row, _ in rows])
    assert (len(everything["x"]), len(everything["t"]), len(everything["h"])) == (len(VALUES), TEXTS, 6)
    noise = np.random.default_rng(1)
    kinds: Counter[str] = Counter()
    for page in range(1, len(data) // PAGE + 1):
        at = (page - 1) * PAGE
        lost = [table for table, _, own in rows if page in own]
        own = data[at + 100 if page == 1 else at]
        kind = {2: "index", 5: "inner", 10: "index", 13: "leaf"}.get(own, "overflow")
        kinds[kind] += 1
        assert kind == "leaf" or len(lost) == (kind == "overflow"), (page, kind, lost)
        broken = b"\xff" * PAGE if page % 2 else noise.bytes(PAGE)
        run = saved(data[:at] + broken + data[at + PAGE :], tmp_path)
        wanted = expected([(table, row) for table, row, own_pages in rows if page not in own_pages])
        assert said(run) == wanted, (page, kind, lost)
        if kind in ("inner", "index") or page == 1:
            assert said(run) == everything
        assert page % 8 or doctor.examine(tmp_path).is_healthy
    assert min(kinds[kind] for kind in ("inner", "index", "leaf", "overflow")) > 1, kinds


@pytest.mark.parametrize("page_bytes", [1024, 4096])
@pytest.mark.parametrize("has_wal", [False, True])
def test_a_broken_first_page_does_not_hide_how_long_pages_are(
    sound: Path, tmp_path: Path, page_bytes: int, has_wal: bool
) -> None:
    """Of files of now and of before; a WAL file says it."""
    path = tmp_path / "events.20260101T000000-00000001.sqlite"
    shutil.copy(sound, path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("DELETE FROM marks")
        wal = Path(f"{path}-wal").read_bytes()
    assert wal
    broken = tmp_path / "broken"
    broken.write_bytes(bytes(page_bytes) + path.read_bytes()[page_bytes:])
    if has_wal:
        Path(f"{broken}-wal").write_bytes(wal)
    for each in (path, broken):
        with contextlib.closing(RawPages(each)) as pages:
            rows = DamagedRows(pages)
            found = expected([(table.name, row) for table in TABLES for row in rows.of(table)])
        assert found["x"] == {*range(len(VALUES))}
        assert (len(found["t"]), len(found["h"])) == (TEXTS, 6)


def pages_of(data: bytes) -> list[bytes]:
    return [data[at : at + PAGE] for at in range(0, len(data), PAGE)]


def test_what_was_replaced_does_not_come_back(tmp_path: Path) -> None:
    """Points that were folded stand on free pages still, which nothing tells where the first page is broken."""
    stale: dict[bytes, None] = {}

    def copied(path: Path) -> None:
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{tmp_path / 'live'}{ending}")

    with tracker.init(logdir=tmp_path / "runs", name="a", machine=False) as run:
        (path,) = (tmp_path / "runs" / "a").glob("events.*.sqlite")
        for step in range(1500):
            run.log({f"m{number}": VALUES[step] for number in range(30)}, step=step)
            assert run.flush()  # so that what is behind the last stretch is written again and again
            if step % 150 == 30:
                copied(path)
                with contextlib.closing(sqlite3.connect(tmp_path / "live")) as connection:
                    connection.execute("SELECT count(*) FROM scalars")
                stale |= dict.fromkeys(page for page in pages_of((tmp_path / "live").read_bytes()) if page[0] == 13)
        copied(path)
    with contextlib.closing(RawPages(tmp_path / "live")) as pages:  # what is in the WAL file counts
        own = {row.number for row in pages.records(len(schema.scalars.columns), is_keyed=True)}
    with contextlib.closing(sqlite3.connect(tmp_path / "live")) as connection:
        assert own == {number for (number,) in connection.execute("SELECT id FROM scalars")}
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 0
    data = (tmp_path / "live").read_bytes()  # into which SQLite has folded it
    own_pages = pages_of(data)[1:]
    before = iter([page for page in stale if page not in own_pages])
    among = [next(before, page) if page[0] == 10 else page for page in own_pages]  # an index says nothing of its own
    behind = [*before]
    assert among != own_pages
    assert behind
    for file in (data, bytes(PAGE) + data[PAGE:], b"".join([bytes(PAGE), *among, *behind])):
        run_saved = saved(file, tmp_path)
        assert [len(run_saved.scalars(f"m{number}")) for number in range(30)] == [1500] * 30
        said(run_saved)


@settings(max_examples=25, deadline=None)
@given(
    breaks=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=300)), min_size=1, max_size=6),
    cut=st.integers(0, 3 * PAGE),
)
def test_no_wrong_value_comes_out_of_random_bytes(
    breaks: list[tuple[int, bytes]], cut: int, sound: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Anywhere in a file that may end early: points, texts and histograms are those that were logged, or not there."""
    data = bytearray(sound.read_bytes())
    for at, noise in breaks:
        at %= len(data) - 300
        data[at : at + len(noise)] = noise
    try:
        run = saved(bytes(data[: len(data) - cut]), tmp_path_factory.mktemp("random"))
    except (sqlite3.Error, OSError, NotAStoreError):
        return
    said(run)


def varint(number: int) -> bytes:
    """As SQLite writes one below 2^56, in its longer form."""
    return bytes(0x80 | number >> shift & 0x7F for shift in range(49, 0, -7)) + bytes([number & 0x7F])


def leaf(cells: list[bytes], pointers: list[int] | None = None) -> bytes:
    """A leaf with cells from its end on, and pointers to them or elsewhere."""
    page, at, places = bytearray(PAGE), PAGE, []
    for cell in cells:
        at -= len(cell)
        page[at : at + len(cell)] = cell
        places.append(at)
    places = pointers or places
    page[:8] = struct.pack(">BHHHB", 13, 0, len(places), at, 0)
    page[8 : 8 + 2 * len(places)] = struct.pack(f">{len(places)}H", *places)
    return bytes(page)


def chain(pages: int, first: int) -> bytes:
    """A cell of a row of contents that is said to go on over so many pages."""
    held = (PAGE - 12) * 32 // 255 - 23  # as the format has it for the least
    size = held + pages * (PAGE - 4)
    header = bytes([10, 13 + 2 * 32]) + varint(12 + 2 * (size - 42))
    return varint(size) + varint(1) + header.ljust(held, b"a") + struct.pack(">I", first)


@pytest.mark.parametrize("harm", ["cycle", "endless", "outside", "one chain for all"])
def test_a_file_made_to_do_harm_takes_no_more_than_its_size(harm: str, tmp_path: Path) -> None:
    """Of pages that are read, a few times as many as there are; of memory, a few times the file."""
    pages = 200

    def after(page: int) -> int:
        return 150 + (page - 149) % 50 if harm == "cycle" else page + 1 if page < pages else 0

    said_pages = {"endless": 1 << 42, "cycle": 100}.get(harm, 51)
    pointers = [*range(8, PAGE, 2)] if harm == "outside" else None
    body = [leaf([chain(said_pages, 150)] * 7, pointers) for _ in range(2, 150)]
    overflow = [struct.pack(">I", after(page)) + bytes(PAGE - 4) for page in range(150, pages + 1)]
    path = tmp_path / "events.20260101T000000-00000000.sqlite"
    path.write_bytes(b"".join([bytes(PAGE), *body, *overflow]))
    tracemalloc.start()
    try:
        with contextlib.closing(Noting(path)) as read:
            rows = DamagedRows(read)
            assert [row for table in TABLES for row in rows.of(table)] == []
            assert len(read.asked) < 6 * pages
        assert tracemalloc.get_traced_memory()[1] < 8 * path.stat().st_size
    finally:
        tracemalloc.stop()
    with pytest.raises(sqlite3.DatabaseError, match="no row of it can be read"):
        salvage.save(path)


@pytest.mark.parametrize("page_bytes", [1024, 4096])
def test_names_come_from_the_index_where_their_rows_are_gone(tmp_path: Path, page_bytes: int) -> None:
    """However many there are, and however long: of an index with inner pages, and of entries that overflow."""
    tags = {f"layer{number}/weight" for number in range(600)} | {f"{number}" + "long/" * 3_000 for number in range(3)}
    with tracker.init(logdir=tmp_path / "sound", name="a", machine=False) as run:
        run.log(dict.fromkeys(sorted(tags), 1.5), step=3)
    (path,) = (tmp_path / "sound" / "a").glob("events.*.sqlite")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("VACUUM")
    with contextlib.closing(Noting(path)) as pages:
        leaves = {pages.leaf for _ in DamagedRows(pages).of(schema.series)}
    data = bytearray(path.read_bytes())
    for page in leaves:
        data[(page - 1) * page_bytes : page * page_bytes] = b"\xff" * page_bytes
    assert len(leaves) > 3
    found = saved(bytes(data), tmp_path)
    assert {*found.tags("scalar")} == tags
    assert all(found.scalars(tag).value.tolist() == [1.5] for tag in sorted(tags)[::50])
