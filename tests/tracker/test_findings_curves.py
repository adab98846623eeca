"""Curves: levels, noise, changes and repetition of a series, told robustly."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tracker.findings import curves
from tracker.findings.ordered import distinct, median, quantile

values = arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e6, 1e6))
scales = st.floats(1e-3, 1e3)


@given(values, scales)
def test_levels_and_noise_scale_with_the_values(given_values: np.ndarray, scale: float) -> None:
    """No detector has a unit, since nothing below it has."""
    one, other = curves.ends(given_values), curves.ends(given_values * scale)
    assert other.start == pytest.approx(one.start * scale)
    assert other.sigma == pytest.approx(one.sigma * scale, abs=1e-6)
    assert curves.noise(given_values * scale) == pytest.approx(curves.noise(given_values) * scale, abs=1e-6)


@given(values, st.integers(1, 30))
def test_a_smoothed_curve_is_as_long_and_stays_within(given_values: np.ndarray, width: int) -> None:
    """A running median makes no new values beyond the old."""
    found = curves.smoothed(given_values, width)
    assert found.shape == given_values.shape
    assert given_values.min() <= found.min()
    assert found.max() <= given_values.max()


@given(
    arrays(np.float64, st.integers(1, 150), elements=st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0])),
    st.integers(1, 90),
    st.booleans(),
)
def test_a_wide_window_gives_what_each_window_by_itself_does(
    given_values: np.ndarray, width: int, has_nan: bool
) -> None:
    """To the last bit, whichever way is quicker; where a window has a value that is none, none comes of it."""
    if has_nan:
        given_values[len(given_values) // 2] = np.nan
    width = min(width, len(given_values)) | 1
    padded = np.pad(given_values, width // 2, mode="edge")
    each = [np.median(padded[k : k + width]) for k in range(len(given_values))]
    np.testing.assert_array_equal(curves.smoothed(given_values, width), np.array(each))


def test_a_long_curve_is_smoothed_within_its_own_size() -> None:
    """All windows of a twentieth of it side by side would be 80 MB."""
    value = np.random.default_rng(0).standard_normal(14_000)
    tracemalloc.start()
    found = curves.smoothed(value, len(value) // 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.std() < 0.1
    assert peak < 40 * value.nbytes


def test_noise_is_told_apart_from_trend_and_leaps() -> None:
    """Its standard deviation, within a tenth, around a steep line with a leap."""
    random = np.random.default_rng(0)
    line = np.linspace(0, 500, 2000) + np.where(np.arange(2000) < 900, 0, 1e4)
    assert curves.noise(line + random.standard_normal(2000)) == pytest.approx(1, rel=0.1)


def test_what_repeats_is_told_apart_from_what_falls() -> None:
    """A pattern on a falling curve repeats; a staircase and noise do not."""
    random = np.random.default_rng(1)
    pattern = random.standard_normal(25)
    line = np.linspace(50, 0, 250)
    assert curves.repeats(line + np.tile(pattern, 10), 25)[0] > 0.99
    assert abs(curves.repeats(line + random.standard_normal(250), 25)[0]) < 0.3
    assert curves.repeats(np.repeat(np.arange(10.0), 25), 25)[0] == 0
    assert curves.repeats(line, 100)[0] == 0


def test_waves_have_their_length() -> None:
    """In points; a line and noise have none."""
    strength, period = curves.waves(np.sin(np.arange(400) * 2 * np.pi / 50) + np.linspace(0, 3, 400))
    assert strength > 0.8
    assert abs(period - 50) <= 2
    assert curves.waves(np.linspace(0, 1, 100)) == (0.0, 0)
    assert curves.waves(np.random.default_rng(0).standard_normal(400))[0] < 0.3


@given(values)
def test_a_slope_is_that_of_the_line(given_values: np.ndarray) -> None:
    """A line's own rise comes back, whatever is added to all."""
    n = len(given_values)
    if n > 1:
        assert curves.slope(np.linspace(5, 8, n)) == pytest.approx(3)
        assert curves.slope(np.full(n, given_values[0])) == pytest.approx(0, abs=1e-6 * (1 + abs(given_values[0])))


odd_values = st.floats(width=64) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(0, 12)), elements=odd_values))
def test_a_median_is_numpys(found: np.ndarray) -> None:
    """To the bit, along each axis and over all, of no values and of what is not finite."""
    for axis in (None, 0, 1, -1):
        np.testing.assert_array_equal(median(found, axis), np.median(found, axis))
    assert isinstance(median([1, 2, 4]), float)


@given(arrays(np.float64, st.integers(0, 30), elements=odd_values) | arrays(np.int64, st.integers(0, 30)))
def test_distinct_values_are_numpys(found: np.ndarray) -> None:
    """Ascending, NaN as one."""
    np.testing.assert_array_equal(distinct(found), np.unique(found))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(arrays(np.float64, st.integers(1, 30), elements=odd_values), st.floats(0, 1))
def test_quantiles_are_numpys(found: np.ndarray, q: float) -> None:
    """To the bit, one or several; of no values NaN."""
    np.testing.assert_array_equal(quantile(found, q), np.quantile(found, q))
    np.testing.assert_array_equal(quantile(found, (0.1, q)), np.quantile(found, (0.1, q)))
    assert np.isnan(quantile(found[:0], q))
