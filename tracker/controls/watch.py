"""The watching thread: sees that something was asked of a run, in files that the page changes.

One thread for all runs of a process, which looks at the state of each run's `page.sqlite` (1 µs) and sleeps; only when
the file is another one it is read. It begins with a run's first call and ends with the last run.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from typing import Protocol

from tracker.store.write.bell import Bell
from tracker.worker_thread import Worker

logger = logging.getLogger("tracker")

QUICK_S, CALM_S = 0.02, 0.07
"""Between two looks, while somebody is at the controls and otherwise. Measured, watching a run costs 0.4 % of a core,
and 0.54 at 50 ms; with 70 alone a command is seen by a step of 20 ms within 86 ms (p95)."""

QUICK_FOR_S = 30.0

STOP_S = 0.4
"""What the end of the last run waits for a look that is under way."""


class Watched(Protocol):
    """What this file knows of a run."""

    @property
    def is_live(self) -> bool:
        """Whether there is anything to watch (any more)."""

    def look(self) -> bool:
        """Whether something has come."""

    def leave_to_parent(self) -> None:
        """In a forked child: what was asked for is the parent's to do."""


class Watch:
    """Looks after runs until they have ended."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._watched: weakref.WeakSet[Watched] = weakref.WeakSet()
        self._thread: Worker | None = None
        self._bell = Bell()
        self._failed: set[int] = set()
        """Those of which it was said that something is wrong; once is enough."""

    def add(self, watched: Watched) -> None:
        """Looks after one more; where no thread can be started, nothing that is asked of it will be heard."""
        with self._lock:
            self._watched.add(watched)
            if self._thread is None:
                thread = Worker(self._run, "commands")
                try:
                    thread.start()
                except RuntimeError as error:
                    logger.warning("tracker: commands of the page are not heard: no thread can be started (%s)", error)
                    return
                self._thread = thread

    def let_go(self) -> None:
        """Runs that have ended are not watched any more; when it was the last, the thread ends with it."""
        with self._lock:
            self._forget_ended()
            thread = None if self._watched else self._thread
        if thread is not None and thread is not threading.current_thread():
            self._bell.ring()
            thread.join(STOP_S)

    def leave_to_parent(self) -> None:
        """In a forked child, where the thread is not."""
        watched, self._watched = list(self._watched), weakref.WeakSet()
        self._lock, self._thread, self._bell = threading.RLock(), None, Bell()
        for each in watched:
            each.leave_to_parent()

    def _run(self) -> None:
        quick_until = 0.0
        while True:
            self._bell.wait(QUICK_S if time.monotonic() < quick_until else CALM_S)
            with self._lock:
                self._forget_ended()
                watched = list(self._watched)
                if not watched:
                    self._thread = None
                    return
            for each in watched:
                if self._looked(each):
                    quick_until = time.monotonic() + QUICK_FOR_S
            del watched, each  # nobody is held from here while it sleeps

    def _forget_ended(self) -> None:
        for each in list(self._watched):
            if not each.is_live:
                self._watched.discard(each)

    def _looked(self, each: Watched) -> bool:
        try:
            return each.look()
        except Exception:  # what is wrong with the commands of one run must not end those of the others
            if id(each) not in self._failed:
                self._failed.add(id(each))
                logger.exception("tracker: commands of the page cannot be looked at")
            return False


WATCH = Watch()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WATCH.leave_to_parent)
