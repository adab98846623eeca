"""The controls of a run: what it offers, what was asked of it, and the moment between two steps when that is done.

`Run.log` knows nothing of this. When something is due, the watching thread gives the run an inbox that knows no lane:
the next call takes the careful way, at whose end the loop comes by here.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from tracker import coerce
from tracker.controls import built_in
from tracker.controls.applier import Applier, refusal
from tracker.controls.control import Action, Control
from tracker.controls.listeners import Handler, Listener, Listeners
from tracker.controls.loop_thread import LoopThread
from tracker.controls.page_reader import PageReader
from tracker.controls.schedule import AtOnce, Place, Schedule
from tracker.controls.watch import WATCH
from tracker.machine.record import Record
from tracker.store.read.commands import EVENT, Asked
from tracker.store.write.bell import Bell
from tracker.store.write.inbox import SealedError
from tracker.values.control_definition import Definition
from tracker.worker_thread import is_ours

if TYPE_CHECKING:
    from tracker.recording import Recording
    from tracker.run import Run

logger = logging.getLogger("tracker")

MOST_WAITING = 1_000
"""Commands that wait for a step in memory; more stay in the file until there is room."""

HELD_LOOK_S = 0.1
"""How often a paused loop looks whether it may go on; it is woken when something comes."""


class Controls:
    """What a run offers, and what was asked of it.

    Args:
        run: The run, which is not held by this.

    Attributes:
        schedule: Decides when commands take effect; see `follow`.
        paused: Whether the loop is held.
        takes: Whether commands are taken: it is the run's own line, in the process that writes it.
    """

    def __init__(self, run: Run) -> None:
        self._run = weakref.ref(run)
        self.schedule: Schedule = AtOnce()
        self.paused = Control(built_in.DEFINITIONS[built_in.PAUSED])
        self.takes = False
        self._more = Control(built_in.DEFINITIONS[built_in.LOG_MORE])
        self._more_until: int | None = None
        self._targets: dict[str, Control | Action] = {built_in.PAUSED: self.paused, built_in.LOG_MORE: self._more}
        self._listeners = Listeners()
        self._applier = Applier(run.name, self._targets, self._changed)
        self._recording: Recording | None = None
        self._reader: PageReader | None = None
        self._stops: list[Asked] = []
        self._is_stopping = False
        self._polled: int | None = None
        self._loop = LoopThread()
        self._is_watched = False
        self._comes_by = False
        """Whether the next call of `log()` comes by here, …"""
        self._comes_by_since = 0.0
        """… and since when it is to, on the monotonic clock."""
        self._waiting = 0
        """Commands that wait for a step."""
        self._lock = threading.RLock()  # held for some assignments: a finalizer may log within
        self._working = threading.Lock()
        self._worker: int | None = None
        self._bell = Bell()

    # --- what the program declares -------------------------------------------------------------------

    def declare(self, definition: Definition) -> Control:
        """The control of a definition: the one there is, begun anew unless it is the same definition."""
        known = self._targets.get(definition.name)
        if isinstance(known, Control):
            if known.definition == definition:
                return known
            known.definition, known.value = definition, definition.value
        else:
            known = self._targets[definition.name] = Control(definition)
        self._store(definition)
        return known

    def add_action(self, action: Action) -> None:
        """An action, in the place of one of the same name."""
        known = self._targets.get(action.name)
        self._targets[action.name] = action
        if known is None or known.definition != action.definition:
            self._store(action.definition)

    def listen(self, prefix: str, handler: Handler, thread: bool = False) -> Listener:
        """Hears of commands whose name begins with `prefix` (`event:…`); to these nothing is answered.

        Args:
            prefix: Of the names as they stand in `page.sqlite`.
            handler: Called with each row, in order. What it raises is logged and ends nothing.
            thread: At once, on a thread of its own, instead of between two steps.

        Returns:
            What `unlisten` takes.
        """
        listener = self._listeners.add(prefix, handler, thread)
        self._watch()
        return listener

    def unlisten(self, listener: Listener) -> None:
        """One who listened does so no more."""
        self._listeners.remove(listener)

    def _store(self, definition: Definition) -> None:
        """Says in the run's file what it offers."""
        recording = self._recording
        if self.takes and recording is not None and recording.is_open:
            recording.observe({definition.name: Record("control", [definition.medium()])})
            self._watch()

    # --- a recording begins, a process forks ---------------------------------------------------------

    def begin(self, recording: Recording) -> None:
        """From here on the run is written there, and what is asked from here on is asked of this part of it."""
        self._forget()
        birth = recording.birth
        on = birth.environment.get("controls") is True
        self.takes = on and birth.reason != "child" and birth.rank in (None, 0) and not recording.is_late
        self._recording = recording
        if self.takes:
            self._reader = PageReader(recording.folder)
            for target in list(self._targets.values()):
                if target.name not in built_in.DEFINITIONS:
                    self._store(target.definition)

    def follow(self, schedule: Schedule) -> None:
        """Another schedule decides from now on, also of what waits."""
        before, self.schedule = self.schedule, schedule
        for asked in before.due(Place(self._step(), "log")):
            schedule.take(asked)

    def leave_to_parent(self) -> None:
        """In a forked child: what was asked for is the parent's to do."""
        self._lock, self._working, self._bell, self._worker = threading.RLock(), threading.Lock(), Bell(), None
        self._listeners.leave_to_parent()
        self._forget()

    def _forget(self) -> None:
        self.takes = self._is_watched = self._comes_by = self._is_stopping = self.paused.value = False
        self._reader = self._more_until = self._polled = None
        self._stops, self._waiting = [], 0
        self.schedule.forget()
        self._listeners.forget()

    # --- between two steps, on the loop's thread -----------------------------------------------------

    def between(self, call: str, values: Any = ()) -> None:
        """The loop comes by: what is due is done, and a paused loop is held.

        Args:
            call: As in `Place`.
            values: What was logged.
        """
        if not self._is_watched:
            self._watch()
        if not self._comes_by or is_ours() or self._worker == threading.get_ident():
            return  # nothing is due; or a finalizer on a thread of ours, an action that logs, a signal handler in here
        if not (self._loop.is_here(self._comes_by_since) and self._working.acquire(blocking=False)):
            while self._holds():
                time.sleep(HELD_LOOK_S)
            return
        try:
            self._worker = threading.get_ident()
            self._come_by(Place(self._step(), call, coerce.text(next(iter(values), ""), 200)))
        finally:
            self._worker = None
            self._working.release()

    def poll(self, step: int | None) -> None:
        """As `Run.poll`."""
        self._loop.claim()
        if step is not None:
            self._polled = step
        self.between("poll")

    @property
    def should_stop(self) -> bool:
        """As `Run.should_stop`."""
        self._loop.claim()
        if not self._is_watched:
            self._watch()
        if self._stops or self.schedule.waits:
            self._stop(Place(self._step(), "should_stop"))
        return self._is_stopping

    @property
    def log_more(self) -> bool:
        """As `Run.log_more`."""
        return self._more_until is not None and self._step() < self._more_until

    def _step(self) -> int:
        """Where the loop stands: where `poll` said, or what it logged last."""
        if self._polled is not None:
            return self._polled
        return -1 if self._recording is None else self._recording.inbox.last_step

    def _come_by(self, place: Place) -> None:
        self._let_come_by(False)  # first: what comes from now on makes it True again
        try:
            self._do(place)
            if self._holds():
                self._hold(place)
        finally:
            if self.schedule.waits or self._listeners.waits or self.paused.value:
                self._let_come_by(True)

    def _do(self, place: Place) -> None:
        recording = self._recording
        assert recording is not None
        due = self._due(place)
        with self._lock:
            self._stops += [asked for asked in due if asked.name == built_in.STOP]
        others = [asked for asked in due if asked.name != built_in.STOP]
        if others:
            self._applier.apply(others, place, recording.writer)
        self._listeners.deliver()

    def _due(self, place: Place) -> list[Asked]:
        due = self.schedule.due(place)
        with self._lock:
            self._waiting -= len(due)
        return due

    def _hold(self, place: Place) -> None:
        """A paused loop waits here. Ctrl-C ends it as it ends any other line of the training."""
        logger.warning("tracker: the training is paused after step %d, on the page", place.step)
        self._let_come_by(True)  # others that log are held too
        while self._holds():
            self._bell.wait(HELD_LOOK_S)
            self._do(Place(place.step, "paused"))
        logger.warning("tracker: the training goes on")
        self._let_come_by(False)

    def _holds(self) -> bool:
        """Whether a loop that comes by is held: it is paused, nobody asks it to stop, and the run has not ended."""
        going = self._recording is not None and self._recording.is_open and not (self._stops or self._is_stopping)
        return going and self.paused.value is True

    def _stop(self, place: Place) -> None:
        due = self._due(place)
        with self._lock:
            stops, self._stops = [*self._stops, *due], []
        if stops and self._recording is not None:
            self._applier.stop(stops, place, self._recording.writer)
            self._is_stopping = True

    def _changed(self, control: Control, step: int) -> None:
        if control is self._more:
            self._more_until = step + control.value

    # --- the watching thread -------------------------------------------------------------------------

    def _watch(self) -> None:
        """From the first call on, which is the loop's."""
        if not self._loop.is_known and not is_ours():
            self._loop.claim()
        self._is_watched = True
        if self.takes:
            WATCH.add(self)

    def look(self) -> bool | None:
        """As `Watched`."""
        recording, reader = self._recording, self._reader
        if recording is None or reader is None or not (recording.is_open and self.takes):
            return None
        self.schedule.look(self._step())
        found = reader.read(MOST_WAITING - self._waiting, events=bool(self._listeners))
        for asked in found:
            if asked.name.startswith(EVENT):
                self._listeners.hear(asked)
                continue
            with self._lock:
                self._waiting += 1
            self.schedule.take(asked)
        old, reader.old = reader.old, []
        try:
            for asked in old:
                recording.writer.add_receipt(refusal(asked, BEFORE, self._step()))
        except SealedError:
            return None
        if (self.schedule.waits or self._listeners.waits) and not self._comes_by:
            self._let_come_by(True)
        if found:
            self._bell.ring()
        return bool(found)

    def _let_come_by(self, closely: bool) -> None:
        """Whether the next call of `log()` comes by here."""
        run = self._run()
        with self._lock:
            if closely and not self._comes_by:
                self._comes_by_since = time.monotonic()
            self._comes_by = closely
            if run is not None:
                run.look_closely(closely)


BEFORE = "It was asked before this part of the run began."
