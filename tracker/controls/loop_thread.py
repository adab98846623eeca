"""Whose thread the training's loop is on: only there is done what is asked for, as an action may touch the model."""

from __future__ import annotations

import threading
import time

ABSENT_S = 30.0
"""After which another thread that logs does what the loop's own has not come by to do."""


class LoopThread:
    """The first thread that logged, or the one that asked last what only a loop asks (`poll`, `should_stop`)."""

    def __init__(self) -> None:
        self._ident: int | None = None
        self._thread: threading.Thread | None = None

    def claim(self) -> None:
        """The calling thread is the loop's."""
        if self._ident != threading.get_ident():
            self._ident, self._thread = threading.get_ident(), threading.current_thread()

    @property
    def is_known(self) -> bool:
        """Whether any thread is the loop's by now."""
        return self._thread is not None

    @property
    def is_alive(self) -> bool:
        """Whether the loop may come by again."""
        return self._thread is not None and self._thread.is_alive()

    def is_here(self, waiting_since: float) -> bool:
        """Whether the calling thread is the loop's, or stands in for one that has ended or does not come by.

        Args:
            waiting_since: When it was to come by, on the monotonic clock.
        """
        if self._ident == threading.get_ident():
            return True
        if self._thread is None or not self._thread.is_alive() or time.monotonic() - waiting_since > ABSENT_S:
            self.claim()
            return True
        return False
