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
import struct
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa

from tracker import logdir
from tracker.errors import DamagedBytesError, StoreError
from tracker.series import checksums, stretch
from tracker.series.sketch import Sketch
from tracker.series.stretch import Points
from tracker.series.summary import summarise
from tracker.store import columns
from tracker.store.read import journal
from tracker.store.read.liveness import Writer
from tracker.store.read.sketch_levels import sketch_of
from tracker.store.write import schema
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.transaction import Transaction
from tracker.values.value import Medium

SAVING, SAVED, DAMAGED = "saving", "saved", "damaged"
"""What is behind the name of a file: while it is written anew, once it is whole, and of the one that is kept."""

NEAR = 4096
"""Row numbers that are tried one by one behind a page that cannot be read, before steps grow."""

Row = dict[str, Any]

_SKETCH = (
    "nan_count", "posinf_count", "neginf_count", "min", "max", "sum", "sum_squares", "form", "buckets",
)  # fmt: skip
"""What `sketch_of` wants of a row, in this order."""

JSON_COLUMNS = {
    "run_tags": list,
    "config": dict,
    "environment": dict,
    "lost": dict,
    "attributes": dict,
    "outcome": dict,
}
"""Columns that hold JSON, and of what kind."""


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
        sqlite3.Error, OSError, SQLAlchemyError: nothing can be read, or nothing be written; the file is as it was.
    """
    saving, saved = _beside(path, SAVING), _beside(path, SAVED)
    if saved.exists():  # of a repair that was stopped: what of the file is gone by now may stand there alone
        return Saved(Counter(), Counter(), _swap(path, saved))
    for ending in ("", "-wal", "-shm", "-journal"):
        for each in (saving, saving.with_name(f".{saving.name}.unborn")):
            Path(f"{each}{ending}").unlink(missing_ok=True)
    with _source(path) as source:
        salvage = _Salvage(source, path)
        try:
            salvage.write(saving)
        except BaseException:
            saving.unlink(missing_ok=True)
            raise
    with saving.open("rb") as file:
        os.fsync(file.fileno())
    saving.replace(saved)
    return Saved(salvage.rows, salvage.lost, _swap(path, saved))


def unfinished(folder: Path) -> list[Path]:
    """Files whose salvage was stopped when all but their last renaming was done."""
    found = [path.with_name(path.name[1:].removesuffix(f".{SAVED}")) for path in folder.glob(f".*.{SAVED}")]
    return sorted(path for path in found if logdir.is_segment(path.name))


def finish(path: Path) -> Path:
    """Ends such a salvage; where the damaged file is now."""
    return _swap(path, _beside(path, SAVED))


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")


def _swap(path: Path, saved: Path) -> Path:
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


@contextlib.contextmanager
def _source(path: Path) -> Iterator[sqlite3.Connection]:
    """The damaged file, only ever read: in a copy where a journal lies beside it, which SQLite would have to write for,
    or what is no plain file, for which SQLite would wait."""
    with contextlib.ExitStack() as stack:
        if Path(f"{path}-journal").exists() or not _is_sound(path):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="everystep-"))
            journal.main_copy(path, Path(folder) / path.name)
            path = Path(folder) / path.name
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=ro", uri=True, timeout=2.0, isolation_level=None
        )
        stack.callback(connection.close)
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection


def _is_sound(path: Path) -> bool:
    try:
        journal.check(path)
    except StoreError:
        return False
    return True


class _Salvage:
    """What can be read of one file, on its way into another."""

    def __init__(self, source: sqlite3.Connection, path: Path) -> None:
        self._source = source
        self._path = path
        self._numbers: dict[int, int] = {}
        self._names: list[tuple[str, str]] = []
        self.rows: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def write(self, target: Path) -> None:
        segment = next(self._rows_of(schema.segment), None)
        state = next(self._rows_of(schema.state), None)
        for row in self._rows_of(schema.series):
            self._name(row["id"], row["kind"], row["tag"])
        appender = Appender(target, self._birth(segment))
        try:
            with appender.transaction(durable=True) as transaction:
                self._add_scalars(transaction)
                self._add_sketches(transaction)
                self._add_media(transaction)
                for row in self._rows_of(schema.marks):
                    transaction.add_mark(row["step"], row["wall_time"], row["kind"], row["text"], row["attributes"])
                for row in self._rows_of(schema.receipts):
                    transaction.set_receipt(row["nonce"], row["step"], row["wall_time"], row["outcome"])
                transaction.add_series(self._names)
                transaction.fold_tails()
                if not self.rows:
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
        writer = Writer(known["host"], known["machine"], known["pid"], known["pid_started"])
        return Birth(
            segment=known["id"], run=known["run"], parent=known.get("parent"), fork_step=known.get("fork_step"),
            reason=known["reason"], rank=known.get("rank"), created=known["created"], writer=writer,
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
        found: dict[int, list[tuple[int, int, Points]]] = {}
        for row in self._rows_of(schema.scalars):
            if row["level"]:
                continue  # made of the others
            with self._counting("scalars"):
                points = stretch.unpack([[row[name] for name in stretch.UNPACK_COLUMNS]])
                if row["checksum"] is None and row["count"] > 1 and _is_contradicted(row, points):
                    raise DamagedBytesError("points that are others than those that were summed up")
                found.setdefault(row["series"], []).append((row["n"], row["id"], points))
        for series, parts in found.items():
            parts.sort(key=lambda part: part[:2])
            joined = stretch.concatenate([points for _, _, points in parts])
            transaction.add_scalars([(self._number(series, "scalar"), joined)])

    def _add_sketches(self, transaction: Transaction) -> None:
        found: dict[int, list[tuple[int, int, Row, Sketch]]] = {}
        for row in self._rows_of(schema.sketches):
            if row["level"]:
                continue
            with self._counting("sketches"):
                made = sketch_of([row[name] for name in _SKETCH])
                found.setdefault(row["series"], []).append((row["n"], row["id"], row, made))
        for series, parts in found.items():
            for _, _, row, made in sorted(parts, key=lambda part: part[:2]):
                transaction.add_sketch(self._number(series, "histogram"), row["step"], row["wall_time"], made)

    def _add_media(self, transaction: Transaction) -> None:
        contents = {row["hash"]: row["data"] for row in self._rows_of(schema.blobs)}
        found: dict[tuple[int, int], list[Row]] = {}
        for row in self._rows_of(schema.media):
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
            self.lost[table] += 1
            self.rows[table] -= 1

    # --- rows ------------------------------------------------------------------------------------------

    def _rows_of(self, table: sa.Table) -> Iterator[Row]:
        """The rows of a table that can be read and are as they were written, with values of the right types."""
        known = self._source.execute(
            "SELECT 1 FROM sqlite_master WHERE type='table' AND name=? AND rootpage>0", (table.name,)
        )
        if known.fetchone() is None:  # a view may never end
            return
        for values in self._readable(table):
            if not _matches(table, values):
                self.lost[table.name] += 1
                if table is not schema.segment:  # of which a wrong letter is better than nothing
                    continue
            row: Row | None = {}
            for column, value in zip(table.columns, values, strict=True):
                mended = right(column, value)
                if mended is None and not column.nullable and column.name not in columns.LATER:
                    self.lost[table.name] += 1
                    row = None
                    break
                row[column.name] = mended  # type: ignore[index]
            if row is not None:
                self.rows[table.name] += 1
                yield row

    def _readable(self, table: sa.Table) -> Iterable[tuple[Any, ...]]:
        """Rows by their numbers, stepping over pages that cannot be read; then what an index still names."""
        known = {row[1] for row in self._source.execute(f"PRAGMA table_info({table.name})")}
        names = ", ".join(columns.asked(column.name for column in table.columns))
        if known.isdisjoint(columns.CHECKSUMS):
            names = columns.unchecked(names)
        seen: set[int] = set()
        after, tried = -(1 << 62), 0
        while tried < NEAR + 40:
            try:
                for number, *row in self._source.execute(
                    f"SELECT rowid, {names} FROM {table.name} WHERE rowid>? ORDER BY rowid",  # noqa: S608
                    (after,),
                ):
                    yield tuple(row)
                    seen.add(number)
                    after, tried = number, 0
                break
            except sqlite3.OperationalError as error:
                if "no such" in str(error):
                    return
                after, tried = _further(after, tried), tried + 1
            except sqlite3.DatabaseError:
                after, tried = _further(after, tried), tried + 1
        for index in table.indexes:
            for number in self._named(table.name, str(index.name)) - seen:
                with contextlib.suppress(sqlite3.Error):
                    query = f"SELECT {names} FROM {table.name} WHERE rowid=?"  # noqa: S608
                    yield from self._source.execute(query, (number,)).fetchall()

    def _named(self, table: str, index: str) -> set[int]:
        """The numbers of all rows, by an index of a table."""
        found: set[int] = set()
        with contextlib.suppress(sqlite3.Error):
            for (number,) in self._source.execute(f"SELECT rowid FROM {table} INDEXED BY {index}"):  # noqa: S608
                found.add(number)
        return found


def _matches(table: sa.Table, values: Sequence[Any]) -> bool:
    """Whether a row is as it was written. Those of points are looked at when they are unpacked."""
    if table is schema.scalars or "checksum" not in table.columns:
        return True
    return checksums.matches(values[: table.columns.keys().index("checksum") + 1])


WITNESSES = ("min", "max", "sum", "sum_squares", "step_min", "step_max")


def _is_contradicted(row: Row, points: Points) -> bool:
    """Whether a stretch's own summary says, in three ways or more, that its points are not those that were logged.

    Where one or two differ it is the summary that was changed; random bytes in the place of numbers differ in most.
    """
    summary = summarise(points, 1, 0)[0]
    return sum(bool(row[name] != summary[name] and summary[name] == summary[name]) for name in WITNESSES) >= 3


def _further(after: int, tried: int) -> int:
    """The next place to look at behind one that cannot be read."""
    return max(after, 0) + (1 if tried < NEAR else 1 << (tried - NEAR))


# --- values ----------------------------------------------------------------------------------------------


def type_of(column: sa.Column[Any]) -> str:
    """SQLite's name of the type that a column's values have."""
    if isinstance(column.type, sa.LargeBinary):
        return "blob"
    if isinstance(column.type, (schema.Exact, sa.Double)):
        return "real"
    return "text" if isinstance(column.type, sa.Text) else "integer"


def right(column: sa.Column[Any], value: Any) -> Any:
    """A value as its column should have it, JSON as what it says; None where it cannot be told.

    Integers of NumPy were stored as their bytes by older versions, as steps of all that is no scalar.
    """
    kind = type_of(column)
    if value is None:
        return None
    if kind == "integer":
        return _whole(value)
    if kind == "real":
        return _real(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else None
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    wanted = JSON_COLUMNS.get(column.name)
    if wanted is None:
        return text
    return json.loads(text) if is_json(column.name, text) else wanted()


def is_json(name: str, text: Any) -> bool:
    """Whether a text is the JSON that its column should hold."""
    try:
        return isinstance(json.loads(text), JSON_COLUMNS[name])
    except (ValueError, TypeError, RecursionError):
        return False


def _whole(value: Any) -> int | None:
    if isinstance(value, bytes) and len(value) in (1, 2, 4, 8):
        found = int.from_bytes(value, "little", signed=True)
        return found if found >= 0 or len(value) == 8 else int.from_bytes(value, "little")
    try:
        found = int(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if -(2**63) <= found < 2**63 else None


def _real(value: Any) -> float | None:
    if isinstance(value, bytes):
        sizes = {4: "<f", 8: "<d"}
        return float(struct.unpack(sizes[len(value)], value)[0]) if len(value) in sizes else None
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return None
