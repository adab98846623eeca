"""How long the steps of a training take, and how long each waits for its data."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter


class StepClock:
    """Times from the end of a step to the next batch, and from batch to batch; validations between them do not count.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._ended: float | None = None
        self._data = self._whole = 0.0
        self._steps = 0
        self._waited = 0.0

    def waits(self) -> None:
        """A batch is asked for next."""
        self._ended = self._clock()

    def begins(self) -> None:
        """It is there."""
        now = self._clock()
        self._waited = 0.0 if self._ended is None else now - self._ended
        self._begun = now

    def ends(self) -> None:
        """The step is done."""
        self._steps += 1
        self._data += self._waited
        self._whole += self._waited + self._clock() - self._begun

    def values(self) -> dict[str, float]:
        """time/data and time/step: mean seconds a step waited and took in all, since they were asked for last."""
        if not self._steps:
            return {}
        found = {"time/data": self._data / self._steps, "time/step": self._whole / self._steps}
        self._data, self._whole, self._steps = 0.0, 0.0, 0
        return found
