"""What is found where classes are told apart: a class for all, and losses that do not suit the output."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, training

from tracker.findings.detectors.class_collapse import class_collapse
from tracker.findings.detectors.wrong_loss import wrong_loss
from tracker.findings.training import Training

RANDOM = np.random.default_rng(4)


def said(told: Training) -> list[tuple[str, str]]:
    return [(found.kind, found.severity) for find in (class_collapse, wrong_loss) for found in find(told)]


def entropy(a: float) -> float:
    return float(-a * np.log(a) - (1 - a) * np.log(1 - a))


def test_an_accuracy_that_is_the_share_of_a_class_has_collapsed() -> None:
    told = training(
        {
            "loss": falling(0.7, entropy(0.9), 200) + 0.01 * RANDOM.standard_normal(200),
            "acc": 0.9 + 0.05 * RANDOM.standard_normal(200).clip(-2, 2),
            "val_acc": (np.arange(20) * 10 + 9, np.where(np.arange(20) < 2, 0.7, 0.905)),
        }
    )
    assert said(told) == [("class_collapse", "warning")]
    (found,) = class_collapse(told)
    assert found.step == 29


def test_a_recall_of_nothing_beside_it_is_enough() -> None:
    told = training({"val_acc": np.full(12, 0.95), "val_recall/rare": np.zeros(12)})
    assert said(told) == [("class_collapse", "warning")]


@pytest.mark.parametrize("late", [0.3, 0.05])
def test_an_accuracy_that_stands_still_where_the_loss_knows_more_is_learning(late: float) -> None:
    """A small validation set at its last sample, or a rare class about to be learnt."""
    told = training({"loss": falling(0.7, late * entropy(0.96), 200), "acc": np.linspace(0.6, 0.99, 200),
                     "val_acc": (np.arange(20) * 10 + 9, np.where(np.arange(20) < 3, 0.9, 0.96))})  # fmt: skip
    assert said(told) == []


def test_an_accuracy_that_climbed_to_where_it_stands_is_learnt() -> None:
    """An underconfident learner: right for 34 of 35, at the loss that a constant answer would have."""
    accuracy = np.concatenate([[0.66, 0.86, 0.91, 0.94], np.full(8, 0.97)])
    told = training({"loss": falling(1.1, 0.25, 120), "val_acc": (np.arange(12) * 10 + 9, accuracy)})
    assert said(told) == []


def test_an_unbalanced_problem_that_is_learnt_late_is_learnt() -> None:
    accuracy = np.where(np.arange(30) < 20, 0.95, np.linspace(0.9, 0.99, 30))
    recall = np.where(np.arange(30) < 20, 0, 0.8)
    told = training({"loss": falling(0.7, 0.03, 300), "val_acc": (np.arange(30) * 10, accuracy),
                     "val_recall/rare": (np.arange(30) * 10, recall)})  # fmt: skip
    assert said(told) == []


def test_batches_that_are_all_given_one_class_have_collapsed() -> None:
    told = training({"loss": np.full(100, 2.3), "acc": 0.1 + 0.05 * RANDOM.standard_normal(100).clip(-1, 2),
                     "output/constant": (np.arange(10) * 10, np.ones(10))})  # fmt: skip
    assert said(told) == [("class_collapse", "warning")]


@pytest.mark.parametrize("classes", [3, 10, 100])
def test_a_loss_that_rests_on_the_floor_of_probabilities_is_softmax_twice(classes: int) -> None:
    floor = np.log1p((classes - 1) / np.e)
    accuracy = np.linspace(1 / classes, 1, 200).clip(0, 0.97)
    loss = falling(np.log(classes), floor + 0.03, 200, 0.08) + 0.002 * RANDOM.standard_normal(200)
    known = chain("linear", "softmax", outputs=classes)
    assert said(training({"loss": loss, "acc": accuracy}, graph=known)) == [("wrong_loss", "warning")]
    assert said(training({"loss": loss, "acc": accuracy})) == [("wrong_loss", "warning")]


def test_a_model_of_probabilities_with_the_loss_that_takes_them_is_right() -> None:
    told = training({"loss": falling(np.log(10), 0.1, 200), "acc": np.linspace(0.1, 0.97, 200)},
                    graph=chain("linear", "softmax"))  # fmt: skip
    assert said(told) == []


@pytest.mark.parametrize("floor", [0.5, 0.85])
def test_smoothed_labels_have_another_floor(floor: float) -> None:
    told = training({"loss": falling(np.log(10), floor, 300, 0.1), "acc": np.linspace(0.1, 1, 300).clip(0, 0.98)})
    assert said(told) == []


def test_a_hard_task_that_rests_high_is_no_wrong_loss() -> None:
    told = training({"loss": falling(np.log(10), 1.5, 300, 0.1), "acc": falling(0.1, 0.45, 300, 0.1)})
    assert said(told) == []


def test_a_binary_loss_that_rests_high_at_a_high_accuracy_is_a_sigmoid_twice() -> None:
    told = training({"loss": falling(0.68, 0.46, 300, 0.1), "acc": falling(0.5, 0.97, 300, 0.05)})
    assert said(told) == [("wrong_loss", "warning")]


def test_a_classifier_below_zero_lacks_a_logarithm() -> None:
    accuracy = falling(0.1, 0.95, 100)
    endless = training({"loss": -np.linspace(0, 900, 100), "acc": accuracy})
    assert said(endless) == [("wrong_loss", "error")]
    assert said(training({"loss": -accuracy, "acc": accuracy})) == [("wrong_loss", "warning")]


def test_a_likelihood_below_zero_is_a_density() -> None:
    assert said(training({"loss": np.linspace(3, -7, 100), "val_loss": np.linspace(3, -7, 100)})) == []


def test_a_loss_of_nothing_is_of_one_output() -> None:
    assert said(training({"loss": np.zeros(30), "val_acc": np.full(10, 0.6)})) == [("wrong_loss", "error")]


def test_a_loss_that_falls_past_what_its_errors_cost_is_of_something_else() -> None:
    told = training({"loss": falling(1.4, 0.04, 100), "acc": 0.3 + 0.05 * np.sin(np.arange(100))})
    assert said(told) == [("wrong_loss", "warning")]
