"""Pairs: training and validation side by side, whatever the cadence and the names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_training import training

from tracker.findings import pairs

levels = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=40)


@given(levels, st.integers(1, 7))
def test_each_validation_stands_beside_the_mean_of_the_training_before_it(values: list[float], every: int) -> None:
    """An epoch's mean is what its validation is compared with."""
    train = np.repeat(values, every) + np.tile(np.linspace(-1, 1, every) if every > 1 else [0.0], len(values))
    ends = np.arange(1, len(values) + 1) * every - 1
    pair = pairs.loss_pair(training({"train/loss": train, "val/loss": (ends, values)}))
    assert pair is not None
    np.testing.assert_allclose(pair.train_level, values, atol=1e-6)
    np.testing.assert_array_equal(pair.val_level, values)


def test_many_validations_are_averaged_in_stretches() -> None:
    pair = pairs.loss_pair(training({"loss": np.arange(1000.0), "val_loss": np.arange(1000.0)}))
    assert pair is not None
    assert len(pair) == pairs.MAX_POINTS
    assert pair.train_level[0] == pytest.approx(pair.val_level[0])
    assert pair.val_level.mean() == pytest.approx(499.5, rel=0.01)


def test_epochs_beside_batches_are_aligned_by_the_clock() -> None:
    """Keras' habit: the validation's step is the epoch."""
    told = training({"loss": np.arange(100.0), "val_loss": np.arange(5.0)})
    val = told.series("val_loss")
    val.wall_time[:] = 1e9 + np.arange(5) * 20 + 19.5
    pair = pairs.loss_pair(told)
    assert pair is not None
    np.testing.assert_allclose(pair.train_level, [9.5, 29.5, 49.5, 69.5, 89.5])


def test_the_partner_is_the_training_tag_of_the_same_words() -> None:
    told = training({"train/loss": [1, 2], "train/mse_loss": [3, 4], "val/mse_loss": [5, 6]})
    pair = pairs.loss_pair(told)
    assert pair is not None
    assert pair.tags == ("train/mse_loss", "val/mse_loss")


def test_percent_is_a_share() -> None:
    pair = pairs.accuracy_pair(training({"train_acc": [10, 50, 90], "val_acc": [0.1, 0.5, 0.8]}))
    assert pair is not None
    np.testing.assert_allclose(pair.train_level, [0.1, 0.5, 0.9])


def test_nothing_stands_beside_nothing() -> None:
    assert pairs.loss_pair(training({})) is None
    assert pairs.loss_pair(training({"loss": [1.0]})) is None
    assert pairs.loss_pair(training({"loss": [np.nan], "val_loss": [1.0]})) is None


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_noise_is_that_of_the_points_and_not_of_the_trend(seed: int, scale: float) -> None:
    wanted = np.random.default_rng(seed).normal(0, scale, 400)
    assert pairs.noise(np.linspace(0, 1000 * scale, 400) + wanted) == pytest.approx(scale, rel=0.35)
    assert pairs.noise(np.zeros(2)) == 0
