"""Thinning: fewer points of a long series, all of them as they were logged, and none of its extremes lost."""

from __future__ import annotations

import numpy as np

from tracker.series.stretch import Ints, Points


def bucket_of(count: int, most: int) -> int:
    """How many neighbours are looked at together so that about `most` points are left of `count`: a power of two."""
    return 1 if count <= most else 1 << (-(-count * KEPT // most) - 1).bit_length()


KEPT = 8
"""Points that are kept of a bucket at the most, and one to spare."""


def thinned(points: Points, bucket: int) -> Points:
    """Of each `bucket` points in a row: first, last, smallest, largest, the first NaN and the first of either infinity.

    A pure function of the points: where a file was folded has no part in it.

    Args:
        points: In order of arrival; the first begins a bucket.
        bucket: How many neighbours are looked at together; 1 leaves all as they are.
    """
    count = len(points.step)
    if bucket == 1 or count == 0:
        return points
    whole = count - count % bucket
    kept = [_chosen(points.part(0, whole), bucket)] if whole else []
    if whole < count:
        kept.append(_chosen(points.part(whole, count), count - whole) + whole)
    return points.where(np.concatenate(kept))


def _chosen(points: Points, bucket: int) -> Ints:
    """The indices that are kept, ascending, each once."""
    values = points.value.reshape(-1, bucket)
    starts = np.arange(len(values)) * bucket
    finite = np.isfinite(values)
    columns = [np.zeros(len(values), np.int64), np.full(len(values), bucket - 1)]
    columns += [np.where(finite, values, np.inf).argmin(axis=1), np.where(finite, values, -np.inf).argmax(axis=1)]
    if not finite.all():
        columns += [each.argmax(axis=1) for each in (np.isnan(values), values == np.inf, values == -np.inf)]
    return np.unique((np.stack(columns) + starts).ravel())
