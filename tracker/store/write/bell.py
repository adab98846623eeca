"""Bell: wakes a thread, and may be rung from anywhere: a finalizer in the middle of somebody's ring, a signal handler.

`threading.Event.set()` takes a lock that is not reentrant: a garbage collection inside of it, whose finalizer sets the
same event, waits for itself for ever. A lock that is released has nothing to wait for.
"""

from __future__ import annotations

import threading


class Bell:
    """Rung by any thread, heard by one: a ring that nobody waited for is heard by the next who waits."""

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        """Wakes who waits, or will wait next. Takes no lock."""
        try:
            self._silence.release()
        except RuntimeError:
            return  # it rings already

    def wait(self, timeout: float) -> bool:
        """Returns when it was rung, and forgets that; False when it was not within `timeout` seconds."""
        return self._silence.acquire(timeout=max(0.0, timeout))
