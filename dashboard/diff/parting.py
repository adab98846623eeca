"""Parting: the first step at which one curve leaves the noise of another, and stays away. Pure.

Noise is what a curve does from one point to the next: the median absolute deviation of its differences, which neither a
trend nor a few spikes move (Rousseeuw and Croux 1993). Curves are compared in blocks of steps. They have parted where
the means of a block are further apart than `BAND` deviations of a single point, and are so on the same side for `STAYS`
of what follows: a curve that strays and comes back has not left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BAND = 3.0
"""Deviations of a point: of normal noise one point in 370 is further out, and the mean of a block hardly ever."""

BLOCKS = 100
"""That the steps are compared in, at most."""

LEAST_BLOCK = 4

STAYS = 0.9
"""The share of later blocks that must be out on the same side."""

LEAST_COMMON = 8
"""Steps that both curves must have; with fewer, one is read between the points of the other."""

_TO_SIGMA = 1.4826 / np.sqrt(2)
"""From the median absolute deviation of differences to the standard deviation of a point, for normal noise."""


@dataclass(frozen=True)
class Parting:
    """Where two curves part.

    Attributes:
        first_other: The first step at which they are not the same to the last bit; None where they always are.
        step: The first of those at which one is out of the noise of the other for good; None where it never is.
        apart: How far the block is apart in which that begins, first less second.
        noise: The deviation of a point there.
        compared: Steps at which both were.
    """

    first_other: int | None
    step: int | None
    apart: float | None
    noise: float | None
    compared: int


def parting(steps: Ints, values: Floats, other_steps: Ints, other_values: Floats) -> Parting:
    """Where two curves part.

    Args:
        steps, values: Of the first, (N,), in order.
        other_steps, other_values: Of the second, (M,).
    """
    common, a, b = _aligned(steps, values, other_steps, other_values)
    if not len(common):
        return Parting(None, None, None, None, 0)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    first_other = None if same.all() else int(common[np.argmin(same)])
    if first_other is None:
        return Parting(None, None, None, None, len(common))
    one_is_odd = np.isfinite(a) != np.isfinite(b)
    broken = int(np.argmax(one_is_odd)) if one_is_odd.any() else len(common)
    found = _left(common[:broken], a[:broken], b[:broken])
    if found is not None:
        step, apart, noise = found
        return Parting(first_other, max(step, first_other), apart, noise, len(common))
    return Parting(first_other, int(common[broken]) if broken < len(common) else None, None, None, len(common))


def _aligned(steps: Ints, values: Floats, other_steps: Ints, other_values: Floats) -> tuple[Ints, Floats, Floats]:
    """Both at the same steps; the last value of a step that came several times."""
    steps, values = _once(steps, values)
    other_steps, other_values = _once(other_steps, other_values)
    common, at, at_other = np.intersect1d(steps, other_steps, assume_unique=True, return_indices=True)
    if len(common) >= min(LEAST_COMMON, len(steps), len(other_steps)) and len(common):
        return common, values[at], other_values[at_other]
    if not len(steps) or not len(other_steps):
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    inside = (steps >= other_steps[0]) & (steps <= other_steps[-1])
    steps, values = steps[inside], values[inside]
    return steps, values, np.interp(steps, other_steps, other_values)


def _once(steps: Ints, values: Floats) -> tuple[Ints, Floats]:
    order = np.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    last = np.append(steps[1:] != steps[:-1], True) if len(steps) else np.empty(0, bool)
    return steps[last], values[last]


def _left(steps: Ints, a: Floats, b: Floats) -> tuple[int, float, float] | None:
    good = np.isfinite(a) & np.isfinite(b)
    steps, a, b = steps[good], a[good], b[good]
    if not len(steps):
        return None
    size = max(LEAST_BLOCK if len(steps) >= 3 * LEAST_BLOCK else 1, -(-len(steps) // BLOCKS))
    edges = np.arange(0, len(steps), size)
    counts = np.diff(np.append(edges, len(steps)))
    means = (np.add.reduceat(a, edges) - np.add.reduceat(b, edges)) / counts
    noise = np.maximum(_noise(a, edges), _noise(b, edges))
    floor = 1e-12 * np.maximum(np.abs(a), np.abs(b)).max()
    out = np.sign(means) * (np.abs(means) > BAND * noise + floor)
    for block in np.flatnonzero(out).tolist():
        if (out[block:] == out[block]).mean() >= STAYS:
            end = edges[block] + counts[block]
            begin = edges[max(0, block - 1)]
            first = begin + _split((a - b)[begin:end])
            return int(steps[first]), float(means[block]), float(noise[block])
    return None


def _split(values: Floats) -> int:
    """Where two means tell most of them: the first of the second, by least squares; 0 where one mean does."""
    n = np.arange(1, len(values))
    values = values / (np.abs(values).max() or 1.0)  # squares of the largest would be infinite
    before = np.cumsum(values)[:-1]
    gain = before**2 / n + (values.sum() - before) ** 2 / (len(values) - n)
    whole = values.sum() ** 2 / len(values)
    return int(n[np.argmax(gain)]) if len(n) and gain.max() > whole * (1 + 1e-9) else 0


def _noise(values: Floats, edges: Ints) -> Floats:
    """The deviation of a point in and about each block."""
    moves = np.diff(values, prepend=values[0])
    found = np.empty(len(edges))
    size = edges[1] - edges[0] if len(edges) > 1 else len(values)
    reach = max(2 * size, 16)
    for i, edge in enumerate(edges):
        near = moves[max(1, edge - reach) : edge + size + reach]
        found[i] = _TO_SIGMA * np.median(np.abs(near - np.median(near))) if len(near) else 0.0
    return found
