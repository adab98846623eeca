"""Whether a series ends where it did when its segment ended: of the last row no next one says so."""

from __future__ import annotations

import sqlite3

from tracker.errors import DamagedBytesError
from tracker.series.whole import is_cut
from tracker.store import columns

_LOGGED = f"{columns.select('series', ['logged'])} WHERE id=?"


def check_end(connection: sqlite3.Connection, series: int, end: int) -> None:
    """That a series ends where it did when its segment ended.

    Raises:
        DamagedBytesError: it does not.
    """
    (logged,) = connection.execute(_LOGGED, (series,)).fetchone()
    if is_cut(end, logged):
        raise DamagedBytesError(f"damaged: {end:,} values of the {logged:,} that were logged")
