"""The poller: the one thread that reads for all tabs.

It sleeps until the watch says that a folder was written to, then asks the catalog what is new there. The
event comes before the commit can be seen, so that a run whose commit is on its way is asked for again after
1, 2, 4 … milliseconds (measured: points arrive after 39 ms at the 95th percentile instead of 315), by a timetable
that makes no other run wait. A slow look of its own is the net for file systems that send no events, and finds
writers that died without a word.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from dashboard.live import copies
from dashboard.live.burst import Burst
from dashboard.live.catalog import Catalog
from dashboard.live.changes import Changes
from dashboard.live.meeting import Meeting
from dashboard.live.watches import Watches
from tracker.errors import StoreError

logger = logging.getLogger("dashboard")

AGAIN_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.030)
"""Pauses before each further look at a run of which something is on its way."""

REST_S = 0.008
"""A run that has just told something is looked at again after so long, half of the time between two frames to a tab.
One that commits a thousand times a second, as through Visdom's port, would keep Python's lock from those who write
(measured: 620 appends a second of one client and 1,840 of eight; with it 800 and 2,200)."""

UNWATCHED_REST_S = 0.1
"""And while no tab is open, where only lists, rules and findings wait for it."""

NET_S = 0.5
"""How often running runs are looked at without an event."""

SCAN_S = 1.0
"""How often the whole logdir is gone through where no events come: a run that another machine begins is there after a
second. With five, one that took four was seen when it was over."""

WATCHED_SCAN_S = 30.0
"""And where they do: the system drops some when there are too many."""

SCAN_SHARE = 50
"""Going through a large logdir by ourselves takes at most 1/50 of a core."""

WATCHED_SHARE = 1000
"""And where events come, 1/1000."""

CHORES_AFTER_S = 0.4
"""What nobody waits for begins so long after the last question, or the start: the first page is not to share a core."""

PATIENCE_S = 5.0
"""But so long after the start at the latest: a page that asks all the time is not to keep us from watching."""

SLICE = 16
"""Files that are completed at a time: 20 ms, during which the catalog is held."""

BEGIN_AGAIN_S = 1.0
"""After a fault of ours, before following begins anew."""

HANGS_S = 60.0
"""A turn that takes longer is told: the disk stands still, or the logdir is very large and slow."""

BURST_S = 1.0
"""How long new runs wait at most for others that come after them."""

SETTLE_S = 1.0
"""How long copies of other programs' files are looked at in the end, so that the index has them for the next start."""

KEEP_S = 60.0
"""How often the index is written, at the most."""

KEEP_SHARE = 200
"""That of very many runs takes seconds: at most 1/200 of a core."""


class Poller:
    """Keeps a catalog up to date and tells what is new."""

    def __init__(
        self, root: Path, tell: Callable[[Changes], None], mirror: Path | None = None, index: Path | None = None
    ) -> None:
        self.catalog = Catalog(root, mirror, index)
        self.lock = threading.Lock()
        """Held while the catalog changes; hold it to read from another thread."""
        self.ready = threading.Event()
        """Set after the first look at the whole logdir."""
        self.meeting = Meeting(self.catalog, partial(self._ask, silent=True), lambda: self._questions > 0)
        self._tell = tell
        self.is_watched: Callable[[], bool] = lambda: True
        """Whether anybody is to see what is new within a frame."""
        self._dirty: set[Path] = set()
        self._wake = threading.Condition()
        self._stopped = False
        self.trouble: str | None = None
        """Why nothing is followed at the moment, or None."""
        self._turned = time.monotonic()
        self._awaited: dict[str, tuple[float, int]] = {}
        """By run: when it is looked at again, and how often it was already."""
        self._rests: dict[Path, float] = {}
        """By the folder of a run that has just told something: until when it is left alone."""
        self._put_off: set[Path] = set()
        """Such folders as were written to meanwhile."""
        self._questions = 0
        self._quiet_since = 0.0
        self._changed = True
        """Whether the index does not say what is known."""
        self._next_scan = math.inf  # once the watch has begun
        self._last_scan = 0.0
        self._took = 0.0
        self._burst = Burst(BURST_S)
        self._watches = Watches(self.catalog, self._note, self._warn)
        self._told: set[str] = set()
        """What was said in the server's log, once each."""
        self._thread = threading.Thread(target=self._run, name="everystep-poller", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; waits for the look under way."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._watches.stop()
        is_new = copies.settle(self.catalog, time.monotonic() + SETTLE_S) or self._changed
        if is_new and self.catalog.is_complete:
            self.catalog.keep()

    @contextlib.contextmanager
    def asked(self) -> Iterator[None]:
        """While somebody waits for an answer: chores wait."""
        with self._wake:
            self._questions += 1
        try:
            yield
        finally:
            with self._wake:
                self._questions -= 1
                self._quiet_since = time.monotonic()

    def quiet_for(self) -> float:
        """The seconds for which nobody has waited for an answer."""
        with self._wake:
            return 0.0 if self._questions else time.monotonic() - self._quiet_since

    def state(self) -> str | None:
        """Why what is new is not told at the moment; None where it is."""
        if self.trouble is not None or self._stopped:
            return self.trouble or "following the logdir has ended"
        silent = time.monotonic() - self._turned
        return f"the logdir has been gone through for {silent:.0f} s" if silent > HANGS_S else None

    def complete(self) -> None:
        """Reads all that the first look, a glance, left out. Any thread may ask for it."""
        while not self.catalog.is_complete:
            self._ask(lambda: self.catalog.complete(SLICE))

    def look_again(self) -> None:
        """Has the whole logdir gone through at once."""
        with self._wake:
            self._next_scan = 0.0
        self._note(self.catalog.root.parent)  # no run's folder: all are meant

    def changed_by(self, changes: Changes) -> None:
        """Tells what another thread changed in the catalog, if that is anything that is told."""
        self._changed = True
        if changes:
            self._tell(changes)

    def written_to(self, folder: Path) -> None:
        """Has a run looked at at once whose folder was written to by our own hand, also where no events come."""
        with self._wake:
            self._rests.pop(folder, None)
        self._note(folder)

    def has_heard_nothing(self, since: float) -> bool:
        """Whether no file of another program's can have come since a moment of the monotonic clock."""
        return self._watches.has_heard_nothing(since)

    def _note(self, folder: Path) -> None:
        with self._wake:
            if self._rests.get(folder, 0.0) > time.monotonic():
                self._put_off.add(folder)  # a thousand times a second, and nobody is woken
                return
            self._dirty.add(folder)
            self._wake.notify()

    def _run(self) -> None:
        again = False
        while not self._stopped:
            try:
                self._follow(again=again)
            except Exception as error:  # whatever it is, somebody has to follow
                logger.exception("viz: following %s stopped; it begins again", self.catalog.root)
                self.trouble = f"following the logdir stopped ({type(error).__name__}: {error}); it begins again"
                self.ready.set()  # who waits for the first look is told what is known
                again = True
                with self._wake:
                    self._wake.wait_for(lambda: self._stopped, BEGIN_AGAIN_S)

    def _follow(self, *, again: bool) -> None:
        # Not told the first time: who asks for runs waits for this look, to whom a thousand summaries would be no news.
        self._ask(self.meeting.first_look, silent=not again)
        self.ready.set()
        self._quiet_since = time.monotonic()
        chores = self._chores()
        calm = CHORES_AFTER_S if self.catalog.runs else 0.0  # without runs there is no first page to give way to
        next_chore = next_net = self._quiet_since + calm
        patience = self._quiet_since + PATIENCE_S
        while not self._stopped:
            self._turned = time.monotonic()
            with self._wake:
                if not self._dirty:
                    awaited = (due for due, _ in self._awaited.values())
                    rests = self._rests.values()
                    soonest = min([self._next_scan, next_net, next_chore, *awaited, *rests, *self.meeting.due()])
                    self._wake.wait(max(0.0, soonest - time.monotonic()))
                now = time.monotonic()
                self._rests = {folder: until for folder, until in self._rests.items() if until > now}
                written_to = self._dirty | self._put_off
                dirty, self._dirty = written_to - self._rests.keys(), set()
                self._put_off = written_to - dirty
            if self._stopped:
                return
            self.meeting.go_on()
            now = time.monotonic()
            names = {self.catalog.name_of(folder) for folder in dirty}
            if None in names:  # something that is no run yet: of many such words one look is the answer
                self._next_scan = min(self._next_scan, self._burst.due(now, self._last_scan, self._took))
            if now >= next_net and self._watches.is_replaced:
                self._next_scan = 0.0
            if now >= self._next_scan:
                self._scan(now)
            written = {name for name in names if name is not None}
            self._look(written | {name for name, (due, _) in self._awaited.items() if due <= now}, written)
            if now >= next_net:
                next_net = time.monotonic() + NET_S
                running = self.catalog.running()
                if running:
                    self._ask(lambda names=running: self.catalog.look(names))  # type: ignore[misc]
            if now >= next_chore:
                waits = now < patience and (self._questions or now - self._quiet_since < calm)
                next_chore = time.monotonic() + (CHORES_AFTER_S / 4 if waits else next(chores))

    def _scan(self, now: float) -> None:
        self._watches.begin()
        self._ask(self.catalog.scan)
        self._last_scan = time.monotonic()
        self._took = self._last_scan - now
        least, share = (WATCHED_SCAN_S, WATCHED_SHARE) if self._watches.is_told else (SCAN_S, SCAN_SHARE)
        self._next_scan = self._last_scan + max(least, share * self._took)
        if self._watches.begin():  # behind a link something may have come or gone between the look and the change
            self._next_scan = self._last_scan

    def _chores(self) -> Iterator[float]:
        """What nobody waits for, piece by piece; gives the seconds until the next."""
        self._watches.begin()
        self._next_scan = 0.0  # something may have come between the look and the watch
        yield 0.0
        while not self.catalog.is_complete:
            self._ask(lambda: Changes() if self.catalog.unmet else self.catalog.complete(SLICE))
            yield CHORES_AFTER_S if self.catalog.unmet else 0.0
        while True:
            began = time.monotonic()
            if self._changed:
                self._changed = False
                pieces = self.catalog.keeping()
                while self._has_more(pieces):
                    yield 0.0
            yield max(KEEP_S, KEEP_SHARE * (time.monotonic() - began))

    def _has_more(self, pieces: Iterator[None]) -> bool:
        with self.lock:
            return next(pieces, self) is None

    def _look(self, names: set[str], written: set[str]) -> None:
        """Looks at runs, of which some were just written to; what is on its way in them has its turn again soon."""
        if not names:
            return
        before = {name: 0 if name in written else self._awaited[name][1] for name in names}
        for name in names:
            self._awaited.pop(name, None)
        changes = self._ask(lambda: self.catalog.look(names))
        now = time.monotonic()
        told = {each.run for each in changes.points} | changes.changed.keys()
        rest = now + (REST_S if self.is_watched() else UNWATCHED_REST_S)
        with self._wake:
            self._rests.update((self.catalog.runs[name].folder, rest) for name in told & self.catalog.runs.keys())
        for name in changes.awaited:
            if name in told:
                self._awaited[name] = (rest, 0)
            elif before[name] < len(AGAIN_S):
                self._awaited[name] = (now + AGAIN_S[before[name]], before[name] + 1)

    def _warn(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            logger.warning("viz: %s", what)

    def _ask(self, question: Callable[[], Changes], *, silent: bool = False) -> Changes:
        with self.lock:
            try:
                changes = question()
            except StoreError as error:  # a database that is away
                self.trouble = str(error)
                self._warn(self.trouble)
                return Changes()
            except OSError as error:  # the logdir went away, or the machine is out of files: ask again later
                logger.warning("viz: %s cannot be read at the moment (%s)", self.catalog.root, error)
                return Changes()
        self.trouble = None
        self._changed = self._changed or bool(changes.changed or changes.removed)
        if changes and not silent:
            self._tell(changes)
        return changes
