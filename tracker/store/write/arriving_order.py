"""Whether rows that arrive go on where the series of a file end, each with all that it stands on.

Asked within the transaction that has added them, which is undone where they do not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tracker.errors import DamagedBytesError
from tracker.series import whole
from tracker.series.stretch import FAN_OUT
from tracker.series.summary import SUMMARY, checked_summaries
from tracker.series.summary import SUMMARY_COLUMNS as _SUMMARY
from tracker.store import columns
from tracker.store.read import sketch_levels
from tracker.store.shipment import Row, Shipment

_KIND = "SELECT kind FROM series WHERE id=?"
_POINTS_FROM = "SELECT n, count FROM scalars WHERE series=? AND level=0 AND n>=? ORDER BY n"
_POINTS_BEFORE = "SELECT n + count FROM scalars WHERE series=? AND level=0 AND n<? ORDER BY n DESC LIMIT 1"
_SUMMARIES = f"{columns.select('scalars', _SUMMARY)} WHERE series=? AND level=? AND n>=? AND n<? ORDER BY n"
_SKETCHES_BEFORE = "SELECT n + count FROM sketches WHERE series=? AND level=? AND n<? ORDER BY n DESC LIMIT 1"
_SKETCHED = "SELECT count(*), sum(total) FROM sketches WHERE series=? AND level=? AND n>=? AND n<?"
_ITEM_BEFORE = (
    "SELECT n, position FROM media WHERE series=? AND (n, position)<(?, ?) ORDER BY n DESC, position DESC LIMIT 1"
)
_IS_CONTENT = "SELECT 1 FROM blobs WHERE hash=?"
_LOGGED = (
    "SELECT logged, (SELECT coalesce(sum(count), 0) FROM scalars WHERE series=series.id AND level=0)"
    " + (SELECT coalesce(sum(count), 0) FROM sketches WHERE series=series.id AND level=0)"
    " + (SELECT count(*) FROM media WHERE series=series.id) FROM series"
)


def check(driver: sqlite3.Connection, shipment: Shipment) -> None:
    """Checks the rows of a shipment that stand in a file now.

    Raises:
        DamagedBytesError: they are not what follows.
    """
    _kinds(driver, shipment)
    _points(driver, shipment.scalars)
    _sketches(driver, shipment.sketches)
    _media(driver, shipment.media)
    if shipment.logged is not None:
        for logged, found in driver.execute(_LOGGED):
            if whole.is_cut(found, logged):
                raise DamagedBytesError(f"a series has {found:,} values, of which {logged:,} were logged")


def _kinds(driver: sqlite3.Connection, shipment: Shipment) -> None:
    for table, is_right in (
        ("scalars", lambda kind: kind == "scalar"),
        ("sketches", lambda kind: kind == "histogram"),
        ("media", lambda kind: kind not in ("scalar", "histogram")),
    ):
        for series in {row[1] for row in shipment.rows(table)}:
            (kind,) = driver.execute(_KIND, (series,)).fetchone()
            if not is_right(kind):
                raise DamagedBytesError(f"rows of {table} belong to a series of the kind {kind[:50]!r}")


def _points(driver: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Points lie one behind the other from the first one on, and nodes say what the rows below them say."""
    firsts: dict[int, int] = {}
    for row in rows:
        if row[2] == 0:
            firsts[row[1]] = min(row[3], firsts.get(row[1], row[3]))
    for series, first in firsts.items():
        _follows(driver.execute(_POINTS_BEFORE, (series, first)).fetchone(), first)
        whole.check_row_by_row(driver.execute(_POINTS_FROM, (series, first)), first)
    for row in rows:
        _, series, level, n, count = row[:5]
        if level:
            below = driver.execute(_SUMMARIES, (series, level - 1, n, n + count)).fetchall()
            known = checked_summaries(below, series, level - 1) if len(below) == FAN_OUT else None
            if known is None or not _are_equal(known, np.frombuffer(row[-1], SUMMARY)):
                raise DamagedBytesError(f"a node of level {level} stands on other points than there are")


def _are_equal(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(one[name], other[name], equal_nan=SUMMARY[name].kind == "f") for name in SUMMARY.names or ()
    )


def _sketches(driver: sqlite3.Connection, rows: Iterable[Row]) -> None:
    for row in rows:
        _, series, level, n, count = row[:5]
        _follows(driver.execute(_SKETCHES_BEFORE, (series, level, n)).fetchone(), n)
        if level:
            total = row[columns.SKETCH.index("total")]
            found = driver.execute(_SKETCHED, (series, level - 1, n, n + count)).fetchone()
            if found != (sketch_levels.FAN_OUT, total):
                raise DamagedBytesError("a histogram is not the sum of those that it stands for")


def _media(driver: sqlite3.Connection, rows: Iterable[Row]) -> None:
    at, blob = columns.MEDIA.index("position"), columns.MEDIA.index("blob")
    for row in rows:
        series, n, position = row[1], row[2], row[at]
        before = driver.execute(_ITEM_BEFORE, (series, n, position)).fetchone()
        follows = [(0, 0)] if before is None else [(before[0], before[1] + 1), (before[0] + 1, 0)]
        if (n, position) not in follows:
            raise DamagedBytesError(f"item {n:,} of a series does not follow the one before")
        if driver.execute(_IS_CONTENT, (row[blob],)).fetchone() is None:
            raise DamagedBytesError("the content of an item is missing")


def _follows(end: tuple[int] | None, first: int) -> None:
    if (end[0] if end else 0) != first:
        raise DamagedBytesError(f"values number {end[0] if end else 0:,} to {first - 1:,} are missing")
