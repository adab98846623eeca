"""The examiner: the one thread that looks for what went wrong in runs, live ones as they go on and others once.

It is not the poller's, so that no point waits for it, and it lets the others of the process have their turn between two
detectors. Examining the live runs takes one hundredth of a core, whatever their number and length: it measures its own
time and looks less often when that is more. What was found in a run that nobody writes is kept until its files change.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from dashboard.live.changes import Changes
from dashboard.live.examined import Examined, detectors_version, stamps_of
from dashboard.live.poller import Poller
from dashboard.live.run_state import RunState
from dashboard.live.time_budget import TimeBudget
from tracker import databases, logdir
from tracker.errors import StoreError
from tracker.store.read.reader import Store

logger = logging.getLogger("dashboard")

LIVE_SHARE = 0.01
"""Of a core, for all live runs together."""

CHORE_SHARE = 0.1
"""Of a core, for runs that have come to their end, while nobody waits for an answer."""

LEAST_S = 2.0
"""Between two looks at a live run: nobody reads faster."""

LOOKS_S = 0.25
"""How often it is looked whether there is something to do."""

QUIET_S = 0.4
"""So long nobody has waited for an answer before what nobody waits for is examined."""

REST_S = 0.001
"""For so long who wants Python's lock has it, whether anybody is known to wait."""

TURN_S = 0.002
"""How long it works between two such rests. Resting after each detector made a run of 2 ms take 50."""

PATIENCE_S = 5.0
"""How long somebody who asks waits for the examination of another run to end."""

LONGEST_REST_S = 2.0
"""How long who waits for an answer is given way to at a time: between two files that are read, and two detectors."""

CALM_S = 0.1
"""Since the last of them, who may have more to ask."""

GLANCE_S = 0.01
"""How often it is looked then whether they have it."""


class Examiner:
    """Keeps what was found in every run up to date, and tells when it changes.

    Args:
        poller: In whose catalog it is kept, and who tells the tabs.
        store: Opens the logdir.
    """

    def __init__(self, poller: Poller, store: Callable[[], Store]) -> None:
        self._poller = poller
        self._store = store
        self._news: set[str] = set()
        self._waiting: dict[str, None] = {}
        """Runs that may have changed since they were examined and that nobody writes, the newest change last."""
        self._running: set[str] = set()
        """Live ones of which the same is so."""
        self._has_unmet: bool | None = None
        """Whether some were not met yet when all others were put among these; None before that."""
        self._rested = 0.0
        self._looked: dict[str, float] = {}
        """When a live run was examined last."""
        self._live, self._chores = TimeBudget(LIVE_SHARE), TimeBudget(CHORE_SHARE, ahead_s=LOOKS_S)
        self._stopped = threading.Event()
        self._hurried: set[int] = set()
        """Threads that wait for the examination of their run, and so for the end of another's."""
        self._turn = threading.Lock()
        """Held while a run is examined: one at a time, whoever asks."""
        self._thread = threading.Thread(target=self._run, name="everystep-examiner", daemon=True)

    def start(self) -> None:
        """Begins to examine, after the first look at the logdir."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; a detector that has not come to an end is not waited for."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE_S / 5)

    def note(self, changes: Changes) -> None:
        """Takes in which runs have changed; called on the event loop."""
        ours = {"findings"}
        named = {name for name, what in changes.changed.items() if what - ours}
        self._news |= named | {new.run for new in changes.points}

    def pending(self) -> int:
        """How many runs are still to be examined for the first time."""
        with self._poller.lock:
            return sum(run.examined is None for run in self._poller.catalog.runs.values())

    def now(self, name: str) -> None:
        """Examines a run at once, on the caller's thread; of a live one what is known already will do."""
        with self._poller.lock:
            run = self._poller.catalog.runs.get(name)
            if run is None or (run.examined is not None and run.status == "running"):
                return
        with self._hurrying():
            if self._turn.acquire(timeout=PATIENCE_S):
                try:
                    self._examine(name)
                finally:
                    self._turn.release()

    @contextlib.contextmanager
    def _hurrying(self) -> Iterator[None]:
        self._hurried.add(threading.get_ident())
        try:
            yield
        finally:
            self._hurried.discard(threading.get_ident())

    def _rest(self) -> None:
        if time.monotonic() - self._rested >= TURN_S:
            time.sleep(REST_S)
            self._rested = time.monotonic()
        self._give_way()

    def _give_way(self) -> None:
        """Lets who waits for an answer of this process have it first, unless it is for an examination: of two threads
        that ask SQLite each waits for Python's lock after every step."""
        until = time.monotonic() + LONGEST_REST_S
        while self._poller.quiet_for() < CALM_S and not self._hurried and time.monotonic() < until:
            if self._stopped.wait(GLANCE_S):
                return

    def _run(self) -> None:
        while not self._poller.ready.wait(LOOKS_S):
            if self._stopped.is_set():
                return
        while not self._stopped.wait(LOOKS_S):
            try:
                while not self._stopped.is_set() and self._look():
                    pass
            except Exception:  # whatever it is, the next run is looked at
                logger.exception("viz: looking for findings stopped; it goes on")

    def _look(self) -> bool:
        """Examines the run whose turn it is; whether there was one."""
        before = time.thread_time()
        name = self._next()
        if name is None:
            return False
        with self._turn:
            is_live = self._examine(name)
        took, now = time.thread_time() - before, time.monotonic()
        (self._live if is_live else self._chores).spent(took, now)
        if is_live:
            self._looked[name] = now
        return True

    def _next(self) -> str | None:
        """The live run that was looked at the longest time ago where there is room for one; else the newest other."""
        now = time.monotonic()
        news, self._news = self._news, set()
        with self._poller.lock:
            catalog = self._poller.catalog
            if self._has_unmet != (has_unmet := bool(catalog.unmet)):
                self._has_unmet = has_unmet
                self._take_all(catalog.runs)
            for name in news:
                self._take(name, catalog.runs.get(name))
            if now >= self._live.free_at and self._running:
                self._running = {name for name in self._running if name in catalog.runs}
                due = [name for name in sorted(self._running) if now - self._looked.get(name, -LEAST_S) >= LEAST_S]
                if due:
                    chosen = min(due, key=lambda name: self._looked.get(name, 0.0))
                    self._running.discard(chosen)
                    return chosen
            is_free = now >= self._chores.free_at and self._poller.quiet_for() >= QUIET_S
            while is_free and self._waiting:
                name, _ = self._waiting.popitem()
                run = catalog.runs.get(name)
                if run is not None and run.status != "running":
                    return name
                self._take(name, run)
        return None

    def _take_all(self, runs: dict[str, RunState]) -> None:
        """Puts all runs that were met among those that are to be examined, the newest last."""
        met = [run for run in runs.values() if run.is_met]
        began = {run.name: max((each.created for each in run.known()), default=0.0) for run in met}
        for run in sorted(met, key=lambda run: began[run.name]):
            self._take(run.name, run)

    def _take(self, name: str, run: RunState | None) -> None:
        """Puts one that may have changed where it has its turn; one that is no more has none."""
        self._waiting.pop(name, None)
        self._running.discard(name)
        if run is not None and run.status == "running":
            self._running.add(name)
            return
        self._looked.pop(name, None)
        if run is not None:
            self._waiting[name] = None

    def _examine(self, name: str) -> bool:
        """Examines a run if its files are not as they were then, and tells what is new; whether it is a live one."""
        with self._poller.lock:
            run = self._poller.catalog.runs.get(name)
            if run is None:
                return False
            folder, known, is_live = run.folder, run.examined, run.status == "running"
        try:
            with databases.glimpse(folder, [name]):
                stamps = stamps_of(logdir.segment_files(folder))
        except StoreError:  # a database that is away; it is its turn again with its next point
            return is_live
        if known is not None and (known.stamps, known.version) == (stamps, detectors_version()):
            return is_live
        found = Examined(stamps, detectors_version(), time.time(), tuple(self._found(name)))
        changes = Changes()
        with self._poller.lock:
            run = self._poller.catalog.runs.get(name)
            if run is None or run.folder != folder:
                return is_live
            before = run.examined.findings if run.examined is not None else ()
            run.examined = found
            if found.findings != before:
                changes.note(name, "findings")
        self._poller.changed_by(changes)
        return is_live

    def _found(self, name: str) -> list[dict[str, Any]]:
        """What is found in a run; nothing in one that cannot be read, of which the list of runs says why."""
        from tracker.store.read.diagnosed import examination

        with contextlib.suppress(Exception):
            return examination(self._store().run(name), self._rest, self._give_way).as_dicts()
        return []
