"""An environment: a run with its windows, opened for writing when something is first said to it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker import logdir, start
from tracker.compat.visdom import line_traces
from tracker.compat.visdom import window as windows
from tracker.compat.visdom.environment_name import config_of
from tracker.compat.visdom.line_traces import LineTrace, Point
from tracker.compat.visdom.message import WindowError
from tracker.compat.visdom.window import Window
from tracker.errors import TrackerError
from tracker.run import Run
from tracker.store.read.run import StoredRun
from tracker.values.markup import Html
from tracker.values.pane import Pane, checked_opts
from tracker.values.value import Value

logger = logging.getLogger("tracker")

MAX_WINDOWS = 2_000
"""Of one environment. Of each some hundred bytes stay in memory, a kilobyte or two where its points are scalars."""

MAX_HELD, HELD_OF_A_SERIES = 64_000_000, 2_000
"""A run that is written holds the texts of its panes, which may go on, and the names of its series: after so many
characters and names it is finished, and resumed by what is said next with nothing held."""

COMMIT_S = 10.0
"""A disk that does not take a message for so long is said not to take it."""


class Environment:
    """One environment.

    Args:
        root: The logdir.
        name: Its own name.
        run_name: That of its run.
        opened: Called with each run that is opened for writing.

    Raises:
        WindowError: it holds more windows than any.
    """

    def __init__(self, root: Path, name: str, run_name: str, opened: Callable[[Environment, Run], None]) -> None:
        self.name, self.run_name = name, run_name
        self.folder = root / run_name
        self.windows: dict[str, Window] = {}
        self.used = time.monotonic()
        self._root, self._opened = root, opened
        self._run: Run | None = None
        self._is_dirty = False
        self._held = 0
        self._stored = StoredRun(run_name, self.folder)
        self._tags: set[str] = set()
        if logdir.segment_files(self.folder):
            self._look()

    def _look(self) -> None:
        with self._stored.held() as stored:
            for order, pane in enumerate(stored.panes()):
                if pane.type == "damaged" or order >= MAX_WINDOWS:
                    continue
                try:
                    self.windows[pane.id] = found = windows.resumed(pane, order, stored)
                except (TrackerError, LookupError, TypeError, ValueError, AttributeError) as error:
                    # Whoever wrote it: the others are there all the same.
                    logger.warning("tracker: the pane %.100r of %.100r is left out: %s", pane.id, self.run_name, error)
                    continue
                self._take(found.traces.values())

    # --- reading -------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether its run is open for writing."""
        return self._run is not None

    @property
    def is_there(self) -> bool:
        """Whether there is a run of it."""
        return self.is_open or bool(logdir.segment_files(self.folder))

    def window(self, id: str) -> Window:
        """One of its windows.

        Raises:
            WindowError: there is none of that name.
        """
        found = self.windows.get(id)
        if found is None:
            raise WindowError(f"There is no window {id!r:.300} in the environment {self.name!r:.600}.", 404)
        return found

    def stored(self) -> StoredRun:
        """The run as it stands with all that was said so far."""
        self.commit()
        return self._stored

    def told(self, window: Window) -> dict[str, Any]:
        """A window with what it holds, as Visdom's clients are told of it."""
        with self.stored().held() as stored:
            return windows.told(window, stored)

    def figure(self, window: Window) -> dict[str, Any]:
        """What a figure holds: data and layout."""
        found: dict[str, Any] = self.told(window)["content"]
        return found

    # --- writing -------------------------------------------------------------------------------------

    def run(self) -> Run:
        """Its run, opened for writing if it is not.

        Raises:
            WindowError: another process writes it.
            TrackerError, OSError: it cannot be opened.
        """
        if self._run is None:
            self._refuse_if_another_writes()
            config = config_of(self.name)
            self._run = start.start(self._root, self.run_name, config, None, (), "", "allow", None, machine=False)
            self._opened(self, self._run)
        return self._run

    def adopt(self, run: Run) -> None:
        """Writes into a run of this process from now on."""
        self._run = run
        self._opened(self, run)

    def _refuse_if_another_writes(self) -> None:
        if not logdir.segment_files(self.folder):
            return
        now, own = time.time(), os.getpid()
        for segment in self._stored.segments():
            if segment.status(now) == "running" and segment.writer.pid != own:
                raise WindowError(
                    f"The environment {self.name!r:.600} is a run that another process writes (pid "
                    f"{segment.writer.pid} on {segment.writer.host}); choose another name.",
                    409,
                )

    def add(self, id: str) -> int:
        """The place of a window that is there, or comes to be there.

        Raises:
            WindowError: there are too many.
        """
        known = self.windows.get(id)
        if known is None and len(self.windows) >= MAX_WINDOWS:
            raise WindowError(f"An environment has at most {MAX_WINDOWS:,} windows; close some.", 413)
        return len(self.windows) if known is None else known.order

    def keep(self, window: Window) -> None:
        """A window is as it is said to be from now on, in the place of another of its name."""
        before = self.windows.get(window.id)
        if before is not None:
            self._give_back(before.traces.values())
            window.revision = before.revision
        window.revision += 1
        self._held += HELD_OF_A_SERIES * (before is None)
        self.windows[window.id] = window
        self._take(window.traces.values())

    def show(self, window: Window, content: Any, *, append: bool = False) -> None:
        """Shows a value in the window's pane; see `Run.pane`."""
        self._is_dirty = True
        self._held += len(content.text) if isinstance(content, Html) else 0
        said = window.title or None, *window.size()
        self.run().panes.show(window.id, content, *said, append=append, opts=window.pane_opts())

    def write(self, window: Window, content: Any) -> None:
        """Puts a state of the window's pane down whose content is JSON."""
        opts = checked_opts(window.pane_opts())
        self._log({window.id: Pane(window.pane, content, title=window.title or None, opts=opts, size=window.size())})

    def log(self, trace: LineTrace, points: list[Point]) -> None:
        """Puts points down behind those of a trace."""
        for step, values in trace.values(points):
            self._log(values, step)

    def config(self) -> dict[str, Any]:
        """What its run is made with."""
        return dict(self.run().config)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Adds to what its run is made with."""
        self._is_dirty = True
        self.run().configure(values)

    def log_metrics(self, values: Mapping[str, Any], step: int | None) -> None:
        """Logs numbers of its training, which have tags and steps of their own, and move the run's step."""
        self._is_dirty = True
        self.run().log(values, step)

    def _log(self, values: Mapping[str, float | Value], step: int | None = None) -> None:
        self._is_dirty = True
        self.run().observe(values, step)

    def begin_trace(self, window: Window, trace: Mapping[str, Any]) -> None:
        """Gives a window a trace without points, in series of its own."""
        found = line_traces.begun(window.id, trace, self._tags, self.stored())
        window.traces[found.name] = found
        self._held += HELD_OF_A_SERIES
        self._take([found])

    def forget_traces(self, window: Window, names: list[str]) -> None:
        """Takes traces away from a window; their points stay in the run."""
        self._give_back([window.traces.pop(name) for name in names if name in window.traces])

    def close_window(self, id: str) -> None:
        """Takes a window away; one that is not there is away already."""
        found = self.windows.pop(id, None)
        if found is not None:
            self._give_back(found.traces.values())
            self._log({id: Pane("closed")})

    def commit(self) -> None:
        """Returns when what was said is in the file: a kill takes none of it.

        Raises:
            WindowError: the disk does not take it.
        """
        if self._is_dirty and self._run is not None:
            if not self._run.flush(COMMIT_S, durable=False):
                raise WindowError(
                    "The disk does not take it at the moment; it is kept, and tried again. The terminal says more.", 503
                )
            self._is_dirty = False
        if self._held > MAX_HELD:
            self.finish()

    def finish(self) -> None:
        """Lets go of its run, until something is said to it again."""
        run, self._run = self._run, None
        self._is_dirty, self._held = False, 0
        if run is not None:
            run.finish()

    # --- series of traces ----------------------------------------------------------------------------

    def taken(self) -> set[str]:
        """Series that traces of its windows have."""
        return self._tags

    def _take(self, traces: Iterable[LineTrace]) -> None:
        self._tags.update(tag for trace in traces for tag in trace.tags())

    def _give_back(self, traces: Iterable[LineTrace]) -> None:
        self._tags.difference_update([tag for trace in traces for tag in trace.tags()])
