"""Sketches: histograms that merge exactly, over steps, layers and processes.

A finite number falls into the bucket of the upper 16 bits of its float32: sign, exponent and 7 bits of
mantissa. Buckets are under 0.79 % wide, the same for every tensor ever logged, so that merging is adding
counts. Counting costs about 2 ns an element and needs no pass for the range (measured; NumPy's histogram of
64 even bins takes 7, TensorBoard's writer 47). NaN and ±inf are counted apart.

A bucket's *index* orders the buckets as numbers are ordered: that of a positive number is its upper 16
bits, that of a negative one is minus those of its magnitude, minus 1. What is beyond float32 goes on as if a
float32 had as many exponents as a float64 has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


RELATIVE_ERROR = 2.0**-7
"""The widest bucket by its lower edge: a quantile read from a sketch is off by less than this, relatively."""

_INFINITY = 0x7F80  # upper bits of +inf; above it lie NaNs
_SIGN = 0x8000
_CHUNK = 1 << 20  # elements at a time: bincount makes int64 of its input, 8 MB at a time and not 8 times the tensor
_FEW = 4096  # below this sorting the codes is cheaper than clearing 65,536 counters
_UPPER_HALF = 1 if sys.byteorder == "little" else 0
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_FLOAT64_MAX = float(np.finfo(np.float64).max)
_GIVEN_OCTAVES = 24  # below 2⁻²⁴ of the largest magnitude a given bin is counted as zero


class Sketch(NamedTuple):
    """Counts by bucket. `buckets` holds their indices, sorted; `counts` are positive; both may be empty."""

    buckets: npt.NDArray[np.int32]
    counts: Ints
    nan_count: int
    posinf_count: int
    neginf_count: int
    min: float
    """Smallest finite element, exactly; NaN without any. So is `max`."""
    max: float
    sum: float
    sum_squares: float
    given: tuple[Floats, Floats] | None = None
    """(edges, counts) of another program that these buckets were made of; none of ours."""

    @property
    def total(self) -> int:
        """All elements, the non-finite ones included."""
        return int(self.counts.sum()) + self.nan_count + self.posinf_count + self.neginf_count


EMPTY = Sketch(np.empty(0, np.int32), np.empty(0, np.int64), 0, 0, 0, float("nan"), float("nan"), 0.0, 0.0)


def count(values: npt.NDArray[Any], xp: Any = np) -> Sketch:
    """The sketch of an array of real numbers of any shape and dtype.

    Args:
        values: An array of `xp`.
        xp: numpy, or cupy for an array on the GPU: counting happens there and only the buckets travel.
    """
    flat = values.reshape(-1)
    if flat.size == 0:
        return EMPTY
    parts = [_count_chunk(flat[start : start + _CHUNK], xp) for start in range(0, flat.size, _CHUNK)]
    return parts[0] if len(parts) == 1 else merge(parts)


def _count_chunk(flat: Any, xp: Any) -> Sketch:
    single, beyond = flat, None
    if flat.dtype != xp.float32:
        with np.errstate(all="ignore"):
            single = flat.astype(xp.float32)
        if flat.dtype.itemsize > 2 and flat.dtype.kind == "f":
            # A float64 such as 1e300 is finite, but its float32 is not.
            too_large = xp.isinf(single) & ~xp.isinf(flat)
            if bool(too_large.any()):
                beyond = flat[too_large].get() if xp is not np else flat[too_large]
                single = xp.where(too_large, xp.copysign(xp.float32(_FLOAT32_MAX), single), single)
    codes = xp.ascontiguousarray(single).view(xp.uint16)[_UPPER_HALF::2]
    if codes.size < _FEW:
        found, counts = xp.unique(codes, return_counts=True)
    else:
        every = xp.bincount(codes, minlength=1 << 16)
        found = xp.flatnonzero(every != 0)  # of booleans: a tenth of the time it takes of counts
        counts = every[found]
    if xp is not np:
        found, counts = found.get(), counts.get()

    def non_finite() -> tuple[int, int, int]:
        return int(xp.isnan(single).sum()), int((single == xp.inf).sum()), int((single == -xp.inf).sum())

    def moments(all_finite: bool) -> tuple[float, float, float, float]:
        kept = flat if all_finite else flat[xp.isfinite(single)]
        with np.errstate(all="ignore"):  # sums of the two signs may run over in both directions
            total = float(kept.sum())  # pairwise: float32 is good to 6 digits of the sum of magnitudes
            if kept.dtype != xp.float64 and (kept.dtype != xp.float32 or not np.isfinite(total)):
                total = float(kept.sum(dtype=xp.float64))
            return float(kept.min()), float(kept.max()), total, float(_sum_of_squares(kept, xp))

    return with_beyond(from_codes(found, counts, non_finite, moments), beyond)


def with_beyond(counted: Sketch, beyond: npt.NDArray[Any] | None) -> Sketch:
    """A sketch in which those `beyond` float32 were counted as its largest numbers, with each in its own bucket."""
    if beyond is None or not len(beyond):
        return counted
    wide = beyond.astype(np.float64)
    index, counts = np.unique(_wide_index(wide), return_counts=True)
    kept = counted.counts.copy()
    for outermost, many in ((_INFINITY - 1, int((wide > 0).sum())), (-_INFINITY, int((wide < 0).sum()))):
        kept[counted.buckets == outermost] -= many
    filled = kept > 0
    parts = (Sketch(counted.buckets[filled], kept[filled], *counted[2:]), EMPTY._replace(buckets=index, counts=counts))
    return merge(parts)


def _wide_index(values: Floats) -> npt.NDArray[np.int32]:
    """Buckets of numbers that float32 has no room for, or no more than for its largest."""
    head, exponent = np.frexp(np.abs(values))
    code = (exponent + 126) * 128 + np.floor((head * 2 - 1) * 128).astype(np.int64)
    code = np.maximum(code, _INFINITY - 1)  # float32 rounds up to infinity what is half a step below 2¹²⁸
    index: npt.NDArray[np.int32] = np.where(values > 0, code, -code - 1).astype(np.int32)
    return index


def from_codes(
    found: npt.NDArray[np.integer[Any]],
    counts: npt.NDArray[np.integer[Any]],
    non_finite: Callable[[], tuple[int, int, int]],
    moments: Callable[[bool], tuple[float, float, float, float]],
) -> Sketch:
    """A sketch from how often each code (upper 16 bits of a float32) occurs, wherever they were counted.

    Args:
        found: The codes that occur, each once.
        counts: How often.
        non_finite: Counts NaN, +inf and -inf; called when there may be any.
        moments: Minimum, maximum, sum and sum of squares of the finite elements, of which there is one at least; told
            whether all are.
    """
    code = found.astype(np.int32)
    finite = (code & (_SIGN - 1)) < _INFINITY
    every = bool(finite.all())
    # The upper bits of a NaN can look like those of an infinity: only now is it worth looking closely.
    special = (0, 0, 0) if every else non_finite()
    code, each = code[finite], counts[finite].astype(np.int64)
    index = np.where(code < _SIGN, code, -(code - _SIGN) - 1).astype(np.int32)
    order = np.argsort(index, kind="stable")
    numbers = moments(every) if len(code) else (float("nan"), float("nan"), 0.0, 0.0)
    return Sketch(index[order], each[order], *special, *numbers)


def _sum_of_squares(flat: Any, xp: Any) -> Any:
    if flat.dtype == xp.float64 or (flat.dtype == xp.float32 and flat.size <= _CHUNK):
        # A dot product of at most 10⁶ float32 is good to 6 digits, and 10 times faster than converting first.
        dot = xp.dot(flat, flat)
        if bool(xp.isfinite(dot)):
            return dot
    wide = flat.astype(xp.float64)
    return xp.dot(wide, wide)


MOST_GIVEN = float(1 << 53)
"""Elements that another program may have counted: more are no longer told apart one by one."""


def from_edges(
    edges: npt.ArrayLike, counts: npt.ArrayLike, low: float, high: float, total: float, squares: float
) -> Sketch:
    """The sketch of a histogram that another program counted.

    Args:
        edges: Of its bins, shape (bins + 1,), not descending; the outermost may be infinite or nearly so.
        counts: In each bin, shape (bins,); parts of one are possible where it was weighted.
        low: Smallest element; NaN where it is not known, and so the others.
        high: Largest element.
        total: Sum of the elements.
        squares: Sum of their squares.

    Raises:
        DamagedBytesError: they are no histogram.
    """
    given = np.asarray(edges, np.float64), np.asarray(counts, np.float64)
    edges, counts = given
    if len(edges) != len(counts) + 1:
        raise DamagedBytesError(f"{len(counts)} bins do not have {len(edges)} edges")
    if np.isnan(edges).any():
        raise DamagedBytesError("an edge of its bins is no number")
    with np.errstate(all="ignore"):
        if not counts.sum(where=counts > 0) <= MOST_GIVEN or np.isnan(counts).any():
            raise DamagedBytesError("what it counts in its bins are no counts")
    filled = np.flatnonzero(counts > 0)
    if not len(filled):
        return EMPTY._replace(given=given)
    low = low if np.isfinite(low) else max(float(edges[filled[0]]), -_FLOAT32_MAX)
    high = high if np.isfinite(high) else min(float(edges[filled[-1] + 1]), _FLOAT32_MAX)
    buckets, spread = _spread(edges[filled], edges[filled + 1], counts[filled], low, max(low, high))
    return Sketch(buckets, spread, 0, 0, 0, low, max(low, high), total, squares, given)


def _spread(left: Floats, right: Floats, counts: Floats, low: float, high: float) -> tuple[npt.NDArray[np.int32], Ints]:
    """Log buckets over which bins are spread evenly; the rounding never adds up."""
    with np.errstate(all="ignore"):
        ends = np.clip(np.array([low, high]), -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)
    code = (np.abs(ends).view(np.uint32) >> 16).astype(np.int64)
    least = max(0, int(code.max()) - _GIVEN_OCTAVES * 128)
    first, last = (int(np.where(end < 0, -each - 1, each)) for end, each in zip(ends, code, strict=True))
    index = np.arange(first, last + 1)
    index = index[(index >= least) | (index == 0) | (index < -least)]
    # What has gathered up to each end of a bin, a straight line between them; bins that touch share an end.
    left, right = np.clip(left, low, high), np.clip(right, low, high)
    upto = np.cumsum(counts)
    corners = np.column_stack([left, right]).ravel()
    gathered = np.interp(lower_edges(index[1:]), corners, np.column_stack([upto - counts, upto]).ravel())
    found = np.diff(np.rint(np.concatenate([[0.0], gathered, upto[-1:]]))).astype(np.int64)
    filled = np.flatnonzero(found > 0)
    return index[filled].astype(np.int32), found[filled]


def merge(parts: Sequence[Sketch]) -> Sketch:
    """The sketch of everything that went into the parts; of none, the empty one. Counts are exact."""
    parts = list(parts)
    if not parts:
        return EMPTY
    if len(parts) == 1:
        return parts[0]
    index = np.concatenate([part.buckets for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    if len(index):
        low = int(index.min())
        dense = np.zeros(int(index.max()) - low + 1, np.int64)
        np.add.at(dense, index - low, counts)
        found = np.flatnonzero(dense != 0)  # of booleans: a tenth of the time it takes of counts
        index, counts = (found + low).astype(np.int32), dense[found]
    with np.errstate(all="ignore"):
        return Sketch(
            index,
            counts,
            sum(part.nan_count for part in parts),
            sum(part.posinf_count for part in parts),
            sum(part.neginf_count for part in parts),
            float(np.fmin.reduce([part.min for part in parts])),
            float(np.fmax.reduce([part.max for part in parts])),
            float(np.sum([part.sum for part in parts])),
            float(np.sum([part.sum_squares for part in parts])),
        )


def lower_edges(index: npt.NDArray[np.integer[Any]]) -> Floats:
    """The smallest number of each bucket."""
    index = np.asarray(index, np.int64)
    # A negative bucket of magnitude m holds (-edge(m + 1), -edge(m)]; its lower edge is its far one.
    magnitude = np.where(index >= 0, index, -index)
    edge = (np.minimum(magnitude, _INFINITY - 1).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    wide = magnitude >= _INFINITY
    if wide.any():
        with np.errstate(over="ignore"):
            further = np.ldexp(1.0 + (magnitude[wide] & 127) / 128, (magnitude[wide] >> 7) - 127)
        edge[wide] = np.minimum(further, _FLOAT64_MAX)
    return np.where(index >= 0, edge, -edge)


LAST = 1151 * 128
"""One more than the index of the largest float64's bucket; the first is minus this."""


def upper_edges(index: npt.NDArray[np.integer[Any]]) -> Floats:
    """What the numbers of each bucket stay below (or, for negative ones, do not exceed)."""
    return lower_edges(np.asarray(index, np.int64) + 1)


def histogram(sketch: Sketch) -> tuple[Ints, Floats]:
    """(counts, edges) as `numpy.histogram` gives them, at full resolution.

    Runs of empty buckets stand as one, so that there are at most twice as many bins as filled buckets. The
    outermost edges are the buckets', which the extremes lie within. One of another program gives its own bins.
    """
    if sketch.given is not None:
        return np.rint(sketch.given[1]).astype(np.int64), sketch.given[0]
    if not len(sketch.buckets):
        return np.empty(0, np.int64), np.empty(0, np.float64)
    index = sketch.buckets.astype(np.int64)
    gap = np.flatnonzero(np.diff(index) > 1)
    starts = np.insert(index, gap + 1, index[gap] + 1)
    counts = np.insert(sketch.counts, gap + 1, 0)
    return counts, lower_edges(np.append(starts, index[-1] + 1))


def quantile(sketch: Sketch, q: npt.ArrayLike) -> Floats:
    """The q-quantiles of the finite elements, q in [0, 1]; NaN where there are none.

    What is sought is the element of rank floor(q · (n - 1)), as `numpy.quantile(method="lower")`; the answer
    is off by less than `RELATIVE_ERROR` of it (below 1e-38 in magnitude: by less than 1e-38). 0 and 1 give
    the exact extremes.
    """
    q = np.asarray(q, np.float64)
    if not len(sketch.buckets):
        return np.full(q.shape, np.nan)
    upto = np.cumsum(sketch.counts)
    rank = q * (upto[-1] - 1)
    bucket = np.searchsorted(upto, rank, side="right").clip(max=len(upto) - 1)
    low, high = lower_edges(sketch.buckets)[bucket], upper_edges(sketch.buckets)[bucket]
    inside = (rank - (upto[bucket] - sketch.counts[bucket]) + 0.5) / sketch.counts[bucket]
    result = np.clip(low + (high - low) * np.clip(inside, 0.0, 1.0), sketch.min, sketch.max)
    result = np.where(q <= 0, sketch.min, np.where(q >= 1, sketch.max, result))
    return np.asarray(result, np.float64)
