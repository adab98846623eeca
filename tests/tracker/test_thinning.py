"""Thinning: what is left of a long series are points of it, its extremes among them, whatever the pieces it came in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracker.series import thinning
from tracker.series.stretch import Points

values = st.lists(st.floats(width=32) | st.sampled_from([float("nan"), float("inf"), -float("inf")]), max_size=200)


def points(found: list[float]) -> Points:
    """Points of these values, numbered."""
    return Points.of(np.arange(len(found)), np.arange(len(found)) / 8, found)


@given(values, st.sampled_from([1, 2, 8, 32]))
def test_every_bucket_keeps_its_extremes(found: list[float], bucket: int) -> None:
    """The first, the last, the extremes, and that something was not finite; each as it was logged, in order."""
    whole = points(found)
    kept = thinning.thinned(whole, bucket)
    assert (np.diff(kept.step) > 0).all()
    np.testing.assert_array_equal(kept.value, whole.value[kept.step])
    for start in range(0, len(found), bucket):
        part = np.array(found[start : start + bucket])
        mine = kept.value[(kept.step >= start) & (kept.step < start + bucket)]
        assert len(mine) <= max(thinning.KEPT - 1, 1)
        finite, kept_finite = part[np.isfinite(part)], mine[np.isfinite(mine)]
        if len(finite):
            assert (finite.min(), finite.max()) == (kept_finite.min(), kept_finite.max())
        for is_so in (np.isnan, np.isposinf, np.isneginf):
            assert is_so(part).any() == is_so(mine).any()
        np.testing.assert_array_equal(part[[0, -1]], mine[[0, -1]])


@given(st.integers(0, 10**9), st.integers(16, 1 << 16))
def test_what_is_left_is_about_as_much_as_was_asked_for(count: int, most: int) -> None:
    """Never more than `most` full buckets' worth, and no less than a fourth of it."""
    bucket = thinning.bucket_of(count, most)
    assert bucket == 1 or (count > most and bucket & (bucket - 1) == 0)
    if bucket > 1:
        assert most / 4 / thinning.KEPT <= count / bucket <= most / thinning.KEPT
