"""Spikes: how high, how long, and beside what noise a few points of a loss are out of line."""

from __future__ import annotations

import numpy as np
import pytest
from made_trainings import falling, training, with_values
from plain_training import severities

from tracker.findings.detectors.loss_spike import loss_spike


def said(curve: np.ndarray) -> list[str]:
    return severities(loss_spike, training({"loss": curve}))


@pytest.mark.parametrize(
    ("after", "is_found"),
    [([], True), ([30.0, 30.0], True), ([11.0, 4.0, 1.5, 0.5], True), ([30.0] * 6, False), ([10.0] * 149, False),
     ([28.0, 26.0, 23.0, 20.0, 17.0, 14.0, 11.0, 8.0, 5.0, 3.0], False)],
)  # fmt: skip
def test_a_spike_comes_down_at_once(after: list[float], is_found: bool) -> None:
    """What stays high, or comes down slowly, has lost something: that is another kind."""
    curve = with_values(falling(3), slice(250, 251 + len(after)), [30.0, *after])
    assert said(curve) == ["warning"] * is_found


def test_what_comes_after_must_be_seen() -> None:
    """The last point may be the beginning of anything."""
    assert said(with_values(falling(3), 399, 30.0)) == []
    assert said(with_values(falling(3), 385, 30.0)) == ["warning"]


@pytest.mark.parametrize(("noise", "height", "is_found"), [(0.1, 7.0, True), (0.8, 7.0, False), (0.8, 40.0, True)])
@pytest.mark.parametrize("seed", range(4))
def test_one_misread_sample_of_a_small_batch_is_in_line(noise: float, height: float, is_found: bool, seed: int) -> None:
    """Their losses vary by factors: three times where the run began is one of them, by the logarithms; 17 is none."""
    assert said(with_values(falling(seed, noise=noise), 250, height)) == ["warning"] * is_found


@pytest.mark.parametrize(("noise", "is_found"), [(0.03, True), (0.4, False)])
@pytest.mark.parametrize("seed", range(4))
def test_below_where_the_run_began_a_spike_must_be_clearer(noise: float, is_found: bool, seed: int) -> None:
    assert said(with_values(falling(seed, noise=noise), 300, 1.9)) == ["warning"] * is_found


@pytest.mark.parametrize(("count", "is_found"), [(3, True), (6, False)])
def test_many_of_them_are_how_the_run_is(count: int, is_found: bool) -> None:
    at = 100 + 45 * np.arange(count)
    assert said(with_values(falling(3), at, 30.0)) == ["warning"] * is_found


def test_the_first_steps_and_short_runs_are_left_out() -> None:
    assert said(with_values(falling(3), 6, 60.0)) == []
    assert said(with_values(falling(3, 15), 9, 60.0)) == []
    assert said(with_values(falling(3, 40), 25, 60.0)) == ["warning"]


@pytest.mark.parametrize(("noise", "is_found"), [(0.2, True), (0.5, False)])
@pytest.mark.parametrize("seed", range(4))
def test_a_spike_is_out_of_line_by_the_logarithms_around_it(noise: float, is_found: bool, seed: int) -> None:
    """A hundred steps of small batches in a run of large ones: what is ten times as high there is one of them."""
    curve = with_values(falling(seed, noise=0.03), slice(220, 320), falling(seed, noise=noise)[220:320])
    assert said(with_values(curve, 270, 3.0)) == ["warning"] * is_found


@pytest.mark.parametrize(
    ("height", "rate", "severity"),
    [(2.2, ([0, 200, 400], [0.1, 0.3, 0.0]), "info"), (2.2, ([0, 200, 400], [0.2, 0.3, 0.0]), "warning"),
     (2.2, ([0, 190, 400], [0.1, 0.3, 0.0]), "info"), (2.2, ([0, 120, 400], [0.1, 0.3, 0.0]), "warning"),
     (2.2, ([0, 400], [0.1, 0.1]), "warning"), (9.0, ([0, 200, 400], [0.1, 0.3, 0.0]), "warning")],
)  # fmt: skip
def test_where_a_schedule_is_at_its_height_one_long_step_is_told_only(
    height: float, rate: tuple[list[int], list[float]], severity: str
) -> None:
    """Unless it is far above where the run began."""
    curve = with_values(falling(3, noise=0.03), 230, height)
    lr = np.interp(np.arange(400), *rate)
    assert severities(loss_spike, training({"loss": curve, "lr": lr})) == [severity]
