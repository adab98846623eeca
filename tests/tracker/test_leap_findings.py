"""Leaps of a learning rate: what a warm-up may do, and a rate that has held may not."""

from __future__ import annotations

import numpy as np
import pytest
from made_trainings import falling, flat, training
from plain_training import severities

from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug

T = np.arange(400)


def said(rate: np.ndarray, loss: np.ndarray | None = None) -> list[str]:
    return severities(lr_schedule_bug, training({"loss": falling(1, end=1.0) if loss is None else loss, "lr": rate}))


@pytest.mark.parametrize("factor", [2.0, 7.0, 25.0])
def test_a_warm_up_by_factors_leaps_at_every_point_and_is_a_plan(factor: float) -> None:
    """Longer than the first tenth, by any factor: what it leaps from has been left only just now."""
    assert said(factor ** np.minimum(0.0, T - 60.0)) == []


@pytest.mark.parametrize("held", [8, 60])
def test_a_rate_that_held_and_leaps_is_a_fault(held: int) -> None:
    """After a slow rise that ended so many points before."""
    rising = np.minimum(1.0, (T + 1) / (200 - held))
    assert said(np.where(T < 200, rising, 40.0)) == ["warning"]


@pytest.mark.parametrize(("times", "severity"), [(2.0, []), (9.0, ["info"]), (60.0, ["warning"])])
def test_how_far_it_leaps_says_how_bad_it_is(times: float, severity: list[str]) -> None:
    assert said(np.where(T < 200, 0.01, times * 0.01)) == severity


@pytest.mark.parametrize("times", [5.0, 60.0])
def test_a_leap_that_the_loss_follows_is_an_error(times: float) -> None:
    broken = np.where(T < 200, falling(1, end=1.0), flat(2, level=30.0))
    assert said(np.where(T < 200, 0.01, times * 0.01), broken) == ["error"]


def test_a_restart_above_its_first_height_is_worse_where_the_rate_had_come_down() -> None:
    """Nine times: what began at this height would have said so the first time."""
    cosine = 0.5 + 0.5 * np.cos(np.pi * (T % 200) / 200)
    assert said(cosine * np.where(T < 200, 1.0, 9.0)) == ["warning"]
    assert said(cosine) == []
