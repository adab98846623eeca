"""A segment as far as it was read: met once, without reading points, then brought up to date by asking for what is new.

A point is known by its segment, its series and its ordinal there, so that nothing is told twice, whatever the writer
folded in between.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dashboard.news import MAX_NEW_POINTS, NewPoints, News
from dashboard.series import Extent, NamePool, Series, extent_of
from tracker.errors import DamagedBytesError
from tracker.store import stretch
from tracker.store.segments import MOST_SERIES, Segment
from tracker.store.stretch import Points
from tracker.store.wal import Position

_LAST = (
    "SELECT series.id, n + count, coalesce(last_step, step), coalesce(last_wall_time, wall_time), "
    "CASE WHEN count = 1 THEN value ELSE last_value END FROM series JOIN scalars ON series = series.id AND level = 0 "
    "AND n = (SELECT max(other.n) FROM scalars AS other WHERE other.series = series.id AND other.level = 0) "
    "WHERE kind = 'scalar'"
)
_LAST_OF_ONE = f"{_LAST} AND series.id = ?"
_NEW_SERIES = "SELECT id, kind, tag FROM series WHERE id>?"
_OTHERS = "SELECT series, max(n) + 1, max(step), max(wall_time) FROM {} WHERE id>? GROUP BY series"
_NEW_POINTS = f"SELECT series, n, {', '.join(stretch.UNPACK_COLUMNS)} FROM scalars WHERE id>? AND level=0 ORDER BY id"  # noqa: S608


@dataclass
class SegmentState:
    """A segment as far as it was read."""

    segment: Segment
    extent: Extent
    """How far its series go, as of when it was met."""
    cursor: int = 0
    has_marks: bool = False
    met: list[str] = field(default_factory=list)
    """What was not sound in the files of another program that it was read from."""
    stamp: tuple[Any, ...] = ()
    position: Position | None = None
    """How far the commits in its WAL file went when it was read."""
    is_read: bool = True
    """False after a glance, which tells the names of the series and how far the headline goes."""
    followed: dict[int, Series] | None = None

    @property
    def series(self) -> dict[int, Series]:
        """How far its series go now, to be kept up to date; most segments never change and are not made objects of."""
        if self.followed is None:
            self.followed = self.extent.series()
        return self.followed

    def known(self) -> dict[int, Series]:
        """The same to look at only."""
        return self.followed if self.followed is not None else self.extent.series()

    def extent_now(self, pool: NamePool) -> Extent:
        """The same in columns."""
        return self.extent if self.followed is None else extent_of(pool, self.followed)

    def has_seen(self, position: Position) -> bool:
        """Whether the commits in the WAL file went as far when it was read."""
        known = self.position
        return known is not None and (position.salts, position.frames) == (known.salts, known.frames)

    @classmethod
    def met_in(
        cls, connection: sqlite3.Connection, segment: Segment, pool: NamePool, *, glance: bool = False
    ) -> SegmentState:
        """One seen for the first time: how far each of its series goes, without reading points."""
        names = pool.of(connection.execute("SELECT id, kind, tag FROM series ORDER BY id"))
        extent = Extent.unread(names)
        state = cls(segment, extent, segment.written, is_read=not glance)
        state.has_marks = _has_marks(connection, 0)
        if glance:
            for row in connection.execute(_LAST_OF_ONE, (names.headline,)).fetchall():
                extent.put(*row)
            return state
        extent.rows["count"] = 0
        for row in connection.execute(_LAST).fetchall():
            extent.put(*row)
        for table in ("sketches", "media"):
            for number, count, step, wall_time in connection.execute(_OTHERS.format(table), (0,)):
                extent.put(number, count, step, wall_time, None)
        state.met = _met(connection)
        return state

    def update(self, connection: sqlite3.Connection, segment: Segment, run: str, news: News) -> None:
        """Takes in what was written since, and notes it as news of the run."""
        before, self.segment = self.segment, segment
        if segment.said_status != before.said_status or segment.lost != before.lost:
            news.note(run, "runs")
        if segment.written <= self.cursor:
            return
        for number, kind, tag in connection.execute(_NEW_SERIES, (len(self.series),)):
            self.series[number] = Series(kind, tag)
            if len(self.series) > MOST_SERIES:
                raise DamagedBytesError("it holds more series than any run")
        now = time.time()
        for number, new, points in self._new_points(connection):
            series = self.series[number]
            if not series.count:
                news.note(run, "runs")  # its summary names one tag more
            told = points if new <= MAX_NEW_POINTS else None
            news.points.append(NewPoints(run, series.tag, segment.id, series.count, told, segment.heartbeat, now))
            series.count += new
            series.last = (int(points.step[-1]), float(points.wall_time[-1]), float(points.value[-1]))
        for table in ("sketches", "media"):
            for number, count, step, wall_time in connection.execute(_OTHERS.format(table), (self.cursor,)):
                series = self.series[number]
                if not series.count:
                    news.note(run, "runs")
                series.count = count
                series.last = (step, wall_time, float("nan"))
                news.note(run, series.kind)
        met = _met(connection)
        if met != self.met:
            self.met = met
            news.note(run, "runs")
        if _has_marks(connection, self.cursor):
            self.has_marks = True
            news.note(run, "marks")
        self.cursor = segment.written

    def _new_points(self, connection: sqlite3.Connection) -> Iterator[tuple[int, int, Points]]:
        """What each series has that was not told yet: its number, how many points, and these."""
        rows: dict[int, list[tuple[Any, ...]]] = {}
        for number, *row in connection.execute(_NEW_POINTS, (self.cursor,)):
            if row[0] + row[1] > self.series[number].count:  # others only say again, folded, what was told
                rows.setdefault(number, []).append(tuple(row))
        for found in rows.values():
            found.sort()
        # All in one: a dozen series with a point each take as long as one.
        points = stretch.unpack([row[1:] for found in rows.values() for row in found])
        stop = 0
        for number, found in rows.items():
            stop += sum(row[1] for row in found)
            new = found[-1][0] + found[-1][1] - self.series[number].count
            yield number, new, points.part(stop - new, stop)


def _has_marks(connection: sqlite3.Connection, cursor: int) -> bool:
    return connection.execute("SELECT 1 FROM marks WHERE id>?", (cursor,)).fetchone() is not None


def _met(connection: sqlite3.Connection) -> list[str]:
    """What an import noted of its sources."""
    found = connection.execute("SELECT outcome FROM receipts WHERE nonce LIKE 'source %'").fetchall()
    return [each for (outcome,) in found for each in json.loads(outcome).get("met", [])]
