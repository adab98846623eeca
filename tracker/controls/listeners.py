"""Listeners: who hears events of panes, at the next step or at once on a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable

from tracker.store.read.commands import Asked
from tracker.store.write.bell import Bell

logger = logging.getLogger("tracker")

MOST_WAITING = 1_000
"""Events that wait for one listener. A key held down is 30 a second; who is so far behind gets the newest."""

IDLE_S = 5.0
"""After so long without an event a listener's thread ends; the next event begins another."""

Handler = Callable[[Asked], None]


class Listener:
    """One who hears what comes under names that begin alike.

    Args:
        prefix: Of the names, such as `event:`.
        handler: Called with each, in order, one at a time.
        on_thread: Whether at once, on a thread of its own, or by `deliver`.
    """

    def __init__(self, prefix: str, handler: Handler, on_thread: bool) -> None:
        self.prefix, self.on_thread = prefix, on_thread
        self._handler = handler
        self._waiting: deque[Asked] = deque(maxlen=MOST_WAITING)
        self._bell = Bell()
        self._lock = threading.Lock()
        self._is_running = False
        self._said = False

    @property
    def waits(self) -> bool:
        """Whether something is to be delivered by the loop."""
        return bool(self._waiting) and not self.on_thread

    def hear(self, event: Asked) -> None:
        """An event has come. On the watching thread."""
        if len(self._waiting) == MOST_WAITING and not self._said:
            self._said = True
            logger.warning("tracker: events of %s come faster than they are handled; old ones are left out", event.name)
        self._waiting.append(event)
        if not self.on_thread:
            return
        self._bell.ring()
        with self._lock:
            if not self._is_running:
                # No `Worker`: what runs there is the program's, which may flush and finish.
                thread = threading.Thread(target=self._run, name=f"everystep-events-{os.getpid()}", daemon=True)
                try:
                    thread.start()
                    self._is_running = True
                except RuntimeError as error:
                    logger.warning("tracker: %s is not handled: no thread can be started (%s)", event.name, error)

    def deliver(self) -> None:
        """Calls the handler with what waits. What it raises is logged and ends nothing."""
        for _ in range(len(self._waiting)):
            event = self._waiting.popleft()
            try:
                self._handler(event)
            except Exception:
                logger.exception("tracker: a handler of %s failed", event.name)

    def forget(self) -> None:
        """Nothing that waits is delivered."""
        self._waiting.clear()

    def leave_to_parent(self) -> None:
        """In a forked child, where the thread is not."""
        self._waiting.clear()
        self._lock, self._bell, self._is_running = threading.Lock(), Bell(), False

    def _run(self) -> None:
        while True:
            rung = self._bell.wait(IDLE_S)
            self.deliver()
            with self._lock:
                if not rung and not self._waiting:
                    self._is_running = False
                    return


class Listeners:
    """All of a run's."""

    def __init__(self) -> None:
        self._every: list[Listener] = []

    def add(self, prefix: str, handler: Handler, on_thread: bool) -> Listener:
        """One more; several may hear the same."""
        listener = Listener(prefix, handler, on_thread)
        self._every = [*self._every, listener]
        return listener

    def remove(self, listener: Listener) -> None:
        """One who hears nothing any more."""
        self._every = [each for each in self._every if each is not listener]

    def __bool__(self) -> bool:
        return bool(self._every)

    @property
    def waits(self) -> bool:
        """Whether something is to be delivered by the loop."""
        return any(each.waits for each in self._every)

    def hear(self, event: Asked) -> None:
        """An event has come."""
        for each in self._every:
            if event.name.startswith(each.prefix):
                each.hear(event)

    def deliver(self) -> None:
        """On the loop's thread, between two steps."""
        for each in self._every:
            if not each.on_thread:
                each.deliver()

    def forget(self) -> None:
        """Nothing that waits is delivered."""
        for each in self._every:
            each.forget()

    def leave_to_parent(self) -> None:
        """In a forked child."""
        for each in self._every:
            each.leave_to_parent()
