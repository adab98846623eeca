"""Chunks are made of stretches that will not change: by who writes the file, in a transaction."""

from __future__ import annotations

import sqlite3
from operator import itemgetter

from tracker.errors import DamagedBytesError
from tracker.series import checksums, chunk, stretch
from tracker.store import columns
from tracker.store.read.chunks import ELSEWHERE
from tracker.store.write import statements

_TABLE = statements.each_of(statements.CHUNKS)[0].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)
_VERSION = f"PRAGMA user_version={columns.SCHEMA_VERSION}"
_CHUNK = statements.insert("chunks", columns.CHUNK)
_WHERE = "FROM scalars WHERE series=? AND level=0 AND n>=? AND n<?"
_ROWS = f"SELECT {', '.join(columns.SCALARS)} {_WHERE} ORDER BY n"
# Anew and not changed: a row that shrinks leaves its page as empty as it is, one that goes does not.
_DROP = f"DELETE {_WHERE}"
_ROW = statements.insert("scalars", columns.SCALARS)
_unpacked = itemgetter(*(columns.SCALARS.index(name) for name in stretch.UNPACK_COLUMNS))
_CHECKSUM = columns.SCALARS.index("checksum")
_SUMMARY_CHECKSUM = columns.SCALARS.index("summary_checksum")

_ROW_BYTES = 40
"""What a row of `chunks` takes beside its blobs, and in the index, about."""


def pack(driver: sqlite3.Connection, series: int, start: int, stop: int, *, if_smaller: bool = False) -> bool:
    """Puts points of a series into a chunk, within the caller's transaction; whether it did.

    Rows that are not as they were written stay as they are, and so does all where pcodec is not installed.

    Args:
        driver: The file's only writer.
        series: The number of the series.
        start: The ordinal of the first point, which begins a stretch.
        stop: One behind that of the last, which ends one.
        if_smaller: Only where that makes them fewer bytes.
    """
    rows = driver.execute(_ROWS, (series, start, stop)).fetchall()
    if not rows or any(row[-1] == ELSEWHERE for row in rows):
        return False
    own = [*map(_unpacked, rows)]
    try:
        points = stretch.unpack_all(own, start)
        packed = chunk.pack(points)
    except (DamagedBytesError, ImportError):
        return False
    if if_smaller and sum(map(len, packed)) + _ROW_BYTES >= sum(len(blob or b"") for row in rows for blob in row[-3:]):
        return False
    heads = checksums.of_heads(*stretch.heads_of(own))
    driver.execute(_TABLE)
    driver.execute(_VERSION)
    driver.execute(_CHUNK, checksums.with_checksum((series, start, len(points.step), *packed)))
    driver.execute(_DROP, (series, start, stop))
    driver.executemany(
        _ROW,
        (
            (*row[:_CHECKSUM], head, row[_SUMMARY_CHECKSUM], None, None, ELSEWHERE)
            for row, head in zip(rows, heads, strict=True)
        ),
    )
    return True
