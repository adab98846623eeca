"""The catalog: what the page knows of every run in a logdir, brought up to date by asking for what is new.

One object, used by one thread (the poller's). It answers with `Changes`: points that were not there before,
and what else changed.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dashboard.http.gc_pause import not_collecting
from dashboard.live import cache_writer, copies, user_edits
from dashboard.live import catalog_cache as indexes
from dashboard.live.changes import Changes
from dashboard.live.file_stamps import is_settled, stamp_of
from dashboard.live.folders import Folders, listing_of
from dashboard.live.run_state import RunState
from dashboard.live.segment_state import SegmentState
from dashboard.live.series import NamePool
from tracker import databases, logdir
from tracker.errors import StoreError
from tracker.store.read import read_only, segments, size, wal
from tracker.store.read.left_out import is_passing
from tracker.store.read.wal import Position
from tracker.walk import Link

logger = logging.getLogger("dashboard")

MET_AT_ONCE = 128
"""Runs that the first look meets however long it takes; of a logdir with more the rest are met later."""

PATIENCE_S = 1.0
"""What one file may take of SQLite's time in one look. All others wait meanwhile; ours take milliseconds."""


class Catalog:
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
        self.links: list[Link] = []
        """Links to folders that the last scan met in the logdir."""
        self._names: dict[str, str] = {}
        """The runs by the paths of their folders."""
        self._real_names: dict[str, str] | None = None
        """By the real path of their folders, once somebody asked by such a one."""
        self._index = index
        self._pool = NamePool()
        self._cached = indexes.load(index, self._pool)
        self._folders = Folders(root, mirror, self._cached.folders)
        self._glanced: dict[Path, str] = {}
        """Files that were only glanced at, with their runs."""
        self.met: list[str] = []
        """The runs in the order in which they were looked at for the first time, since the first look."""
        self.unmet: dict[str, None] = {}
        """Those that were not looked at yet, the newest last."""
        self._running: dict[str, None] = {}
        """Those that ran when they were looked at last."""

    def scan(self, *, glance: bool = False, patience_s: float | None = None) -> Changes:
        """Finds runs that came and went, and looks at every run that may have changed.

        Args:
            glance: Read of a file that nobody writes only what a list of runs shows; `complete` reads the rest.
            patience_s: Look at runs that are new for so long, the newest first, and at some in any case; `meet` looks
                at the others.
        """
        with databases.glimpse(self.root):
            return self._scan(glance=glance, until=None if patience_s is None else time.monotonic() + patience_s)

    def _scan(self, *, glance: bool, until: float | None) -> Changes:
        changes = Changes()
        found = self._folders.look()
        self.links = self._folders.links
        self._names = {place: name for name, place in found.items()}
        self._real_names = None
        for name in [name for name, run in self.runs.items() if found.get(name) != run.place]:
            del self.runs[name]
            self.unmet.pop(name, None)
            changes.removed.append(name)
        before = self.runs
        began = self._folders.began() or self._cached.began()
        with not_collecting():
            self.runs = {
                name: before.get(name) or RunState(name, place, began=began.get(place)) for name, place in found.items()
            }
        new = [name for name in self.runs if name not in before] if before else list(self.runs)
        if until is not None:
            self.unmet.update(dict.fromkeys(sorted(new, key=lambda name: self.runs[name].began or 0.0)))
            return changes.joined(self.meet(until, glance=glance, least=MET_AT_ONCE))
        for name, run in self.runs.items():
            if name not in self.unmet:
                self._look(run, changes, glance=glance)
        self._let_go()
        return changes

    def meet(self, until: float, *, glance: bool = True, least: int = 1) -> Changes:
        """Looks at runs that were not looked at yet, the newest first.

        Args:
            until: No further one from this moment on, of the monotonic clock.
            glance: As of `scan`.
            least: So many in any case.
        """
        changes = Changes()
        while self.unmet and (least > 0 or time.monotonic() < until):
            name, _ = self.unmet.popitem()
            self._look(self.runs[name], changes, glance=glance)
            least -= 1
        self._let_go()
        return changes

    def _let_go(self) -> None:
        """Of what was kept, once all of it that is so was taken over."""
        if not self.unmet:
            self._cached = indexes.Index()
            self._folders.forget_began()

    def complete(self, most: int | None = None) -> Changes:
        """Reads what a glance left out, of at most so many files, and runs that were not met yet; nothing where that is
        done."""
        changes = self.meet(0.0, glance=False, least=most or len(self.unmet)) if self.unmet else Changes()
        for path in list(self._glanced)[:most]:
            run = self.runs.get(self._glanced.pop(path))
            state = run.segments.get(path) if run is not None else None
            if run is not None and state is not None and not state.is_read:
                self._take(run, path, state, stamp_of(path), changes)
        return changes

    @property
    def is_complete(self) -> bool:
        """Whether every run was met, and nothing only glanced at."""
        return not self.unmet and not self._glanced

    def keep(self) -> None:
        """Writes the index, for the next start."""
        for _ in self.keeping():
            pass

    def keeping(self) -> Iterator[None]:
        """The same in pieces of a few milliseconds, between which others may have the catalog."""
        if self._index is not None:
            yield from cache_writer.save(self._index, list(self.runs.values()), self._pool, self._folders)

    def look(self, names: Iterable[str]) -> Changes:
        """What is new of some runs; one whose folder was deleted is no more."""
        names = list(names)
        with databases.glimpse(self.root, names):
            return self._look_at(names)

    def _look_at(self, names: Iterable[str]) -> Changes:
        changes = Changes()
        for name in names:
            run = self.runs.get(name)
            if run is None:
                continue
            if logdir.segment_files(run.folder) if databases.of(run.folder) else run.folder.is_dir():
                self._look(run, changes)
                continue
            del self.runs[name]
            self.unmet.pop(name, None)
            self._names.pop(run.place, None)
            changes.removed.append(name)
        return changes

    def running(self) -> list[str]:
        """The runs that may say something."""
        self._running = {name: None for name in self._running if name in self.runs}
        return list(self._running)

    def name_of(self, folder: Path) -> str | None:
        """The run whose folder this is, if it is known; behind links a folder may be reached by several names."""
        name = self._names.get(str(folder))
        if name is not None or not any(link.runs for link in self.links):
            return name
        if self._real_names is None:
            self._real_names = {os.path.realpath(each): name for each, name in self._names.items()}
        return self._real_names.get(os.path.realpath(folder))

    def _look(self, run: RunState, changes: Changes, *, glance: bool = False) -> None:
        """Looks at a run. Whatever is met there is that run's, and the others are looked at all the same."""
        is_new, known = not run.is_met, indexes.NOTHING
        if is_new:
            run.is_met = True
            self.unmet.pop(run.name, None)
            self.met.append(run.name)
            known = self._cached.of(run.place)
            run.size, run.listed = known.listing
            changes.note(run.name, "runs")
        try:
            self._look_into(run, known, changes, glance=glance)
            if run.problems:
                run.forget_problem(run.folder)
        except StoreError as error:
            self._note_problem(run, run.folder, error, changes)
        except Exception as error:  # one odd run must not end the looking at all others
            if str(run.problems.get(run.folder)) != str(read_only.explain(error, run.folder)):
                logger.exception("viz: %s cannot be looked at", run.folder)
            self._note_problem(run, run.folder, read_only.explain(error, run.folder), changes)
        if run.status == "running":
            self._running[run.name] = None
        else:
            self._running.pop(run.name, None)
        if is_new:
            run.take_examined(known.examined)

    def _look_into(self, run: RunState, known: indexes.CachedRun, changes: Changes, *, glance: bool) -> None:
        files, names = self._listed(run)
        before = run.status, run.is_paused
        known_paths = (*run.segments, *run.problems) if run.problems else run.segments
        for gone in [path for path in known_paths if path not in files and str(path) != run.place]:
            run.segments.pop(gone, None)
            run.refused = {}  # a copy of it may be read now
            run.forget_problem(gone)
            changes.note(run.name, "line")
            run.size = None
        is_as_before = run.size is not None
        for path in files:
            state = run.segments.get(path)
            stamp = stamp_of(path, names)
            if state is not None and state.stamp == stamp:
                continue
            if state is not None and state.stamp and stamp and state.stamp[0] != stamp[0]:
                state = None  # another file has taken its place, in which there may be less
            cached = known.segments.get(path)
            is_cached = cached is not None and cached.stamp == stamp
            if state is None and cached and is_cached and not segments.original_of(path, cached.segment.id):
                run.segments[path] = SegmentState(
                    cached.segment, cached.extent, cached.cursor, cached.has_marks, cached.has_receipts,
                    cached.import_warnings, cached.faults, stamp,
                )  # fmt: skip
                changes.note(run.name, "line")
                continue
            is_as_before = False
            if stamp and run.refused.get(path) == stamp:
                continue  # as it was when it could not be read
            position = wal.position(path, state.position) if state is not None and not is_settled(path) else None
            if state is not None and position is not None and state.has_seen(position):
                if position.is_unfinished:
                    changes.awaited.add(run.name)
                continue
            self._take(run, path, state, stamp, changes, position, glance=glance)
        has_page = names is None or logdir.PAGE_FILE in names
        if user_edits.look(run, known.said, changes, has_page=has_page):
            is_as_before = False
        if not is_as_before and not self.is_mirrored(run):
            run.size = size.of_run(run.folder) if databases.of(run.folder) is None else None
        if is_as_before and run.status in ("finished", "stopped"):
            return
        now = time.time()
        run.status = segments.status_of(run.known(), now)
        run.is_paused = any(
            state.is_paused and state.segment.status(now) == "running" for state in run.segments.values()
        )
        if (run.status, run.is_paused) != before:
            changes.note(run.name, "runs")

    def _listed(self, run: RunState) -> tuple[Sequence[Path], Collection[str] | None]:
        """The segments of a run, and the names of all files that may tell of a change, where they are sure."""
        stamp = self._folders.stamp_of(run.place)
        known = run.listed
        if known is None or stamp is None or known.stamp != stamp:
            if known is not None:
                run.size = None
            known = run.listed = None if stamp is None else listing_of(run.folder, stamp)
        if known is None:
            return logdir.segment_files(run.folder), None
        return known.files, known.names

    def is_mirrored(self, run: RunState) -> bool:
        """Whether what is read of it is a copy of another program's files."""
        return self.mirror is not None and run.place.startswith(f"{self.mirror}{os.sep}")

    def _take(
        self,
        run: RunState,
        path: Path,
        state: SegmentState | None,
        stamp: tuple[Any, ...],
        changes: Changes,
        position: Position | None = None,
        *,
        glance: bool = False,
    ) -> None:
        """Reads what is new in a file, and notes what is wrong with it."""
        settled = is_settled(path)
        try:
            if self._read(run, path, state, changes, glance=glance):
                run.segments[path].position = position
            elif not settled:
                changes.awaited.add(run.name)
            state = run.segments[path]
            is_left = self.is_mirrored(run) and copies.is_left(state, stamp)
            state.stamp = stamp if settled or is_left else ()
            run.forget_problem(path)
        except FileNotFoundError:
            return
        except StoreError as error:
            if settled and not is_passing(error):
                run.refused = {**run.refused, path: stamp}
            self._note_problem(run, path, error, changes)

    def _note_problem(self, run: RunState, path: Path, error: StoreError, changes: Changes) -> None:
        if run.note_problem(path, error):
            changes.note(run.name, "runs")

    def _read(self, run: RunState, path: Path, state: SegmentState | None, changes: Changes, *, glance: bool) -> bool:
        """Takes in what is new in a segment; whether anything was committed since it was last read."""
        with read_only.snapshot(path, PATIENCE_S, read_only.LONGEST_SAID_BYTES) as connection:
            segment = segments.read(connection, path)
            if segment is None:
                raise read_only.unbegun(path)
            state = state if state is not None and state.goes_on_in(segment) else None
            if state is not None and state.is_read:
                before = state.segment
                state.update(connection, segment, run.name, changes)
                return segment.written != before.written or segment.heartbeat != before.heartbeat
            is_same = state is not None and state.cursor == segment.written
            glance = glance and segment.said_status != "running"
            state = SegmentState.first_read(connection, segment, self._pool, glance=glance)
        for copy in [each for each, other in run.segments.items() if other.segment.id == segment.id and each != path]:
            del run.segments[copy]  # it was read while this was not there
        run.segments[path] = state
        if not state.is_read:
            self._glanced[path] = run.name
        for what in ["last"] if is_same and not state.import_warnings else ["runs", "line"]:
            changes.note(run.name, what)
        return True
