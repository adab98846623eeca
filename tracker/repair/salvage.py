"""Salvage: all that can be read of a damaged segment file, written anew as its writer would have; the old one is kept.

What is written is whole before the old file gives way to it, so that a kill at any moment loses nothing: either the old
file is still there, or the next repair ends what this one began.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tracker import logdir
from tracker.errors import DamagedBytesError
from tracker.repair.damaged_file import DamagedRows, Row
from tracker.repair.raw_pages import RawPages
from tracker.series import stretch
from tracker.series.sketch import Sketch
from tracker.series.stretch import STRETCH_POINTS, Points
from tracker.series.summary import summarise
from tracker.store import columns
from tracker.store.read import chunks, liveness
from tracker.store.read.liveness import Writer
from tracker.store.read.sketch_levels import sketch_of
from tracker.store.write import schema
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.transaction import Transaction
from tracker.values.value import Medium

SAVING, SAVED, DAMAGED = "saving", "saved", "damaged"
"""What is behind the name of a file: while it is written anew, once it is whole, and of the one that is kept."""


_SKETCH = (
    "nan_count", "posinf_count", "neginf_count", "min", "max", "sum", "sum_squares", "form", "buckets",
)  # fmt: skip
"""What `sketch_of` wants of a row, in this order."""


class Saved(NamedTuple):
    """What became of a damaged file."""

    rows: Counter[str]
    """Rows that were saved, by table."""
    lost: Counter[str]
    """Rows that were found and are no good."""
    kept: Path
    """Where the damaged file is now."""


def save(path: Path) -> Saved:
    """Writes what can be read of a segment into a new file that takes its place.

    Raises:
        sqlite3.Error, OSError, NotAStoreError: nothing can be read, or nothing be written; the file is as it was.
    """
    saving, saved = _beside(path, SAVING), _beside(path, SAVED)
    if saved.exists():  # of a repair that was stopped: what of the file is gone by now may stand there alone
        return Saved(Counter(), Counter(), swap(path, saved))
    for ending in ("", "-wal", "-shm", "-journal"):
        for each in (saving, saving.with_name(f".{saving.name}.unborn")):
            Path(f"{each}{ending}").unlink(missing_ok=True)
    with contextlib.closing(RawPages(path)) as pages:
        salvage = _Salvage(DamagedRows(pages), path)
        try:
            salvage.write(saving)
            if salvage.rows.is_replica:
                _mark_saved(saving)
        except BaseException:
            saving.unlink(missing_ok=True)
            raise
    with saving.open("rb") as file:
        os.fsync(file.fileno())
    saving.replace(saved)
    return Saved(salvage.rows.read, salvage.rows.lost, swap(path, saved))


def may_be_written(path: Path) -> bool:
    """Whether the writer of a file that SQLite cannot read may live, as far as it says.

    Raises:
        OSError, NotAStoreError: it cannot be opened.
    """
    with contextlib.closing(RawPages(path)) as pages:
        rows = DamagedRows(pages)
        segment, state = (next(rows.of(table), None) for table in (schema.segment, schema.state))
        if segment is None or state is None or state["status"] != "running" or rows.is_replica:
            return False
        return liveness.is_alive(_writer(segment), state["heartbeat"], time.time())


def unfinished(folder: Path) -> list[Path]:
    """Files whose salvage was stopped when all but their last renaming was done."""
    found = [path.with_name(path.name[1:].removesuffix(f".{SAVED}")) for path in folder.glob(f".*.{SAVED}")]
    return sorted(path for path in found if logdir.is_segment(path.name))


def finish(path: Path) -> Path:
    """Ends such a salvage; where the damaged file is now."""
    return swap(path, _beside(path, SAVED))


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")


def swap(path: Path, saved: Path) -> Path:
    """Puts what was saved of a file in its place; where the damaged one is now."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.{DAMAGED}" + (f"-{number}" if number > 1 else ""))
        if not kept.exists() or (path.exists() and kept.samefile(path)):
            break
        number += 1
    for ending in ("-wal", "-journal", ""):  # the file itself last: where it stands, all of it stands
        if Path(f"{path}{ending}").exists() and not Path(f"{kept}{ending}").exists():
            _link(Path(f"{path}{ending}"), Path(f"{kept}{ending}"))
    for ending in ("-wal", "-shm", "-journal"):  # SQLite would play them into the new file
        Path(f"{path}{ending}").unlink(missing_ok=True)
    saved.replace(path)
    return kept


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without links
        part = target.with_name(f".{target.name}.part")
        shutil.copy2(path, part)
        part.replace(target)


def _mark_saved(path: Path) -> None:
    """Notes that the rows came from elsewhere and are no longer numbered as there: they are to be sent once more."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"CREATE TABLE {columns.ARRIVALS} (late INTEGER NOT NULL)")
        connection.execute(f"INSERT INTO {columns.ARRIVALS} VALUES ({columns.SAVED})")
        connection.execute("COMMIT")


class _Salvage:
    """What can be read of one file, on its way into another."""

    def __init__(self, rows: DamagedRows, path: Path) -> None:
        self.rows = rows
        self._path = path
        self._numbers: dict[int, int] = {}
        self._names: list[tuple[str, str]] = []

    def write(self, target: Path) -> None:
        segment = next(self.rows.of(schema.segment), None)
        state = next(self.rows.of(schema.state), None)
        for row in self.rows.of(schema.series):
            self._name(row["id"], row["kind"], row["tag"])
        for number, named in self.rows.names().items():
            if number not in self._numbers and named not in self._names:
                self._name(number, *named)
        appender = Appender(target, self._birth(segment))
        try:
            with appender.transaction(durable=True) as transaction:
                self._add_scalars(transaction)
                self._add_sketches(transaction)
                self._add_media(transaction)
                for row in self.rows.of(schema.marks):
                    transaction.add_mark(row["step"], row["wall_time"], row["kind"], row["text"], row["attributes"])
                for row in self.rows.of(schema.receipts):
                    transaction.set_receipt(row["nonce"], row["step"], row["wall_time"], row["outcome"])
                transaction.add_series(self._names)
                transaction.fold_tails()
                if not self.rows.read:
                    raise sqlite3.DatabaseError("no row of it can be read")
                said = state or {"status": "crashed", "ending": "saved from a damaged file"}
                transaction.set_state(
                    **{
                        key: json.dumps(each) if key == "lost" else each
                        for key, each in said.items()
                        if key not in ("written", "checksum")
                    }
                )
            appender.fold_away()
        finally:
            appender.close()

    def _birth(self, row: Row | None) -> Birth:
        known: Mapping[str, Any] = row or {
            "id": logdir.segment_id(self._path), "run": self._path.parent.name, "reason": "start",
            "created": self._path.stat().st_mtime, "host": "", "machine": "", "pid": 0, "pid_started": "",
            "library": "", "run_tags": [], "notes": "", "config": {}, "environment": {},
        }  # fmt: skip
        return Birth(
            segment=known["id"], run=known["run"], parent=known.get("parent"), fork_step=known.get("fork_step"),
            reason=known["reason"], rank=known.get("rank"), created=known["created"], writer=_writer(known),
            library=known["library"], group=known.get("run_group"), tags=[str(tag) for tag in known["run_tags"]],
            notes=known["notes"], config=known["config"], environment=known["environment"],
        )  # fmt: skip

    def _name(self, series: int, kind: str, tag: str) -> None:
        if (kind, tag) in self._names:
            tag = f"{tag} (series {series})"
        self._names.append((kind, tag))
        self._numbers[series] = len(self._names)

    def _number(self, series: int, kind: str) -> int:
        """The number of a series in the new file; one whose name is gone gets one."""
        if series not in self._numbers:
            self._name(series, kind, f"series {series}")
        return self._numbers[series]

    def _add_scalars(self, transaction: Transaction) -> None:
        found: dict[int, list[tuple[int, Points]]] = {}
        for row in self.rows.of(schema.chunks):
            with self._counting("chunks"):
                points = chunks.points_of([row[name] for name in columns.CHUNK])
                found.setdefault(row["series"], []).append((row["n"], points))
        in_chunks = {
            (series, place)
            for series, parts in found.items()
            for n, points in parts
            for place in range(n, n + len(points.step), STRETCH_POINTS)
        }
        for row in self.rows.of(schema.scalars):
            if row["level"]:
                continue  # made of the others
            with self._counting("scalars"):
                if row["points"] == chunks.ELSEWHERE:
                    if (row["series"], row["n"]) not in in_chunks:
                        raise DamagedBytesError("no chunk holds its points")
                    continue
                points = stretch.unpack([[row[name] for name in stretch.UNPACK_COLUMNS]])
                if row["checksum"] is None and row["count"] > 1 and _is_contradicted(row, points):
                    raise DamagedBytesError("points that are others than those that were summed up")
                found.setdefault(row["series"], []).append((row["n"], points))
        for series, parts in found.items():
            joined = stretch.concatenate(_each_once(parts))
            transaction.add_scalars([(self._number(series, "scalar"), joined)])

    def _add_sketches(self, transaction: Transaction) -> None:
        found: dict[int, list[tuple[int, int, Row, Sketch]]] = {}
        for row in self.rows.of(schema.sketches):
            if row["level"]:
                continue
            with self._counting("sketches"):
                made = sketch_of([row[name] for name in _SKETCH])
                found.setdefault(row["series"], []).append((row["n"], row["id"], row, made))
        for series, parts in found.items():
            for _, _, row, made in sorted(parts, key=lambda part: part[:2]):
                transaction.add_sketch(self._number(series, "histogram"), row["step"], row["wall_time"], made)

    def _add_media(self, transaction: Transaction) -> None:
        contents = {row["hash"]: row["data"] for row in self.rows.of(schema.blobs)}
        found: dict[tuple[int, int], list[Row]] = {}
        for row in self.rows.of(schema.media):
            with self._counting("media"):
                contents[row["blob"]]  # without its content an item is nothing
                found.setdefault((row["series"], row["n"]), []).append(row)
        for (series, _), rows in sorted(found.items()):
            rows.sort(key=lambda row: row["position"])
            items = [Medium(row["form"], row["attributes"], contents[row["blob"]]) for row in rows]
            transaction.add_media(self._number(series, "file"), rows[0]["step"], rows[0]["wall_time"], items)

    @contextlib.contextmanager
    def _counting(self, table: str) -> Iterator[None]:
        """Within it something is made of a row: one that does not hold what it should is counted."""
        try:
            yield
        except Exception:  # noqa: BLE001 a damaged row may hold anything; it is counted, and its file is kept
            self.rows.refuse(table)


def _writer(segment: Mapping[str, Any]) -> Writer:
    return Writer(segment["host"], segment["machine"], segment["pid"], segment["pid_started"])


def _each_once(parts: list[tuple[int, Points]]) -> list[Points]:
    """Points in order, of those that are there twice one: what was folded may still stand on a free page.

    Args:
        parts: The ordinal of the first point, and the points. One that has an ordinal never has another.
    """
    found: list[Points] = []
    end = 0
    for first, points in sorted(parts, key=lambda part: part[0]):
        known = max(0, end - first)
        if known < len(points.step):
            found.append(Points(points.step[known:], points.wall_time[known:], points.value[known:]))
            end = first + len(points.step)
    return found


WITNESSES = ("min", "max", "sum", "sum_squares", "step_min", "step_max")


def _is_contradicted(row: Row, points: Points) -> bool:
    """Whether a stretch's own summary says, in three ways or more, that its points are not those that were logged.

    Where one or two differ it is the summary that was changed; random bytes in the place of numbers differ in most.
    """
    summary = summarise(points, 1, 0)[0]
    return sum(bool(row[name] != summary[name] and summary[name] == summary[name]) for name in WITNESSES) >= 3
