"""Which of many ranks lies above all others, step after step: pure arithmetic of a table of ranks and steps.

A rank stands out in a window of steps where three things hold. Its median excess over the others is at least a share
of what it is an excess of. That is many times what chance lets the median of so many steps vary, by the spread of the
other ranks and by the noise over the steps, in logarithms. And whatever the noise is, so many of its steps are so far
up among all values of the window that none would be, of as many ranks and windows, were it like the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.findings import noise_memory
from tracker.findings.curves import noise as noise_of

Values = npt.NDArray[np.float64]

WINDOWS = ((10, 0.8), (50, 0.4))
"""Steps, and in which share of them a rank has to be among the highest tenth to be looked at closely."""

LEAST = 0.15
"""Excess, as a share."""

TIMES = 6.0
"""Standard deviations of the median of a window, where very many ranks say what that is."""

TIMES_OF_FEW = 8.0
"""The same where there are fewer than eight others, in whose order there is little to go by."""

CHANCE = -16.0
"""The logarithm of how likely noise may be to do it in one run: once in ten million."""

_NORMAL = 1.4826
_MEDIAN = 1.2533
"""The median of k points of normal noise varies as this by the root of k."""

_FEW = 8

_BEFORE = 200
"""Columns by which noise is measured."""

_SOME = 16
"""Ranks from which on the others of a window say what noise is; of fewer what was before it does."""

_ENOUGH = 64
"""Ranks by which the memory of noise is measured."""

_LOOKS = 12
"""Windows of a rank that are looked at closely."""

_MOST = 16
"""Ranks that are."""


class Outlier(NamedTuple):
    """A row that lies above the others."""

    row: int
    first: int
    """The column from which on."""
    last: int
    """That until which it has been seen."""
    excess: float
    """The median share by which it does, in the window in which it shows first."""


def outliers(values: Values, whole: Values | None = None) -> Iterator[Outlier]:
    """The rows that lie above the others.

    Args:
        values: (R, S), of R ranks at S steps; NaN where there is none.
        whole: (S,): what an excess is a share of; the median over the ranks by default.
    """
    if len(values) < 2 or values.shape[1] < WINDOWS[0][0]:
        return
    middle = _median(values, 0)
    whole = middle if whole is None else whole
    shares = np.where(whole > 0, (values - middle) / np.where(whole > 0, whole, 1), np.nan)
    high = _among_highest(shares)
    for row in sorted(_likeliest(high, shares)):
        found = _of_row(values, whole, high, row)
        if found is not None:
            yield found


def _among_highest(shares: Values) -> npt.NDArray[np.bool_]:
    count = len(shares)
    top = max(1, -(-count // 10), min(2, count // 4))
    known = np.nan_to_num(shares, nan=-np.inf, posinf=-np.inf)
    bound = np.partition(known, count - top, axis=0)[count - top]
    high: npt.NDArray[np.bool_] = (known >= bound) & (known > LEAST / 3)
    return high


def _likeliest(high: npt.NDArray[np.bool_], shares: Values) -> list[int]:
    """The rows that are among the highest for so long that they may stand out; of many those that are farthest up."""
    counts = np.pad(np.cumsum(high, axis=1), ((0, 0), (1, 0)))
    may = np.zeros(len(high), bool)
    for length, share in WINDOWS:
        if high.shape[1] >= length:
            may |= (counts[:, length:] - counts[:, :-length]).max(1) >= share * length
    rows = np.flatnonzero(may)
    length = WINDOWS[0][0]
    sums = np.pad(np.cumsum(np.clip(np.nan_to_num(shares[rows]), -1, 1), axis=1), ((0, 0), (1, 0)))
    farthest = (sums[:, length:] - sums[:, :-length]).max(1, initial=-np.inf)
    return [int(rows[place]) for place in np.argsort(-farthest, kind="stable")[:_MOST]]


def _of_row(values: Values, whole: Values, high: npt.NDArray[np.bool_], row: int) -> Outlier | None:
    # Its own steps: a rank that is slow may not have come to those of the others.
    own = np.flatnonzero(~np.isnan(values[row]))
    flags = high[row, own]
    counts = np.concatenate([[0], np.cumsum(flags)])
    windows = values.size
    found: list[Outlier] = []
    for length, share in WINDOWS:
        if len(own) < length:
            continue
        ends = np.flatnonzero(counts[length:] - counts[:-length] >= share * length) + length
        shown = [
            (end, excess)
            for end in _spread(ends)
            if (excess := _excess(values, whole, own[end - length : end], row, windows)) is not None
        ]
        if shown:
            (first, excess), (last, _) = shown[0], shown[-1]
            begins = first - length + int(np.argmax(flags[first - length : first]))
            ends_at = last - 1 - int(np.argmax(flags[last - length : last][::-1]))
            found.append(Outlier(row, int(own[begins]), int(own[ends_at]), excess))
    return min(found, key=lambda each: each.first, default=None)


def _spread(ends: npt.NDArray[np.int64]) -> list[int]:
    """Some of many windows: the first ones, and others evenly up to the last."""
    if len(ends) <= _LOOKS:
        return [int(end) for end in ends]
    places = {*range(_LOOKS // 2), *np.linspace(_LOOKS // 2, len(ends) - 1, _LOOKS // 2).astype(int).tolist()}
    return [int(ends[place]) for place in sorted(places)]


def _excess(values: Values, whole: Values, at: npt.NDArray[np.int64], row: int, windows: int) -> float | None:
    """The median share by which a row lies above the others in a window of columns; None where chance may do it."""
    block, part = values[:, at], whole[at]
    others = np.delete(block, row, axis=0)
    others = others[(~np.isnan(others)).sum(1) > len(at) // 2]
    if not len(others) or not (part > 0).all():
        return None
    middle = _median(others, 0)
    mine, theirs = (np.log1p(np.maximum((each - middle) / part, -0.99)) for each in (block[row], others))
    level, levels = float(np.median(mine)), _median(theirs, 1)
    if np.expm1(level) < LEAST:
        return None
    spread = _NORMAL * float(np.median(np.abs(levels - np.median(levels)))) if len(levels) >= 4 else 0.0
    noise = _NORMAL * _median(np.abs(theirs - levels[:, None]), 1)
    is_few = len(noise) < _FEW
    chance = max(float(noise.max()), _noise_until(values, row, int(at[-1]))) if is_few else float(np.median(noise))
    # The spread of a hundred ranks is known less well than that of a thousand.
    times = TIMES_OF_FEW if is_few else TIMES * (1 + 3 / math.sqrt(len(levels)))
    if level < times * max(spread, chance * _MEDIAN / np.sqrt(len(at))):
        return None
    by_chance = noise_memory.level_deviation(_past(values, whole, row, at), len(at))
    if by_chance is None or level < TIMES * by_chance:
        return None
    return float(np.expm1(level)) if is_few or _likelihood(mine, theirs) + np.log(windows) < CHANCE else None


def _past(values: Values, whole: Values, row: int, at: npt.NDArray[np.int64]) -> Values:
    """How far ranks were above the others, as `_excess` says it, until a window ends; of few ranks until it begins."""
    is_few = len(values) < _SOME
    end = int(at[0] if is_few else at[-1] + 1)
    chosen = slice(max(0, end - _BEFORE), end)
    block, part = values[:, chosen], whole[chosen]
    if not is_few:
        block = np.delete(block, row, axis=0)
        block = block[:: max(1, len(block) // _ENOUGH)]
    known = (~np.isnan(block)).sum(0) >= 2
    block, part = block[:, known & (part > 0)], part[known & (part > 0)]
    if not block.shape[1]:
        return block
    if is_few:  # each beside the others alone: one of few moves the median of all
        middle = np.stack([_median(np.delete(block, each, axis=0), 0) for each in range(len(block))])
    else:
        middle = _median(block, 0)
    found: Values = np.log1p(np.maximum((block - middle) / part, -0.99))
    return found


def _noise_until(values: Values, row: int, column: int) -> float:
    """The standard deviation of a row beside the others from one column to the next, by its last ones up to here."""
    block = values[:, max(0, column - _BEFORE) : column + 1]
    with np.errstate(all="ignore"):
        beside = np.log(block[row] / _median(np.delete(block, row, axis=0), 0))
    return noise_of(beside[np.isfinite(beside)])


def _likelihood(mine: Values, theirs: Values) -> float:
    """The logarithm of how likely so many of a rank's steps are so far up, were it like the others; at the least."""
    steps, known = np.sort(mine), np.sort(theirs[~np.isnan(theirs)])
    count = len(steps)
    found = 0.0
    for above in range(-(-count * 6 // 10), count + 1):
        exceed = len(known) - int(np.searchsorted(known, steps[count - above], "left"))
        ways = math.lgamma(count + 1) - math.lgamma(above + 1) - math.lgamma(count - above + 1)
        found = min(found, ways + above * math.log((1 + exceed) / (1 + len(known))))
    return found


def _median(rows: Values, axis: int) -> Values:
    found: Values = (np.nanmedian if np.isnan(rows).any() else np.median)(rows, axis=axis)
    return found
