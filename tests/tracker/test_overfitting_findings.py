"""Overfitting: the smallest rise that is told, the noise that hides one, and where the lowest point may lie."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import falling, severities, training

from tracker.findings.detectors.overfitting import overfitting


def said(val: np.ndarray, end: float = 0.01) -> list[str]:
    """Beside a training loss that falls to this."""
    return severities(overfitting, training({"train/loss": falling(2.3, end, len(val)), "val/loss": val}))


def risen(rise: float, low: int = 12, count: int = 40) -> np.ndarray:
    """Falls from 2.2 to 0.8 and rises from its lowest point on."""
    return np.r_[falling(2.2, 0.8, low), np.linspace(0.8, 0.8 + rise, count - low)]


@pytest.mark.parametrize(("rise", "severity"), [(0.02, []), (0.2, ["info"]), (0.8, ["warning"])])
def test_how_far_it_rises_says_how_bad_it_is(rise: float, severity: list[str]) -> None:
    """Of 1.5 that were learnt: a hundredth, an eighth, half."""
    assert said(risen(rise)) == severity


@pytest.mark.parametrize(("noise", "severity"), [(0.005, ["info"]), (0.2, [])])
@pytest.mark.parametrize("seed", range(5))
def test_the_lowest_of_many_noisy_points_lies_low_by_chance(noise: float, severity: list[str], seed: int) -> None:
    random = np.random.default_rng(seed)
    assert said(risen(0.15) + noise * random.standard_normal(40)) == severity


@pytest.mark.parametrize(("low", "is_found"), [(10, True), (37, False)])
def test_a_rise_at_the_very_end_may_not_last(low: int, is_found: bool) -> None:
    assert said(risen(0.8, low)) == ["warning"] * is_found


def test_four_validations_are_too_few() -> None:
    assert said(np.array([2.2, 0.8, 1.2, 1.9])) == []
    assert said(np.array([2.2, 0.8, 0.9, 1.2, 1.5, 1.7, 1.9, 2.0])) == ["warning"]


def test_a_validation_that_hardly_fell_learnt_nothing_to_lose() -> None:
    """It began below the training, as a first point after an epoch does."""
    flat = np.r_[np.linspace(1.5, 1.48, 12), np.linspace(1.48, 1.53, 28)]
    assert severities(overfitting, training({"train/loss": falling(1.5, 0.01, 40), "val/loss": flat})) == []


def test_a_rise_that_is_small_beside_what_is_left_or_was_learnt_is_told_only() -> None:
    """Nine tenths of the lowest loss, a seventh of what was learnt; a third of what was learnt, a seventh of the lowest."""
    assert said(np.r_[falling(7.0, 1.0, 12), np.linspace(1.0, 1.9, 28)]) == ["info"]
    assert said(np.r_[falling(2.9, 2.0, 12), np.linspace(2.0, 2.3, 28)]) == ["info"]
    assert said(np.r_[falling(2.2, 0.5, 12), np.linspace(0.5, 1.5, 28)]) == ["warning"]


@pytest.mark.parametrize(
    ("train", "val", "rise", "severity"),
    [(1.0, 0.7, 0.28, "warning"), (0.96, 0.7, 0.28, "info"), (1.0, 0.9, 0.28, "info"), (1.0, 0.7, 0.18, "info")],
)
def test_samples_known_by_heart_beside_others_read_wrong(train: float, val: float, rise: float, severity: str) -> None:
    """A fifth of what was learnt is lost again, less than is asked for otherwise: a third of the lowest loss."""
    points = {
        "train/loss": falling(2.3, 0.01, 40), "val/loss": risen(rise),
        "train/acc": falling(0.1, train, 40, 0.1), "val/acc": falling(0.1, val, 40, 0.1),
    }  # fmt: skip
    assert severities(overfitting, training(points)) == [severity]


def test_a_rise_that_is_over_again_is_nothing() -> None:
    back = np.r_[falling(2.2, 0.8, 12), np.linspace(0.8, 1.6, 8), np.full(17, 0.82), np.full(3, 1.3)]
    assert said(back) == []


def test_a_training_that_is_as_high_as_the_validation_does_not_know_its_samples() -> None:
    assert said(risen(0.4), end=0.7) == []


@pytest.mark.parametrize(
    ("fall", "grown", "best", "severity"),
    [(0.2, 1.0, 10, ["warning"]), (0.01, 1.0, 10, []), (0.2, 0.6, 10, []), (0.2, 1.0, 27, [])],
)
def test_without_losses_the_accuracies_say_it(fall: float, grown: float, best: int, severity: list[str]) -> None:
    """The best validation is behind, and the training went on growing from 0.6 then."""
    val = np.r_[np.linspace(0.2, 0.8, best), np.linspace(0.8, 0.8 - fall, 30 - best)]
    train = np.r_[np.linspace(0.2, 0.6, best), np.linspace(0.6, grown, 30 - best)]
    assert severities(overfitting, training({"acc": train, "val_acc": val})) == severity
    assert severities(overfitting, training({"acc": train[::4], "val_acc": val[::4]})) == []
    assert severities(overfitting, training({"val_acc": val})) == []
