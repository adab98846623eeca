"""What is wrong with a segment file: every row of it is read and held against what its writer wrote."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker.errors import DamagedBytesError, TwinError
from tracker.series import checksums, packed_sketch, stretch, whole
from tracker.series.stretch import FAN_OUT, STRETCH_POINTS
from tracker.series.summary import SUMMARY, SUMMARY_COLUMNS, children, summaries_of, summarise, wrong_summaries
from tracker.store import columns
from tracker.store.read import liveness, new_rows, read_only, segments
from tracker.store.read.chunks import Chunks
from tracker.store.read.left_out import why
from tracker.store.read.liveness import Writer
from tracker.store.read.scalar_levels import HIGHEST
from tracker.store.read.segments import Segment
from tracker.store.write import schema
from tracker.store.write.column_values import JSON_COLUMNS, is_json, type_of


@dataclass
class Checked:
    """What was found in a file."""

    faults: list[str] = field(default_factory=list)
    """What is wrong with it, a sentence each."""
    segment: Segment | None = None
    """What it says of itself, where that can be read."""
    is_written: bool = False
    """Whether its writer may still live."""
    is_arriving: bool = False
    """Whether it comes from another machine, and not all of it is here."""
    is_replica: bool = False
    """Whether it comes from another machine."""
    is_saved: bool = False
    """Whether it is what was saved of such a file, which is to be sent once more."""
    points: int = 0
    """How many points of scalars it holds."""
    twin: str = ""
    """What is said of it where it is a copy of a file that lies beside it, and is left as it is."""


def check(connection: read_only.Connection, path: Path) -> Checked:
    """Reads all of a file. Whatever is met in it is a fault of the file; nothing is raised."""
    found = Checked()
    faults = found.faults
    with _noting(faults, "part of it"):
        connection.execute("BEGIN")
        for (said,) in connection.execute("PRAGMA integrity_check(20)"):
            if said != "ok":
                faults += [f"SQLite says: {line}" for line in said.splitlines() if not line.startswith("***")]
    with _noting(faults, "its first rows"):
        found.is_written = _is_written(connection)
        found.is_arriving = _is_arriving(connection)
        found.is_replica = connection.is_replica
        found.is_saved = new_rows.late_points(connection) == columns.SAVED
        try:
            found.segment = segments.read(connection, path)
        except TwinError as error:
            return Checked(twin=error.why)
        faults += ["its first rows are missing"] if found.segment is None else found.segment.faults
    with _noting(faults, "part of it"):
        _check_types(connection, faults)
    if found.segment is not None:
        with _noting(faults, "its curves"):
            found.points = _check_curves(connection, faults, found.is_arriving)
        with _noting(faults, "part of it"):
            _check_others(connection, faults)
    with _noting(faults, "part of it"):
        _check_rows(connection, faults)
    return found


@contextlib.contextmanager
def _noting(faults: list[str], what: str) -> Iterator[None]:
    """Within it a part of a file is read: whatever is met is a fault of the file."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 a damaged file may hold anything, and what it was is said
        faults.append(f"{what} cannot be read ({why(error)})")


def _check_types(connection: read_only.Connection, faults: list[str]) -> None:
    """Checks that every value is of the type that its column should have. SQLite itself takes any."""
    absent = () if connection.has_checksums else columns.LATER
    for table in (*schema.segment_tables.sorted_tables, *([schema.chunks] if connection.has_chunks else [])):
        kept = [each for each in table.columns if each.name not in absent]
        wrong = [f"coalesce(sum(typeof({each.name}) NOT IN ({_types(each)})), 0)" for each in kept]
        counts = connection.execute(f"SELECT {', '.join(wrong)} FROM {table.name}").fetchone()
        for column, count in zip(kept, counts, strict=True):
            if count:
                values = "1 value is" if count == 1 else f"{count:,} values are"
                faults.append(f"{values} of the wrong type in {table.name}.{column.name}")
        for name in JSON_COLUMNS.keys() & {column.name for column in table.columns}:
            for (text,) in connection.execute(f"SELECT {name} FROM {table.name} WHERE {name} IS NOT NULL"):
                if not is_json(name, text):
                    faults.append(f"{table.name}.{name} is not the JSON that it should be")
                    break


def _types(column: sa.Column[Any]) -> str:
    """What a column may hold, as SQLite's typeof() says it. NaN is NULL; a whole number is as good as a float."""
    kinds = {"real": ["real", "integer"]}.get(type_of(column), [type_of(column)])
    return ", ".join(f"'{kind}'" for kind in [*kinds, *(["null"] if column.nullable else [])])


_COUNTS = f"""
SELECT {", ".join(columns.asked(("tag", "logged")))}, coalesce(
    (SELECT sum(scalars.count) FROM scalars WHERE series = series.id AND level = 0), 0) + coalesce(
    (SELECT sum(sketches.count) FROM sketches WHERE series = series.id AND level = 0), 0) + coalesce(
    (SELECT count(*) FROM media WHERE series = series.id), 0) FROM series
"""


_UNNAMED = """
SELECT count(*) FROM chunks WHERE count IS NOT (
    SELECT sum(scalars.count) FROM scalars WHERE scalars.series = chunks.series AND level = 0
    AND scalars.n BETWEEN chunks.n AND chunks.n + chunks.count - 1 AND length(scalars.points) = 0)
"""


def _check_rows(connection: read_only.Connection, faults: list[str]) -> None:
    """Checks the rows that are no points against their checksums, and that the last one written is there."""
    for table, names in columns.WHOLE_ROWS.items():
        bad = sum(not checksums.matches(row) for row in connection.execute(columns.select(table, names)))
        if bad:
            rows = "1 row does not match its checksum" if bad == 1 else f"{bad:,} rows do not match their checksums"
            faults.append(f"damaged: {rows} in {table}")
    if connection.has_chunks:
        (lost,) = connection.execute(_UNNAMED).fetchone()
        if lost:
            faults.append(f"{lost:,} chunks of points belong to no rows")
    for tag, logged, found in connection.execute(_COUNTS):
        if whole.is_cut(found, logged):
            faults.append(f"damaged: {found:,} values of {tag!r}, of which {logged:,} were logged")
    numbered = (f"SELECT max(id) AS id FROM {table}" for table in ("scalars", "sketches", "media", "marks", "receipts"))
    (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM ({' UNION ALL '.join(numbered)})").fetchone()
    (written,) = connection.execute("SELECT written FROM state").fetchone()
    if last != written:
        faults.append(f"its last row is number {last:,}, and number {written:,} was written")


def _check_curves(connection: sqlite3.Connection, faults: list[str], is_arriving: bool) -> int:
    """Checks that each series is whole and that its summaries say what its points do; how many points there are."""
    total = 0
    chunks = Chunks(connection)
    for number, tag in connection.execute("SELECT id, tag FROM series WHERE kind='scalar'").fetchall():
        expected, own, damaged, unsummed = 0, 0, 0, 0
        for row in _scalar_rows(connection, number, "level=0"):
            if row["n"] != expected:
                faults.append(f"{tag!r}: points {expected:,} to {row['n'] - 1:,} are missing")
            try:
                points = chunks.unpack([[row[name] for name in stretch.UNPACK_COLUMNS]])
            except DamagedBytesError as error:
                damaged += row["count"]
                if "checksum" not in str(error):
                    faults.append(f"{tag!r}: {error}")
            else:
                if row["count"] > 1:
                    faults += _wrong_summary(tag, row, points)
            unsummed += _is_unsummed(row)
            expected = row["n"] + row["count"]
            own += row["count"]
        if damaged:
            faults.append(f"damaged: {damaged:,} points of {tag!r} do not match their checksum")
        total += own
        sealed = 0 if is_arriving else min(max(expected, 0), own) // STRETCH_POINTS  # nodes follow what they stand on
        faults += _check_nodes(connection, number, tag, sealed, unsummed)
    (lost,) = connection.execute(_ORPHANS, (HIGHEST,)).fetchone()
    if lost:
        faults.append(f"{lost:,} rows of points belong to no series, or to no level")
    return total


def _scalar_rows(connection: sqlite3.Connection, series: int, which: str) -> Iterator[dict[str, Any]]:
    """Rows of a series by the names of their columns."""
    names = tuple(dict.fromkeys((*stretch.UNPACK_COLUMNS, *SUMMARY_COLUMNS)))
    query = f"{columns.select('scalars', names)} WHERE series=? AND {which} ORDER BY level, n"
    for values in connection.execute(query, (series,)):
        yield dict(zip(names, values, strict=True))


def _wrong_summary(tag: str, row: dict[str, Any], points: stretch.Points) -> list[str]:
    summary = dict(zip(SUMMARY.names or (), summarise(points, 1, row["n"]).tolist()[0], strict=True))
    wrong = [name for name in columns.SUMMARY if _differ(row[name], summary[name])]
    return [f"{tag!r}: the summary of points from {row['n']:,} on is wrong ({', '.join(wrong)})"] if wrong else []


def _is_unsummed(row: dict[str, Any]) -> bool:
    """Whether a summary is not as it was written."""
    found = [[row[name] for name in SUMMARY_COLUMNS]]
    made = summaries_of([each[:-2] for each in found])
    return bool(row["count"] > 1 and wrong_summaries(found, made, [row["series"]], row["level"]))


def _check_nodes(connection: sqlite3.Connection, number: int, tag: str, sealed: int, unsummed: int) -> list[str]:
    """What is wrong with the levels above the points of a series, of which so many stretches are full."""
    faults: list[str] = []
    found: Counter[int] = Counter()
    damaged = 0
    for row in _scalar_rows(connection, number, "level>0"):
        found[row["level"]] += 1
        unsummed += _is_unsummed(row)
        try:
            children([[row[name] for name in stretch.UNPACK_COLUMNS]])
        except DamagedBytesError:
            damaged += 1
    if damaged or unsummed:
        faults.append(f"damaged: {damaged + unsummed:,} summaries of {tag!r} do not match their checksum")
    level = 1
    while sealed // FAN_OUT**level:
        if found.get(level, 0) not in (0, sealed // FAN_OUT**level):
            faults.append(f"{tag!r}: nodes of level {level} are missing")
        level += 1
    return faults


_ORPHANS = "SELECT count(*) FROM scalars WHERE level NOT BETWEEN 0 AND ? OR series NOT IN (SELECT id FROM series)"


def _differ(stored: object, computed: float) -> bool:
    if stored is None:
        return computed == computed
    return stored != computed


def _check_others(connection: sqlite3.Connection, faults: list[str]) -> None:
    for number, form, buckets, total in connection.execute(
        "SELECT id, form, buckets, total - nan_count - posinf_count - neginf_count FROM sketches"
    ):
        given = form == packed_sketch.FORM_GIVEN
        counts = packed_sketch.unpack_given(buckets)[1] if given else packed_sketch.unpack(buckets)[1]
        if round(counts.sum()) != total:
            faults.append(f"histogram {number}: its buckets do not add up")
    for number, first in connection.execute(
        "SELECT node.id, node.n FROM sketches node WHERE level > 0 AND total IS NOT (SELECT sum(total) FROM sketches "
        "WHERE series=node.series AND level=node.level-1 AND n >= node.n AND n < node.n + node.count)"
    ):
        faults.append(f"histogram {number}: it is not the sum of those from {first:,} on")
    missing = connection.execute("SELECT count(*) FROM media WHERE blob NOT IN (SELECT hash FROM blobs)").fetchone()[0]
    if missing:
        faults.append(f"the content of {missing:,} logged items is missing")
    for digest, data in connection.execute("SELECT hash, data FROM blobs"):
        if checksums.hash_of(data) != digest:
            faults.append(f"the content {digest} was changed")


def _is_written(connection: sqlite3.Connection) -> bool:
    """Whether the file's writer may still live."""
    writer = connection.execute("SELECT host, machine, pid, pid_started FROM segment").fetchone()
    state = connection.execute("SELECT heartbeat, status FROM state").fetchone()
    if writer is None or state is None or state[1] != "running":
        return False
    return liveness.is_alive(Writer(*writer), state[0], time.time())


def _is_arriving(connection: read_only.Connection) -> bool:
    """Whether the file comes from another machine, and its rest is to be sent."""
    if not connection.is_replica:
        return False
    state = connection.execute("SELECT status FROM state").fetchone()
    return state is not None and state[0] == "running"
