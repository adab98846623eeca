"""Distributions over steps: counts are kept whatever the bins and however many steps share a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.figures.distribution import QUANTILES, even_edges, fair_bins, log_edges, matrix, merged, rebinned
from dashboard.figures.sketch_rows import SketchRows
from tracker.store import sketch
from tracker.store.answers import Histograms
from tracker.values.histogram import Histogram

tensors = hnp.arrays(
    np.float32, st.integers(0, 80), elements=st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
)


def series(parts: list[np.ndarray], size: int = 1) -> Histograms:
    """Histograms at steps 0, 10, 20 …, each `size` of them merged."""
    starts = np.arange(0, len(parts), size)
    lasts = np.minimum(starts + size, len(parts)) - 1
    groups = [[Histogram(part) for part in parts[start : start + size]] for start in starts.tolist()]
    items = tuple(map(Histogram.merged, groups))
    return Histograms(
        starts * 10,
        starts * 10.0,
        items,
        lasts * 10,
        lasts * 10.0,
        np.array([len(group) for group in groups], np.int64),
    )


@given(st.lists(tensors, max_size=12), st.integers(1, 60), st.integers(1, 5))
def test_every_finite_element_is_in_one_bin_of_its_row(parts: list[np.ndarray], bins: int, size: int) -> None:
    """Rows add up, exactly, also those of several steps; NaN and ±inf are told apart."""
    head, (first, step, _, of, total, nan, posinf, neginf, quantiles, _, counts) = matrix(series(parts, size), bins)
    assert head["rows"] == len(step) == -(-len(parts) // size)
    assert (head["steps"], head["merged"]) == (len(parts), min(size, max(len(parts), 1)))
    counts = counts.reshape(head["rows"], bins)
    for row in range(head["rows"]):
        group = np.concatenate(parts[row * size : (row + 1) * size])
        assert total[row] == group.size
        assert nan[row] == np.isnan(group).sum()
        assert (posinf[row], neginf[row]) == ((group == np.inf).sum(), (group == -np.inf).sum())
        assert counts[row].sum() == pytest.approx(np.isfinite(group).sum())
        assert (counts[row] >= 0).all()
    assert of.sum() == len(parts)
    if parts:
        assert (first[-1], step[-1]) == ((len(parts) - 1) // size * size * 10, (len(parts) - 1) * 10)
    assert quantiles.shape == (head["rows"] * len(QUANTILES),)


@given(st.lists(tensors, max_size=8), st.sampled_from(["linear", "log"]), st.integers(1, 60))
def test_rows_are_each_what_they_are_alone(parts: list[np.ndarray], scale: str, bins: int) -> None:
    """Whatever stands beside a histogram, an empty one or one of another range, its counts and quantiles are its own."""
    counted = [sketch.count(part) for part in parts]
    edges = even_edges(-1e6, 1e6, bins) if scale == "linear" else log_edges(-1e6, 1e6, bins)
    rows = SketchRows(counted)
    found, quantiles = rows.counts(edges), rows.quantiles(QUANTILES)
    for row, each in enumerate(counted):
        np.testing.assert_allclose(found[row], SketchRows([each]).counts(edges)[0], atol=1e-9)
        np.testing.assert_array_equal(quantiles[row], sketch.quantile(each, QUANTILES))


def test_bins_hold_what_lies_in_them() -> None:
    """Against NumPy's own histogram: within the width of a bucket at each edge."""
    values = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    edges = np.linspace(values.min(), values.max(), 41)
    found = rebinned(sketch.count(values), edges)
    expected = np.histogram(values, edges)[0]
    assert np.abs(found - expected).max() < 0.01 * values.size * 0.4


def test_a_constant_tensor_is_one_bin() -> None:
    """Such as a bias that has not moved."""
    head, columns = matrix(series([np.zeros(10, np.float32)]), 11)
    assert (head["low"], head["high"]) == (-0.5, 0.5)
    assert columns[-1].tolist() == [0] * 5 + [10] + [0] * 5


@given(st.lists(tensors, min_size=1, max_size=6), st.integers(20, 200))
def test_logarithmic_bins_are_exact(parts: list[np.ndarray], bins: int) -> None:
    """Their edges are edges of the buckets: counts are whole numbers."""
    head, columns = matrix(series(parts), bins, "log")
    counts, edges = columns[-1].reshape(head["rows"], head["bins"]), columns[-2]
    assert (np.diff(edges) > 0).all()
    for part, row in zip(parts, counts, strict=True):
        finite = part[np.isfinite(part)]
        assert row.sum() == finite.size
        assert (row == np.round(row)).all()


def test_logarithmic_bins_hold_what_lies_in_them() -> None:
    """Against NumPy's own histogram over the same edges, both signs and what is about 0."""
    rng = np.random.default_rng(1)
    values = (rng.choice([-1, 1], 5000) * 10 ** rng.uniform(-5, 2, 5000)).astype(np.float32)
    values[:50] = 0
    edges = log_edges(float(values.min()), float(values.max()), 120)
    # Buckets of negative numbers are closed at the other end; no value here lies on an edge.
    assert rebinned(sketch.count(values), edges) == pytest.approx(np.histogram(values, edges)[0])


def test_few_elements_get_few_bins() -> None:
    """Sixteen numbers over 72 bins look like noise; a layer of a million keeps all that were asked for."""
    assert [fair_bins(n) for n in (0, 1, 16, 144, 1000, 10**6)] == [6, 6, 6, 11, 20, 200]
    head, _ = matrix(series([np.arange(16, dtype=np.float32)]), 72, honest=True)
    assert (head["bins"], head["elements"]) == (6, 16)
    assert matrix(series([np.arange(16, dtype=np.float32)]), 72)[0]["bins"] == 72


@given(st.lists(tensors, max_size=8))
def test_merged_is_as_if_all_had_been_one(parts: list[np.ndarray]) -> None:
    """Over steps and layers: total, what is not finite, moments, extremes; counts add up."""
    found = merged([series(parts[:3]), series(parts[3:], 2)], 40, "linear")
    whole = np.concatenate([*parts, np.zeros(0, np.float32)]).astype(np.float64)
    finite = whole[np.isfinite(whole)]
    assert (found["histograms"], found["total"]) == (len(parts), whole.size)
    assert (found["nan"], found["posinf"], found["neginf"]) == (
        np.isnan(whole).sum(),
        (whole == np.inf).sum(),
        (whole == -np.inf).sum(),
    )
    assert sum(found["counts"]) == pytest.approx(finite.size)
    if finite.size:
        assert found["mean"] == pytest.approx(finite.mean(), rel=1e-4, abs=1e-4 * np.abs(finite).max() + 1e-30)
        assert (found["quantiles"]["0.0"], found["quantiles"]["1.0"]) == (finite.min(), finite.max())
