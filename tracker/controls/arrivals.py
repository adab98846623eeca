"""What has come from the page and waits for the loop: commands in their schedule, events with who hears them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tracker.controls.applier import refusal
from tracker.controls.listeners import Listeners
from tracker.controls.page_reader import PageReader
from tracker.controls.schedule import AtOnce, Place, Schedule
from tracker.store.read.commands import EVENT, Asked
from tracker.store.read.run_files import RunFiles
from tracker.store.write.inbox import SealedError

if TYPE_CHECKING:
    from tracker.recording import Recording

MOST_WAITING = 1_000
"""Commands that wait for a step in memory; more stay in the file until there is room."""

BEFORE = "It was asked before this part of the run began."


class Arrivals:
    """Filled by the watching thread, emptied by the loop's.

    Attributes:
        schedule: Decides when commands are due; see `follow`.
        listeners: Who hears events.
        waiting: How many commands wait for a step.
        is_taken_over: Whether another process goes on with the run, and reads the same.
    """

    def __init__(self) -> None:
        self.schedule: Schedule = AtOnce()
        self.listeners = Listeners()
        self.waiting = 0
        self.is_taken_over = False
        self._recording: Recording | None = None
        self._reader: PageReader | None = None
        self._lock = threading.RLock()  # held for some assignments: a finalizer may come within

    def begin(self, recording: Recording | None) -> None:
        """Forgets what waits. What is asked from here on is asked of this recording; None: of none."""
        reader = None if recording is None else PageReader(recording.folder)
        with self._lock:
            self._recording, self._reader = recording, reader
            self.waiting, self.is_taken_over = 0, False
            self.schedule.forget()
            self.listeners.forget()

    def leave_to_parent(self) -> None:
        """In a forked child."""
        self._lock = threading.RLock()
        self.listeners.leave_to_parent()
        self.begin(None)

    def follow(self, schedule: Schedule, step: int) -> None:
        """Another schedule decides from now on, also of what waits."""
        before, self.schedule = self.schedule, schedule
        while before.waits:
            for asked in before.due(Place(step, "log")):
                schedule.take(asked)

    # --- the loop's thread ---------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether the loop is to come by."""
        return self.schedule.waits or self.listeners.waits

    def due(self, place: Place) -> list[Asked]:
        """The commands that take effect here."""
        due = self.schedule.due(place)
        with self._lock:
            self.waiting = max(0, self.waiting - len(due))
        return due

    # --- the watching thread -------------------------------------------------------------------------

    def look(self, step: int) -> bool:
        """Takes what is new; whether anything was.

        Args:
            step: Where the loop stands.
        """
        recording, reader = self._recording, self._reader
        if recording is None or reader is None:
            return False
        self.schedule.look(step)
        found = reader.read(MOST_WAITING - self.waiting, events=bool(self.listeners))
        if found and _is_taken_over(recording):
            self.is_taken_over = True
            return False
        with self._lock:
            if reader is not self._reader:
                return False  # the run has ended meanwhile, or goes on in another file
            for asked in found:
                if asked.name.startswith(EVENT):
                    self.listeners.hear(asked)
                else:
                    self.waiting += 1
                    self.schedule.take(asked)
        old, reader.old = reader.old, []
        try:
            for asked in old:
                recording.writer.add_receipt(refusal(asked, BEFORE, step))
        except SealedError:
            return False  # it has ended in this moment, and what was asked of it is over too
        return bool(found)


def _is_taken_over(recording: Recording) -> bool:
    """Whether a later part of the run's line is being written: by who resumed a run that was still going on."""
    birth, own = recording.birth, recording.writer.birth.segment
    now = time.time()
    return any(
        (segment.created, segment.id) > (birth.created, own)
        and segment.rank == birth.rank and segment.reason not in ("child", "moved") and segment.status(now) == "running"
        for segment in RunFiles(recording.folder).segments()
    )  # fmt: skip
