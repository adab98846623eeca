"""The library: what the page knows of every run in a logdir, brought up to date by asking for what is new.

One object, used by one thread (the follower's). It answers with *news*: points that were not there before,
and what else changed. A point is known by its segment, its series and its ordinal there, so that nothing is
told twice, whatever the writer folded in between.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard import index as indexes
from dashboard import page_file
from dashboard.series import Extent, NamePool, Series, extent_of
from tracker import logdir
from tracker.errors import DamagedBytesError, StoreError
from tracker.store import engine, segments, stretch, wal
from tracker.store.segments import Segment, status_of
from tracker.store.stretch import Points
from tracker.store.wal import Position

MAX_NEW_POINTS = 4096
"""New points of one series that are told one by one. More at once (a burst, an import) is told as "look again":
the page then asks for an envelope, which is smaller."""

_LAST = (
    "SELECT series.id, n + count, coalesce(last_step, step), coalesce(last_wall_time, wall_time), "
    "CASE WHEN count = 1 THEN value ELSE last_value END FROM series JOIN scalars ON series = series.id AND level = 0 "
    "AND n = (SELECT max(other.n) FROM scalars AS other WHERE other.series = series.id AND other.level = 0) "
    "WHERE kind = 'scalar'"
)
_LAST_OF_ONE = f"{_LAST} AND series.id = ?"
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


@dataclass
class RunState:
    """A run as far as it is known."""

    name: str
    folder: Path
    segments: dict[Path, SegmentState] = field(default_factory=dict)
    problems: dict[Path, StoreError] = field(default_factory=dict)
    status: str = "unreadable"
    said: dict[str, Any] = field(default_factory=dict)
    """What the page was told of it: see `page_file`."""
    said_stamp: tuple[Any, ...] = ()

    def known(self) -> list[Segment]:
        """Its segments, oldest first."""
        return sorted((state.segment for state in self.segments.values()), key=lambda each: (each.created, each.id))

    def tags(self) -> dict[str, dict[str, Series]]:
        """The newest state of each series by kind and tag."""
        found: dict[str, dict[str, Series]] = {}
        for state in sorted(self.segments.values(), key=lambda each: (each.segment.created, each.segment.id)):
            for series in state.known().values():
                if series.count:
                    found.setdefault(series.kind, {})[series.tag] = series
        return found

    def summary(self) -> dict[str, Any]:
        """All that is known of it, as JSON values."""
        tags = self.tags()
        last_times = [series.last[1] for kind in tags.values() for series in kind.values() if series.last]
        return {
            **self.about(),
            **({"updated": max(last_times)} if last_times else {}),
            "scalars": {
                tag: {"step": series.last[0], "wall_time": series.last[1], "value": series.last[2]}
                for tag, series in sorted(tags.get("scalar", {}).items())
                if series.last
            },
            "series": {kind: sorted(found) for kind, found in tags.items()},
        }

    def about(self) -> dict[str, Any]:
        """What its files say of themselves, as JSON values; `updated` is their writer's last sign of life."""
        known = self.known()
        newest = known[-1] if known else None
        own = [segment for segment in known if segment.reason != "child"]
        lost: dict[str, int] = {}
        for segment in known:
            for kind, count in segment.lost.items():
                lost[kind] = lost.get(kind, 0) + count
        return {
            "name": self.name,
            "status": self.status,
            "started": known[0].created if known else None,
            "ended": newest.ended if newest else None,
            "ending": newest.ending if newest else None,
            "updated": newest.heartbeat if newest else None,
            "segments": len(known),
            "group": own[-1].group if own else None,
            "tags": list(own[-1].tags) if own else [],
            "notes": own[-1].notes if own else "",
            "config": own[-1].config if own else {},
            "said": self.said,
            "lost": lost,
            "problems": [
                *(problem.why for problem in self.problems.values()),
                *(each for state in self.segments.values() for each in state.met),
            ],
        }


@dataclass
class NewPoints:
    """Points of one series that were not there before; `points` is None when there are too many to tell."""

    run: str
    tag: str
    segment: str
    n: int
    points: Points | None
    committed: float = 0.0
    """Wall time of the commit that brought the last of them."""
    read: float = 0.0
    """Wall time at which they were read."""


@dataclass
class News:
    """What changed since the library was last asked."""

    points: list[NewPoints] = field(default_factory=list)
    changed: dict[str, set[str]] = field(default_factory=dict)
    """By run: what else is new of it: "histogram", "image", "text", "graph", "marks", "runs" (its summary), "line"
    (points were cut off by a rewind), "last" (how far it goes is known now, after a glance)."""
    removed: list[str] = field(default_factory=list)
    awaited: set[str] = field(default_factory=set)
    """Runs whose files are being written to, with nothing new to see yet: look again in a moment."""

    def __bool__(self) -> bool:
        return bool(self.points or self.changed or self.removed)

    def note(self, run: str, what: str) -> None:
        """Notes a change."""
        self.changed.setdefault(run, set()).add(what)


class Library:
    """Every run below a logdir, and in the mirror of event files that lie in it.

    Args:
        root: The logdir.
        mirror: The folder of copies of event files.
        index: Where what is known is kept from one start to the next.
    """

    def __init__(self, root: Path, mirror: Path | None = None, index: Path | None = None) -> None:
        self.root = root
        self.mirror = mirror
        self.runs: dict[str, RunState] = {}
        self._names: dict[Path, str] = {}
        self._index = index
        self._pool = NamePool()
        self._kept = indexes.load(index, self._pool)
        self._glanced: dict[Path, str] = {}
        """Files that were only glanced at, with their runs."""

    def scan(self, *, glance: bool = False) -> News:
        """Finds runs that came and went, and looks at every run that may have changed.

        Args:
            glance: Read of a file that nobody writes only what a list of runs shows; `complete` reads the rest.
        """
        news = News()
        found = logdir.all_run_folders(self.root, self.mirror) if self.root.is_dir() else {}
        self._names = {folder: name for name, folder in found.items()}
        for name in [name for name, run in self.runs.items() if found.get(name) != run.folder]:
            del self.runs[name]
            news.removed.append(name)
        for name, folder in found.items():
            if name not in self.runs:
                self.runs[name] = RunState(name, folder)
                news.note(name, "runs")
            self._look(self.runs[name], news, glance=glance)
        self._kept = indexes.Index({}, {})
        return news

    def complete(self, most: int | None = None) -> News:
        """Reads what a glance left out, of at most so many files; nothing where that is done."""
        news = News()
        for path in list(self._glanced)[:most]:
            run = self.runs.get(self._glanced.pop(path))
            state = run.segments.get(path) if run is not None else None
            if run is not None and state is not None and not state.is_read:
                self._take(run, path, state, _stamp(path), news)
        return news

    @property
    def is_complete(self) -> bool:
        """Whether nothing was only glanced at."""
        return not self._glanced

    def keep(self) -> None:
        """Writes the index, for the next start."""
        if self._index is not None:
            indexes.save(self._index, self.runs.values(), self._pool)

    def look(self, names: Iterable[str]) -> News:
        """What is new of some runs."""
        news = News()
        for name in names:
            if name in self.runs:
                self._look(self.runs[name], news)
        return news

    def running(self) -> list[str]:
        """The runs that may say something."""
        return [name for name, run in self.runs.items() if run.status == "running"]

    def name_of(self, folder: Path) -> str | None:
        """The run whose folder this is, if it is known."""
        return self._names.get(folder)

    def _look(self, run: RunState, news: News, *, glance: bool = False) -> None:
        files = logdir.segment_files(run.folder)
        before = run.status
        for gone in [path for path in (*run.segments, *run.problems) if path not in files]:
            run.segments.pop(gone, None)
            run.problems.pop(gone, None)
            news.note(run.name, "line")
        for path in files:
            state = run.segments.get(path)
            stamp = _stamp(path)
            if state is not None and state.stamp == stamp:
                continue
            kept = self._kept.segments.get(path)
            if state is None and kept is not None and kept.stamp == stamp:
                run.segments[path] = SegmentState(
                    kept.segment, kept.extent, kept.cursor, kept.has_marks, kept.met, stamp
                )
                news.note(run.name, "line")
                continue
            position = wal.position(path, state.position) if state is not None and not _is_settled(path) else None
            if state is not None and position is not None and _is_seen(position, state):
                if position.is_unfinished:
                    news.awaited.add(run.name)
                continue
            self._take(run, path, state, stamp, news, position, glance=glance)
        said_stamp = _stamp(run.folder / logdir.PAGE_FILE)
        if said_stamp != run.said_stamp:
            known_stamp, known_words = self._kept.said.get(run.folder, ((), {}))
            said = known_words if known_stamp == said_stamp else page_file.read(run.folder)
            run.said_stamp = said_stamp
            if said != run.said:
                run.said = {key: value for key, value in said.items() if key in page_file.RUN_KEYS}
                news.note(run.name, "runs")
        run.status = status_of(run.known(), time.time())
        if run.status != before:
            news.note(run.name, "runs")

    def _take(
        self,
        run: RunState,
        path: Path,
        state: SegmentState | None,
        stamp: tuple[Any, ...],
        news: News,
        position: Position | None = None,
        *,
        glance: bool = False,
    ) -> None:
        """Reads what is new in a file, and notes what is wrong with it."""
        settled = _is_settled(path)
        try:
            if self._read(run, path, state, news, glance=glance):
                run.segments[path].position = position
            elif not settled:
                news.awaited.add(run.name)
            run.segments[path].stamp = stamp if settled else ()
            run.problems.pop(path, None)
        except FileNotFoundError:
            return
        except StoreError as error:
            if str(run.problems.get(path)) != str(error):
                run.problems[path] = error
                news.note(run.name, "runs")

    def _read(self, run: RunState, path: Path, state: SegmentState | None, news: News, *, glance: bool) -> bool:
        """Takes in what is new in a segment; whether anything was committed since it was last read."""
        connection = engine.open_reader(path)
        try:
            connection.execute("BEGIN")  # one snapshot for all questions
            segment = segments.read(connection, path)
            if segment is None:
                raise engine.unbegun(path)
            if state is None or not state.is_read:
                is_same = state is not None and state.cursor == segment.written
                state = self._meet(connection, segment, glance=glance and segment.said_status != "running")
                run.segments[path] = state
                if not state.is_read:
                    self._glanced[path] = run.name
                for what in ["last"] if is_same and not state.met else ["runs", "line"]:
                    news.note(run.name, what)
                return True
            before, state.segment = state.segment, segment
            if segment.said_status != before.said_status or segment.lost != before.lost:
                news.note(run.name, "runs")
            if segment.written > state.cursor:
                self._update(connection, run, state, news)
            return segment.written != before.written or segment.heartbeat != before.heartbeat
        except (sqlite3.Error, DamagedBytesError) as error:
            raise engine.explain(error, path) from error
        finally:
            connection.close()

    def _meet(self, connection: sqlite3.Connection, segment: Segment, *, glance: bool) -> SegmentState:
        """A segment seen for the first time: how far each of its series goes, without reading points."""
        names = self._pool.of(connection.execute("SELECT id, kind, tag FROM series ORDER BY id"))
        extent = Extent.unread(names)
        state = SegmentState(segment, extent, segment.written, is_read=not glance)
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

    def _update(self, connection: sqlite3.Connection, run: RunState, state: SegmentState, news: News) -> None:
        for number, kind, tag in connection.execute(
            "SELECT id, kind, tag FROM series WHERE id>?", (len(state.series),)
        ):
            state.series[number] = Series(kind, tag)
        now = time.time()
        for number, new, points in _new_points(connection, state):
            series = state.series[number]
            if not series.count:
                news.note(run.name, "runs")  # its summary names one tag more
            told = points if new <= MAX_NEW_POINTS else None
            news.points.append(
                NewPoints(run.name, series.tag, state.segment.id, series.count, told, state.segment.heartbeat, now)
            )
            series.count += new
            series.last = (int(points.step[-1]), float(points.wall_time[-1]), float(points.value[-1]))
        for table in ("sketches", "media"):
            self._count_others(connection, table, state, run.name, news)
        met = _met(connection)
        if met != state.met:
            state.met = met
            news.note(run.name, "runs")
        if _has_marks(connection, state.cursor):
            state.has_marks = True
            news.note(run.name, "marks")
        state.cursor = state.segment.written

    def _count_others(
        self, connection: sqlite3.Connection, table: str, state: SegmentState, run: str, news: News
    ) -> None:
        for number, count, step, wall_time in connection.execute(_OTHERS.format(table), (state.cursor,)):
            series = state.series[number]
            if not series.count:
                news.note(run, "runs")
            series.count = count
            series.last = (step, wall_time, float("nan"))
            news.note(run, series.kind)


def _has_marks(connection: sqlite3.Connection, cursor: int) -> bool:
    return connection.execute("SELECT 1 FROM marks WHERE id>?", (cursor,)).fetchone() is not None


def _is_seen(position: Position, state: SegmentState) -> bool:
    known = state.position
    return known is not None and (position.salts, position.frames) == (known.salts, known.frames)


def _new_points(connection: sqlite3.Connection, state: SegmentState) -> Iterator[tuple[int, int, Points]]:
    """What each series has that was not told yet: its number, how many points, and these."""
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for number, *row in connection.execute(_NEW_POINTS, (state.cursor,)):
        if row[0] + row[1] > state.series[number].count:  # others only say again, folded, what was told
            rows.setdefault(number, []).append(tuple(row))
    for found in rows.values():
        found.sort()
    # All in one: a dozen series with a point each take as long as one.
    points = stretch.unpack([row[1:] for found in rows.values() for row in found])
    stop = 0
    for number, found in rows.items():
        stop += sum(row[1] for row in found)
        new = found[-1][0] + found[-1][1] - state.series[number].count
        yield number, new, points.part(stop - new, stop)


def _met(connection: sqlite3.Connection) -> list[str]:
    """What an import noted of its sources."""
    found = connection.execute("SELECT outcome FROM receipts WHERE nonce LIKE 'source %'").fetchall()
    return [each for (outcome,) in found for each in json.loads(outcome).get("met", [])]


SETTLED_S = 0.5
"""A file not written for so long has nothing in it that is not visible yet: a commit can be seen only a moment
after the write that wakes us, and a look in between must not be taken for the last one."""


def _is_settled(path: Path) -> bool:
    newest = 0.0
    for ending in ("", "-wal"):
        with contextlib.suppress(OSError):
            newest = max(newest, os.stat(f"{path}{ending}").st_mtime)
    return time.time() - newest > SETTLED_S


def _stamp(path: Path) -> tuple[Any, ...]:
    """What changes when a segment does: a look costs two calls to the system instead of opening the file.

    The time of the last change (ctime) is the system's own: a copy that was given the old size and time is not taken
    for what it replaced.
    """
    found: list[int] = []
    for ending in ("", "-wal"):
        with contextlib.suppress(OSError):
            stat = os.stat(f"{path}{ending}")
            found += [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return tuple(found)
