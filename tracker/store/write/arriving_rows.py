"""Whether rows that arrive from elsewhere are what a writer of ours writes.

Anybody who may send rows may send any. What is stored here is read by everybody who looks at the run: each value is of
its column's type, each row matches its checksum, and none stands outside its segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import sqlalchemy as sa

from tracker.errors import DamagedBytesError
from tracker.series import checksums, stretch
from tracker.series.summary import SUMMARY_COLUMNS, summaries_of, wrong_summaries
from tracker.store import columns
from tracker.store.read.segments import MOST_SERIES
from tracker.store.shipment import NUMBERED, Arrived, Row, Shipment
from tracker.store.write import schema

LEAST, MOST = -(1 << 63), (1 << 63) - 1
MOST_LEVEL = 12
"""Of nodes: 32¹² stretches are more than any disk holds."""

_UNPACKED = [columns.SCALARS.index(name) for name in stretch.UNPACK_COLUMNS]
_SUMMARY = [columns.SCALARS.index(name) for name in SUMMARY_COLUMNS]


def check(shipment: Shipment, arrived: Arrived) -> None:
    """Checks all of it.

    Args:
        shipment: What came.
        arrived: What the store has.

    Raises:
        DamagedBytesError: it is not what a writer writes; what of it, in a sentence.
    """
    if shipment.upto < shipment.after:
        raise DamagedBytesError(f"it ends at row {shipment.upto:,}, before it begins")
    _typed("state", [shipment.state])
    if shipment.segment is not None:
        _typed("segment", [shipment.segment])
        _matching("segment", [shipment.segment])
    _series(shipment.series, arrived.series)
    known = arrived.series + len(shipment.series)
    for table in NUMBERED:
        rows = shipment.rows(table)
        _typed(table, rows)
        _in_order(table, [row[0] for row in rows], shipment.after, shipment.upto)
        if table in ("scalars", "sketches", "media") and not all(1 <= row[1] <= known for row in rows):
            raise DamagedBytesError(f"a row of {table} belongs to no series")
        if table != "scalars":
            _matching(table, rows)
    _scalars(shipment.scalars)
    _late(shipment, known)
    _contents(shipment.blobs, arrived.contents)
    _logged(shipment, known)


def _series(rows: Sequence[Row], known: int) -> None:
    _typed("series", rows, columns.SERIES[:-1])
    _matching("series", rows)
    if [row[0] for row in rows] != list(range(known + 1, known + 1 + len(rows))):
        raise DamagedBytesError("its series are not those that follow")
    if known + len(rows) > MOST_SERIES:
        raise DamagedBytesError(f"it has more series than any run: over {MOST_SERIES:,}")


def _scalars(rows: Sequence[Row]) -> None:
    """Points and nodes, by their own checksums: that of the points, and that of the summary."""
    points = [row for row in rows if row[2] == 0]
    if points:
        stretch.unpack([[row[place] for place in _UNPACKED] for row in points])
    for level in {row[2] for row in rows}:
        if not 0 <= level <= MOST_LEVEL:
            raise DamagedBytesError(f"its points lie at level {level}")
        wanted = [row for row in rows if row[2] == level]
        said = [[row[place] for place in _SUMMARY] for row in wanted]
        if not all(row[3] >= 0 and row[4] >= 1 and row[3] + row[4] <= MOST for row in wanted):
            raise DamagedBytesError("some of its points have no place in their series")
        if wrong_summaries(said, summaries_of([row[:-2] for row in said]), [row[1] for row in wanted], level):
            raise DamagedBytesError("summaries of its points do not match their checksum")


def _late(shipment: Shipment, known: int) -> None:
    _typed("scalars", shipment.late)
    if not all(
        1 <= row[0] <= shipment.after and 1 <= row[1] <= known and row[2] == 0 and row[4] == 1 for row in shipment.late
    ):
        raise DamagedBytesError("what it brings late are no single points of its series")
    _scalars(shipment.late)


def _contents(blobs: Sequence[Row], known: int) -> None:
    last = known
    for number, digest, data in blobs:
        if not (isinstance(number, int) and isinstance(digest, str) and isinstance(data, bytes)):
            raise DamagedBytesError("its contents are of the wrong types")
        if not last < number <= MOST:
            raise DamagedBytesError("its contents are not those that follow")
        checksums.checked_content(data, digest)
        last = number


def _logged(shipment: Shipment, known: int) -> None:
    if shipment.logged is None:
        return
    if not all(type(series) is int and type(count) is int and -1 <= count <= MOST for series, count in shipment.logged):
        raise DamagedBytesError("how much was logged is said in something else than numbers")
    if [series for series, _ in shipment.logged] != list(range(1, known + 1)):
        raise DamagedBytesError("how much was logged is said of other series than there are")


def _in_order(table: str, numbers: Sequence[int], after: int, upto: int) -> None:
    last = after
    for number in numbers:
        if not last < number <= upto:
            raise DamagedBytesError(f"the rows of {table} are not numbered in order, from {after:,} to {upto:,}")
        last = number


def _matching(table: str, rows: Iterable[Row]) -> None:
    if not all(checksums.matches(row) for row in rows):
        raise DamagedBytesError(f"rows of {table} do not match their checksum")


def _typed(table: str, rows: Sequence[Row], names: Sequence[str] | None = None) -> None:
    for row in rows:
        for value, (name, kinds) in zip(row, _kinds(table, tuple(names or ())), strict=True):
            if type(value) not in kinds:
                raise DamagedBytesError(f"{table}.{name} is {type(value).__name__}")
            if type(value) is int and not LEAST <= value <= MOST:
                raise DamagedBytesError(f"{table}.{name} has more than 64 bits")


@lru_cache
def _kinds(table: str, names: tuple[str, ...]) -> list[tuple[str, frozenset[type]]]:
    """The columns of a table, and what types their values have."""
    all_of = schema.segment_tables.tables[table].columns
    return [(name, _kinds_of(all_of[name])) for name in names or all_of.keys()]


def _kinds_of(column: sa.Column[object]) -> frozenset[type]:
    if isinstance(column.type, sa.LargeBinary):
        found: tuple[type, ...] = (bytes,)
    elif isinstance(column.type, (schema.Exact, sa.Double)):
        found = (float, int)
    else:
        found = (str,) if isinstance(column.type, sa.Text) else (int,)
    return frozenset((*found, *((type(None),) if column.nullable else ())))
