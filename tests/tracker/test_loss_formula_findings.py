"""Losses that do not suit their output: each mistake beside a right training whose curve lies close to it."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, severities, training

from tracker.findings.detectors.wrong_loss import wrong_loss

PROBABILITIES = chain("linear", "softmax")
LOGITS = chain("linear", "relu", "out")
FLOOR = float(np.log1p(9 / np.e))
LEARNT = np.linspace(0.1, 1.6, 200).clip(0, 0.97)


def said(points: dict[str, object], graph: object = None) -> list[str]:
    return severities(wrong_loss, training(points, graph=graph))  # type: ignore[arg-type]


def test_four_points_are_too_few_to_tell() -> None:
    assert said({"loss": np.zeros(4)}) == []
    assert said({"loss": np.zeros(30), "aux_loss": falling(2.3, 0.3, 30)}) == []
    assert said({"loss": np.full(30, 1e-3)}) == []


@pytest.mark.parametrize(
    ("lowest", "last", "is_found"),
    [(-0.95, "softmax", True), (-0.95, "logsoftmax", False), (-0.95, "linear", False), (-7.0, "softmax", False)],
)
def test_a_likelihood_below_zero_is_of_probabilities_where_the_graph_says_so(
    lowest: float, last: str, is_found: bool
) -> None:
    assert said({"loss": np.linspace(-0.1, lowest, 100)}, chain("linear", last)) == ["warning"] * is_found


def test_a_bounded_loss_below_zero_is_the_accuracy_or_something_else() -> None:
    """A similarity of -0.4 at an accuracy of 0.95; a loss that dips below zero and comes back."""
    accuracy = falling(0.1, 0.95, 100)
    assert said({"loss": np.linspace(0, -0.4, 100), "acc": accuracy}) == []
    assert said({"loss": np.where(np.arange(100) % 5, -0.5, 0.5), "acc": accuracy}) == []
    assert said({"loss": np.linspace(0, -1, 100), "acc": accuracy}) == ["warning"]


def rests(
    at: float, accuracy: object = LEARNT, graph: object = None, start: float = 2.3026, **more: object
) -> list[str]:
    """What is said of a loss that comes to rest there, beside an accuracy."""
    points = {"loss": falling(start, at, 200, 0.08), **({} if accuracy is None else {"acc": accuracy}), **more}
    return said(points, graph)


@pytest.mark.parametrize(("above", "is_found"), [(0.03, True), (0.25, False), (-0.3, False)])
def test_a_loss_must_rest_on_the_floor(above: float, is_found: bool) -> None:
    assert rests(FLOOR + above) == ["warning"] * is_found
    assert rests(FLOOR + above, accuracy=None) == ["info"] * is_found


def test_a_floor_is_no_floor_where_the_loss_still_falls_or_began_elsewhere() -> None:
    assert said({"loss": np.linspace(2.3026, FLOOR, 200), "acc": LEARNT}) == []
    assert said({"loss": np.linspace(2.3026, FLOOR, 200)}) == []
    assert rests(FLOOR + 0.03, start=2.9) == []
    assert rests(FLOOR + 0.03, start=2.9, graph=PROBABILITIES) == []


def test_what_is_read_wrong_half_of_the_time_rests_high_of_itself() -> None:
    """A loss of 1.6 is honest at an accuracy of 0.45."""
    assert rests(FLOOR + 0.1, falling(0.1, 0.45, 200, 0.1)) == []


def test_logits_can_rest_anywhere() -> None:
    """The sums of the output say that they are logits, whatever the loss does; those of probabilities are 1."""
    assert rests(FLOOR + 0.03, graph=LOGITS, **{"output/row_sum": np.full(5, 4.0)}) == []
    assert rests(FLOOR + 0.03, None, LOGITS, **{"output/row_sum": np.full(5, 4.0)}) == []
    assert rests(FLOOR + 0.03, graph=LOGITS, **{"output/row_sum": np.ones(5)}) == ["warning"]
    assert rests(FLOOR + 0.3, graph=LOGITS, **{"output/row_sum": np.ones(5)}) == ["warning"]


def test_probabilities_that_learn_above_their_floor_are_taken_twice() -> None:
    """With the floor known from the graph the loss need not be near it; it must have learnt, and never lie below."""
    assert rests(FLOOR + 0.3, graph=PROBABILITIES) == ["warning"]
    assert rests(FLOOR + 0.3, None, PROBABILITIES) == ["warning"]
    assert rests(2.28, np.full(200, 0.12), PROBABILITIES) == []
    assert rests(FLOOR - 0.2, graph=PROBABILITIES) == []
    assert rests(FLOOR + 0.3, np.linspace(0.1, 0.3, 200), chain("linear", "logsoftmax")) == []
    assert rests(FLOOR + 0.03, np.linspace(0.1, 0.5, 200), PROBABILITIES) == []  # below what its errors cost
    assert said({"loss": np.linspace(2.3026, 1.7, 200)}, PROBABILITIES) == ["info"]  # not at rest yet


@pytest.mark.parametrize(("last", "severity"), [("tanh", ["warning"]), ("relu", [])])
def test_outputs_of_tanh_have_a_lower_floor(last: str, severity: list[str]) -> None:
    """Two apart at the most: ln(1 + 9 / e²) = 0.797 for 10 classes."""
    lowest = float(np.log1p(9 / np.e**2))
    assert rests(lowest + 0.05, graph=chain("linear", last)) == severity
    assert rests(lowest - 0.2, graph=chain("linear", last)) == []


def test_two_classes_have_a_floor_too() -> None:
    assert rests(0.41, None, chain("linear", "softmax", outputs=2), start=0.693) == ["warning"]


def test_classes_are_those_of_the_graph() -> None:
    assert rests(np.log1p(99 / np.e) + 0.03, graph=chain("linear", "softmax", outputs=100), start=4.605) == ["warning"]
    assert rests(FLOOR + 0.03, graph=chain("linear", "softmax", outputs=100)) == []


def test_the_sentence_says_what_cannot_be_lower_and_the_evidence_what_was_read() -> None:
    points = {"loss": falling(2.3026, FLOOR + 0.03, 200, 0.08), "acc": LEARNT}
    (found,) = wrong_loss(training(points, graph=PROBABILITIES))
    assert ("97.0%" in found.sentence, "1.46" in found.sentence, "probabilities" in found.sentence) == (True,) * 3
    assert found.evidence.tags == ("loss", "acc")
    (alone,) = wrong_loss(training({"loss": points["loss"]}, graph=PROBABILITIES))
    assert ("accuracy" in alone.sentence, alone.evidence.tags) == (False, ("loss",))
    (tanh,) = wrong_loss(training({"loss": falling(2.3026, 0.85, 200, 0.08), "acc": LEARNT}, graph=chain("tanh")))
    assert "tanh" in tanh.sentence


@pytest.mark.parametrize(
    ("start", "end", "right", "outputs", "is_found"),
    [(0.68, 0.46, 0.97, 1, True), (0.68, 0.46, 0.8, 1, False), (0.68, 0.2, 0.97, 1, False), (1.2, 0.46, 0.97, 1, False),
     (0.68, 0.46, 0.97, 10, False)],
)  # fmt: skip
def test_a_sigmoid_twice_rests_high_at_a_high_accuracy(
    start: float, end: float, right: float, outputs: int, is_found: bool
) -> None:
    points = {"loss": falling(start, end, 300, 0.1), "acc": falling(0.5, right, 300, 0.05)}
    assert said(points, chain("linear", outputs=outputs)) == ["warning"] * is_found


def test_a_binary_loss_that_still_falls_is_on_its_way() -> None:
    assert said({"loss": np.linspace(0.69, 0.4, 300), "acc": falling(0.5, 0.97, 300, 0.05)}) == []


def blind(end: float, right: object, start: float = 2.3, graph: object = None, **more: object) -> list[str]:
    """What is said of a loss that falls there, beside an accuracy."""
    return said({"loss": falling(start, end, 100), "acc": right, **more}, graph)


CHANCE = 0.1 + 0.02 * np.sin(np.arange(100))


def test_a_loss_that_falls_beside_an_accuracy_at_chance_is_blind() -> None:
    assert blind(0.3, CHANCE) == ["warning"]
    assert blind(1.9, CHANCE) == []
    assert blind(0.3, np.linspace(0.1, 0.55, 100)) == []
    assert blind(0.3, 0.8 + CHANCE) == []
    assert blind(0.3, CHANCE[:4]) == []


def test_a_loss_that_falls_to_what_chance_costs_came_from_a_bad_initialization() -> None:
    assert blind(2.3, CHANCE, start=30.0) == []
    assert blind(6.0, CHANCE, start=30.0) == []
    assert blind(0.3, CHANCE, start=30.0) == ["warning"]


def test_a_graph_says_what_chance_is() -> None:
    """Who began worse than chance and ended there has learnt nothing, whatever the loss says."""
    from_below = np.where(np.arange(100) < 6, 0.02, CHANCE)
    assert blind(0.3, from_below, graph=LOGITS) == ["warning"]
    assert blind(0.3, from_below) == []
    assert blind(2.3, CHANCE, start=30.0, graph=LOGITS) == []


def test_what_costs_too_little_is_of_something_else_even_where_it_learns_a_little() -> None:
    """Wrong answers cost at least ln 2 each with cross-entropy."""
    little = np.where(np.arange(100) < 6, 0.1, 0.21)
    assert blind(0.02, little) == ["warning"]
    assert blind(0.4, little) == []
    assert blind(0.02, np.where(np.arange(100) < 6, 0.1, 0.4)) == []


def test_a_validation_that_stands_still_is_a_collapse_and_not_this() -> None:
    held = (np.arange(10) * 10 + 9, np.full(10, 0.1))
    assert blind(0.3, CHANCE, val_acc=held) == []
    assert blind(0.3, CHANCE, val_acc=(held[0], 0.1 + 0.01 * np.arange(10))) == ["warning"]


# --- each threshold from both of its sides ----------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "is_found"), [(-0.015, False), (-0.026, True)])
def test_a_loss_a_hair_below_zero_is_rounded(level: float, is_found: bool) -> None:
    assert said({"loss": np.full(100, level)}, chain("linear", "softmax")) == ["warning"] * is_found


def test_a_likelihood_lies_below_zero_for_all_of_the_later_half() -> None:
    """Not for four points of five; and it may have come from above."""
    assert said({"loss": np.where(np.arange(100) % 5, -0.5, 0.5)}, chain("linear", "softmax")) == []
    assert said({"loss": np.where(np.arange(100) < 48, 0.5, -0.5)}, chain("linear", "softmax")) == ["warning"]


@pytest.mark.parametrize(("lowest", "is_found"), [(-0.99, True), (-1.2, False)])
def test_probabilities_cannot_be_above_one(lowest: float, is_found: bool) -> None:
    assert said({"loss": np.linspace(-0.1, lowest, 100)}, chain("linear", "softmax")) == ["warning"] * is_found


@pytest.mark.parametrize(("apart", "is_found"), [(0.12, True), (0.2, False)])
def test_a_likelihood_without_a_logarithm_is_about_the_accuracy(apart: float, is_found: bool) -> None:
    points = {"loss": falling(-0.1, -0.7, 100), "acc": falling(0.1, 0.7 + apart, 100)}
    assert said(points) == ["warning"] * is_found


def test_a_loss_that_falls_without_end_has_no_logarithm_either() -> None:
    """Of logits, which know no bound; of what is no classifier nothing is said."""
    assert said({"loss": np.linspace(0, -7, 100), "acc": LEARNT[::2]}) == ["error"]
    assert said({"loss": np.linspace(0, -7, 100)}) == []


@pytest.mark.parametrize(("off", "is_found"), [(0.1, True), (0.16, False), (-0.1, True), (-0.16, False)])
def test_it_begins_at_what_chance_costs(off: float, is_found: bool) -> None:
    assert rests(FLOOR + 0.03, graph=PROBABILITIES, start=2.3026 + off) == ["warning"] * is_found


@pytest.mark.parametrize(
    ("above", "severity"), [(0.09, "warning"), (0.13, None), (-0.01, "warning"), (-0.035, None)]
)  # fmt: skip
def test_the_floor_at_an_accuracy_is_met_within_some_hundredths(above: float, severity: str | None) -> None:
    """Without a graph; it is 0.03 above the lowest at an accuracy of 0.97."""
    assert rests(FLOOR + above) == [severity] * (severity is not None)


@pytest.mark.parametrize(("above", "severity"), [(0.1, "info"), (0.15, None), (-0.005, "info"), (-0.025, None)])
def test_the_floor_alone_is_met_within_a_tenth(above: float, severity: str | None) -> None:
    assert rests(FLOOR + above, accuracy=None) == [severity] * (severity is not None)


@pytest.mark.parametrize(("above", "is_found"), [(-0.01, True), (-0.03, False)])
def test_nothing_lies_below_the_floor_of_probabilities(above: float, is_found: bool) -> None:
    assert rests(FLOOR + above, None, PROBABILITIES) == ["warning"] * is_found


@pytest.mark.parametrize(("fallen", "is_found"), [(0.1, False), (0.17, True)])
def test_what_has_hardly_learnt_may_be_on_its_way(fallen: float, is_found: bool) -> None:
    """A seventh of what lies between chance and the floor."""
    assert rests(2.3026 - fallen, None, PROBABILITIES) == ["warning"] * is_found


@pytest.mark.parametrize(("right", "is_found"), [(0.9, True), (0.85, False)])
def test_wrong_answers_of_probabilities_cost_one_each(right: float, is_found: bool) -> None:
    assert rests(FLOOR + 0.03, LEARNT.clip(0, right), PROBABILITIES) == ["warning"] * is_found


@pytest.mark.parametrize(("right", "severity"), [(0.5, "info"), (0.55, "info"), (0.65, "warning")])
def test_what_is_not_at_rest_is_sure_where_it_is_read_right(right: float, severity: str) -> None:
    points = {"loss": np.linspace(2.3026, 1.87, 200), "acc": LEARNT.clip(0, right)}
    assert said(points, PROBABILITIES) == [severity]


@pytest.mark.parametrize(("right", "is_found"), [(0.8, True), (0.65, False)])
def test_what_a_calibrated_classifier_costs_is_no_floor(right: float, is_found: bool) -> None:
    """Who reads two in three right may well rest there."""
    assert rests(FLOOR + 1 - right, LEARNT.clip(0, right)) == ["warning"] * is_found


@pytest.mark.parametrize(
    ("classes", "above", "accuracy", "severity"),
    [(3, 0.02, 0.97, "warning"), (3, 0.05, 0.97, None), (4, 0.05, 0.97, "warning"),
     (4, 0.02, None, "info"), (4, 0.06, None, None), (5, 0.06, None, "info")],
)  # fmt: skip
def test_the_floors_of_few_classes_are_near_honest_losses(
    classes: int, above: float, accuracy: float | None, severity: str | None
) -> None:
    lowest = float(np.log1p((classes - 1) / np.e)) + (0 if accuracy is None else 1 - accuracy)
    right = None if accuracy is None else LEARNT.clip(1 / classes, accuracy)
    assert rests(lowest + above, right, start=float(np.log(classes))) == [severity] * (severity is not None)


@pytest.mark.parametrize(
    ("start", "end", "right", "outputs", "is_found"),
    [(0.82, 0.46, 0.97, 1, True), (0.87, 0.46, 0.97, 1, False), (0.57, 0.46, 0.97, 1, True),
     (0.68, 0.38, 0.97, 1, True), (0.68, 0.345, 0.97, 1, False), (0.8, 0.65, 0.97, 1, True), (0.8, 0.67, 0.97, 1, False),
     (0.68, 0.46, 0.94, 1, True), (0.68, 0.46, 0.92, 1, False), (0.68, 0.46, 0.97, 2, True), (0.68, 0.46, 0.97, 3, False)],
)  # fmt: skip
def test_a_sigmoid_twice_has_two_sides(start: float, end: float, right: float, outputs: int, is_found: bool) -> None:
    points = {"loss": falling(start, end, 300, 0.1), "acc": falling(0.5, right, 300, 0.05)}
    found = list(wrong_loss(training(points, graph=chain("linear", outputs=outputs))))
    assert [each.severity for each in found if "sigmoid" in each.sentence] == ["warning"] * is_found
