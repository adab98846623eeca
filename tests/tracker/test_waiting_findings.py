"""Waiting for data: how much of it is a fault, of which clocks, and in which of their units."""

from __future__ import annotations

import made_trainings
import numpy as np
import pytest
from plain_training import severities, training

from tracker.findings.detectors.data_starvation import data_starvation


def steady(wait: float, other: float, tags: tuple[str, str] = ("data_time", "step_time"), count: int = 40) -> list[str]:
    """What is said of waits and steps that are always as long."""
    return severities(
        data_starvation, training(dict(zip(tags, (np.full(count, wait), np.full(count, other)), strict=True)))
    )


@pytest.mark.parametrize(("part", "severity"), [(0.2, []), (0.42, ["info"]), (0.65, ["warning"])])
def test_the_part_of_a_step_says_how_bad_it_is(part: float, severity: list[str]) -> None:
    assert steady(part, 1.0) == severity


@pytest.mark.parametrize(("wait", "is_seen"), [(0.001, False), (0.008, True)])
def test_a_wait_of_a_millisecond_is_nothing(wait: float, is_seen: bool) -> None:
    assert steady(wait, 1.2 * wait) == ["warning"] * is_seen


@pytest.mark.parametrize("side", ["val", "epoch"])
def test_clocks_of_validations_and_epochs_are_not_those_of_steps(side: str) -> None:
    assert steady(0.9, 1.0, (f"{side}/data_time", f"{side}/step_time")) == []
    assert steady(0.9, 1.0, ("train/data_time", "train/step_time")) == ["warning"]


def test_a_wait_alone_or_two_points_say_nothing() -> None:
    assert severities(data_starvation, training({"data_time": np.full(40, 0.5)})) == []
    assert steady(0.9, 1.0, count=2) == []
    few = training({"data_time": np.full(40, 0.5), "step_time": np.full(2, 0.6)})
    assert severities(data_starvation, few) == []
    assert severities(data_starvation, training({"data_time": np.full(2, 0.5), "step_time": np.full(40, 0.6)})) == []


@pytest.mark.parametrize(
    ("tags", "wait", "other", "part"),
    [(("data_time", "batch_time"), 0.6, 0.8, "75%"), (("data_time", "batch_time"), 0.6, 0.2, "75%"),
     (("data_time", "forward_time"), 0.6, 0.2, "75%"), (("data_time", "forward_time"), 0.6, 0.9, "40%")],
)  # fmt: skip
def test_the_whole_is_a_step_that_holds_its_wait_or_both_together(
    tags: tuple[str, str], wait: float, other: float, part: str
) -> None:
    """Whole steps hold the wait unless they are shorter than it; what else a step does never holds it."""
    (found,) = data_starvation(training(dict(zip(tags, (np.full(40, wait), np.full(40, other)), strict=True))))
    assert found.sentence.startswith(part)


def waited(waits: np.ndarray, tags: tuple[str, str] = ("data_time", "step_time")) -> list[str]:
    """What is said of steps of 0.2 s and these waits."""
    return severities(data_starvation, training({tags[0]: waits, tags[1]: waits + 0.2}))


def test_the_first_batches_start_workers() -> None:
    assert waited(np.where(np.arange(40) < 4, 30.0, 0.01)) == []
    assert waited(np.where(np.arange(40) < 16, 3.0, 0.01)) == ["warning"]


def test_means_that_pauses_of_the_machine_made_long_are_nothing() -> None:
    """`watch` logs means over steps: the short ones among them say how long a batch takes."""
    ours, paused = ("time/data", "time/step"), np.where(np.arange(40) % 10 < 3, 3.0, 0.01)
    assert waited(paused, ours) == []
    assert waited(paused) == ["warning"]
    assert waited(np.where(np.arange(40) % 10 < 9, 3.0, 0.01), ours) == ["warning"]


def test_a_clock_that_would_not_fit_the_run_counts_thousandths() -> None:
    def told(wait: float, whole: float, passed: float) -> list[str]:
        curves = {"data_time": np.full(30, wait), "step_time": np.full(30, whole)}
        return severities(data_starvation, made_trainings.training(curves, seconds=np.arange(30) * passed))

    assert told(1.0, 1.5, 0.0015) == []
    assert told(100.0, 150.0, 0.15) == ["warning"]
    assert told(1.0, 1.5, 1.5) == ["warning"]  # seconds
    assert told(1.0, 1.5, 0.0) == ["warning"]  # imported, without a clock
