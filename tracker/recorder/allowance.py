"""Allowance: what recording may cost, as a share of the time, for each of the things that are recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


class Allowance:
    """Does something as often as it can be afforded, evenly: what took c seconds is not done again for c / share.

    The smaller of its last two costs counts: a hiccup of the machine makes nothing rarer, nor does, beyond the second
    time, what is loaded at the first.

    Args:
        share: Of the time, for all kinds together; None for as much as it takes.
        kinds: What is done, and which part of that each may take.
        clock: Seconds that only go forward.

    Attributes:
        spent: Seconds so far, by kind.
    """

    def __init__(
        self, share: float | None, kinds: Mapping[str, float], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.spent = dict.fromkeys(kinds, 0.0)
        whole = sum(kinds.values())
        self._shares = None if share is None else {kind: share * part / whole for kind, part in kinds.items()}
        self._clock = clock
        self._costs: dict[str, tuple[float, float]] = {}
        self._done: dict[str, float] = {}

    def affords(self, kind: str) -> bool:
        """Whether it may be done now; what was never done may be."""
        if self._shares is None or kind not in self._costs:
            return True
        return self._clock() - self._done[kind] >= min(self._costs[kind]) / self._shares[kind]

    def spending(self, kind: str) -> _Spending:
        """Counts the time of what is done inside."""
        return _Spending(self, kind)

    def now(self) -> float:
        """Seconds that only go forward."""
        return self._clock()

    def spent_on(self, kind: str, began: float) -> None:
        """Counts what was begun then and is done now."""
        now = self._done[kind] = self._clock()
        seconds = now - began
        self.spent[kind] += seconds
        self._costs[kind] = (seconds, self._costs.get(kind, (seconds,))[0])

    def charge(self, kind: str, seconds: float) -> None:
        """Adds to what it cost when it was done last: work that another thread has done since."""
        self.spent[kind] += seconds
        last, before = self._costs.get(kind, (0.0, 0.0))
        self._costs[kind] = (last + seconds, before)


class _Spending:
    """A block whose time is counted. A generator would take twice as long, at each step."""

    __slots__ = ("_allowance", "_began", "_kind")

    def __init__(self, allowance: Allowance, kind: str) -> None:
        self._allowance, self._kind = allowance, kind

    def __enter__(self) -> None:
        self._began = self._allowance.now()

    def __exit__(self, *error: object) -> None:
        self._allowance.spent_on(self._kind, self._began)
