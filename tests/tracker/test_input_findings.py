"""What is found in how a training is fed and run: modes, waiting for data, scales of the inputs."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, training

from tracker.findings.detectors.data_starvation import data_starvation
from tracker.findings.detectors.train_eval_mode import train_eval_mode
from tracker.findings.detectors.unnormalized_input import unnormalized_input
from tracker.findings.training import Training

NORMED = chain("linear", "dropout", "out")
PLAIN = chain("linear", "relu", "out")


def said(told: Training) -> list[tuple[str, str]]:
    all_three = (train_eval_mode, data_starvation, unnormalized_input)
    return [(found.kind, found.severity) for find in all_three for found in find(told)]


def counted(train: list[int], evaluated: list[int], alone: list[int], backward: list[int]) -> dict[str, np.ndarray]:
    """Passes at steps 0, 10, 20 …"""
    names = {"train": train, "eval": evaluated, "without_backward": alone, "backward_in_eval": backward}
    steps = np.arange(len(train)) * 10
    return {f"passes/{name}": (steps, np.array(counts)) for name, counts in names.items()} | {
        "loss": falling(2.3, 0.1, 10 * len(train)),
        "val_loss": (steps + 9, falling(2.3, 0.1, len(train))),
    }


def test_backward_passes_in_evaluation_mode_are_trained_there() -> None:
    points = counted([1, 11, 11, 11, 11], [0, 1, 10, 20, 30], [0] * 5, [0, 0, 8, 18, 28])
    assert said(training(points, graph=NORMED)) == [("train_eval_mode", "warning")]
    (found,) = train_eval_mode(training(points, graph=NORMED))
    assert found.step == 11
    assert said(training(points, graph=PLAIN)) == [("train_eval_mode", "info")]


def test_passes_without_backward_at_validations_are_validated_in_training_mode() -> None:
    points = counted([1, 12, 23, 34, 45], [0] * 5, [0, 1, 2, 3, 4], [0] * 5)
    assert said(training(points, graph=NORMED)) == [("train_eval_mode", "warning")]


def test_passes_as_they_should_be_are_nothing() -> None:
    assert said(training(counted([1, 11, 21, 31, 41], [0, 1, 2, 3, 4], [0] * 5, [0] * 5), graph=NORMED)) == []
    both = counted([1, 12, 23, 34, 45], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0] * 5)
    assert said(training(both, graph=NORMED)) == []  # samples drawn with dropout beside an honest validation


def test_a_dropout_that_stops_is_seen_by_its_length() -> None:
    steps, length = np.arange(10) * 20, np.full(10, 5.0)
    still = {"act_norm/act": (steps, length), "act_norm/drop": (steps, np.where(steps < 80, 7.0, 5.0))}
    assert said(training(still)) == [("train_eval_mode", "warning")]
    gone = {"act_norm/act": (steps, length), "act_norm/drop": (steps[:4], np.full(4, 7.0))}
    assert said(training(gone)) == [("train_eval_mode", "warning")]
    assert said(training({"act_norm/act": (steps, length), "act_norm/drop": (steps, length)})) == []  # a rate of 0


def test_dropout_that_costs_nothing_at_training_is_told() -> None:
    told = training(
        {"train/loss": falling(2.3, 0.3, 20, 0.3), "val/loss": 1.02 * falling(2.3, 0.3, 20, 0.3)}, {"dropout": 0.5}
    )
    assert said(told) == [("train_eval_mode", "info")]
    honest = training({"train/loss": falling(2.3, 0.6, 20), "val/loss": 0.7 * falling(2.3, 0.6, 20)}, {"dropout": 0.5})
    assert said(honest) == []


@pytest.mark.parametrize(
    ("wait", "whole"),
    [("time/data_s", "time/step_s"), ("data_time", "batch_time"), ("perf/data_wait_ms", "perf/iter_ms")],
)
def test_waiting_for_most_of_a_step_is_starvation(wait: str, whole: str) -> None:
    told = training({wait: np.full(30, 0.3), whole: np.full(30, 0.4)})
    assert said(told) == [("data_starvation", "warning")]
    assert said(training({wait: np.full(30, 0.04), whole: np.full(30, 0.4)})) == []


def test_a_wait_that_the_step_does_not_hold_is_added_to_it() -> None:
    assert said(training({"time/data": np.full(30, 0.3), "time/compute": np.full(30, 0.2),
                          "batch/classes": np.full(3, 10)})) == [("data_starvation", "warning")]  # fmt: skip


def test_steps_of_a_tiny_model_are_short_and_not_starved() -> None:
    assert said(training({"data_time": np.full(30, 4e-4), "step_time": np.full(30, 6e-4)})) == []


def test_a_few_long_waits_are_no_starvation() -> None:
    """The first batch of an epoch, of thirty, against every eighth of workers that take turns."""
    for every, found in ((30, []), (8, [("data_starvation", "warning")])):
        waits = np.where(np.arange(120) % every == 0, 3.0, 0.01)
        assert said(training({"data_time": waits, "step_time": waits + 0.2})) == found


def scaled(spread: float, first_loss: float, ratio: float) -> dict[str, np.ndarray]:
    return {
        "input/std": np.full(5, spread), "input/min": np.zeros(5), "input/max": np.full(5, 3 * spread),
        "loss": falling(first_loss, 0.3, 100), "acc": falling(0.1, 0.9, 100),
        "grad_norm/linear.weight": np.full(5, ratio), "grad_norm/linear.bias": np.ones(5),
    }  # fmt: skip


def test_bytes_are_not_normalized() -> None:
    told = training(scaled(75, 40, 900), graph=PLAIN)
    assert said(told) == [("unnormalized_input", "warning")]
    (found,) = unnormalized_input(told)
    assert found.layer == "linear"


def test_the_gradient_of_the_first_layer_tells_without_its_input() -> None:
    points = {tag: given for tag, given in scaled(75, 4, 900).items() if not tag.startswith("input/")}
    assert said(training(points, graph=PLAIN)) == [("unnormalized_input", "warning")]


def test_scaled_inputs_are_normalized() -> None:
    assert said(training(scaled(1, 2.3, 8), graph=PLAIN)) == []
    assert said(training(scaled(6, 3, 60), graph=PLAIN)) == []  # digits from 0 to 16


def test_large_inputs_that_a_normalization_meets_first_are_nothing() -> None:
    points = {tag: given for tag, given in scaled(75, 2.3, 1).items() if not tag.startswith("grad_norm/")}
    assert said(training(points, graph=chain("batch_norm", "linear"))) == []


def test_numbers_of_words_are_no_scale() -> None:
    assert said(training(scaled(1500, 2.3, 8), graph=chain("embedding", "linear"))) == []


def test_a_first_loss_far_above_chance_tells_with_scalars_alone() -> None:
    assert said(training({"loss": falling(600, 0.3, 100), "acc": falling(0.1, 0.9, 100)})) == [
        ("unnormalized_input", "warning")
    ]
    assert said(training({"loss": falling(15, 0.3, 100), "acc": falling(0.1, 0.9, 100)})) == [
        ("unnormalized_input", "info")
    ]
    assert said(training({"loss": falling(2.4, 0.3, 100), "acc": falling(0.1, 0.9, 100)})) == []
    assert said(training({"loss": falling(29000, 3000, 100)})) == []  # a regression has no chance
