"""Points in chunks: the same bits in fewer bytes, for every reader, and for every store that they are sent to."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carrying import carry, contents
from examples import examples
from forged import without_chunks
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tracker
from dashboard import cli
from tracker.doctor import examine
from tracker.errors import DamagedBytesError, NewerSchemaError
from tracker.pruning import segment_points
from tracker.series import chunk
from tracker.series.chunk import CHUNK_POINTS
from tracker.series.stretch import STRETCH_POINTS, Points
from tracker.store import columns
from tracker.store.read import chunks, new_rows, rank_points, read_only, training_points
from tracker.store.read.run_files import RunFiles
from tracker.store.write import at_rest, packing
from tracker.store.write.replica import Replica

COUNT = 3 * CHUNK_POINTS + 3 * STRETCH_POINTS + 70
"""Full chunks, stretches behind them, and a tail."""


def bits(points: Any) -> list[bytes]:
    """The columns of points, bit by bit."""
    return [np.ascontiguousarray(column).tobytes() for column in (points.step, points.wall_time, points.value)]


ODD = np.array([0x7FF8000000000001, 0x7FF0000000000001, 0xFFF8000000000000, 1], np.uint64).view(np.float64)
REAL = st.floats(width=64) | st.sampled_from([*ODD.tolist(), -0.0, np.inf, -np.inf]) | st.floats(width=32)
WHOLE = st.integers(-(2**63), 2**63 - 1)


@examples(60)
@given(st.data(), st.integers(1, 300))
def test_what_is_packed_is_unpacked_to_the_bit(data: st.DataObject, count: int) -> None:
    """Any bits of steps, times and values: payloads of NaN, zeros of both signs, the ends of the number line."""
    columns_of = (data.draw(arrays(np.int64, count, elements=WHOLE)), *(
        data.draw(arrays(np.uint64, count, elements=st.integers(0, 2**64 - 1)) | arrays(np.float64, count, elements=REAL)).view(np.float64)
        for _ in range(2)))  # fmt: skip
    points = Points(*columns_of)
    room = chunk.empty(count)
    chunk.unpack_into(chunk.pack(points), room)
    assert bits(room) == bits(points)


@examples(60)
@given(st.data())
def test_a_chunk_that_was_changed_is_an_error_and_takes_no_more_than_its_room(data: st.DataObject) -> None:
    """Whatever its bytes are: with a checksum that is right they reach the decoder."""
    rng = np.random.default_rng(0)
    points = Points(np.arange(400), np.sort(rng.normal(1.7e9, 9, 400)), rng.normal(size=400).astype("f4").astype("f8"))
    packed = [bytearray(each) for each in chunk.pack(points)]
    which = packed[data.draw(st.integers(0, 2))]
    for _ in range(data.draw(st.integers(1, 4))):
        which[data.draw(st.integers(0, len(which) - 1))] = data.draw(st.integers(0, 255))
    del which[data.draw(st.integers(len(which) // 2, len(which))) :]
    with contextlib.suppress(DamagedBytesError):
        chunk.unpack_into(chunk.Packed(*map(bytes, packed)), chunk.empty(data.draw(st.sampled_from([400, 399, 401]))))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a curve of odd values and one that is smooth, in chunks."""
    root = tmp_path_factory.mktemp("chunks")
    log(root)
    return root


def log(root: Path) -> Path:
    """Logs it; its file."""
    values = np.random.default_rng(0).normal(size=COUNT)
    values[::977], values[5::1001], values[7::1003], values[9::1009] = np.nan, np.inf, -np.inf, -0.0
    steps = np.arange(COUNT) * 3
    steps[5000:5010] = steps[4990:5000]  # a rewind of its own
    with tracker.init(logdir=root, name="a", machine=False) as run:
        for at, (step, value) in enumerate(zip(steps.tolist(), values.tolist(), strict=True)):
            run.log(
                {"x": value, "y": float(np.float32(at / 7))}, step=step, wall_time=1.7e9 + at * 0.01 + (at % 13) / 97
            )
    (path,) = (root / "a").glob("*.sqlite")
    return path


def answers(root: Path) -> dict[str, Any]:
    """What every reader of points says of it."""
    run = tracker.open(root).run("a")
    found: dict[str, Any] = {}
    for tag in ("x", "y"):
        found[tag] = bits(run.scalars(tag))
        for start, stop in ((None, None), (60_000, 61_000), (24_000, 24_600), (82_000, None)):
            found[f"{tag} {start}"] = repr(run.envelope(tag, 300, start, stop))
        found[f"{tag} thinned"] = bits(training_points.points_of(RunFiles(run.folder), tag, 5000))
    together = training_points.TrainingPoints(RunFiles(run.folder))
    found["together"] = [bits(together.of(tag)) for tag in together.tags]
    (path,) = run.folder.glob("*.sqlite")
    with read_only.snapshot(path) as connection:
        held = chunks.Chunks(connection)
        found["newest"] = bits(rank_points._newest(connection, 1, 3000))
        found["behind"] = bits(held.unpack(new_rows.points(connection, 0).fetchall()))
        found["from"] = bits(held.unpack(new_rows.points_from(connection, 2, CHUNK_POINTS - 3)))
    found["rows"] = contents(path)
    return found


def test_every_reader_says_the_same_of_points_in_chunks_and_in_rows(kept: Path, tmp_path: Path) -> None:
    """Points, envelopes at every zoom, what findings rest on, rows as they travel; `viz doctor` finds both sound."""
    (path,) = (kept / "a").glob("*.sqlite")
    plain = tmp_path / "a" / path.name
    plain.parent.mkdir()
    plain.write_bytes(path.read_bytes())
    without_chunks(plain)
    with read_only.snapshot(path) as one, read_only.snapshot(plain) as other:
        assert (one.has_chunks, other.has_chunks) == (True, False)
        versions = [each.execute("PRAGMA user_version").fetchone()[0] for each in (one, other)]
    assert versions == [columns.SCHEMA_VERSION, columns.PLAIN_VERSION]
    wanted = answers(tmp_path)
    assert answers(kept) == wanted
    assert not [each for root in (kept, tmp_path) for each in examine(root, repair=False).findings if each.serious]
    size = segment_points.pack(plain)
    assert size.after < 0.7 * size.before
    assert answers(tmp_path) == wanted
    assert not [each for each in examine(tmp_path, repair=False).findings if each.serious]
    stat = plain.stat()
    assert segment_points.pack(plain) == (stat.st_size, stat.st_size)
    assert plain.stat().st_mtime_ns == stat.st_mtime_ns


def test_a_file_gets_chunks_while_it_is_written_and_is_read_meanwhile(logdir: Path) -> None:
    """A connection that was opened before the first chunk was made finds the points in it."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 0.5}, step=0)
        run.flush()
        (path,) = run.folder.glob("*.sqlite")
        with contextlib.closing(read_only.connect(path)) as early:
            for step in range(1, 2 * CHUNK_POINTS):
                run.log({"x": step / 3}, step=step)
            run.flush()
            stored = tracker.open(logdir).run("a").scalars("x")
            assert stored.value.tolist()[1:] == [step / 3 for step in range(1, 2 * CHUNK_POINTS)]
            assert not early.has_chunks
            rows = early.execute(f"SELECT {', '.join(columns.SCALARS)} FROM scalars WHERE level=0").fetchall()
            assert any(row[-1] == b"" for row in rows)
            from tracker.store.read.scalar_levels import all_points

            assert bits(all_points(early, rows[0][1])) == bits(stored)


@examples(8)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=6), st.sampled_from([1 << 12, 1 << 16, 1 << 20]))
def test_a_replica_equals_its_source_wherever_points_lie(batches: list[int], most_bytes: int) -> None:
    """Shipments cut anywhere, taken while chunks are made here and there, and once more after `viz pack`."""
    with tempfile.TemporaryDirectory() as made:
        root, other = Path(made) / "runs", Path(made) / "other" / "a" / "events.x.sqlite"
        other.parent.mkdir(parents=True)
        replica = Replica(other)
        step = 0
        with tracker.init(logdir=root, name="a", machine=False) as run:
            for count in batches:
                for _ in range(count):
                    run.log({"x": step % 7 / 3}, step=step)
                    step += 1
                run.flush()
                (path,) = run.folder.glob("*.sqlite")
                carry(path, replica, most_bytes)
                assert contents(other) == contents(path)
        segment_points.pack(path)
        carry(path, replica, most_bytes)
        replica.close()
        assert contents(other) == contents(path)


def test_an_older_version_refuses_a_file_with_chunks(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence that says what to do."""
    (path,) = (kept / "a").glob("*.sqlite")
    monkeypatch.setattr(columns, "SCHEMA_VERSION", 1)
    with pytest.raises(NewerSchemaError, match=r"schema 2, this one reads up to 1.*pip install -U"):
        read_only.connect(path)


DAMAGE = {
    "a bit of values": "UPDATE chunks SET points = CAST(substr(points, 1, 900) || x'ff' || substr(points, 902) AS BLOB) WHERE n = 0 AND series = 1",
    "a chunk is gone": "DELETE FROM chunks WHERE n = 0 AND series = 1",
    "a chunk of nobody": "INSERT INTO chunks SELECT 1, 999999, count, steps, wall_times, points, checksum FROM chunks WHERE n = 0 AND series = 1",
    "another's points": "UPDATE chunks SET n = 900000 WHERE n = 8192 AND series = 1",
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_chunk_that_is_damaged_is_found_and_all_else_saved(logdir: Path, what: str) -> None:
    """By the reader, who gives out no wrong point, and by the doctor, who saves what lies in other chunks."""
    path = log(logdir)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(DAMAGE[what])
        connection.commit()
    findings = [each.what for each in examine(logdir, repair=True).findings if each.serious]
    assert findings
    run = tracker.open(logdir).run("a")
    lost = 0 if "nobody" in what else CHUNK_POINTS
    assert len(run.scalars("x")) == COUNT - lost
    assert len(run.scalars("y")) == COUNT
    assert not [each for each in examine(logdir, repair=False).findings if each.serious]


@pytest.mark.parametrize("what", ["a bit of values", "a chunk is gone", "another's points"])
def test_a_reader_gives_out_no_point_of_a_damaged_chunk(logdir: Path, what: str) -> None:
    """It says that the file is damaged; the other curve is none the worse for it."""
    path = log(logdir)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(DAMAGE[what])
        connection.commit()
    run = tracker.open(logdir).run("a")
    with pytest.raises(tracker.errors.StoreError, match="damaged"):
        run.scalars("x")
    with pytest.raises(tracker.errors.StoreError, match="damaged"):
        run.envelope("x", COUNT)
    assert len(run.scalars("y")) == COUNT


def side_by_side(monkeypatch: pytest.MonkeyPatch, second: Callable[[], None]) -> None:
    """Lets two threads unpack a series, each only once the other has begun.

    Args:
        monkeypatch: Undoes it.
        second: What the second does before it unpacks.
    """
    unpack, begun, has_second_begun = chunks._unpack, threading.Event(), threading.Event()

    def noted(row: Any, room: Points) -> None:
        is_second = threading.current_thread() is not threading.main_thread()
        own, other = (has_second_begun, begun) if is_second else (begun, has_second_begun)
        own.set()
        assert other.wait(60)
        if is_second:
            second()
        unpack(row, room)

    monkeypatch.setattr(chunks, "TOGETHER", 1)
    monkeypatch.setattr(chunks, "_unpack", noted)


def test_two_threads_read_the_same_points(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each the next chunk, into its own place."""
    wanted = bits(tracker.open(kept).run("a").scalars("x"))
    side_by_side(monkeypatch, lambda: None)
    assert bits(tracker.open(kept).run("a").scalars("x")) == wanted


def test_damage_that_the_second_thread_finds_is_an_error(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a hole in what the caller gets."""

    def find() -> None:
        raise DamagedBytesError("damaged: found beside")

    side_by_side(monkeypatch, find)
    with pytest.raises(tracker.errors.StoreError, match="found beside"):
        tracker.open(kept).run("a").scalars("x")


def test_without_pcodec_points_stay_in_rows(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none is lost."""
    import sys

    monkeypatch.setitem(sys.modules, "pcodec", None)
    path = log(logdir)
    with read_only.snapshot(path) as connection:
        assert not connection.has_chunks
    assert len(tracker.open(logdir).run("a").scalars("x")) == COUNT


def test_what_cannot_be_packed_stays_as_it_is(logdir: Path) -> None:
    """A row that does not match its checksum is left to the doctor; constants would not become fewer bytes."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3 * STRETCH_POINTS):
            run.log({"x": 1.5}, step=step, wall_time=1.7e9 + step)
    (path,) = run.folder.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as driver:
        assert not packing.pack(driver, 1, 0, 3 * STRETCH_POINTS, if_smaller=True)
        driver.execute("UPDATE scalars SET checksum = 1 WHERE n = 0 AND level = 0")
        assert not packing.pack(driver, 1, 0, 3 * STRETCH_POINTS)
        assert driver.execute("SELECT count(*) FROM sqlite_master WHERE name = 'chunks'").fetchone() == (0,)


def test_an_end_packs_as_much_as_a_moment_allows(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest tails first; a file that would take long to be written anew is left to `viz pack`."""
    monkeypatch.setattr(at_rest, "MOST_POINTS", 5 * STRETCH_POINTS)
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(5 * STRETCH_POINTS):
            run.log({"long": step**0.5, **({"short": step**0.5} if step >= 2 * STRETCH_POINTS else {})}, step=step)
    (path,) = run.folder.glob("*.sqlite")
    asked = "SELECT tag, chunks.count FROM chunks JOIN series ON series = series.id ORDER BY tag"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute(asked).fetchall() == [("long", 5 * STRETCH_POINTS)]
    assert cli.main(["pack", "a", "--logdir", str(logdir)]) == 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute(asked).fetchall() == [("long", 5 * STRETCH_POINTS), ("short", 3 * STRETCH_POINTS)]
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
