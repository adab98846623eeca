"""Modes: how many passes in the wrong one are a fault, and which traces of it count."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import chain, falling, severities, training

from tracker.findings.detectors.train_eval_mode import train_eval_mode

NORMED = chain("linear", "dropout", "out")
STEPS = np.arange(11) * 10


def passes(train: int, evaluated: int = 0, alone: int = 0, backward: int = 0) -> dict[str, object]:
    """Counts that grow to these over ten validations."""
    ends = {"train": train, "eval": evaluated, "without_backward": alone, "backward_in_eval": backward}
    held = {"val_loss": (STEPS[1:] - 1, falling(2.3, 0.1, 10))}
    return {f"passes/{name}": (STEPS, np.linspace(0, end, 11).round()) for name, end in ends.items()} | held


def said(points: dict[str, object], config: dict[str, object] | None = None, graph: object = NORMED) -> list[str]:
    return severities(train_eval_mode, training(points, config, graph))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("train", "backward", "is_found"), [(1000, 25, False), (1000, 120, True), (1, 2, False), (8, 8, True)]
)
def test_a_probe_of_gradients_is_no_training(train: int, backward: int, is_found: bool) -> None:
    assert said(passes(train, 10, 0, backward)) == ["warning"] * is_found


def test_a_setting_or_a_layer_says_that_modes_differ() -> None:
    points = passes(100, 10, 0, 90)
    assert said(points, {"dropout": 0.3}, None) == ["warning"]
    assert said(points, {"learning_rate": 0.3}, None) == ["info"]
    assert said(points, graph=chain("linear", "batch_norm")) == ["warning"]
    (told,) = train_eval_mode(training(points))  # type: ignore[arg-type]
    (warned,) = train_eval_mode(training(points, graph=NORMED))  # type: ignore[arg-type]
    assert told.confidence < 0.5 < warned.confidence <= 1


def test_it_is_there_from_the_first_count_that_shows_it() -> None:
    points = passes(100) | {"passes/backward_in_eval": (STEPS, 5.0 + STEPS)}
    assert [found.step for found in train_eval_mode(training(points, graph=NORMED))] == [0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("evaluated", "alone", "is_found"), [(0, 10, True), (2, 10, True), (6, 10, False), (0, 3, False), (0, 8, True)]
)
def test_validations_are_in_training_mode_where_most_of_them_are(evaluated: int, alone: int, is_found: bool) -> None:
    assert said(passes(100, evaluated, alone)) == ["warning"] * is_found


@pytest.mark.parametrize("missing", ["passes/train", "passes/eval", "passes/without_backward", "val_loss"])
def test_half_of_the_counts_say_nothing(missing: str) -> None:
    counts = passes(100, 0, 10)
    assert said({tag: each for tag, each in counts.items() if tag != missing}) == ["warning"] * (
        missing == "passes/train"
    )
    assert said({"passes/backward_in_eval": (STEPS, STEPS), "val_loss": falling(2, 1, 9)}) == []


def test_one_validation_is_too_few_to_tell() -> None:
    assert said(passes(100, 0, 10) | {"val_loss": ([9], [1.0])}) == []


@pytest.mark.parametrize(
    ("after", "is_found"), [([7, 7, 7, 7, 5, 5], True), ([7, 7, 7, 7, 7, 5], False), ([7, 5, 7, 5, 7, 7], False)]
)
def test_a_dropout_stops_where_it_does_nothing_from_then_on(after: list[float], is_found: bool) -> None:
    steps = np.arange(6) * 20
    assert said({"act_norm/a": (steps, np.full(6, 5.0)), "act_norm/drop": (steps, after)}) == ["warning"] * is_found


def test_two_points_of_a_dropout_are_too_few() -> None:
    assert said({"act_norm/a": ([0, 20], [5.0, 5.0]), "act_norm/drop": ([0, 20], [7.0, 5.0])}) == []
    assert said({"act_norm/a": ([0, 20, 40], [5.0] * 3), "act_norm/relu": ([0, 20, 40], [7.0, 5.0, 5.0])}) == []


@pytest.mark.parametrize(
    ("config", "ratio", "is_told"),
    [({"dropout": 0.5}, 1.05, True), ({"model": 3, "drop_rate": 0.3}, 1.05, True), ({"dropout": 0.05}, 1.05, False),
     ({"dropout": 0.5}, 1.8, False), ({"dropout": 0.5}, 0.8, False), ({"dropout": "0.5"}, 1.05, False),
     ({"dropout_layers": 3}, 1.05, False), ({"momentum": 0.5}, 1.05, False)],
)  # fmt: skip
def test_a_validation_as_high_as_a_training_with_dropout_is_told(
    config: dict[str, object], ratio: float, is_told: bool
) -> None:
    curve = falling(2.3, 0.3, 20, 0.3)
    assert said({"train/loss": curve, "val/loss": ratio * curve}, config, None) == ["info"] * is_told


def test_losses_as_high_as_each_other_need_points_above_zero() -> None:
    few, below = falling(2.3, 0.3, 4, 0.3), falling(-1.0, -5.0, 20, 0.3)
    assert said({"train/loss": few, "val/loss": few}, {"dropout": 0.5}, None) == []
    assert said({"train/loss": below, "val/loss": below}, {"dropout": 0.5}, None) == []
    assert said({"train/loss": few}, {"dropout": 0.5}, None) == []
