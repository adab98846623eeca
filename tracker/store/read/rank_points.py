"""The newest points of a tag by the rank that logged them, as findings about ranks rest on them."""

from __future__ import annotations

import sqlite3

from tracker.series import stretch, whole
from tracker.series.stretch import Points
from tracker.store import columns
from tracker.store.read.chunks import Chunks
from tracker.store.read.run_files import RunFiles, part_of
from tracker.store.read.segments import live_until

MOST_ALTOGETHER = 4_000_000
"""Of all ranks, in the memory of who examines a run: 24 bytes each."""

MOST_OF_ONE = 1 << 14

_NEWEST = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 ORDER BY n DESC"


def newest_of_ranks(files: RunFiles, tag: str) -> dict[int, Points]:
    """By rank the newest points of a tag on the run's live line, in order of arrival; as many of each rank.

    The file of one rank is open at a time.

    Raises:
        StoreError: a file cannot be read.
    """
    known = [segment for segment in files.segments() if segment.rank is not None]
    most = min(MOST_OF_ONE, MOST_ALTOGETHER // max(1, len(known)))
    limits = live_until(files.segments())
    found: dict[int, list[Points]] = {}
    for segment in known:
        files.rest()
        with files.snapshot(segment.path) as connection:
            part = part_of(segment, connection, limits, "scalar", tag)
            if part is None:
                continue
            points = _newest(connection, part.series, most)
        if part.limit is not None:
            points = points.where(points.step <= part.limit)
        if len(points.step) and segment.rank is not None:
            found.setdefault(segment.rank, []).append(points)
    return {rank: stretch.concatenate(parts) for rank, parts in found.items()}


def _newest(connection: sqlite3.Connection, series: int, most: int) -> Points:
    rows, count = [], 0
    for row in connection.execute(_NEWEST, (series,)):
        rows.append(row)
        count += row[3]
        if count >= most:
            break
    rows.reverse()
    if rows:
        whole.check_row_by_row(((row[2], row[3]) for row in rows), rows[0][2])
    points = Chunks(connection).unpack(rows)
    return points.part(max(0, len(points.step) - most), len(points.step))
