"""What watching a training costs, measured while it runs, and held below a share of the training's time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence


class Budget:
    """Work that recurs at occasions (every 50th step), of which the expensive kinds are made rarer if need be.

    A thinned kind is done at every second occasion, then at every fourth and so on: what is kept stays evenly spaced.
    A kind's cost is the smaller of its last two, so that a hiccup of the machine thins nothing. The first occasion,
    which loads what is loaded late, does not count.

    Args:
        max_overhead: The share of the time that may be spent, such as 0.02; None for as much as it takes.
        kinds: The kinds that may be made rarer; time spent on others counts as well.
        clock: Seconds that only go forward.
        grace: Occasions before anything is made rarer, so that a short training is told of in full.

    Attributes:
        stride: For each kind, at which occasions it is done: at every one, every second, every fourth...
        total: Seconds spent so far, over all kinds.
        clock: As it was given.
    """

    def __init__(
        self,
        max_overhead: float | None,
        kinds: Sequence[str],
        clock: Callable[[], float] = time.perf_counter,
        *,
        grace: int = 0,
    ) -> None:
        self.max_overhead = max_overhead
        self.stride = dict.fromkeys(kinds, 1)
        self.total = 0.0
        self.clock = clock
        self._grace = grace
        self._spent: dict[str, float] = {}  # since the last occasion
        self._costs: dict[str, deque[float]] = {}
        self._judged: float | None = None

    def spending(self, kind: str) -> _Spending:
        """Counts the time of what is done inside; for one `with` after the other, as of a step."""
        return _Spending(self, kind)

    def spend(self, kind: str, seconds: float) -> None:
        """Counts what was measured."""
        self.total += seconds
        self._spent[kind] = self._spent.get(kind, 0.0) + seconds

    def is_due(self, kind: str, occasion: int) -> bool:
        """Whether `kind` is done at this occasion, counted from 0."""
        return occasion % self.stride[kind] == 0

    def judge(self) -> list[str]:
        """Called at the end of every occasion: makes kinds rarer when all together cost too much, and names them."""
        if self.max_overhead is None:
            return []
        now, spent = self.clock(), self._spent
        began, self._judged, self._spent = self._judged, now, {}
        if began is None:
            return []
        for kind, seconds in spent.items():
            self._costs.setdefault(kind, deque(maxlen=2)).append(seconds)
        if self._grace:
            self._grace -= 1
            return []
        known = {kind: min(seen) for kind, seen in self._costs.items() if len(seen) == 2}
        training = now - began - sum(spent.values())
        thinned: list[str] = []
        while True:
            shares = {kind: cost / self.stride.get(kind, 1) for kind, cost in known.items()}
            total = sum(shares.values())
            thinnable = shares.keys() & self.stride.keys()
            if not thinnable or total <= self.max_overhead * (training + total):
                return sorted(set(thinned))
            worst = max(thinnable, key=lambda kind: shares[kind])
            if shares[worst] < total / 100:
                return sorted(set(thinned))  # what is left are the kinds that are never made rarer
            self.stride[worst] *= 2
            thinned.append(worst)


class _Spending:
    """A block whose time is counted. A generator would take twice as long, at each step."""

    __slots__ = ("_began", "_budget", "_kind")

    def __init__(self, budget: Budget, kind: str) -> None:
        self._budget = budget
        self._kind = kind

    def __enter__(self) -> None:
        self._began = self._budget.clock()

    def __exit__(self, *error: object) -> None:
        budget, kind = self._budget, self._kind
        seconds = budget.clock() - self._began
        # As `Budget.spend`, without a call more at each step.
        budget.total += seconds
        budget._spent[kind] = budget._spent.get(kind, 0.0) + seconds
