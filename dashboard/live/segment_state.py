"""A segment as far as it was read: met once, without reading points, then brought up to date by asking for what is new.

A point is known by its segment, its series and its ordinal there, so that nothing is told twice, whatever the writer
folded in between.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.live.changes import MAX_NEW_POINTS, Changes, NewPoints
from dashboard.live.series import UNREAD, Extent, NamePool, Series, extent_of
from tracker.errors import DamagedBytesError
from tracker.series import checksums, whole
from tracker.series.stretch import Points
from tracker.series.summary import summaries_of, wrong_summaries
from tracker.store.read import new_rows, read_only
from tracker.store.read.chunks import Chunks
from tracker.store.read.segments import MOST_SERIES, Segment
from tracker.store.read.wal import Position

FEW_SERIES = 32
"""Series that are read to their ends at a glance, too: opening the file once more takes longer."""

NAMED = 3
"""Series that a sentence names; `viz doctor` has all."""


@dataclass(slots=True)
class SegmentState:
    """A segment as far as it was read."""

    segment: Segment
    extent: Extent
    """How far its series go, as of when it was met."""
    cursor: int = 0
    has_marks: bool = False
    has_receipts: bool = False
    """Whether it has answered commands of the page."""
    import_warnings: tuple[str, ...] = ()
    """What was not sound in the files of another program that it was read from."""
    faults: tuple[str, ...] = ()
    """What was read of it and is not as it was written."""
    stamp: tuple[Any, ...] = ()
    position: Position | None = None
    """How far the commits in its WAL file went when it was read."""
    is_read: bool = True
    """False after a glance, which tells the names of the series and how far the headline goes."""
    followed: dict[int, Series] | None = None
    is_paused: bool = False
    """Whether its training was asked to pause, and waits."""
    late: int = 0
    """Points that had come late when it was read; see `new_rows.late_points`."""
    _keyed: tuple[tuple[Any, ...], str] | None = None

    @property
    def key(self) -> str | None:
        """What names the file as it is now; None while it is written, or where that cannot be told."""
        if not self.stamp or self.segment.said_status == "running":
            return None
        if self._keyed is None or self._keyed[0] != self.stamp:
            said = f"{self.segment.path}\n{self.stamp}".encode("utf-8", "surrogateescape")
            self._keyed = (self.stamp, hashlib.blake2b(said, digest_size=12).hexdigest())
        return self._keyed[1]

    def count_of(self, tag: str) -> int:
        """How many points a curve has; negative where that was not read."""
        place = self.extent.names.places.get(("scalar", tag))
        if place is None:
            return UNREAD
        if self.followed is None:
            return int(self.extent.rows["count"][place])
        return self.followed[self.extent.names.entries[place][0]].count

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

    def goes_on_in(self, segment: Segment) -> bool:
        """Whether a file that holds this segment now holds what was read of it: somebody may have put another file in
        its place, or an older copy, by writing over it."""
        known = self.segment
        return (known.id, known.created, known.writer) == (segment.id, segment.created, segment.writer) and (
            segment.written >= self.cursor
        )

    def has_seen(self, position: Position) -> bool:
        """Whether the commits in the WAL file went as far when it was read."""
        known = self.position
        return known is not None and (position.salts, position.frames) == (known.salts, known.frames)

    @classmethod
    def first_read(
        cls, connection: read_only.Connection, segment: Segment, pool: NamePool, *, glance: bool = False
    ) -> SegmentState:
        """One seen for the first time: how far each of its series goes, without reading points."""
        rows = new_rows.series(connection, new_rows.FIRST)
        glance = glance and len(rows) > FEW_SERIES
        names = pool.of(row[:3] for row in rows)
        extent = Extent.unread(names)
        state = cls(segment, extent, segment.written, is_read=not glance)
        state.faults = _faults_of_names(rows)
        state.late = new_rows.late_points(connection)
        state.has_marks = new_rows.has_marks(connection, 0)
        state.has_receipts = new_rows.has_receipts(connection, 0)
        if segment.said_status == "running" and state.has_receipts:
            state.is_paused = new_rows.is_paused(connection, 0) is True
        if glance:
            last = [] if names.headline is None else new_rows.last_points(connection, names.headline)
            state._put_last(last)
            state._note_cut(rows, {names.headline: last[0][1] + last[0][2] if last else 0})
            return state
        extent.rows["count"] = 0
        state._put_last(new_rows.last_points(connection))
        items: dict[int, int] = {}
        for new in new_rows.histograms(connection, 0):
            extent.put(new.series, new.logged, new.step, new.wall_time, None)
        for new in new_rows.media(connection, 0):
            extent.put(new.series, new.logged, new.step, new.wall_time, None)
            items[new.series] = new.rows
        state._note_cut(rows, dict(zip(names.numbers, extent.rows["count"].tolist(), strict=True)) | items)
        state.import_warnings = tuple(new_rows.import_warnings(connection))
        return state

    def _put_last(self, rows: list[tuple[Any, ...]]) -> None:
        """Takes in the last row of series of scalars: their number, and its `SUMMARY_COLUMNS`."""
        for number, n, count, step, wall_time, value, last_step, last_wall_time, last_value, *_ in rows:
            last = (step, wall_time, value) if count == 1 else (last_step, last_wall_time, last_value)
            self.extent.put(number, n + count, *last)
        summaries = [row[1:] for row in rows]
        numbers = [row[0] for row in rows]
        try:
            made = summaries_of([row[:-2] for row in summaries])
            bad = [numbers[index] for index in wrong_summaries(summaries, made, numbers, 0)]
        except (TypeError, ValueError, OverflowError):  # no numbers
            bad = numbers
        tags = [tag for number, _, tag in self.extent.names.entries if number in bad]
        self._note("the last points of {} do not match their checksum", tags)

    def _note_cut(self, rows: list[tuple[Any, ...]], counts: Mapping[Any, int]) -> None:
        """Notes which of rows of `series` have other than what was logged, by how many values were found of each."""
        cut = [tag for number, _, tag, *_, logged in rows if whole.is_cut(counts.get(number, logged), logged)]
        self._note("some values of {} are missing", cut)

    def _note(self, what: str, tags: list[str]) -> None:
        """A fault of so many series."""
        if tags:
            more = f" and {len(tags) - NAMED:,} more" if len(tags) > NAMED else ""
            self.faults += (f"damaged: {what.format(', '.join(map(repr, tags[:NAMED])) + more)}",)

    def update(self, connection: read_only.Connection, segment: Segment, run: str, changes: Changes) -> None:
        """Takes in what was written since, and notes it as news of the run."""
        before, self.segment = self.segment, segment
        if segment.said_status != before.said_status or segment.lost != before.lost:
            changes.note(run, "runs")
        late, self.late = self.late, new_rows.late_points(connection)
        came_late = late != self.late
        if segment.written <= self.cursor and not came_late:
            return
        new_series = new_rows.series(connection, len(self.series))
        self.faults += _faults_of_names(new_series)
        for number, kind, tag, *_ in new_series:
            self.series[number] = Series(kind, tag)
            if len(self.series) > MOST_SERIES:
                raise DamagedBytesError("it holds more series than any run")
        now = time.time()
        for number, new, points in self._new_points(connection, came_late=came_late):
            series = self.series[number]
            if not series.count:
                changes.note(run, "runs")  # its summary names one tag more
            told = points if new <= MAX_NEW_POINTS else None
            changes.points.append(NewPoints(run, series.tag, segment.id, series.count, told, segment.heartbeat, now))
            series.count += new
            series.last = (int(points.step[-1]), float(points.wall_time[-1]), float(points.value[-1]))
        for table in (new_rows.histograms, new_rows.media):
            for number, count, step, wall_time, _ in table(connection, self.cursor):
                series = self.series[number]
                if not series.count:
                    changes.note(run, "runs")
                series.count = count
                series.last = (step, wall_time, float("nan"))
                changes.note(run, series.kind, series.tag)
        met = tuple(new_rows.import_warnings(connection))
        if met != self.import_warnings:
            self.import_warnings = met
            changes.note(run, "runs")
        if new_rows.has_marks(connection, self.cursor):
            self.has_marks = True
            changes.note(run, "marks")
        if new_rows.has_receipts(connection, self.cursor):
            if not self.has_receipts:
                changes.note(run, "runs")  # its summary says that it has
            self.has_receipts = True
            changes.note(run, "receipts")
            pause = new_rows.is_paused(connection, self.cursor)
            self.is_paused = self.is_paused if pause is None else pause
        self.cursor = segment.written

    def _new_points(self, connection: sqlite3.Connection, *, came_late: bool) -> Iterator[tuple[int, int, Points]]:
        """What each series has that was not told yet: its number, how many points, and these."""
        rows: dict[int, list[tuple[Any, ...]]] = {}
        if came_late:  # some lie behind the cursor: each series is looked at where it ends
            for number, n, count, *_ in new_rows.last_points(connection):
                known = self.series[number].count
                if n + count > known:
                    rows[number] = new_rows.points_from(connection, number, known)
        else:
            for row in new_rows.points(connection, self.cursor):
                number, _, n, count, *_ = row
                if n + count > self.series[number].count:  # others only say again, folded, what was told
                    rows.setdefault(number, []).append(row)
        for found in rows.values():
            found.sort(key=lambda row: row[2])
        # All in one: a dozen series with a point each take as long as one.
        points = Chunks(connection).unpack([row for found in rows.values() for row in found])
        stop = 0
        for number, found in rows.items():
            stop += sum(row[3] for row in found)
            new = found[-1][2] + found[-1][3] - self.series[number].count
            yield number, new, points.part(stop - new, stop)


def _faults_of_names(rows: list[tuple[Any, ...]]) -> tuple[str, ...]:
    """What is to be said of rows of `series`: a sweep has the same names in every file, which are looked at once."""
    bad = [row for row in rows if row[4] is not None and checksums.known_of_row(row[:4]) != row[4]]
    return (f"damaged: the names of {len(bad):,} of its series do not match their checksums",) if bad else ()
