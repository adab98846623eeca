"""Seeds: what groups of runs that differ only by chance say, and what they do not. Pure.

Interquartile means, bootstrap intervals and the probability of improvement are those of Agarwal et al. (2021), "Deep
Reinforcement Learning at the Edge of the Statistical Precipice".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
"""Of intervals; what has a p of less than its rest is told as a difference."""

DRAWS = 2_000
"""Of the bootstrap, and of reassignments where there are too many to try all."""

MOST_SEEDS = 1_000
"""That are ever said to be needed: beyond it the difference is not worth them."""


@dataclass(frozen=True)
class Group:
    """A group of seeds.

    Attributes:
        count: Runs.
        iqm: The mean of the middle half of their values.
        low, high: Ends of its bootstrap interval; None of a single run, which has no spread.
    """

    count: int
    iqm: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Verdict:
    """Two groups beside each other.

    Attributes:
        first, second: The groups.
        improvement: The probability that a run of the second is higher than one of the first, ties counted half.
        p: Of a difference of means as large or larger, were all runs of one kind; None with a group of one run.
        is_noise: Whether it is within seed noise: p of 5 % or more. None where there is no p.
        more: Seeds more a group with which a difference of this size would be found four times in five; 0 where it is
            found already, None where that cannot be told or would take over `MOST_SEEDS`.
    """

    first: Group
    second: Group
    improvement: float
    p: float | None
    is_noise: bool | None
    more: int | None


def iqm(values: Floats) -> float:
    """The mean of the middle half: the lowest and the highest quarter of values count with their share in it."""
    ordered = np.sort(values)
    n = len(ordered)
    edges = np.arange(n + 1) / n
    weights = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None)
    return float(ordered @ weights / weights.sum())


def group(values: Floats) -> Group:
    """A group's middle and how sure it is; the same numbers give the same interval."""
    if len(values) < 2:
        return Group(len(values), iqm(values), None, None)
    random = np.random.default_rng(0)
    drawn = np.sort(values[random.integers(0, len(values), (DRAWS, len(values)))], axis=1)
    edges = np.arange(len(values) + 1) / len(values)
    weights = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None)
    means = drawn @ (weights / weights.sum())
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Group(len(values), iqm(values), float(low), float(high))


def compare(first: Floats, second: Floats) -> Verdict:
    """Two groups of values, one a run: of the second against the first.

    Args:
        first, second: Finite values, (N,) and (M,), at least one each.
    """
    ahead = np.sign(second[:, None] - first[None, :])
    improvement = float((ahead.mean() + 1) / 2)
    if len(first) < 2 or len(second) < 2:
        return Verdict(group(first), group(second), improvement, None, None, None)
    p = _permutation_p(first, second)
    more = 0 if p < 1 - LEVEL else _seeds_more(first, second)
    return Verdict(group(first), group(second), improvement, p, p >= 1 - LEVEL, more)


def _permutation_p(first: Floats, second: Floats) -> float:
    """By reassigning runs to groups: all ways where there are few, else so many by lot (Phipson and Smyth 2010)."""
    values = np.concatenate([first, second])
    n, m = len(first), len(second)
    seen = abs(second.mean() - first.mean())
    total = values.sum()
    slack = 1e-12 * max(np.abs(values).max(), seen)

    def apart(sums: Floats) -> Floats:
        found: Floats = np.abs((total - sums) / m - sums / n)
        return found

    if math.comb(n + m, n) <= DRAWS:
        sums = np.array([values[list(chosen)].sum() for chosen in combinations(range(n + m), n)])
        return float((apart(sums) >= seen - slack).mean())
    random = np.random.default_rng(0)
    order = random.random((DRAWS, n + m)).argsort(axis=1)[:, :n]
    return float(((apart(values[order].sum(1)) >= seen - slack).sum() + 1) / (DRAWS + 1))


def _seeds_more(first: Floats, second: Floats) -> int | None:
    """For a power of 80 % at 5 % on both sides, by the normal approximation: 2 (1.96 + 0.84)² runs a group, divided by
    the square of the difference in deviations."""
    deviation = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    size = abs(second.mean() - first.mean())
    if not size or not deviation:
        return None
    needed = math.ceil(2 * (1.96 + 0.84) ** 2 * (deviation / size) ** 2)
    return max(1, needed - min(len(first), len(second))) if needed <= MOST_SEEDS else None
