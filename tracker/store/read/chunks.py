"""Points that lie in chunks: rows of level 0 whose `points` are empty say so, and the table `chunks` has them.

A chunk is made of stretches that never change again, while the run goes on or by `viz pack`, and their rows stay with
all else that they say. Whoever reads rows of points asks here, and need not know where these lie.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.series import checksums, chunk, stretch, whole
from tracker.series.chunk import CHUNK_POINTS
from tracker.series.stretch import STRETCH_POINTS, Points
from tracker.store import columns

ELSEWHERE = b""
"""In `points` of a row: they lie in a chunk."""

_POINTS_AT = stretch.UNPACK_COLUMNS.index("points")
_SELECT = columns.select(columns.CHUNKS, columns.CHUNK)
_HOLDS = f"{_SELECT} WHERE series=? AND n<=? ORDER BY n DESC LIMIT 1"
_ALL = f"{_SELECT} WHERE series=? ORDER BY n"
_PLACES = f"SELECT series, n, count FROM {columns.CHUNKS} WHERE series=? ORDER BY n"
_PLAIN = (
    f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 "
    "AND coalesce(length(points), 1) > 0 ORDER BY n"
)
_COVERED = "SELECT count(*) FROM scalars WHERE series=? AND level=0 AND length(points) = 0"
_FILLED = tuple(columns.SCALARS.index(name) for name in stretch.UNPACK_COLUMNS)
_BLOBS = slice(columns.SCALARS.index(columns.POINTS[0]), None)
_CHECKSUM = columns.SCALARS.index("checksum")

Row = Sequence[Any]


def has_chunks(connection: sqlite3.Connection) -> bool:
    """Whether a file had chunks when it was opened."""
    return bool(getattr(connection, "has_chunks", False))


def every_point(connection: sqlite3.Connection, series: int) -> Points:
    """Every point of a series of a file with chunks, in order: each chunk is unpacked into its place.

    Raises:
        DamagedBytesError: they are not those that were logged, or some are missing between.
    """
    places = [_place(row) for row in connection.execute(_PLACES, (series,))]
    rows = connection.execute(_PLAIN, (series,)).fetchall()
    (covered,) = connection.execute(_COVERED, (series,)).fetchone()
    if sum(count for _, count in places) > covered * STRETCH_POINTS:
        raise DamagedBytesError("damaged: chunks of points that no rows of the series stand for")
    parts: list[tuple[int, int, Row | None]] = [(*place, None) for place in places]
    parts += [(row[2], row[3], row) for row in rows]
    parts.sort(key=lambda part: part[0])
    end = whole.check_row_by_row((n, count) for n, count, _ in parts)
    room = chunk.empty(end)
    _unpack_all(connection.execute(_ALL, (series,)), places, room)
    for is_plain, run in groupby(parts, key=lambda part: part[2] is not None):
        if is_plain:
            found = [*run]
            points = stretch.unpack([row for *_, row in found if row is not None])
            for column, own in zip(room.part(found[0][0], found[0][0] + len(points.step)), points, strict=True):
                column[:] = own
    return room


TOGETHER = 16
"""Chunks from which on two threads unpack them: SQLite, pcodec and checksums let others go on meanwhile."""


def _unpack_all(chunks: Iterator[Row], places: list[tuple[int, int]], room: Points) -> None:
    """Fills the room of each chunk as it is read, in the order of places: no one waits until all have been.

    Raises:
        DamagedBytesError: one is not as it was written.
    """
    lock = threading.Lock()
    left = iter(places)

    def unpack_some() -> None:
        while True:
            with lock:  # a cursor is for one thread at a time
                place = next(left, None)
                row = None if place is None else next(chunks, None)
            if place is None:
                return
            if row is None or _place(row) != place:
                raise DamagedBytesError(f"damaged: no chunk holds the points from number {place[0]:,} on")
            _unpack(row, room.part(place[0], sum(place)))

    if len(places) < TOGETHER:
        unpack_some()
        return
    failed: list[BaseException] = []

    def unpack_beside() -> None:
        try:
            unpack_some()
        except BaseException as error:  # noqa: BLE001 whatever it is, the caller meets it
            failed.append(error)

    helper = threading.Thread(target=unpack_beside, name="everystep-reader", daemon=True)
    with contextlib.suppress(RuntimeError):  # there are too many, or the interpreter is going down
        helper.start()
    try:
        unpack_some()
    finally:
        if helper.ident is not None:
            helper.join()
    if failed:
        raise failed[0]


class Chunks:
    """The chunks of a file, the one that was asked for last held unpacked.

    Args:
        connection: The file's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._held: tuple[int, int, Points] | None = None

    def unpack(self, rows: Sequence[Row]) -> Points:
        """The points of rows of `stretch.UNPACK_COLUMNS`, one after the other, wherever they lie.

        Raises:
            DamagedBytesError: as `stretch.unpack`, or no chunk holds them.
        """
        if not any(row[_POINTS_AT] == ELSEWHERE for row in rows):
            return stretch.unpack(rows)
        parts: list[Points] = []
        for is_elsewhere, some in groupby(rows, key=lambda row: row[_POINTS_AT] == ELSEWHERE):
            own = list(some)
            parts += self._of_chunks(own) if is_elsewhere else [stretch.unpack(own)]
        return stretch.concatenate(parts)

    def filled(self, row: Row) -> Row:
        """A row of `columns.SCALARS` as it was before its points went into a chunk, bit by bit.

        Raises:
            DamagedBytesError: as `unpack`.
        """
        if row[-1] != ELSEWHERE:
            return row
        blobs = stretch.pack(self.unpack([[row[place] for place in _FILLED]]), 1)[0]
        out = [*row]
        out[_CHECKSUM], out[_BLOBS] = checksums.of_points(row[_CHECKSUM], blobs), blobs
        return tuple(out)

    def _of_chunks(self, rows: Sequence[Row]) -> list[Points]:
        stretch.checked_heads(rows, "points")
        found: list[Points] = []
        for row in rows:
            series, _, n, count = row[:4]
            first, points = self._holding(series, n)
            start = n - first
            if not 0 < count <= len(points.step) - start or count > STRETCH_POINTS:
                raise DamagedBytesError(f"damaged: no chunk holds the points from number {n:,} on")
            found.append(points.part(start, start + count))
        return found

    def _holding(self, series: int, n: int) -> tuple[int, Points]:
        """The chunk in which a point should lie: its first ordinal, and its points."""
        held = self._held
        if held is None or held[0] != series or not held[1] <= n < held[1] + len(held[2].step):
            row = self._connection.execute(_HOLDS, (series, n)).fetchone()
            if row is None:
                raise DamagedBytesError(f"damaged: no chunk holds the points from number {n:,} on")
            held = self._held = (series, row[1], points_of(row))
        return held[1], held[2]


def points_of(row: Row) -> Points:
    """The points of a row of `columns.CHUNK`.

    Raises:
        DamagedBytesError: it is not as it was written.
    """
    points = chunk.empty(_place(row)[1])
    _unpack(row, points)
    return points


def _place(row: Row) -> tuple[int, int]:
    """The first ordinal of a chunk, and how many points it says to hold."""
    _, n, count, *_ = row
    if not (isinstance(n, int) and isinstance(count, int) and n >= 0 and 1 <= count <= CHUNK_POINTS):
        raise DamagedBytesError("damaged: a chunk of points without a place in its series")
    return n, count


def _unpack(row: Row, room: Points) -> None:
    blobs = checksums.checked(row, f"damaged: the chunk of {row[2]:,} points from number {row[1]:,} on")[3:]
    chunk.unpack_into(chunk.Packed(*blobs), room)
