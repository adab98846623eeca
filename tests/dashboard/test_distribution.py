"""Distributions over steps: counts are kept whatever the bins and however many steps share a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.histograms.bins import QUANTILES, even_edges, fair_bins, log_edges, matrix, merged
from dashboard.histograms.sketch_rows import SketchRows
from tracker.series import sketch
from tracker.store.read.records import Histograms
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
    found = SketchRows([sketch.count(values)]).counts(edges)[0]
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
    assert SketchRows([sketch.count(values)]).counts(edges)[0] == pytest.approx(np.histogram(values, edges)[0])


def test_few_elements_get_few_bins() -> None:
    """Sixteen numbers over 72 bins look like noise; a layer of a million keeps all that were asked for."""
    assert [fair_bins(n) for n in (0, 1, 16, 144, 1000, 10**6)] == [6, 6, 6, 11, 20, 200]
    head, _ = matrix(series([np.arange(16, dtype=np.float32) / 3]), 72, honest=True)
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


whole_tensors = st.integers(-300, 300).flatmap(
    lambda low: hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(low, low + 400))
)


@given(st.lists(whole_tensors, min_size=1, max_size=6), st.integers(4, 100))
def test_bins_of_whole_numbers_hold_equally_many_of_them(parts: list[np.ndarray], bins: int) -> None:
    """One each where there is room; else the same number, and what is in them is exact where buckets are of one number."""
    head, columns = matrix(series(parts), bins, honest=True)
    values = np.concatenate(parts)
    numbers = int(values.max() - values.min()) + 1
    if numbers == 1:
        assert not head["whole"]
        return
    edges, counts = columns[-2], columns[-1].reshape(head["rows"], head["bins"])
    assert head["whole"]
    assert (head["low"], head["high"]) == (edges[0], edges[-1])
    width = edges[1] - edges[0]
    assert (np.diff(edges) == width).all()
    assert (width == 1) if numbers <= bins else (width > 1)
    assert edges[0] == values.min() - 0.5
    assert edges[-2] < values.max() < edges[-1]
    for part, row in zip(parts, counts, strict=True):
        assert row.sum() == pytest.approx(part.size)
        if np.abs(part).max() < 256:
            np.testing.assert_allclose(row, np.histogram(part, edges)[0], atol=1e-9)


def test_ten_numbers_are_ten_even_bars() -> None:
    """The numbers 0 to 9 in six bins were a comb of two and one; steps, merged and alone, with the bins of all."""
    found = series([np.arange(10), np.arange(10)])
    head, columns = matrix(found, 72, honest=True)
    assert columns[-1].reshape(2, head["bins"]).tolist() == [[1] * 10] * 2
    assert merged([found], 72, "linear")["counts"] == [2] * 10
    head, columns = matrix(series([np.arange(-500, 500)]), 72, honest=True)
    assert len(set(np.round(columns[-1][:-1], 6))) == 1  # 256 and above share their buckets, evenly
    # Of a clipped activation the ends are whole, and what is between is not.
    clipped = np.clip(np.random.default_rng(0).normal(3, 3, 1000), 0, 6).astype(np.float32)
    assert not matrix(series([clipped]), 72, honest=True)[0]["whole"]


def test_bins_reach_as_far_as_float64_and_as_close() -> None:
    """From the least to the greatest number there is, and between neighbours."""
    largest = np.finfo(np.float64).max
    for values in (
        np.array([-largest, 0.0, largest]),
        np.array([1.0, np.nextafter(1.0, 2)]),
        np.array([5e-324, 1e-323]),
    ):
        for scale in ("linear", "log"):
            _, columns = matrix(series([values]), 72, scale, honest=True)
            assert np.isfinite(columns[-2]).all()
            assert (np.diff(columns[-2]) > 0).all()
            assert columns[-1].sum() == len(values)


def test_numbers_beyond_float32_have_a_shape() -> None:
    """They fell into one bar: the outermost bucket of float32."""
    values = np.random.default_rng(0).lognormal(0.0, 1.0, 5000) * 1e300
    for signed in (values, -values):
        _, columns = matrix(series([signed]), 40, honest=True)
        expected = np.histogram(signed, columns[-2])[0]
        assert np.abs(columns[-1] - expected).max() < 0.02 * values.size
        found = columns[-3]
        assert found[3] == pytest.approx(np.median(signed), rel=0.01)
