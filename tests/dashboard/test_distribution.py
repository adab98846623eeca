"""Distributions over steps: counts are kept whatever the bins and however many steps share a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.figures.distribution import QUANTILES, matrix, rebinned
from tracker.store import sketch
from tracker.store.answers import Histograms
from tracker.values.histogram import Histogram

tensors = hnp.arrays(
    np.float32, st.integers(0, 80), elements=st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
)


def series(parts: list[np.ndarray]) -> Histograms:
    """Histograms at steps 0, 10, 20 …"""
    steps = np.arange(len(parts)) * 10
    return Histograms(
        steps, steps * 1.0, tuple(Histogram(part) for part in parts), steps, steps * 1.0, np.ones(len(parts), np.int64)
    )


@given(st.lists(tensors, max_size=12), st.integers(1, 60), st.integers(1, 15))
def test_every_finite_element_is_in_one_bin_of_its_row(parts: list[np.ndarray], bins: int, rows: int) -> None:
    """Rows add up, exactly; merged rows are the sum of their steps; NaN and ±inf are told apart."""
    head, (step, _, total, nan, posinf, neginf, quantiles, counts) = matrix(series(parts), bins, rows)
    assert head["rows"] == len(step) <= rows
    counts = counts.reshape(head["rows"], bins)
    size = head["merged"] if parts else 1
    for row in range(head["rows"]):
        group = np.concatenate(parts[row * size : (row + 1) * size])
        assert total[row] == group.size
        assert nan[row] == np.isnan(group).sum()
        assert (posinf[row], neginf[row]) == ((group == np.inf).sum(), (group == -np.inf).sum())
        assert counts[row].sum() == pytest.approx(np.isfinite(group).sum())
        assert (counts[row] >= 0).all()
    if parts:
        assert step[-1] == (len(parts) - 1) * 10
    assert quantiles.shape == (head["rows"] * len(QUANTILES),)


def test_bins_hold_what_lies_in_them() -> None:
    """Against NumPy's own histogram: within the width of a bucket at each edge."""
    values = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    edges = np.linspace(values.min(), values.max(), 41)
    found = rebinned(sketch.count(values), edges)
    expected = np.histogram(values, edges)[0]
    assert np.abs(found - expected).max() < 0.01 * values.size * 0.4


def test_a_constant_tensor_is_one_bin() -> None:
    """Such as a bias that has not moved."""
    head, columns = matrix(series([np.zeros(10, np.float32)]), 11, 5)
    assert (head["low"], head["high"]) == (-0.5, 0.5)
    assert columns[-1].tolist() == [0] * 5 + [10] + [0] * 5
