"""Ordered: the median, quantiles and the distinct values, as NumPy finds them, but without `numpy.ma`.

NumPy's own functions load it to ask whether they were given a masked array. That takes as long as all detectors
together do for a short run, and who examines one run does it once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def median(values: npt.ArrayLike, axis: int | None = None) -> Any:
    """The value in the middle, of an even number the mean of the two there; NaN where there is none, or one is NaN.

    Args:
        values: Numbers, of any shape.
        axis: Along which; over all of them without.

    Returns:
        float64: one number, or an array of the shape of `values` without that axis.
    """
    x = np.asarray(values, np.float64)
    if axis is None:
        x, axis = x.reshape(-1), 0
    n = x.shape[axis]
    if not n:
        return x.sum(axis) * np.nan
    low, high = (n - 1) // 2, n // 2
    x = np.partition(x, sorted({low, high, n - 1}), axis)  # NaN are behind all others
    found = x.take(low, axis)
    if high > low:
        found = (found + x.take(high, axis)) / 2
    return np.where(np.isnan(x.take(n - 1, axis)), np.nan, found)[()]


def quantile(values: npt.NDArray[np.float64], q: float | tuple[float, ...]) -> Any:
    """The q-quantiles of all values, in a straight line between two of them; NaN where there are none, or one is NaN.

    Args:
        values: Numbers, of any shape.
        q: From 0 to 1.

    Returns:
        float64, in the shape of `q`.
    """
    x = np.sort(np.asarray(values, np.float64), axis=None)
    at = np.asarray(q, np.float64) * (len(x) - 1)
    if not len(x) or np.isnan(x[-1]):
        return (at * np.nan)[()]
    low = np.floor(at)
    before, after = x[low.astype(int)], x[np.minimum(low + 1, len(x) - 1).astype(int)]
    share, apart = at - low, after - before
    # From the nearer end, so that it never lies beyond the farther one.
    return np.where(share < 0.5, before + apart * share, after - apart * (1 - share))[()]


def distinct(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Each value once, ascending, (D,); NaN is one of them, and the last."""
    x: npt.NDArray[Any] = np.sort(values, axis=None)
    before = x[:-1]
    first = np.concatenate([np.ones(len(x[:1]), bool), (x[1:] != before) & (before == before)])
    return np.compress(first, x)
