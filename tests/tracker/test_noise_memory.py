"""How far noise that remembers goes by chance is said of a short past and a long one, of two ranks and of many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rank_noise import ar1

from tracker.findings import noise_memory


@given(st.floats(0, 0.99), st.integers(1, 200))
def test_inflation_is_that_of_the_whole_covariance(rho: float, steps: int) -> None:
    """The sum of all covariances of so many neighbours, to that of as many which know nothing of each other."""
    lag = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    assert noise_memory.inflation(rho, steps) == pytest.approx((rho**lag).sum() / steps, rel=1e-9)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("ranks", "steps"), [(2, 40), (2, 200), (8, 60), (64, 100)])
def test_levels_vary_as_it_says(rho: float, ranks: int, steps: int) -> None:
    """By more than they do rather than by less: it is there to keep alarms away."""
    random = np.random.default_rng(0)
    said = [noise_memory.level_deviation(ar1(random, (ranks, steps), rho, 0.1), 10) for _ in range(60)]
    true = np.median(ar1(random, (20_000, 10), rho, 0.1), axis=1).std()
    found = np.array(said) / true
    assert 0.9 < np.median(found) < (4 if ranks * steps < 100 else 2)
    assert np.percentile(found, 5) > 0.4


@given(st.integers(0, 99), st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_it_scales_with_the_noise_and_not_with_the_levels(seed: int, times: float, level: float) -> None:
    """A rank that always takes longer has no more noise for it."""
    random = np.random.default_rng(seed)
    past = random.normal(size=(5, 30))
    past[random.random(past.shape) < 0.1] = np.nan
    said = noise_memory.level_deviation(past, 10)
    assert said is not None
    moved = times * past + level * np.arange(5)[:, None]
    assert noise_memory.level_deviation(moved, 10) == pytest.approx(times * said, rel=1e-6)


def test_what_never_varies_varies_by_nothing_and_a_short_past_says_nothing() -> None:
    """Nor does one pause make a memory."""
    assert noise_memory.level_deviation(np.ones((3, 50)), 10) == 0
    assert noise_memory.level_deviation(np.ones((3, noise_memory.LEAST_STEPS - 1)), 10) is None
    assert noise_memory.level_deviation(np.full((3, 50), np.nan), 10) == 0
    random = np.random.default_rng(1)
    past = random.normal(size=(30, 100))
    past[:, 50:52] *= 1e6
    assert noise_memory.memory(past) < 0.2
