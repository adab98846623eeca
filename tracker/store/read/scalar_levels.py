"""Levels of a scalar series as they lie in a segment file, for the envelope to read."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.series import stretch, whole
from tracker.series.stretch import Points
from tracker.series.summary import SUMMARY, SUMMARY_COLUMNS, Summaries, checked_summaries, children
from tracker.store import columns
from tracker.store.read import chunks, series_end
from tracker.store.read.chunks import Chunks

_POINTS = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 ORDER BY n"
_LENGTH = "SELECT n + count FROM scalars WHERE series=? AND level=0 ORDER BY n DESC LIMIT 1"
_SUMMARIES = f"{columns.select('scalars', SUMMARY_COLUMNS)} WHERE series=? AND level=? AND n>=? ORDER BY n"

HIGHEST = 16
"""More levels than 2**63 points need, a factor of 32 each above stretches of 1,024."""


def all_points(connection: sqlite3.Connection, series: int) -> Points:
    """Every point of a series, in order of arrival, those left behind by a rewind included.

    Raises:
        DamagedBytesError: they are not those that were logged.
    """
    if chunks.has_chunks(connection):
        points = chunks.every_point(connection, series)
    else:
        rows = connection.execute(_POINTS, (series,)).fetchall()
        whole.check_row_by_row((row[2], row[3]) for row in rows)
        points = Chunks(connection).unpack(rows)  # some may have been made since it was opened
    series_end.check_end(connection, series, len(points.step))
    return points


class ScalarLevels:
    """One segment's part of a series as levels of summaries: a `Source` of envelopes.

    Args:
        connection: The segment's file.
        series: The number of the series there.
        limit: The last step on the live line; None where no rewind cut it.
    """

    def __init__(self, connection: sqlite3.Connection, series: int, limit: int | None) -> None:
        self.connection = connection
        self.series = series
        self.limit = limit
        self._chunks = Chunks(connection)
        self.count = 0
        """Points of the series, those left behind by a rewind included; known after `top`."""

    def top(self) -> tuple[Summaries, npt.NDArray[np.int64]]:
        highest = self.connection.execute("SELECT max(level) FROM scalars WHERE series=?", (self.series,)).fetchone()[0]
        if highest is not None and highest > HIGHEST:
            raise DamagedBytesError(f"a level {highest}, where each has 32 times fewer rows than the one below")
        found: list[Summaries] = []
        levels: list[npt.NDArray[np.int64]] = []
        start = 0
        for level in range(highest if highest is not None else -1, -1, -1):
            rows = self.connection.execute(_SUMMARIES, (self.series, level, start)).fetchall()
            items = checked_summaries(rows, self.series, level)
            start = whole.check_row_by_row(zip(items["n"].tolist(), items["count"].tolist(), strict=True), start)
            if len(items):
                found.append(items)
                levels.append(np.full(len(items), level))
        self.count = start
        series_end.check_end(self.connection, self.series, start)
        if not found:
            return np.zeros(0, SUMMARY), np.zeros(0, np.int64)
        return self._live(np.concatenate(found), np.concatenate(levels))

    def all_points(self) -> Points:
        """Every live point, in order of arrival."""
        points = all_points(self.connection, self.series)
        return points if self.limit is None else points.where(points.step <= self.limit)

    def length(self) -> int:
        """How many points there are, those left behind by a rewind included; without reading one."""
        row = self.connection.execute(_LENGTH, (self.series,)).fetchone()
        self.count = row[0] if row else 0
        return self.count

    def _live(self, items: Summaries, levels: npt.NDArray[np.int64]) -> tuple[Summaries, npt.NDArray[np.int64]]:
        """Without what a rewind left behind; an item that is so in part counts as one that must be split."""
        if self.limit is None:
            return items, levels
        keep = items["step_min"] <= self.limit
        items, levels = items[keep].copy(), levels[keep]
        partly = (items["step_max"] > self.limit) & (items["count"] > 1)
        items["ordered"][partly] = 0
        return items, levels

    def split(self, items: Summaries, level: int) -> Summaries:
        joined = children(self._rows(items, level))
        return self._live(joined, np.zeros(len(joined), np.int64))[0]

    def points(self, items: Summaries) -> Points:
        points = self._chunks.unpack(self._rows(items, 0))
        if self.limit is None:
            return points
        return points.where(points.step <= self.limit)

    def _rows(self, items: Summaries, level: int) -> list[tuple[Any, ...]]:
        """The rows that hold what the items are made of, in the order of the items."""
        wanted = items["n"].tolist()
        select = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=? AND"
        if items["n"][-1] - items["n"][0] == items["count"][:-1].sum():
            # Neighbours, the usual case: one range instead of a thousand look-ups.
            rows = self.connection.execute(
                f"{select} n BETWEEN ? AND ? ORDER BY n", (self.series, level, wanted[0], wanted[-1])
            )
            found = rows.fetchall()
        else:
            one = f"{select} n=?"
            found = [self.connection.execute(one, (self.series, level, n)).fetchone() for n in wanted]
        if len(found) != len(wanted):
            raise DamagedBytesError(f"damaged: {len(wanted) - len(found)} rows of points are missing")
        return found
