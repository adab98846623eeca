"""What becomes of a file that will not grow: points that are not in chunks go into some, and free pages go.

The run has its end by then, durably; a kill, or a full disk, leaves the file as it is. What takes longer than a moment
is left to `viz pack`.
"""

from __future__ import annotations

import sqlite3

from tracker.series.chunk import CHUNK_POINTS
from tracker.series.stretch import STRETCH_POINTS
from tracker.store.write import packing
from tracker.store.write.connection import transaction

LEAST_POINTS = 2 * STRETCH_POINTS
"""Behind the last chunk of a series that are worth one."""

MOST_POINTS = 32 * CHUNK_POINTS
"""Of all series that are packed at the end: some 0.15 µs each."""

MOST_BYTES = 16 << 20
"""Of a file that is written anew without its free pages."""

LEAST_FREE = 1 / 16
"""Of its pages, to be worth it."""

_SIZES = ("page_count", "freelist_count", "page_size")

_TAILS = """
SELECT series, min(n), max(n + count) FROM scalars
WHERE level = 0 AND last_step IS NOT NULL AND coalesce(length(points), 1) > 0
GROUP BY series, n / ? HAVING max(n + count) - min(n) >= ? ORDER BY max(n + count) - min(n) DESC
"""


def settle(driver: sqlite3.Connection) -> None:
    """Leaves as few bytes as a moment allows.

    Args:
        driver: The only writer of the file, outside of a transaction.

    Raises:
        sqlite3.Error: what the disk says; the file is as it was.
    """
    tails = driver.execute(_TAILS, (CHUNK_POINTS, LEAST_POINTS)).fetchall()
    left = MOST_POINTS
    if tails:
        with transaction(driver):
            for series, start, stop in tails:
                if stop - start <= left and packing.pack(driver, series, start, stop, if_smaller=True):
                    left -= stop - start
    pages, free, page_bytes = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in _SIZES)
    if pages * page_bytes <= MOST_BYTES and free > pages * LEAST_FREE:
        driver.execute("VACUUM")
