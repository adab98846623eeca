"""Distributions over steps: many sketches on common bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.histograms.sketch_rows import SketchRows
from tracker.series import sketch
from tracker.store.read.records import Histograms
from tracker.values.histogram import Histogram

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

MERGED_QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)

LARGEST = float(np.finfo(np.float64).max)

FEWEST_BINS = 6
OCTAVES = 24
"""Below the largest magnitude: what is smaller than a 16-millionth of it counts as about 0 on logarithmic bins."""


@dataclass(frozen=True)
class Span:
    """What bins are made for."""

    low: float
    """The smallest finite element there is, or a little below where all are equal; `high` likewise."""
    high: float
    elements: int
    """Of one step, at the most."""
    is_whole: bool = False
    """Whether all elements are whole numbers, of which there are two at the least."""

    @classmethod
    def of(cls, items: Sequence[Histogram], counts: Sequence[int]) -> Span:
        """Of histograms, each of so many steps. Of none: 0 to 1."""
        most = max((-(-each.total // count) for each, count in zip(items, counts, strict=True)), default=0)
        return cls(*_range(items), most, are_whole(items))


def matrix(
    found: Histograms, bins: int, scale: str = "linear", *, honest: bool = False, span: Span | None = None
) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """A series of histograms as a table of counts, one row a step (or a few steps, merged), over common bins.

    A bucket that straddles a bin's edge is divided between the two in proportion to where the edge lies, which
    is exact to the bucket's width of 0.8 %; rows add up to the number of finite elements.

    Args:
        found: Histograms in order, each of one step or of several that were merged.
        bins: Bins between the smallest and the largest finite element of all.
        scale: "linear" bins of one width, or "log": of one ratio, with one about 0 in the middle.
        honest: Make fewer bins of few elements, so that what is seen is the distribution and not its noise; and bins of
            equally many whole numbers where there are no others.
        span: What the bins are made for, which holds all of them; None for just these.

    Returns:
        A head, {"rows", "bins", "low", "high", "span", "quantiles", "merged", "elements"}, and the columns: the first
        step of each row, its last, wall times of that, how many steps it is of, totals, NaN, +inf and -inf counts,
        quantiles (rows × 7), the bins' edges (bins + 1) and counts (rows × bins).
    """
    span = span or Span.of(found.items, found.count.tolist())
    rows = SketchRows([each.sketch for each in found])
    edges, counts = _binned(rows, span, bins, scale, honest)
    bins = len(edges) - 1
    low, high = (float(edges[0]), float(edges[-1])) if scale == "linear" else (span.low, span.high)
    head = {
        "rows": len(found),
        "bins": bins,
        "low": low,
        "high": high,
        "span": [span.low, span.high, span.elements, int(span.is_whole)],
        "whole": bool(honest and span.is_whole and scale == "linear"),
        "quantiles": list(QUANTILES),
        "merged": int(found.count.max(initial=1)),
        "steps": int(found.count.sum()),
        "elements": span.elements,
    }
    columns = [
        found.step,
        found.last_step,
        found.last_wall_time,
        found.count,
        np.array([each.total for each in found], float),
        np.array([each.nan_count for each in found], float),
        np.array([each.posinf_count for each in found], float),
        np.array([each.neginf_count for each in found], float),
        rows.quantiles(QUANTILES).ravel(),
        edges,
        counts.ravel(),
    ]
    return head, columns


def _binned(
    rows: SketchRows, span: Span, bins: int, scale: str, honest: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Edges, and what each row has between them."""
    fair = min(bins, fair_bins(span.elements)) if honest else bins
    if scale != "linear":
        edges = log_edges(span.low, span.high, fair)
    elif honest and span.is_whole:
        first = whole_edges(span.low, span.high, bins, fair)
        return first - 0.5, rows.counts_of_whole(first)
    else:
        edges = even_edges(span.low, span.high, fair)
    return edges, rows.counts(edges)


def fair_bins(elements: int) -> int:
    """How many bins so many elements can fill: 2 n^(1/3), as for a density that is not known.

    Source: the Rice rule; Freedman and Diaconis 1981 show that the best number grows with the cube root.
    """
    return max(FEWEST_BINS, int(np.ceil(2 * elements ** (1 / 3))))


def even_edges(low: float, high: float, bins: int) -> npt.NDArray[np.float64]:
    """Edges of one width; also where high - low is beyond float64."""
    share = np.linspace(0.0, 1.0, bins + 1)
    edges: npt.NDArray[np.float64] = low * (1.0 - share) + high * share
    edges[0], edges[-1] = low, high
    return edges


def whole_edges(low: float, high: float, most: int, fair: int) -> npt.NDArray[np.float64]:
    """The first whole number of each bin, and the one after the last: equally many in each, one if `most` are enough.

    Six bins of the numbers 0 to 9 held two of them or one, a comb that nobody logged.
    """
    numbers = int(high - low) + 1
    each = 1 if numbers <= most else -(-numbers // max(1, fair))
    first: npt.NDArray[np.float64] = low + each * np.arange(-(-numbers // each) + 1, dtype=np.float64)
    return first


MOST_WHOLE = 2**20
"""From the least to the greatest: of more whole numbers a bin of any width holds about equally many."""


def are_whole(items: Sequence[Histogram]) -> bool:
    """Whether some histograms, which forget their elements, can only be of whole numbers, of which two differ.

    Their extremes and sums are exact, and what lies between is in buckets that hold a whole number.
    """
    filled = [each.sketch for each in items if len(each.sketch.buckets)]
    if not filled:
        return False
    low, high = min(each.min for each in filled), max(each.max for each in filled)
    if not 1 <= high - low < MOST_WHOLE or max(abs(low), abs(high)) > 2**53:
        return False
    for each in filled:
        if each.given is not None or not all(map(float.is_integer, (each.min, each.max, each.sum))):
            return False
        left, right = sketch.lower_edges(each.buckets), sketch.upper_edges(each.buckets)
        # Buckets are closed towards 0: [left, right) above it, (left, right] below.
        if not np.where(each.buckets >= 0, np.ceil(left) < right, np.floor(right) > left).all():
            return False
    return True


def log_edges(low: float, high: float, bins: int) -> npt.NDArray[np.float64]:
    """Edges of one ratio on either side of 0, with one bin about 0; at most about `bins` of them.

    They are edges of the sketch's own buckets, so that counts over them are exact.
    """
    # No edge lies among the subnormal numbers of float32, where the buckets have no ratio.
    top = min(max(float(np.ceil(np.log2(max(abs(low), abs(high)) or 1.0))), OCTAVES - 126.0), 1024.0)
    sides = (low < 0) + (high > 0) or 1
    a_octave = 2 ** int(np.clip(np.floor(np.log2(max(1.0, bins / sides / OCTAVES))), 0, 4))
    # Of an octave the edges lie evenly (1, 1.25, 1.5, 1.75): there the buckets have theirs.
    steps = np.concatenate([2.0 ** (top - OCTAVES + k) * (1 + np.arange(a_octave) / a_octave) for k in range(OCTAVES)])
    positive = np.append(steps, 2.0**top if top < 1024 else float(np.finfo(np.float64).max))
    parts = [-positive[::-1] if low < 0 else [0.0], positive if high > 0 else [0.0]]
    edges: npt.NDArray[np.float64] = np.unique(np.concatenate(parts))
    return edges


def merged(found: Sequence[Histograms], bins: int, scale: str) -> dict[str, Any]:
    """Everything that is in some series of histograms as one, with its exact counts and moments, as JSON values."""
    whole = Histogram.merged([each for series in found for each in series])
    logged = sum(int(series.count.sum()) for series in found)
    span = Span.of([whole], [max(1, logged)])
    edges, counts = _binned(SketchRows([whole.sketch]), span, bins, scale, scale == "linear")
    finite = whole.total - whole.nan_count - whole.posinf_count - whole.neginf_count
    mean = whole.sketch.sum / finite if finite else float("nan")
    variance = whole.sketch.sum_squares / finite - mean * mean if finite else float("nan")
    return {
        "histograms": logged,
        "total": whole.total,
        "nan": whole.nan_count,
        "posinf": whole.posinf_count,
        "neginf": whole.neginf_count,
        "mean": mean,
        "std": float(np.sqrt(max(variance, 0.0))) if finite else float("nan"),
        "quantiles": dict(zip(map(str, MERGED_QUANTILES), whole.quantile(MERGED_QUANTILES).tolist(), strict=True)),
        "edges": edges.tolist(),
        "counts": counts[0].tolist(),
    }


def _range(merged: Sequence[Histogram]) -> tuple[float, float]:
    lows = [each.min for each in merged if not np.isnan(each.min)]
    highs = [each.max for each in merged if not np.isnan(each.max)]
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    if low == high:
        margin = abs(low) * 0.01 or 0.5
        return max(low - margin, -LARGEST), min(high + margin, LARGEST)
    # So close together that bins between them would have the same edges.
    room = 512 * float(np.spacing(max(abs(low), abs(high)))) - (high - low) if high - low < LARGEST else 0.0
    return (max(low - room / 2, -LARGEST), min(high + room / 2, LARGEST)) if room > 0 else (low, high)
