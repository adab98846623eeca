"""Which settings a metric follows, and how sure that is: permutation importance of a small forest, resampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MIN_RUNS = 8
"""Fewer runs say nothing about any setting."""

REPLICATES = 20
"""Times the runs are drawn anew: the 5th to 95th percentile of twenty leaves about the two outermost out."""

TREES = 6
"""Trees of one replicate: more make the middle steadier and hardly change the range, which the runs decide."""

MAX_RUNS = 600
"""Runs in one replicate, so that a thousand are answered within two seconds; each replicate draws others."""

LEAF = 4
"""Runs in a leaf, at the least."""

CUTS = 4
"""Places at which a setting is tried to be cut, drawn at random (extremely randomised trees)."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """What one setting says about the metric."""

    name: str
    share: float
    """By how much the squared error of predicting the metric's rank grows when the setting is shuffled among the runs,
    in parts of the ranks' variance; 0 is none, 1 as much as knowing nothing."""
    low: float
    high: float
    """The 5th and 95th percentile of `share` over the replicates."""
    correlation: float
    """Spearman's, from -1 to 1; NaN where the setting has no order."""

    @property
    def is_clear(self) -> bool:
        """Whether even the 5th percentile says that the setting matters."""
        return self.low > 0.005


def importance(parameters: Mapping[str, Sequence[Any]], target: Sequence[float], seed: int = 0) -> list[Importance]:
    """The importance of each setting for a metric, the greatest first.

    The runs are drawn with replacement `REPLICATES` times; on each drawing a forest is grown that predicts the rank of
    the metric (so that one diverged run does not decide), and judged on the runs left out, as they are and with one
    setting shuffled. Two settings that were always changed together share what they say.

    Args:
        parameters: By name, the setting of each run: numbers, truth values or words; None where a run has none.
        target: The metric of each run; runs in which it is not finite are left out.
        seed: Of the drawings: the same question has the same answer.

    Returns:
        One for each setting that differs between the runs; empty with fewer than `MIN_RUNS` runs, or when the metric
        is the same in all of them.

    Source: Breiman 2001 (permutation importance); Geurts, Ernst and Wehenkel 2006 (random cuts).
    """
    y = np.asarray(target, float)
    kept = np.isfinite(y)
    names = [
        name
        for name, values in parameters.items()
        if len({repr(v) for v, k in zip(values, kept, strict=True) if k}) > 1
    ]
    if kept.sum() < MIN_RUNS or not names or np.ptp(y[kept]) == 0:
        return []
    columns = [_encoded([v for v, k in zip(parameters[name], kept, strict=True) if k]) for name in names]
    x = np.column_stack([values for values, _ in columns])
    words = [j for j, (_, is_ordered) in enumerate(columns) if not is_ordered]
    ranks = _ranks(y[kept])
    ranks = (ranks - ranks.mean()) / ranks.std()
    rng = np.random.default_rng(seed)
    shares = np.stack([_replicate(x, words, ranks, rng) for _ in range(REPLICATES)])
    found = []
    for j, name in enumerate(names):
        middle, low, high = shares[:, j].mean(), *np.quantile(shares[:, j], (0.05, 0.95))
        correlation = _correlation(x[:, j], ranks) if columns[j][1] else float("nan")
        found.append(Importance(name, float(middle), float(low), float(high), correlation))
    return sorted(found, key=lambda each: -each.share)


def _encoded(values: Sequence[Any]) -> tuple[Matrix, bool]:
    """A setting as numbers, and whether their order is its own.

    Numbers become ranks, as a tree sees them anyway, a missing one below all; words become whole numbers from 0.
    """
    if all(v is None or isinstance(v, (int, float)) for v in values):
        numbers = np.array([np.nan if v is None else float(v) for v in values])
        return np.where(np.isnan(numbers), -1.0, _ranks(np.nan_to_num(numbers, posinf=1e308, neginf=-1e308))), True
    return np.unique([str(v) for v in values], return_inverse=True)[1].astype(float), False


def _in_order(codes: Matrix, drawn: npt.NDArray[np.int64], y: Matrix) -> Matrix:
    """Words ordered by the metric's mean of their runs: one cut then finds the best of all divisions in two.

    Only of the runs drawn: a word that names its run must not tell the metric of one that was left out.
    Source: Breiman et al. 1984, section 4.2.2.
    """
    which = codes.astype(np.int64)
    counts = np.bincount(which[drawn], minlength=which.max() + 1)
    means: Matrix = np.bincount(which[drawn], y[drawn], len(counts)) / np.maximum(counts, 1)
    return means[which]


def _replicate(x: Matrix, words: Sequence[int], y: Matrix, rng: np.random.Generator) -> Matrix:
    """The importance of each column, (D,), with one drawing of the runs."""
    drawn = rng.integers(0, len(x), min(len(x), MAX_RUNS))
    left = np.setdiff1d(np.arange(len(x)), drawn)
    if len(left) < 2:
        return np.zeros(x.shape[1])
    x = x.copy()
    for j in words:
        x[:, j] = _in_order(x[:, j], drawn, y)
    trees = [_grow(x[drawn], y[drawn], rng) for _ in range(TREES)]
    as_is, truth = x[left], y[left]
    # One shuffled copy a column below each other: each tree is walked once for all of them.
    copies = np.tile(as_is, (x.shape[1] + 1, 1)).reshape(x.shape[1] + 1, *as_is.shape)
    for j in range(x.shape[1]):
        copies[j + 1, :, j] = rng.permutation(as_is[:, j])
    rows = copies.reshape(-1, x.shape[1])
    guess = np.mean([_predict(tree, rows) for tree in trees], axis=0).reshape(len(copies), len(left))
    errors = ((guess - truth) ** 2).mean(axis=1)
    share: Matrix = (errors[1:] - errors[0]) / max(float(y.var()), 1e-12)
    return share


class _Tree:
    """Nodes in columns: where a column is cut, and the children; a leaf has the column -1."""

    def __init__(self) -> None:
        self.column: list[int] = []
        self.cut: list[float] = []
        self.below: list[int] = []
        self.above: list[int] = []
        self.value: list[float] = []

    def add(self, value: float) -> int:
        """A new leaf; its number."""
        self.column.append(-1)
        self.cut.append(0.0)
        self.below.append(0)
        self.above.append(0)
        self.value.append(value)
        return len(self.value) - 1


def _grow(x: Matrix, y: Matrix, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
    tree = _Tree()
    waiting = [(tree.add(float(y.mean())), np.arange(len(x)))]
    while waiting:
        node, inside = waiting.pop()
        if len(inside) < 2 * LEAF:
            continue
        part, goal = x[inside], y[inside]
        low, high = part.min(axis=0), part.max(axis=0)
        cuts = low + (high - low) * rng.random((CUTS, x.shape[1]))  # [low, high): a constant column is never divided
        is_above = part[:, None, :] > cuts  # (runs, CUTS, D)
        above = is_above.sum(axis=0)
        below = len(inside) - above
        total = goal.sum()
        sums = np.tensordot(goal, is_above, (0, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = sums**2 / above + (total - sums) ** 2 / below - total**2 / len(inside)
        gain[(above < LEAF) | (below < LEAF)] = -1.0
        best = int(np.argmax(gain))
        if gain.flat[best] <= 1e-12:
            continue
        row, column = divmod(best, x.shape[1])
        goes_up = is_above[:, row, column]
        tree.column[node], tree.cut[node] = column, float(cuts[row, column])
        for side, part_of in ((tree.below, inside[~goes_up]), (tree.above, inside[goes_up])):
            side[node] = tree.add(float(y[part_of].mean()))
            waiting.append((side[node], part_of))
    return tuple(np.array(each) for each in (tree.column, tree.cut, tree.below, tree.above, tree.value))


def _predict(tree: tuple[npt.NDArray[Any], ...], x: Matrix) -> Matrix:
    column, cut, below, above, value = tree
    at = np.zeros(len(x), np.int64)
    rows = np.arange(len(x))
    while len(rows):
        rows = rows[column[at[rows]] >= 0]
        here = at[rows]
        at[rows] = np.where(x[rows, column[here]] > cut[here], above[here], below[here])
    found: Matrix = value[at]
    return found


def _ranks(values: Matrix) -> Matrix:
    """Ranks from 0, equal values sharing theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    shared: Matrix = (last - (counts - 1) / 2)[which]
    return shared


def _correlation(a: Matrix, b: Matrix) -> float:
    first, second = _ranks(a), _ranks(b)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
