"""Whether a series is whole: no row is missing between its first value and the last one that was logged.

A checksum says that a row is as it was. That it is there at all says the next one, which begins where it ends, and of
the last one `series.logged`.
"""

from __future__ import annotations

from collections.abc import Iterable

from tracker.errors import DamagedBytesError


def check_row_by_row(rows: Iterable[tuple[int, int]], start: int = 0) -> int:
    """Where rows end that follow one upon the other from `start` on; of each the first ordinal, and how many values.

    Raises:
        DamagedBytesError: they do not.
    """
    for n, count in rows:
        if n != start:
            raise DamagedBytesError(f"damaged: value number {n:,} comes where number {start:,} should be")
        start = n + count
    return start


def is_cut(found: int, logged: int | None) -> bool:
    """Whether other than the values that were logged were found. -1: more may come; None: a file of before this."""
    return logged is not None and logged >= 0 and found != logged
