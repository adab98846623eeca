"""How often a run commits: soon, and without a training noticing it."""

from __future__ import annotations

import time
from collections.abc import Callable

COMMIT_INTERVAL_S = 0.05
"""Between the beginnings of two commits, on average. After a pause neither the first one waits nor the second: a step
that logs twice, or logs just after the machine was sampled, is seen as soon as one that logs once."""

BUSY_SHARE = 0.0025
"""Of a core: what the commits of a run may take from a process that computes. There every commit takes a core from the
threads of a matrix product, which all wait for the one that was held up. Such a process commits less often, as a commit
costs 0.7 ms with cold caches, down to every `BUSY_INTERVAL_S`."""

BUSY_INTERVAL_S = 0.25
"""The longest time between two commits while values arrive, and so the most that a kill costs."""

BUSY = 0.25
"""Seconds of computing in a second from which on a process counts as one that computes."""


class Pace:
    """How long it is from one commit to the next, from what commits cost and what the process computes between them."""

    def __init__(self) -> None:
        self._cost = 0.0
        self._ended = time.monotonic()
        self._computed = time.process_time()
        self._turn = self._ended

    def around(self, commit: Callable[[], bool]) -> tuple[bool, float]:
        """What `commit` answers, and the seconds from its beginning to the next one's."""
        began = time.monotonic()
        elapsed, computed = began - self._ended, time.process_time() - self._computed
        before = time.thread_time()
        more = commit()
        interval = self.interval(time.thread_time() - before, computed, elapsed)
        self._ended, self._computed = time.monotonic(), time.process_time()
        return more, self.apart(began, interval)

    def interval(self, cost: float, computed: float, elapsed: float) -> float:
        """The seconds to the next commit after one that cost so many of a core.

        Args:
            cost: Seconds that the commit computed.
            computed: Seconds that the process computed, on all cores, since the commit before.
            elapsed: Seconds since then.
        """
        self._cost += (cost - self._cost) / 8
        if computed < BUSY * elapsed:
            return COMMIT_INTERVAL_S
        return min(max(COMMIT_INTERVAL_S, self._cost / BUSY_SHARE), BUSY_INTERVAL_S)

    def apart(self, began: float, interval: float) -> float:
        """The seconds from the beginning of a commit to the next one's, so that they are an interval apart on average.

        Args:
            began: When the commit began, on the monotonic clock.
            interval: Seconds between the two, if there was no pause before.
        """
        # When it was due: one after a pause is not, and leaves the next one its own turn as well.
        self._turn = max(began, min(self._turn, began + COMMIT_INTERVAL_S)) + interval
        sooner = COMMIT_INTERVAL_S if interval <= COMMIT_INTERVAL_S else 0.0
        return min(interval, self._turn - sooner - began)
