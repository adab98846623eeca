"""What a segment file holds behind a cursor, as a shipment; see `tracker.store.shipment`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tracker.errors import DamagedBytesError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import read_only
from tracker.store.read.chunks import Chunks
from tracker.store.shipment import MOST_BYTES, NUMBERED, Arrived, Row, Shipment

_NAMES = {
    "scalars": columns.SCALARS, "sketches": columns.SKETCH, "media": columns.MEDIA, "marks": columns.MARK,
    "receipts": columns.RECEIPT,
}  # fmt: skip


def _select(table: str, names: Sequence[str]) -> str:
    """As the columns stand there: a NULL stays one."""
    return f"SELECT {', '.join(names)} FROM {table}"


_BEHIND = {table: f"{_select(table, names)} WHERE id>? ORDER BY id" for table, names in _NAMES.items()}
_SEGMENT = _select("segment", columns.SEGMENT)
_STATE = _select("state", columns.STATE)
_SERIES = f"{_select('series', columns.SERIES[:-1])} WHERE id>? ORDER BY id"
_LOGGED = f"{_select('series', ('id', 'logged'))} ORDER BY id"
_CONTENT = "SELECT rowid FROM blobs WHERE hash=?"
_CONTENTS = "SELECT rowid, hash, data FROM blobs WHERE rowid>? AND rowid<=? ORDER BY rowid"

_ABOUT, _STANDS = columns.select("segment", columns.SEGMENT), columns.select("state", columns.STATE)
"""The same of a file of before there were checksums too."""
_CURVES = "SELECT id, tag FROM series WHERE kind='scalar'"
_LATE = f"{_select('scalars', columns.SCALARS)} WHERE series=? AND level=0 AND last_step IS NULL AND id<=?"
_LEVEL, _LAST_STEP = columns.SCALARS.index("level"), columns.SCALARS.index("last_step")

_ROW_BYTES = 100
"""What a row takes beside its texts and contents, about."""


class Standing(NamedTuple):
    """How a segment file stands.

    Attributes:
        segment: Its row of `segment`.
        state: Its row of `state`.
        is_replica: Whether its rows came from elsewhere, and more of them may.
        has_checksums: False of a file of before there were any, which is copied as it is.
    """

    segment: Row
    state: Row
    is_replica: bool
    has_checksums: bool

    @property
    def written(self) -> int:
        """The number of its last row."""
        return int(self.state[0])


def standing(path: Path) -> Standing:
    """How the file at `path` stands.

    Raises:
        StoreError: it is no segment, or its writer has not begun.
        FileNotFoundError: it is not there.
    """
    with read_only.snapshot(path) as connection:
        segment, state = connection.execute(_ABOUT).fetchone(), connection.execute(_STANDS).fetchone()
        if segment is None or state is None or not isinstance(state[0], int):
            raise read_only.unbegun(path)
        return Standing(segment, state, connection.is_replica, connection.has_checksums)


def rows_written(connection: read_only.Connection) -> int:
    """How many rows a segment has."""
    return int(connection.execute("SELECT written FROM state").fetchone()[0])


def behind(connection: read_only.Connection, arrived: Arrived, most_bytes: int = MOST_BYTES) -> Shipment:
    """What another store lacks, as much of it as goes into one shipment; within one transaction of the connection.

    Raises:
        DamagedBytesError: the file does not hold what a segment does, or is of before there were checksums.
    """
    return wanted(connection, arrived, None, frozenset(), most_bytes)[0]


def wanted(
    connection: read_only.Connection,
    arrived: Arrived,
    fresh: frozenset[str] | None,
    lacking: frozenset[int] | None,
    most_bytes: int = MOST_BYTES,
) -> tuple[Shipment, frozenset[int]]:
    """What another store lacks and wants: of series that nobody looks at there no single points, which are folded soon.

    Once the segment has ended all is wanted.

    Args:
        connection: Of the segment's file.
        arrived: How far the other store has it.
        fresh: The tags of which it wants single points; None for all.
        lacking: The series of which it may lack some before its cursor; None where that is not known.
        most_bytes: What one shipment should take.

    Returns:
        The shipment, and the series of which single points are lacking behind it.

    Raises:
        DamagedBytesError: as `behind`.
    """
    if not connection.has_checksums:
        raise DamagedBytesError("it was written by a version before 0.1.0; copy the file as it is")
    segment, state = connection.execute(_SEGMENT).fetchone(), connection.execute(_STATE).fetchone()
    if segment is None or state is None:
        raise DamagedBytesError("its writer has not begun")
    written = state[0]
    if arrived.cursor > written:
        raise DamagedBytesError(f"it has {written:,} rows, and the other store {arrived.cursor:,}: it is another file")
    found, upto = _numbered(connection, arrived.cursor, written, most_bytes)
    blobs, upto = _contents(connection, found["media"], arrived.contents, upto, most_bytes)
    kept = {table: [row for row in rows if row[0] <= upto] for table, rows in found.items()}
    is_all = upto == written
    has_ended = is_all and state[columns.STATE.index("status")] != "running"
    seen = None if has_ended or fresh is None else _numbers_of_tags(connection, fresh)
    left_out: frozenset[int] = frozenset()
    if seen is not None:
        left_out = frozenset(row[1] for row in kept["scalars"] if _is_fresh(row) and row[1] not in seen)
        kept["scalars"] = [row for row in kept["scalars"] if not (row[1] in left_out and _is_fresh(row))]
    late = _late(connection, arrived.cursor, seen, lacking) if arrived.cursor and lacking != frozenset() else []
    shipment = Shipment(
        after=arrived.cursor,
        upto=upto,
        state=state if is_all else _unfinished(state, upto),
        segment=None if segment[-1] == arrived.segment else segment,
        series=connection.execute(_SERIES, (arrived.series,)).fetchall(),
        **kept,
        late=late,
        blobs=blobs,
        logged=connection.execute(_LOGGED).fetchall() if has_ended else None,
    )
    if seen is None:
        return shipment, frozenset()
    before = frozenset(_all_numbers(connection)) if lacking is None and arrived.cursor else lacking or frozenset()
    return shipment, left_out | (before - seen)


def _is_fresh(row: Row) -> bool:
    """Whether a row of `scalars` is a single point that waits to be folded."""
    return row[_LEVEL] == 0 and row[_LAST_STEP] is None


def _numbers_of_tags(connection: sqlite3.Connection, tags: frozenset[str]) -> frozenset[int]:
    return frozenset(number for number, tag in connection.execute(_CURVES) if tag in tags)


def _all_numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for number, _ in connection.execute(_CURVES)]


def _late(
    connection: sqlite3.Connection, cursor: int, seen: frozenset[int] | None, lacking: frozenset[int] | None
) -> list[Row]:
    """Single points up to a cursor that may have been left out when it was passed, and are wanted now."""
    numbers = _all_numbers(connection) if lacking is None else sorted(lacking)
    found: list[Row] = []
    for number in numbers:
        if seen is None or number in seen:
            found += connection.execute(_LATE, (number, cursor)).fetchall()
    return found


def _numbered(
    connection: sqlite3.Connection, cursor: int, written: int, most_bytes: int
) -> tuple[dict[str, list[Row]], int]:
    """Rows of all tables behind a cursor, and up to which number they are all of them.

    Points travel in the rows that stand for them, wherever they lie here: what arrives is the same for every store, and
    for every version.
    """
    chunks = Chunks(connection)
    found: dict[str, list[Row]] = {}
    upto = written
    for table in NUMBERED:
        rows: list[Row] = []
        size = 0
        for row in connection.execute(_BEHIND[table], (cursor,)):
            if size >= most_bytes or row[0] > upto:
                break
            rows.append(tuple(chunks.filled(row)) if table == "scalars" else row)
            size += _size(rows[-1])
        if size >= most_bytes:
            upto = min(upto, rows[-1][0])
        found[table] = rows
    return found, upto


def _size(row: Row) -> int:
    return _ROW_BYTES + sum(len(value) for value in row if isinstance(value, (bytes, str)))


def _contents(
    connection: sqlite3.Connection, media: list[Row], known: int, upto: int, most_bytes: int
) -> tuple[list[Row], int]:
    """The contents that rows of media mention and the other store lacks, and up to which row that goes."""
    blobs: list[Row] = []
    size, before = 0, 0
    for row in media:
        if row[0] > upto:
            break
        if size >= most_bytes:
            return blobs, before
        for number in _numbers_of(connection, row):
            if number > known:
                more = connection.execute(_CONTENTS, (known, number)).fetchall()
                size += sum(len(each[2]) for each in more)
                blobs += more
                known = number
        before = row[0]
    return blobs, upto


def _numbers_of(connection: sqlite3.Connection, row: Row) -> Iterator[int]:
    found = connection.execute(_CONTENT, (row[columns.MEDIA.index("blob")],)).fetchone()
    if found is not None:
        yield found[0]


def _unfinished(state: Row, upto: int) -> Row:
    """The row of `state` while not all of a segment is there: it is still running then."""
    said = {**dict(zip(columns.STATE[:-1], state[:-1], strict=True)), "written": upto}
    if said["status"] != "running":
        said |= {"status": "running", "ended": None, "ending": None}
    return checksums.with_checksum(tuple(said.values()))
