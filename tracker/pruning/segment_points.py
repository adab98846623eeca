"""The points of a finished segment, packed: a new file takes the place of the old, whole and at once.

Every point is what it was, to the bit, and each row keeps its number, so that a copy elsewhere goes on where it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from tracker.errors import StoreError
from tracker.series.chunk import CHUNK_POINTS
from tracker.store.read import journal, read_only
from tracker.store.write import packing


class Size(NamedTuple):
    """Bytes of a file, before and after."""

    before: int
    after: int


def pack(path: Path) -> Size:
    """Packs a segment that nobody writes any more. One that would not shrink stays as it is.

    Raises:
        StoreError: it cannot be read, or is of before there were checksums.
        FileNotFoundError: it is not there.
        OSError, sqlite3.Error: what the disk says; the file is as it was.
    """
    journal.forget_unfinished(path)
    with read_only.snapshot(path) as connection:
        if not connection.has_checksums:
            raise StoreError(path, "it was written by a version before 0.1.0, which is not rewritten")
    before = path.stat().st_size
    try:
        with journal.rewritten(path) as copy:
            read_only.connect(copy).close()  # what was copied is what counts, not what was looked at before
            with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
                _pack(connection)
            after = copy.stat().st_size
            if after >= before:
                raise _NoGainError
    except _NoGainError:
        after = before
    return Size(before, after)


class _NoGainError(Exception):
    """The copy is no smaller, and is let go."""


_STRETCHES = """
SELECT series, n / ? * ? AS start, max(n + count) FROM scalars
WHERE level = 0 AND last_step IS NOT NULL GROUP BY series, start
"""
"""Not what is fresh, of which a file has some whose writer was killed."""


def _pack(connection: sqlite3.Connection) -> None:
    for pragma in ("trusted_schema=OFF", "journal_mode=MEMORY", "synchronous=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    groups = connection.execute(_STRETCHES, (CHUNK_POINTS, CHUNK_POINTS)).fetchall()
    for series, start, stop in groups:
        packing.pack(connection, series, start, stop, if_smaller=True)
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA journal_mode=DELETE")
