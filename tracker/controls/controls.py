"""The controls of a run: what it offers, what was asked of it, and the moment between two steps when that is done.

`Run.log` knows nothing of this. When something is due, the watching thread gives the run an inbox that knows no lane:
the next call takes the careful way, at whose end the loop comes by here.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracker import coerce
from tracker.controls import built_in
from tracker.controls.applier import Applier, forget_context
from tracker.controls.arrivals import Arrivals
from tracker.controls.control import Action, Control
from tracker.controls.listeners import Handler, Listener
from tracker.controls.loop_thread import LoopThread
from tracker.controls.offers import Offers
from tracker.controls.recorded import Recorded
from tracker.controls.schedule import Place
from tracker.controls.together import Together
from tracker.controls.watch import WATCH
from tracker.store.read.commands import Asked
from tracker.store.write.bell import Bell
from tracker.values.control_definition import Definition
from tracker.worker_thread import is_ours

if TYPE_CHECKING:
    from tracker.recording import Recording
    from tracker.run import Run

logger = logging.getLogger("tracker")

MAX_TAG = 200
"""Characters of a tag in a receipt."""

HELD_LOOK_S = 0.1
"""How often a paused loop looks whether it may go on; it is woken when something comes."""


class Controls:
    """What a run offers, and what was asked of it.

    Args:
        run: The run, which is not held by this.

    Attributes:
        arrivals: What has come and waits for the loop.
        offers: Its controls and actions.
        is_polled: Whether the loop says by `poll` where its steps end, so that `log()` is called within them.
        while_held: Called again and again while the loop is held.
        takes: Whether commands are taken: it is the run's own line, in the process that writes it.
    """

    def __init__(self, run: Run) -> None:
        self._run = weakref.ref(run)
        self.arrivals = Arrivals()
        self.offers = Offers()
        self.takes = False
        self._applier = Applier(run.name, self.offers)
        self._recording: Recording | None = None
        self._stops: list[Asked] = []
        self._is_stopping = False
        self._recorded: Recorded | None = None
        self.is_polled = False
        self.while_held: Callable[[], None] | None = None
        self._polled: int | None = None
        self._loop = LoopThread()
        self._is_watched = False
        self._comes_by = False
        """Whether the next call of `log()` comes by here, …"""
        self._comes_by_since = 0.0
        """… and since when it is to, on the monotonic clock."""
        self._lock = threading.RLock()  # held for some assignments: a finalizer may log within
        self._working = threading.Lock()
        self._worker: int | None = None
        self._bell = Bell()

    # --- what the program declares -------------------------------------------------------------------

    def declare(self, definition: Definition) -> Control:
        """As `Run.control`."""
        control = self.offers.declare(definition)
        self._watch()
        return control

    def add_action(self, action: Action) -> None:
        """As `Run.action`."""
        self.offers.add_action(action)
        self._watch()

    def listen(self, prefix: str, handler: Handler, thread: bool = False) -> Listener:
        """Hears of commands whose name begins with `prefix` (`event:…`); to these nothing is answered.

        Args:
            prefix: Of the names as they stand in `page.sqlite`.
            handler: Called with each row, in order. What it raises is logged and ends nothing.
            thread: At once, on a thread of its own, instead of between two steps.

        Returns:
            What `unlisten` takes.
        """
        listener = self.arrivals.listeners.add(prefix, handler, thread)
        self._watch()
        return listener

    def unlisten(self, listener: Listener) -> None:
        """One who listened does so no more."""
        self.arrivals.listeners.remove(listener)

    # --- a recording begins, a process forks ---------------------------------------------------------

    def begin(self, recording: Recording) -> None:
        """From here on the run is written there, and what is asked from here on is asked of this part of it."""
        self._forget()
        birth = recording.birth
        on = birth.environment.get("controls") is True
        self.takes = on and birth.reason != "child" and not recording.is_late
        self._recording = recording
        if self.takes:
            self.arrivals.begin(recording)
            ranks = birth.environment.get("ranks")
            if birth.rank is not None and isinstance(ranks, int):
                self.arrivals.schedule = Together(recording.folder, birth.rank, ranks)
            self.offers.begin(recording if self.arrivals.schedule.answers else None)
            if self.arrivals.listeners:
                self._watch()
        recording.at_end += [self.arrivals.schedule.close, WATCH.let_go]
        if self._recorded is not None:
            self.replay(self._recorded)

    def replay(self, recorded: Recorded) -> None:
        """What was asked of another run takes effect here at the same steps; commands of the page do beside it."""
        self._recorded = recorded
        recorded.usual, self.arrivals.schedule = self.arrivals.schedule, recorded
        if self._recording is not None:
            self._recording.at_end.append(recorded.close)
        if recorded.waits:
            self._let_come_by(True)

    def leave_to_parent(self) -> None:
        """In a forked child: what was asked for is the parent's to do."""
        self._lock, self._working, self._bell, self._worker = threading.RLock(), threading.Lock(), Bell(), None
        self.arrivals.leave_to_parent()
        self._forget()

    def _forget(self) -> None:
        self.takes = self._is_watched = self._comes_by = self._is_stopping = False
        self._stops, self._polled = [], None
        self.offers.begin(None)
        self.arrivals.begin(None)

    # --- between two steps, on the loop's thread -----------------------------------------------------

    def between(self, call: str, values: Any = ()) -> None:
        """The loop comes by: what is due is done, and a paused loop is held.

        Args:
            call: As in `Place`.
            values: What was logged.
        """
        if not self._is_watched or not self._loop.is_known:
            self._begin_loop()
        if call == "log" and self.is_polled and self._loop.is_alive:
            return  # this loop says itself where its steps end
        if not self._comes_by or is_ours() or self._worker == threading.get_ident():
            return  # nothing is due; or a finalizer on a thread of ours, an action that logs, a signal handler in here
        self._try_to_come_by(call, values)
        while self._holds():  # on other threads than the loop's, which is held itself, or was and has gone
            time.sleep(HELD_LOOK_S)
            self._try_to_come_by("paused", ())

    def poll(self, step: int | None) -> None:
        """As `Run.poll`."""
        self._loop.claim()
        self.is_polled = True
        if step is not None:
            self._polled = step if type(step) is int else coerce.step(step)
        self.between("poll")

    def release(self) -> None:
        """The loop that polled is over: whatever logs is told between its calls again."""
        self.is_polled, self._polled, self.while_held = False, None, None

    @property
    def should_stop(self) -> bool:
        """As `Run.should_stop`."""
        self._loop.claim()
        if not self._is_watched:
            self._begin_loop()
        if self._stops or self.arrivals.schedule.waits:
            self._stop(Place(self._step(), "should_stop"))
        return self._is_stopping

    @property
    def log_more(self) -> bool:
        """As `Run.log_more`."""
        more = self.offers.more
        return more.since is not None and self._step() < more.since + more.value

    def _step(self) -> int:
        """Where the loop stands: where `poll` said, or what it logged last."""
        if self._polled is not None:
            return self._polled
        return -1 if self._recording is None else self._recording.inbox.last_step

    def _try_to_come_by(self, call: str, values: Any) -> None:
        """Unless another thread is at it, or the loop is on another one."""
        if not self._working.acquire(blocking=False):
            return
        within = sys.exc_info()[1]
        try:
            if self._loop.is_here(self._comes_by_since):
                self._worker = threading.get_ident()
                self._come_by(Place(self._step(), call, _first(values)))
        except BaseException as error:
            forget_context(error, within)
            raise
        finally:
            self._worker = None
            self._working.release()

    def _come_by(self, place: Place) -> None:
        self._let_come_by(False)  # first: what comes from now on makes it True again
        try:
            self._do(place)
            while self._holds():
                self._hold(place)
                self._do(place)  # what was asked for in the moment it went on
        finally:
            if self.arrivals.waits or self.offers.paused.value:
                self._let_come_by(True)

    def _do(self, place: Place) -> None:
        recording = self._recording
        assert recording is not None
        due = self.arrivals.due(place)
        with self._lock:
            self._stops += [asked for asked in due if asked.name == built_in.STOP]
        others = [asked for asked in due if asked.name != built_in.STOP]
        if others:
            is_binding = self.arrivals.schedule.is_binding
            self._applier.apply(others, place, self.arrivals.answering(recording), is_binding=is_binding)
        self.arrivals.listeners.deliver()

    def _hold(self, place: Place) -> None:
        """A paused loop waits here. Ctrl-C ends it as it ends any other line of the training."""
        logger.warning("tracker: the training is paused after step %d, on the page", place.step)
        self._let_come_by(True)  # others that log are held too
        while self._holds():
            if self.while_held is not None:
                self.while_held()
            self._bell.wait(HELD_LOOK_S)
            self._do(Place(place.step, "paused"))
        logger.warning("tracker: the training goes on")
        self._let_come_by(False)

    def _holds(self) -> bool:
        """Whether a loop that comes by is held: it is paused, nobody asks it to stop, and the run has not ended."""
        going = self._recording is not None and self._recording.is_open and not (self._stops or self._is_stopping)
        return going and self.offers.paused.value is True

    def _stop(self, place: Place) -> None:
        due = self.arrivals.due(place)
        with self._lock:
            stops, self._stops = [*self._stops, *due], []
        if stops and self._recording is not None:
            self._applier.stop(stops, place, self.arrivals.answering(self._recording))
            self._is_stopping = True

    # --- the watching thread -------------------------------------------------------------------------

    def _begin_loop(self) -> None:
        """At the first call of the loop."""
        if not self._loop.is_known and not is_ours():
            self._loop.claim()
        self._watch()

    def _watch(self) -> None:
        self._is_watched = True
        if self.takes:
            WATCH.add(self)

    @property
    def is_live(self) -> bool:
        """As `Watched`."""
        is_open = self._recording is not None and self._recording.is_open
        return self.takes and is_open and not self.arrivals.is_taken_over

    def look(self) -> bool:
        """As `Watched`."""
        found = self.arrivals.look(self._step())
        if self.arrivals.waits and not self._comes_by:
            self._let_come_by(True)
        if found:
            self._bell.ring()
        if not self.offers.is_told and self.arrivals.schedule.answers:
            self.offers.tell(self._recording)  # no other rank has turned up: this one answers
        return found or self.arrivals.schedule.waits

    def _let_come_by(self, closely: bool) -> None:
        """Whether the next call of `log()` comes by here."""
        run = self._run()
        with self._lock:
            if closely and not self._comes_by:
                self._comes_by_since = time.monotonic()
            self._comes_by = closely
            if run is not None:
                run.look_closely(closely)


def _first(values: Any) -> str:
    """The first tag of what was logged."""
    try:
        return coerce.text(next(iter(values), ""), MAX_TAG)
    except RuntimeError:  # another thread adds to the dictionary
        return ""
