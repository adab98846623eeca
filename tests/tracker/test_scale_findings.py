"""Scales of inputs: what is large, what shows it, and what looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, severities, training

from tracker.findings.detectors.unnormalized_input import unnormalized_input
from tracker.findings.finding import Finding

PLAIN = chain("linear", "relu", "out")


def fed(
    inputs: dict[str, float] | None = None,
    loss: float = 2.3,
    ratio: float | None = 8,
    graph: object = PLAIN,
    layer: str = "linear",
    accuracy: str = "acc",
) -> list[Finding]:
    """What is said of a classifier of ten classes that is fed these, by its first loss and its first layer's gradient."""
    points = {f"input/{name}": np.full(5, value) for name, value in (inputs or {}).items()}
    points |= {"loss": falling(loss, 0.3, 100), accuracy: falling(0.1, 0.9, 100)}
    if ratio is not None:
        points |= {f"grad_norm/{layer}.weight": np.full(5, ratio), f"grad_norm/{layer}.bias": np.ones(5)}
    return list(unnormalized_input(training(points, graph=graph)))  # type: ignore[arg-type]


def loud(found: list[Finding]) -> list[str]:
    return [each.severity for each in found]


BYTES = {"std": 75.0, "min": 0.0, "max": 255.0}


@pytest.mark.parametrize(
    ("inputs", "is_large"),
    [({"std": 75.0}, True), ({"std": 1.0, "max": 9000.0}, True), ({"std": 1.0, "min": -9000.0}, True),
     ({"std": 12.0, "min": -50.0, "max": 50.0}, False)],
)  # fmt: skip
def test_a_wide_spread_or_one_far_value_is_large(inputs: dict[str, float], is_large: bool) -> None:
    assert loud(fed(inputs, 40, 900)) == ["warning"] * is_large


def test_large_inputs_are_told_and_what_they_do_is_warned_of() -> None:
    assert loud(fed(BYTES, 2.3, 8)) == ["info"]
    assert loud(fed(BYTES, 40, 8)) == ["warning"]
    assert loud(fed(BYTES, 2.3, 900)) == ["warning"]
    assert loud(fed(BYTES, 2.3, None, graph=None)) == ["info"]
    assert loud(fed(BYTES, 40, None, graph=chain("batch_norm", "linear"))) == ["warning"]


def test_the_evidence_is_what_shows_it() -> None:
    (both,) = fed(BYTES, 40, 900)
    assert ("loss" in both.evidence.tags, "reach 255" in both.sentence, "begins at 40" in both.sentence) == (True,) * 3
    (gradient,) = fed(None, 2.3, 900)
    assert gradient.evidence.tags == ("grad_norm/linear.weight", "grad_norm/linear.bias")
    assert ("gradient of linear" in gradient.sentence, "begins" in gradient.sentence) == (True, False)


@pytest.mark.parametrize(("ratio", "is_large"), [(80, False), (700, True)])
def test_a_gradient_as_long_as_a_raw_table_is_large(ratio: float, is_large: bool) -> None:
    assert loud(fed(None, 2.3, ratio)) == ["warning"] * is_large


def test_without_a_graph_a_name_says_which_layer_is_the_first() -> None:
    assert [each.layer for each in fed(None, 2.3, 900, None, "body.fc1")] == ["body.fc1"]
    assert fed(None, 2.3, 900, None, "head") == []


def test_word_numbers_are_large_and_mean_nothing() -> None:
    assert fed(BYTES, 40, 900, chain("embedding", "linear")) == []


def test_a_first_loss_is_explained_by_a_gradient_that_is_not_long() -> None:
    """A bad initialization: the loss is high and the inputs are not."""
    assert fed(None, 40, 8) == []
    assert loud(fed(None, 15, None)) == ["info"]
    assert loud(fed(None, 30, None)) == ["warning"]
    assert loud(fed(None, 200, None, accuracy="val_acc")) == ["warning"]


@pytest.mark.parametrize(("outputs", "first"), [(2, 11.8), (10, 21.5), (1000, 37.2)])
def test_outputs_of_a_spread_of_ten_cost_more_the_more_classes_there_are(outputs: int, first: float) -> None:
    """s sqrt(2 ln K): by so much the largest of K normal numbers of spread s lies above one of them."""
    graph = chain("linear", outputs=outputs)
    assert [loud(fed(None, times * first, None, graph)) for times in (0.97, 1.03)] == [["info"], ["warning"]]


def classifier(loss: object, right: object, tag: str = "acc") -> list[str]:
    """What is said of these alone."""
    return severities(unnormalized_input, training({"loss": loss, tag: right}))  # type: ignore[dict-item]


def test_a_single_point_is_no_beginning_and_neither_is_what_reads_well() -> None:
    assert classifier([90.0], [0.5]) == ["info"]
    assert classifier(falling(90, 0.3, 10), falling(0.1, 0.9, 10)) == ["warning"]
    assert classifier(falling(90, 0.3, 10), np.full(10, 0.93)) == []


def test_a_number_that_stays_near_nothing_counts_no_classes() -> None:
    """The share of prices that were guessed to the cent."""
    assert classifier(falling(4e4, 2e3, 100), np.full(100, 0.004)) == []
    assert classifier(falling(4e4, 2e3, 100), falling(0.004, 0.1, 100)) == ["warning"]


@pytest.mark.parametrize(("end", "severity"), [(900.0, []), (60.0, ["warning"])])
def test_wrong_answers_cost_as_many_times_more_in_a_sum(end: float, severity: list[str]) -> None:
    """A loss that begins at 2,300 times chance and ends at 26 times it, where a quarter is still read wrong, is none."""
    begins = 2.3 * 2300
    assert classifier(falling(begins, end, 200), falling(0.1, 0.75, 200)) == severity
    assert classifier(falling(begins, end, 200), falling(0.1, 0.75, 200), "val_acc") == []


@pytest.mark.parametrize(
    ("start", "tau", "is_told"), [(500.0, 0.02, True), (500.0, 0.05, False), (5e4, 0.05, True), (5e4, 0.2, False)]
)
def test_a_regression_loses_what_no_guess_would_cost_at_once(start: float, tau: float, is_told: bool) -> None:
    """Within a twenty-fifth of the run, an eighth where that is thousands."""
    told = training({"loss": falling(start, start / 5000, 400, tau)})
    assert severities(unnormalized_input, told) == ["info"] * is_told


@pytest.mark.parametrize(("outputs", "first", "is_far"), [(2, 4.0, True), (10, 4.0, False), (1000, 9.0, False)])
def test_chance_costs_the_logarithm_of_the_classes(outputs: int, first: float, is_far: bool) -> None:
    assert loud(fed(None, first, None, chain("linear", outputs=outputs))) == ["info"] * is_far


def test_one_output_has_the_chance_that_its_accuracy_says() -> None:
    told = training({"loss": falling(1.8, 0.3, 100), "acc": falling(0.5, 0.9, 100)}, graph=chain("linear", outputs=1))
    assert severities(unnormalized_input, told) == []


def test_a_sum_over_the_batch_is_high_from_the_beginning_to_the_end() -> None:
    summed = {"loss": 64 * falling(2.3, 0.2, 100)}
    assert severities(unnormalized_input, training(summed | {"acc": falling(0.1, 0.9, 100)})) == []
    assert severities(unnormalized_input, training(summed | {"acc": np.full(100, 0.1)})) == ["warning"]
    assert severities(unnormalized_input, training({"acc": falling(0.1, 0.9, 100)})) == []


def test_a_layer_without_a_bias_or_with_one_that_does_nothing_has_no_ratio() -> None:
    """Before a normalization the bias's gradient is made of rounding errors."""
    points = {"loss": falling(2.3, 0.3, 100), "acc": falling(0.1, 0.9, 100), "grad_norm/linear.weight": np.full(5, 9.0)}
    for bias in (None, np.full(5, 1e-8), np.zeros(5), np.full(3, 1e-2)):
        more = {} if bias is None else {"grad_norm/linear.bias": bias}
        assert severities(unnormalized_input, training(points | more, graph=PLAIN)) == []
    assert severities(unnormalized_input, training({"grad_norm/linear.bias": np.ones(5)}, graph=PLAIN)) == []
