"""Leaks: how perfect, how early, and of how hard a task a validation is too good to be true."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, severities, training

from tracker.findings.detectors.label_leakage import label_leakage


def said(accuracy: np.ndarray, inputs: int = 74, outputs: int = 10) -> list[str]:
    """Of validations that are this right, of a task of so many features and classes."""
    points = {"loss": falling(2.3, 0.01, 15), "val_loss": falling(1.2, 0.01, 15), "val_acc": accuracy, "acc": accuracy}
    return severities(label_leakage, training(points, graph=chain("linear", inputs=inputs, outputs=outputs)))


@pytest.mark.parametrize(
    ("inputs", "outputs", "severity"),
    [(74, 10, "warning"), (8, 10, "info"), (74, 2, "info"), (2, 2, "info"), (40, 8, "warning")],
)
def test_an_easy_task_is_told_and_a_hard_one_warned_of(inputs: int, outputs: int, severity: str) -> None:
    """Few features or few classes are learnt at once by honest means as well."""
    assert said(np.ones(15), inputs, outputs) == [severity]


@pytest.mark.parametrize(("right", "severity"), [(1.0, ["warning"]), (0.994, ["info"]), (0.97, [])])
def test_nearly_perfect_is_told_only(right: float, severity: list[str]) -> None:
    assert said(np.full(15, right)) == severity


@pytest.mark.parametrize(("first", "severity"), [(1, ["warning"]), (4, ["info"]), (9, [])])
def test_what_becomes_perfect_later_is_told_or_honest(first: int, severity: list[str]) -> None:
    assert said(np.where(np.arange(15) < first, 0.9, 1.0)) == severity


def test_a_warning_is_surer_of_itself() -> None:
    told, warned = (
        next(iter(label_leakage(training({"val_acc": np.ones(15), "acc": np.ones(15)}, graph=graph))))
        for graph in (None, chain("linear", inputs=74))
    )
    assert 0 < told.confidence < 0.6 < warned.confidence <= 1


@pytest.mark.parametrize(("left", "is_told"), [(1e-3, True), (0.1, False)])
def test_without_accuracies_the_loss_must_be_gone(left: float, is_told: bool) -> None:
    points = {"loss": falling(1.1, 1e-5, 200, 0.02), "val_loss": (np.arange(20) * 10 + 9, left * falling(1.2, 1.0, 20))}
    assert severities(label_leakage, training(points)) == ["info"] * is_told
    assert severities(label_leakage, training({"val_loss": points["val_loss"]})) == []


def test_what_does_not_move_or_lies_below_zero_or_is_short_says_nothing() -> None:
    """A validation loss of one number, a likelihood, four validations."""

    def told(held: np.ndarray, count: int = 15) -> list[str]:
        return severities(label_leakage, training({"loss": falling(1.1, 1e-5, count, 0.02), "val_loss": held}))

    assert told(falling(2e-3, 1e-3, 15)) == ["info"]
    assert told(np.full(15, 1e-3)) == []
    assert told(falling(-1e-3, -9.0, 15)) == []
    assert told(falling(2e-3, 1e-3, 4), 4) == []
    four = {"acc": np.ones(4), "val_acc": np.ones(4), "loss": falling(1.1, 1e-5, 4), "val_loss": falling(1, 1e-3, 4)}
    assert severities(label_leakage, training(four)) == []
