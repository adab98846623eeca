"""Curves: robust arithmetic of a series of values, by which detectors compare what it was with what it became.

All take finite values in order, (N,) float64. Nothing here has a unit: what is returned scales with the values, or does
not change when they are multiplied by a number above 0.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from tracker.findings.ordered import median

Values = npt.NDArray[np.float64]

_NORMAL = 1.4826
"""Standard deviations of a normal distribution in one median absolute deviation."""

_WIDE = 25
"""A window of so many points is kept in order from one point to the next; narrower ones are quicker each by itself."""


def noise(values: Values) -> float:
    """The standard deviation of one point around the curve, by the differences of neighbours; 0 for fewer than 3.

    A trend hardly counts and neither do leaps, since the median of the differences is what is deviated from.
    """
    if len(values) < 3:
        return 0.0
    steps = np.diff(values)
    return float(_NORMAL * median(np.abs(steps - median(steps))) / np.sqrt(2))


class Ends(NamedTuple):
    """Where a curve began and where it is."""

    start: float
    """The median of its first points."""
    middle: float
    """That of as many in the middle."""
    end: float
    points: int
    """How many each is the median of."""
    sigma: float
    """The standard deviation of the difference of two of these, by the curve's noise."""

    @property
    def fall(self) -> float:
        """From the start to the end, in parts of the start; below 0 where it rose. 0 where it began at 0."""
        return (self.start - self.end) / abs(self.start) if self.start else 0.0

    @property
    def is_lower(self) -> bool:
        """Whether the end is below the start by more than the noise lets it: 4 standard deviations."""
        return self.start - self.end > 4 * self.sigma

    @property
    def is_higher(self) -> bool:
        """Whether the end is above the start by more than the noise lets it."""
        return self.end - self.start > 4 * self.sigma


def ends(values: Values, share: float = 0.1, most: int = 50) -> Ends:
    """The levels of the first, middle and last `share` of at least one value; at most `most` points each."""
    count = int(max(1, min(most, len(values) * share)))
    half = (len(values) - count) // 2
    parts = (values[:count], values[half : half + count], values[-count:])
    # The median of k points of normal noise varies as 1.25 / sqrt(k).
    sigma = noise(values) * (1.25 if count > 2 else 1.0) * np.sqrt(2 / count)
    start, middle, end = (float(median(part)) for part in parts)
    return Ends(start, middle, end, count, float(sigma))


def smoothed(values: Values, width: int) -> Values:
    """The running median over `width` points (made odd) around each, the ends repeated; as many as were given."""
    width = min(width, len(values)) | 1
    if width < 3:
        return values
    padded = np.pad(values, width // 2, mode="edge")
    if width < _WIDE or np.isnan(values).any():
        found: Values = median(sliding_window_view(padded, width), axis=1)
        return found
    return np.fromiter(_medians(padded.tolist(), width), np.float64, len(values))


def _medians(values: list[float], width: int) -> Iterator[float]:
    """The median of each window, which is kept in order: a window of a twentieth of 65,536 points would be 1.7 GB for
    all windows at once, and sorted anew for each."""
    window = sorted(values[:width])
    yield window[width // 2]
    for old, new in zip(values, values[width:], strict=False):
        del window[bisect_left(window, old)]
        insort(window, new)
        yield window[width // 2]


def slope(values: Values) -> float:
    """By how much it rises from its first to its last point, along the line of least squares; 0 for fewer than 2."""
    n = len(values)
    if n < 2:
        return 0.0
    x = np.arange(n) - (n - 1) / 2
    return float(x @ values / (x @ x) * (n - 1))


def repeats(values: Values, period: int) -> tuple[float, Values]:
    """How alike one period of a curve is to the next, from -1 to 1, and the mean pattern of a period, (period,).

    Each period has its own level, slope and scale taken from it first, so that neither a falling curve nor a staircase
    counts as a pattern. 0 where there are fewer than 3 periods of 4 points.
    """
    count = len(values) // period if period >= 4 else 0
    if count < 3:
        return 0.0, np.zeros(max(period, 0))
    rows = values[len(values) - count * period :].reshape(count, period)
    x = np.arange(period) - (period - 1) / 2
    rows = rows - rows.mean(1, keepdims=True)
    rows = rows - (rows @ x / (x @ x))[:, None] * x
    scale = np.sqrt((rows**2).sum(1, keepdims=True))
    unit = np.divide(rows, scale, out=np.zeros_like(rows), where=scale > 0)
    return float(np.mean((unit[1:] * unit[:-1]).sum(1))), unit.mean(0)


def waves(values: Values) -> tuple[float, int]:
    """How strongly a curve swings, from -1 to 1, and how many points a swing takes; (0, 0) where it does not.

    By the autocorrelation of the curve less its line: its first valley must be deep before the peak after it counts.
    """
    n = len(values)
    if n < 16:
        return 0.0, 0
    x = np.arange(n) - (n - 1) / 2
    flat = values - values.mean()
    flat = flat - (flat @ x / (x @ x)) * x
    power = flat @ flat
    if not power > 0:
        return 0.0, 0
    spectrum = np.abs(np.fft.rfft(flat, 2 * n)) ** 2
    found = np.fft.irfft(spectrum)[: 2 * n // 3] / power * (n / (n - np.arange(2 * n // 3)))
    below = np.flatnonzero(found < -0.1)
    if not len(below):
        return 0.0, 0
    after = found[below[0] :]
    up = np.flatnonzero(after > 0)
    if not len(up):
        return 0.0, 0
    lag = int(below[0] + up[0] + np.argmax(after[up[0] :][: below[0] * 4 + 1]))
    return float(min(found[lag], -found[below[0] : below[0] + up[0]].min())), lag
