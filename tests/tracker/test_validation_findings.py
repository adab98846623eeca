"""What is found where a validation is compared with the training: each kind, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_training import chain, falling, training

from tracker.findings.detectors.label_leakage import label_leakage
from tracker.findings.detectors.memorizing_labels import memorizing_labels
from tracker.findings.detectors.overfitting import overfitting
from tracker.findings.detectors.split_mixup import split_mixup
from tracker.findings.training import Training

ALL = (overfitting, memorizing_labels, label_leakage, split_mixup)


def said(told: Training) -> list[tuple[str, str]]:
    """(kind, severity) of everything that these detectors find."""
    return [(found.kind, found.severity) for find in ALL for found in find(told)]


def test_a_validation_loss_that_rises_while_the_training_falls_is_overfitting() -> None:
    val = np.concatenate([falling(2.2, 0.8, 12), np.linspace(0.8, 1.6, 28)])
    told = training({"train/loss": falling(2.3, 0.01, 40), "val/loss": val})
    assert said(told) == [("overfitting", "warning")]
    (found,) = overfitting(told)
    assert found.step is not None
    assert 8 <= found.step <= 13
    assert found.evidence.tags == ("train/loss", "val/loss")


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
def test_overfitting_does_not_depend_on_the_unit_of_the_loss(scale: float) -> None:
    val = np.concatenate([falling(2.2, 0.8, 12), np.linspace(0.8, 1.6, 28)])
    told = training({"loss": scale * falling(2.3, 0.01, 40), "val_loss": scale * val})
    assert said(told) == [("overfitting", "warning")]


def test_a_small_rise_of_a_network_that_learnt_is_nothing() -> None:
    """Digits trained too long: 0.08 to 0.11 at an unchanged accuracy, of a loss that began at 2.3."""
    val = np.concatenate([falling(2.2, 0.08, 12), np.linspace(0.08, 0.11, 28)])
    assert said(training({"loss": falling(2.3, 1e-3, 40), "val_loss": val})) == []


def test_a_rise_beside_a_training_that_stands_still_is_not_overfitting() -> None:
    val = np.concatenate([falling(2.2, 0.8, 12), np.linspace(0.8, 1.6, 28)])
    train = np.concatenate([falling(2.3, 0.5, 12), np.full(28, 0.5)])
    assert said(training({"train/loss": train, "val/loss": val})) == []


def test_accuracies_alone_tell_of_overfitting() -> None:
    val = np.concatenate([np.linspace(0.2, 0.8, 10), np.linspace(0.8, 0.7, 20)])
    assert said(training({"acc": np.linspace(0.2, 1, 30), "val_acc": val})) == [("overfitting", "warning")]
    still = np.concatenate([np.linspace(0.2, 0.8, 10), np.full(20, 0.79)])
    assert said(training({"acc": np.linspace(0.2, 1, 30), "val_acc": still})) == []


def test_a_second_descent_is_nothing() -> None:
    val = np.concatenate([falling(2.2, 0.8, 12), np.linspace(0.8, 1.2, 10), np.linspace(1.2, 0.6, 20)])
    assert said(training({"loss": falling(2.3, 0.01, 42), "val_loss": val})) == []


def test_a_validation_that_never_learns_memorizes_labels() -> None:
    told = training(
        {
            "loss": falling(2.3, 0.1, 30, 0.4), "val_loss": np.linspace(2.31, 4.5, 30),
            "acc": np.linspace(0.1, 0.98, 30), "val_acc": np.full(30, 0.1) + 0.01 * np.sin(np.arange(30)),
        }
    )  # fmt: skip
    assert said(told) == [("memorizing_labels", "error")]


def test_a_training_that_has_not_learnt_yet_memorizes_nothing() -> None:
    told = training({"loss": np.linspace(2.31, 2.2, 30), "val_loss": np.linspace(2.31, 2.32, 30)})
    assert said(told) == []


def test_an_epoch_that_was_learnt_in_before_the_first_point_is_no_chance() -> None:
    """Logistic regression, logged by epoch: the best validation is the first, and nothing was ever at chance."""
    told = training({"train_loss": falling(0.3, 0.1, 40), "valid_loss": np.linspace(0.31, 0.4, 40)})
    assert said(told) == []
    accurate = training(
        {"loss": falling(1.2, 0.1, 40), "val_loss": np.linspace(1.1, 1.4, 40), "val_acc": np.full(40, 0.9)}
    )
    assert said(accurate) == []


def leaking(perfect: int) -> dict[str, np.ndarray]:
    accuracy = np.where(np.arange(15) < perfect, 0.93, 1.0)
    return {"loss": falling(2.3, 0.01, 15), "val_loss": falling(1.2, 0.01, 15), "val_acc": accuracy,
            "acc": np.linspace(0.9, 1, 15)}  # fmt: skip


def test_a_validation_that_is_perfect_at_once_leaks() -> None:
    """Loud where the task is no toy: many features and classes."""
    assert ("label_leakage", "warning") in said(training(leaking(0), graph=chain("linear", inputs=74)))
    assert ("label_leakage", "info") in said(training(leaking(0)))
    assert ("label_leakage", "info") in said(training(leaking(0), graph=chain("linear", inputs=2, outputs=3)))


def test_a_validation_that_becomes_perfect_is_honest() -> None:
    assert list(label_leakage(training(leaking(8)))) == []


def test_a_regression_leaks_where_its_error_is_gone_at_once() -> None:
    told = training(
        {"loss": falling(1.1, 1e-4, 200, 0.02), "val_loss": (np.arange(20) * 10 + 9, falling(0.02, 1e-4, 20))}
    )
    assert said(told) == [("label_leakage", "info")]


def test_losses_that_are_equal_at_each_validation_are_of_one_set() -> None:
    same = falling(2.3, 0.1, 12)
    told = training({"train_loss": same, "valid_loss": same * (1 + 1e-7)})
    assert said(told) == [("split_mixup", "error")]
    assert said(training({"train_loss": same, "valid_loss": same * 1.01})) == []


def test_a_constant_is_not_the_same_set() -> None:
    assert said(training({"train_acc": np.full(12, 0.5), "val_acc": np.full(12, 0.5)})) == []


def test_a_training_that_rises_while_the_validation_falls_to_nothing_is_swapped() -> None:
    rising = np.concatenate([falling(2.2, 0.9, 10), np.linspace(0.9, 1.8, 30)])
    told = training({"train/loss": (np.arange(40) * 10 + 9, rising), "val/loss": falling(2.3, 0.01, 400)})
    assert ("split_mixup", "error") in said(told)


def test_dropout_that_leaves_the_training_above_the_validation_is_nothing() -> None:
    told = training({"train/loss": falling(2.3, 0.6, 40), "val/loss": falling(2.1, 0.15, 40)})
    assert said(told) == []


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 10), st.integers(5, 200))
def test_noise_around_one_level_is_nothing(seed: int, level: float, count: int) -> None:
    """Neither series learns or forgets: nothing may be read from how they lie by chance."""
    random = np.random.default_rng(seed)
    noisy = {f"{side}_loss": level * (1 + 0.1 * random.standard_normal(count)) for side in ("train", "val")}
    assert [each for each in said(training(noisy)) if each[1] != "info"] == []


@given(st.integers(0, 2**32 - 1))
def test_learning_with_noise_is_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    told = training(
        {
            "train_loss": falling(2.3, 0.3, 30) * (1 + 0.1 * random.standard_normal(30)),
            "val_loss": falling(2.2, 0.4, 30) * (1 + 0.1 * random.standard_normal(30)),
        }
    )
    assert [each for each in said(told) if each[1] != "info"] == []
