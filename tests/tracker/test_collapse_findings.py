"""One class for all: since when, at which losses, and who only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import falling, severities, training

from tracker.findings.detectors.class_collapse import class_collapse

AT = np.arange(20) * 10 + 9


def entropy(a: float) -> float:
    """What a constant answer costs that is right for this share of two classes."""
    return float(-a * np.log(a) - (1 - a) * np.log(1 - a))


def said(points: dict[str, object]) -> list[str]:
    return severities(class_collapse, training(points))  # type: ignore[arg-type]


def still(a: float, since: int = 2, loss: float | None = None, **more: object) -> list[str]:
    """What is said of an accuracy that does not move from a validation on, of twenty."""
    wobbling = a - 0.2 + 0.1 * np.cos(np.arange(20) * np.pi)
    points = {"val_acc": (AT, np.where(np.arange(20) < since, wobbling, a))}
    points["loss"] = falling(0.7, entropy(a) if loss is None else loss, 200, 0.05)  # type: ignore[assignment]
    return said({**points, **more})


@pytest.mark.parametrize(("since", "is_found"), [(0, True), (5, True), (11, False), (17, False)])
def test_it_must_stand_still_for_most_of_the_run(since: int, is_found: bool) -> None:
    assert still(0.9, since) == ["warning"] * is_found


@pytest.mark.parametrize(("a", "is_found"), [(0.9, True), (0.995, False), (0.0, False)])
def test_what_cannot_be_better_is_no_collapse(a: float, is_found: bool) -> None:
    assert still(a, loss=entropy(0.9)) == ["warning"] * is_found


def test_four_validations_are_too_few() -> None:
    loss = falling(0.7, entropy(0.9), 200)
    assert said({"loss": loss, "val_acc": ([49, 99, 149, 199], [0.9] * 4)}) == []
    assert said({"loss": loss, "val_acc": ([9, 49, 59, 99, 149, 199], [0.7, 0.8, 0.9, 0.9, 0.9, 0.9])}) == []


def test_an_accuracy_of_the_training_alone_is_enough_and_a_loss_is_needed() -> None:
    assert said({"loss": np.full(40, entropy(0.9)), "acc": np.full(40, 0.9)}) == ["warning"]
    assert said({"val_acc": np.full(20, 0.9)}) == []


@pytest.mark.parametrize(("loss", "is_found"), [(0.95, True), (0.6, False), (0.01, True)])
def test_the_loss_is_that_of_a_constant_answer_or_counts_one_class_only(loss: float, is_found: bool) -> None:
    """By the accuracy of the training, 0.9; the last one costs less than wrong answers do."""
    random = 0.9 + 0.03 * np.sin(np.arange(200))
    assert still(0.9, loss=loss * entropy(0.9) if loss > 0.1 else loss, acc=random) == ["warning"] * is_found


@pytest.mark.parametrize(("loss", "is_found"), [(1.25, True), (0.8, False)])
def test_of_many_classes_a_constant_answer_costs_the_logarithm(loss: float, is_found: bool) -> None:
    """-ln 0.3 = 1.2 at the least; the entropy of two classes is 0.61."""
    assert still(0.3, loss=loss) == ["warning"] * is_found


@pytest.mark.parametrize(("own", "is_found"), [(0.88, True), (0.5, False)])
def test_the_training_is_right_as_often_as_the_validation(own: float, is_found: bool) -> None:
    assert still(0.9, loss=0.7, acc=own + 0.03 * np.sin(np.arange(200))) == ["warning"] * is_found


def test_a_training_whose_accuracy_grows_is_learning() -> None:
    assert still(0.9, loss=0.7, acc=np.linspace(0.76, 0.99, 200)) == []


@pytest.mark.parametrize(
    ("val_loss", "is_found"),
    [(np.full(20, 0.33), True), (np.full(20, 0.05), False), (np.linspace(0.9, 0.35, 20), False)],
)
def test_a_validation_loss_that_knows_more_or_still_falls_is_learning(val_loss: np.ndarray, is_found: bool) -> None:
    assert still(0.9, val_loss=(AT, val_loss)) == ["warning"] * is_found


def test_batches_that_are_given_several_classes_have_not_collapsed() -> None:
    assert still(0.9, **{"output/constant": (AT, np.full(20, 0.4))}) == []
    assert still(0.9, **{"output/constant": (AT, np.ones(20))}) == ["warning"]
    assert still(0.9, **{"output/constant": (AT, np.where(np.arange(20) < 8, 0.4, 1.0))}) == ["warning"]


def test_an_accuracy_that_jumped_about_has_not_climbed() -> None:
    """Three values that only grew are learning; the same in another order are not, nor are two."""

    def after(*before: float) -> list[str]:
        accuracy = np.r_[before, np.full(20 - len(before), 0.9)]
        return said({"loss": np.full(200, entropy(0.9)), "val_acc": (AT, accuracy)})

    assert after(0.5, 0.7, 0.8) == []
    assert after(0.7, 0.5, 0.8) == ["warning"]
    assert after(0.5, 0.8) == ["warning"]
    assert after(0.5, 0.5, 0.5, 0.8) == ["warning"]


def test_a_recall_of_nothing_is_named_or_told_alone() -> None:
    nothing = {"val_recall/rare": (AT, np.zeros(20))}
    (found,) = class_collapse(training({"loss": np.full(200, 0.33), "val_acc": (AT, np.full(20, 0.9))} | nothing))
    assert "val_recall/rare is 0" in found.sentence
    assert found.evidence.tags == ("val_acc", "val_recall/rare")
    (without,) = class_collapse(training({"loss": np.full(200, 0.33), "val_acc": (AT, np.full(20, 0.9))}))
    assert ("recall" in without.sentence, without.evidence.tags) == (False, ("val_acc",))
    assert said(nothing) == ["info"]
    assert said({"val_recall/rare": (AT, np.full(20, 0.8))}) == []
    assert said({"val_recall/rare": (AT, np.r_[np.full(12, 0.5), np.zeros(8)])}) == []


def test_beside_a_recall_of_nothing_the_loss_may_be_lower() -> None:
    """The common class is learnt; what it costs is less than the shares of the classes would."""
    nothing = {"val_recall/rare": (AT, np.zeros(20))}
    assert still(0.9, loss=0.7 * entropy(0.9), **nothing) == ["warning"]
    assert still(0.9, loss=0.7 * entropy(0.9)) == []
    assert still(0.9, loss=0.3 * entropy(0.9), **nothing) == ["info"]


@pytest.mark.parametrize(("same", "loss", "is_found"), [(1.0, 2.3, True), (0.9, 2.3, False), (1.0, 0.8, False)])
def test_every_batch_of_a_classifier_is_given_one_class(same: float, loss: float, is_found: bool) -> None:
    """Whose loss is chance's as well; a regression gives what it likes."""
    acc = 0.1 + 0.05 * np.sin(np.arange(100))
    constant = {"output/constant": (np.arange(10) * 10, np.full(10, same))}
    assert said({"loss": np.full(100, loss), "acc": acc} | constant) == ["warning"] * is_found
    assert said({"loss": np.full(100, loss)} | constant) == []
