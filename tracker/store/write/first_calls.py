"""The first calls of a run: none is far ahead of the file, so that a training that a signal ends right after its first
values leaves them behind.

PyTorch's writer gives each value to the system within ten calls, at 30 µs a call for as long as it lives. Here, of the
first hundred calls, those that are too far ahead of the file wait for a commit, half a millisecond. A loop that trains
between two calls is never that fast; one that only logs waits 17 times, once.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

CALLS = 100

EARLY_CALLS = 24

AHEAD_EARLY, AHEAD = 3, 6
"""Calls that may be accepted and not in the file: of the early ones, but for the first, and later."""

PATIENCE_S = 1.0
"""What all of the waiting may take, on a machine that is busy or a disk that is slow. (A quarter of that was over in 5
of 840 runs that a signal ended, on two cores with eight others at work: of these few points were left.)"""


class FirstCalls:
    """Counts calls on the callers' threads, and hears on the writer's how many of them are in the file."""

    def __init__(self) -> None:
        self.are_over = False
        """Whether no call waits any more."""
        self._numbers = itertools.count(1)
        self._counted = self._committed = self._told = 0
        self._spent_s = 0.0
        self._somebody_waits = False
        self._done = threading.Condition()

    # --- callers' threads ----------------------------------------------------------------------------

    def count(self, ring: Callable[[], None]) -> None:
        """One call more, whose values are in the inbox. It may wait; `ring` wakes the writer."""
        self._counted = number = next(self._numbers)
        # A second one that waits: another thread, or this one, which a signal handler that logs came upon.
        ahead = 0 if number == 1 else AHEAD_EARLY if number <= EARLY_CALLS else AHEAD
        if number - self._told > ahead and not self._somebody_waits:
            self._somebody_waits = True
            try:
                self._wait(number, ring)
            finally:
                self._somebody_waits = False
        if number >= CALLS:
            self.are_over = True

    def _wait(self, number: int, ring: Callable[[], None]) -> None:
        began = time.monotonic()
        self._counted = max(self._counted, number)  # another thread may have set it back by one
        ring()
        with self._done:
            stored = self._done.wait_for(lambda: self._told >= number or self.are_over, PATIENCE_S)
        self._spent_s += time.monotonic() - began
        if not stored or self._spent_s > PATIENCE_S:
            self.are_over = True

    # --- the writer's thread -------------------------------------------------------------------------

    @property
    def counted(self) -> int:
        """How many there were so far."""
        return self._counted

    def committed(self, count: int) -> None:
        """So many of them are in the file, though perhaps not synced."""
        self._committed = count

    def tell(self) -> None:
        """Lets go of who waits for what is committed: after the writer said that it sleeps, or nobody would wake it."""
        if self._committed > self._told:
            with self._done:
                self._told = self._committed
                self._done.notify_all()

    def end(self) -> None:
        """Nobody waits any more: the disk does not take it, or the run has ended."""
        with self._done:
            self.are_over = True
            self._done.notify_all()
