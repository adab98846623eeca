"""Losses: whether a step's loss is one that somebody will ask about, beside those of the steps before it."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

WINDOW = 100
FEWEST = 20
"""Losses before anything is called a spike."""

SIGMAS = 8.0
"""Robust standard deviations above the median: with 5 a training whose batches hold 8 samples has one every epoch."""

MAD_TO_SIGMA = 1.4826
"""Of a normal distribution; Rousseeuw and Croux 1993."""

LEAST_SHARE = 0.05
"""Of the median, the least that a standard deviation is taken for: a loss that stands still has none."""


class Losses:
    """The last losses, and what is odd about the next."""

    def __init__(self) -> None:
        self._known: deque[float] = deque(maxlen=WINDOW)
        self._finite = WINDOW  # in a row
        self._quiet = 0
        self._limit = math.inf
        self._middle = math.nan
        self._age = 0

    def odd(self, loss: float) -> tuple[str, str] | None:
        """("nan" or "spike", a sentence) where this loss is odd; of odd ones close to each other the first is.

        A spike lies as many robust deviations above the median of the last losses, and twice as far from it as any of
        them: batches that are hard are part of the last losses too.
        """
        if not math.isfinite(loss):
            was, self._finite = self._finite, 0
            return ("nan", f"the loss is {loss}") if was >= WINDOW else None
        self._finite += 1
        found = None
        if loss > self._limit and len(self._known) >= FEWEST and not self._quiet:
            found = ("spike", f"the loss is {loss:.4g}, the median of the {len(self._known)} before {self._middle:.4g}")
            self._quiet = WINDOW
        self._quiet = max(0, self._quiet - 1)
        self._known.append(loss)
        self._age += 1
        if self._age >= FEWEST // 2 or found:  # a median of 100 takes as long as all the rest of a step's recording
            self._age = 0
            self._middle = median(self._known)
            apart = [abs(each - self._middle) for each in self._known]
            sigma = max(MAD_TO_SIGMA * median(apart), LEAST_SHARE * abs(self._middle))
            self._limit = self._middle + max(SIGMAS * sigma, 2 * max(apart))
        return found
