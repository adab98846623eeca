"""Distributions over steps: many sketches on common bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.store import sketch
from tracker.store.answers import Histograms
from tracker.values.histogram import Histogram

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def matrix(found: Histograms, bins: int, rows: int) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """A series of histograms as a table of counts, one row a step (or a few steps, merged), over even bins.

    A bucket that straddles a bin's edge is divided between the two in proportion to where the edge lies, which
    is exact to the bucket's width of 0.8 %; rows add up to the number of finite elements.

    Args:
        found: Histograms in order.
        bins: Bins between the smallest and the largest finite element of all.
        rows: At most so many rows; neighbouring steps are merged, exactly, to stay below.

    Returns:
        A head, {"rows", "bins", "low", "high", "quantiles", "merged"}, and the columns: steps, wall times,
        totals, NaN, +inf and -inf counts, quantiles (rows × 7) and counts (rows × bins).
    """
    groups = [found.items[start:stop] for start, stop in _groups(len(found), rows)]
    ends = [stop - 1 for _, stop in _groups(len(found), rows)]
    merged = [Histogram.merged(list(group)) for group in groups]
    low, high = _range(merged)
    edges = np.linspace(low, high, bins + 1, dtype=np.float64)
    counts = np.zeros((len(merged), bins))
    for row, each in enumerate(merged):
        counts[row] = rebinned(each.sketch, edges)
    quantiles = np.array([each.quantile(QUANTILES) for each in merged]).reshape(len(merged), len(QUANTILES))
    head = {
        "rows": len(merged),
        "bins": bins,
        "low": low,
        "high": high,
        "quantiles": list(QUANTILES),
        "merged": max((len(group) for group in groups), default=1),
        "steps": len(found),
    }
    columns = [
        found.step[ends] if ends else np.zeros(0),
        found.wall_time[ends] if ends else np.zeros(0),
        np.array([each.total for each in merged], float),
        np.array([each.nan_count for each in merged], float),
        np.array([each.posinf_count for each in merged], float),
        np.array([each.neginf_count for each in merged], float),
        quantiles.ravel(),
        counts.ravel(),
    ]
    return head, columns


def rebinned(counted: sketch.Sketch, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Elements in each of the bins between `edges`, which cover all of them."""
    if not len(counted.buckets):
        return np.zeros(len(edges) - 1)
    # The distribution function at the buckets' edges, read in between; extremes are exact, so that the outermost
    # buckets end where the elements do.
    low = np.maximum(sketch.lower_edges(counted.buckets), counted.min)
    high = np.minimum(sketch.upper_edges(counted.buckets), counted.max)
    below = np.concatenate([[0.0], np.cumsum(counted.counts)])
    position = np.column_stack([low, np.maximum(high, low)]).ravel()
    level = np.column_stack([below[:-1], below[1:]]).ravel()
    at = np.interp(edges, position, level, left=0.0, right=float(below[-1]))
    at[0], at[-1] = 0.0, float(below[-1])
    return np.diff(at)


def _range(merged: Sequence[Histogram]) -> tuple[float, float]:
    lows = [each.min for each in merged if not np.isnan(each.min)]
    highs = [each.max for each in merged if not np.isnan(each.max)]
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    if low == high:
        margin = abs(low) * 0.01 or 0.5
        return low - margin, high + margin
    return low, high


def _groups(length: int, rows: int) -> list[tuple[int, int]]:
    """Even groups of neighbours, at most `rows` of them."""
    size = max(1, -(-length // rows))
    return [(start, min(start + size, length)) for start in range(0, length, size)]
