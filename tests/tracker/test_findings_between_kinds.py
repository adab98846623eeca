"""Findings where two kinds are near each other: what is one is not called the other, and what is mild is not said aloud."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from healthy_logs import curve, every, shares
from made_trainings import falling, flat, training

from tracker.findings.detectors.accumulating_gradients import accumulating_gradients
from tracker.findings.detectors.class_collapse import class_collapse
from tracker.findings.detectors.data_starvation import data_starvation
from tracker.findings.detectors.exploding_gradients import exploding_gradients
from tracker.findings.detectors.frozen_layer import frozen_layer
from tracker.findings.detectors.lr_too_high import lr_too_high
from tracker.findings.detectors.lr_too_low import lr_too_low
from tracker.findings.detectors.momentum_too_high import momentum_too_high
from tracker.findings.detectors.overfitting import overfitting
from tracker.findings.detectors.plateau import plateau
from tracker.findings.detectors.unshuffled_data import unshuffled_data
from tracker.findings.detectors.weight_decay_too_large import weight_decay_too_large

RANDOM = np.random.default_rng(0)


def severities(found: Any) -> list[str]:
    """Of what a detector yields."""
    return [each.severity for each in found]


@pytest.mark.parametrize(("grows", "expected"), [(True, ["warning"]), (False, [])])
def test_gradients_forgotten_once_an_epoch(grows: bool, expected: list[str]) -> None:
    """They grow from batch to batch and are short again at the next epoch."""
    within = np.tile(np.arange(1, 25) if grows else np.full(24, 12.0), 8)
    norm = within * np.exp(0.1 * RANDOM.standard_normal(192))
    curves = {"loss": falling(0, 192), "grad_norm": norm, "val_loss": (np.arange(8) * 24 + 23, falling(1, 8))}
    assert severities(accumulating_gradients(training(curves))) == expected


@pytest.mark.parametrize(("steps", "expected"), [(range(20), ["info"]), (range(0, 1000, 50), ["warning"])])
def test_a_few_dozen_steps_are_no_plateau_to_bet_on(steps: range, expected: list[str]) -> None:
    assert severities(plateau(training({"loss": (list(steps), flat(0, 20))}))) == expected


@pytest.mark.parametrize(("gradient", "expected"), [(1e-3, ["warning"]), (1e-9, ["info"])])
def test_a_step_that_is_rounded_away_freezes_nothing(gradient: float, expected: list[str]) -> None:
    """Its gradient is too short to move a weight in float32."""
    curves = {
        "lr": np.full(5, 0.1), "update_ratio/fc1.weight": np.zeros(5), "update_ratio/fc2.weight": np.full(5, 1e-3),
        "grad_norm/fc1.weight": np.full(5, gradient), "grad_norm/fc2.weight": np.ones(5),
        "weight_norm/fc1.weight": np.full(5, 3.0), "weight_norm/fc2.weight": np.full(5, 3.0),
    }  # fmt: skip
    assert severities(frozen_layer(training(curves))) == expected


@pytest.mark.parametrize(("gone", "expected"), [(False, ["warning"]), (True, [])])
def test_an_accuracy_that_rests_with_the_rate_is_no_collapse(gone: bool, expected: list[str]) -> None:
    """One class for all, unless nothing moves any more."""
    curves = {
        "train_loss": flat(0, 30, -0.9 * np.log(0.9) - 0.1 * np.log(0.1), 0.01), "val_acc": np.full(30, 0.9),
        "train_acc": 0.9 + 0.005 * RANDOM.standard_normal(30), "lr": 0.1 * np.where(np.arange(30) > 3, 0.001 if gone else 1, 1.0),
    }  # fmt: skip
    assert severities(class_collapse(training(curves))) == expected


@pytest.mark.parametrize(("wait", "expected"), [(0.02, ["warning"]), (0.002, [])])
def test_two_means_of_what_it_waits_are_enough(wait: float, expected: list[str]) -> None:
    """Each is over many steps already."""
    about = training({"time/data": every(20, np.full(2, wait)), "time/step": every(20, np.full(2, 0.024))})
    assert severities(data_starvation(about)) == expected


@pytest.mark.parametrize(("batch", "expected"), [(32, ["warning"]), (2, [])])
def test_batches_read_wrong_to_the_last_sample_are_of_one_kind(batch: int, expected: list[str]) -> None:
    """Unless they have two samples."""
    right = np.where(RANDOM.random(200) < 0.8, 0.0, 1 / batch)
    curves = {"loss": flat(0, 200), "train_acc": right, "val_acc": every(20, np.full(10, 0.1))}
    assert severities(unshuffled_data(training(curves))) == expected


@pytest.mark.parametrize(("lr", "expected"), [(3.0, ["error"]), (0.01, [])])
def test_a_leap_and_nothing_learned_is_a_wild_rate(lr: float, expected: list[str]) -> None:
    """From outside, by the settings."""
    loss = flat(0, 200)
    loss[3:6] = 4.6
    assert severities(lr_too_high(training({"loss": loss}, {"lr": lr, "optimizer": "SGD"}))) == expected


def test_a_rate_that_a_schedule_ends_low_was_not_too_low() -> None:
    """What counts is its height."""
    low = {"loss": 2.3 - 0.0005 * np.arange(200), "lr": np.full(200, 1e-6), "update_ratio/w": np.full(20, 1e-6)}
    fades = {**low, "lr": 0.1 * 0.9 ** np.arange(200), "update_ratio/w": 1e-2 * 0.3 ** np.arange(20)}
    assert severities(lr_too_low(training(low))) == ["warning"]
    assert severities(lr_too_low(training(fades))) == []


def test_far_above_chance_and_long_gradients_is_an_explosion() -> None:
    """A classifier that comes down from 25 and is still at 4."""
    curves = {
        "loss": curve(RANDOM, 200, 25, 4, 0.02),
        "acc": shares(RANDOM, 200, 0.1, 0.15),
        "grad_norm": curve(RANDOM, 200, 140, 50, 0.02),
    }
    assert severities(exploding_gradients(training(curves))) == ["warning"]


@pytest.mark.parametrize(("reads", "expected"), [(0.76, ["warning"]), (0.85, ["info"])])
def test_a_loss_that_rises_a_little_costs_where_it_is_read_worse(reads: float, expected: list[str]) -> None:
    """By a seventh of its lowest, beside an accuracy that falls or stays."""
    n = 60
    val = np.r_[np.linspace(2.2, 0.67, 20), np.linspace(0.67, 0.77, 40)]
    held = np.r_[np.linspace(0.2, 0.8, 20), np.linspace(0.8, reads, 40)]
    curves = {
        "train_loss": curve(RANDOM, n, 2.3, 0.03, 0.0, 5),
        "val_loss": val,
        "train_acc": shares(RANDOM, n, 0.2, 1.0),
        "val_acc": held,
    }
    assert severities(overfitting(training(curves))) == expected


@pytest.mark.parametrize(
    ("first", "gradient", "right", "expected"),
    [(20.0, 100.0, "acc", ["warning"]), (20.0, 40.0, "acc", []), (9.0, 100.0, "acc", []), (20.0, 100.0, "r2", [])],
)
def test_a_classifier_that_begins_far_off_with_long_gradients_explodes(
    first: float, gradient: float, right: str, expected: list[str]
) -> None:
    """Both fall, so that neither is seen at the end; who is no classifier may have a loss of any size."""
    curves = {
        "loss": curve(RANDOM, 200, first, 1.5, 0.02), right: shares(RANDOM, 200, 0.1, 0.4),
        "grad_norm": gradient * np.exp(-np.arange(200) / 20) + 1,
    }  # fmt: skip
    assert severities(exploding_gradients(training(curves))) == expected


def rolls(*turns: float) -> Any:
    """A loss that goes from one of these to the next, twenty points each, with a little noise."""
    line = np.concatenate([np.linspace(a, b, 20, endpoint=False) for a, b in pairwise(turns)])
    return np.r_[line, np.full(40, turns[-1])] + 0.01 * RANDOM.standard_normal(len(line) + 40)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [((2.0, 0.5, 1.2, 0.3), "warning"), ((2.0, 0.5, 0.8, 0.3), "info"), ((2.0, 0.5, 0.95, 0.5, 0.95, 0.3), "warning"),
     ((2.0, 0.5, 0.7, 0.5, 0.7, 0.3), "info")],
)  # fmt: skip
def test_a_high_momentum_overshoots_once_by_much_or_twice_by_less(turns: tuple[float, ...], expected: str) -> None:
    """Of what it fell: half, a fifth, a quarter twice, an eighth twice."""
    assert severities(momentum_too_high(training({"loss": rolls(*turns)}, {"momentum": 0.99}))) == [expected]
    assert severities(momentum_too_high(training({"loss": rolls(*turns)}, {"momentum": 0.9}))) == []


@pytest.mark.parametrize(("best", "expected"), [(0.3, ["warning"]), (0.95, [])])
def test_labels_of_which_one_is_nearly_all_are_read_right_by_who_says_it(best: float, expected: list[str]) -> None:
    """Batches of one label each, and of another each time, are in order."""
    curves = {
        "loss": falling(1), "batch/classes": np.full(8, 2.0), "batch/commonest": np.full(8, 0.97),
        "batch/label_change": np.full(8, 0.95), "val_acc": every(40, shares(RANDOM, 10, 0.1, best)),
    }  # fmt: skip
    assert severities(unshuffled_data(training(curves))) == expected


def bump(height: float, end: float = 0.2, count: int = 17) -> Any:
    """A validation that falls to 0.3, rises by so much, is down again and goes on to the end."""
    return every(
        10, np.r_[np.linspace(0.6, 0.3, 5), 0.3 + height * np.array([0.5, 1, 0.5]), np.linspace(0.3, end, count)]
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [(bump(0.25), "warning"), (bump(0.15), "info"), (bump(0.25, count=2), "warning"), (bump(0.05, 0.55), "info"),
     (every(10, np.linspace(0.6, 0.3, 6)), "info"),
     (every(10, np.tile([0.6, 0.3, 0.5, 0.45], 6)), "warning"), (every(10, np.tile([0.4, 0.37], 12)), "info")],
)  # fmt: skip
def test_a_validation_rolls_where_batches_hide_it(held: Any, expected: str) -> None:
    """By half of what it fell and back; a rise that stays is of something else."""
    curves = {"train_loss": flat(3, 250, 0.5, 0.3) * np.linspace(1.4, 0.7, 250), "val_loss": held}
    found = list(momentum_too_high(training(curves, {"momentum": 0.99})))
    assert severities(found) == [expected]
    assert ("val_loss" in found[0].sentence) == (expected == "warning")


def repeated(apart: float, steps: int = 24, epochs: int = 8) -> tuple[Any, Any]:
    """Losses and accuracies of batches of 32 in one order that is kept: as far apart as chance makes them, times this."""
    order = RANDOM.standard_normal(steps)
    order = (order - order.mean()) / order.std()
    p = 0.7
    right = np.round(32 * np.clip(p + order * np.sqrt(apart * p * (1 - p) / 32), 0, 1)) / 32
    trend = np.repeat(np.linspace(2.2, 1.2, epochs), steps)
    return trend - 0.3 * np.tile(order, epochs), np.tile(right, epochs)


@pytest.mark.parametrize(("apart", "severity"), [(1.0, "info"), (1.6, "info"), (3.5, "warning")])
def test_batches_parted_by_chance_are_read_alike(apart: float, severity: str) -> None:
    """In an order that is kept: told, and warned of where it is one of kinds."""
    loss, right = repeated(apart)
    curves = {"train_loss": loss, "train_acc": right, "val_loss": every(24, falling(1, 8), 23)}
    assert severities(unshuffled_data(training(curves))) == [severity]


@pytest.mark.parametrize("change", [lambda right: right - 0.01 * RANDOM.random(len(right)), lambda right: right[:12]])
def test_what_is_no_accuracy_of_a_batch_says_nothing_of_chance(change: Any) -> None:
    """An R² by that name; too few of them."""
    loss, right = repeated(8.0)
    curves = {"train_loss": loss, "train_acc": change(right), "val_loss": every(24, falling(1, 8), 23)}
    assert severities(unshuffled_data(training(curves))) == ["info"]


@pytest.mark.parametrize(
    ("decay", "left", "expected"),
    [(0.6, 0.5, ["warning"]), (0.4, 0.5, []), (0.4, 0.9, ["warning"]), (0.6, 0.2, []), (0.2, 0.9, [])],
)
def test_a_decay_that_takes_all_weights_away_is_told_by_what_is_left_of_the_loss(
    decay: float, left: float, expected: list[str]
) -> None:
    """From outside, by the settings: 400 steps that take 0.008 and more of them each."""
    curves = {"loss": falling(1, 400, 0.02, 2.0, 2.0 * left)}
    found = weight_decay_too_large(training(curves, {"wd": decay, "lr": 0.04}))
    assert severities(found) == expected
