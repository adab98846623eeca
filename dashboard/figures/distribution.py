"""Distributions over steps: many sketches on common bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.store import sketch
from tracker.store.reader import Histograms
from tracker.values.histogram import Histogram

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

MERGED_QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)

FEWEST_BINS = 6
OCTAVES = 24
"""Below the largest magnitude: what is smaller than a 16-millionth of it counts as about 0 on logarithmic bins."""


def matrix(
    found: Histograms, bins: int, rows: int, scale: str = "linear", *, honest: bool = False
) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """A series of histograms as a table of counts, one row a step (or a few steps, merged), over common bins.

    A bucket that straddles a bin's edge is divided between the two in proportion to where the edge lies, which
    is exact to the bucket's width of 0.8 %; rows add up to the number of finite elements.

    Args:
        found: Histograms in order.
        bins: Bins between the smallest and the largest finite element of all.
        rows: At most so many rows; neighbouring steps are merged, exactly, to stay below.
        scale: "linear" bins of one width, or "log": of one ratio, with one about 0 in the middle.
        honest: Make fewer bins of few elements, so that what is seen is the distribution and not its noise.

    Returns:
        A head, {"rows", "bins", "low", "high", "quantiles", "merged", "elements"}, and the columns: steps, wall times,
        totals, NaN, +inf and -inf counts, quantiles (rows × 7), the bins' edges (bins + 1) and counts (rows × bins).
    """
    groups = [found.items[start:stop] for start, stop in _groups(len(found), rows)]
    ends = [stop - 1 for _, stop in _groups(len(found), rows)]
    merged = [Histogram.merged(list(group)) for group in groups]
    low, high = _range(merged)
    elements = max((each.total for each in found), default=0)
    if honest:
        bins = min(bins, fair_bins(elements))
    edges = np.linspace(low, high, bins + 1) if scale == "linear" else log_edges(low, high, bins)
    bins = len(edges) - 1
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
        "elements": elements,
    }
    columns = [
        found.step[ends] if ends else np.zeros(0),
        found.wall_time[ends] if ends else np.zeros(0),
        np.array([each.total for each in merged], float),
        np.array([each.nan_count for each in merged], float),
        np.array([each.posinf_count for each in merged], float),
        np.array([each.neginf_count for each in merged], float),
        quantiles.ravel(),
        edges,
        counts.ravel(),
    ]
    return head, columns


def fair_bins(elements: int) -> int:
    """How many bins so many elements can fill: 2 n^(1/3), as for a density that is not known.

    Source: the Rice rule; Freedman and Diaconis 1981 show that the best number grows with the cube root.
    """
    return max(FEWEST_BINS, int(np.ceil(2 * elements ** (1 / 3))))


def log_edges(low: float, high: float, bins: int) -> npt.NDArray[np.float64]:
    """Edges of one ratio on either side of 0, with one bin about 0; at most about `bins` of them.

    They are edges of the sketch's own buckets, so that counts over them are exact.
    """
    top = float(np.ceil(np.log2(max(abs(low), abs(high)) or 1.0)))
    sides = (low < 0) + (high > 0) or 1
    a_octave = 2 ** int(np.clip(np.floor(np.log2(max(1.0, bins / sides / OCTAVES))), 0, 4))
    # Of an octave the edges lie evenly (1, 1.25, 1.5, 1.75): there the buckets have theirs.
    steps = np.concatenate([2.0 ** (top - OCTAVES + k) * (1 + np.arange(a_octave) / a_octave) for k in range(OCTAVES)])
    positive = np.append(steps, 2.0**top)
    parts = [-positive[::-1] if low < 0 else [0.0], positive if high > 0 else [0.0]]
    return np.unique(np.concatenate(parts))


def merged(found: Sequence[Histogram], bins: int, scale: str) -> dict[str, Any]:
    """Everything that is in some histograms as one, with its exact counts and moments, as JSON values."""
    whole = Histogram.merged(list(found))
    low, high = _range([whole])
    elements = max((each.total for each in found), default=0)
    edges = (
        np.linspace(low, high, min(bins, fair_bins(elements)) + 1) if scale == "linear" else log_edges(low, high, bins)
    )
    finite = whole.total - whole.nan_count - whole.posinf_count - whole.neginf_count
    mean = whole.sketch.sum / finite if finite else float("nan")
    variance = whole.sketch.sum_squares / finite - mean * mean if finite else float("nan")
    return {
        "histograms": len(found),
        "total": whole.total,
        "nan": whole.nan_count,
        "posinf": whole.posinf_count,
        "neginf": whole.neginf_count,
        "mean": mean,
        "std": float(np.sqrt(max(variance, 0.0))) if finite else float("nan"),
        "quantiles": dict(zip(map(str, MERGED_QUANTILES), whole.quantile(MERGED_QUANTILES).tolist(), strict=True)),
        "edges": edges.tolist(),
        "counts": rebinned(whole.sketch, edges).tolist(),
    }


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
