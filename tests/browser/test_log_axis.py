"""A logarithmic x axis shows the beginning of a long training, where most of the picture lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker

CURVE = "document.querySelector('.card')?.card?.lines()[0]?.curve"
EARLY = f"(() => {{ const curve = {CURVE}; let n = 0; for (let i = 0; i < (curve?.length ?? 0); i++) n += curve.x1[i] <= 1000 && curve.x0[i] > 0; return n; }})()"


def test_the_beginning_of_a_long_run_is_seen_on_a_logarithmic_axis(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Asked for when the axis is chosen, and let go of when it is not; no point is missing in either, nor a live one."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(1, 40_001):
            run.log({"loss": 1.0 / step}, step=step)
        served = serve(logdir, "--no-token")
        page.goto(f"{served.base}/?s=0")
        until(page, f"viz.ready && {CURVE}?.points === 40000 && {EARLY} < 60")
        page.evaluate("viz.set('logx', true)")
        until(page, f"{EARLY} > 200 && {CURVE}.points === 40000")
        run.log({"loss": 0.0}, step=50_000)
        until(page, f"{CURVE}.points === 40001 && {CURVE}.x1[{CURVE}.length - 1] === 50000 && {EARLY} > 200")
        page.evaluate("viz.set('logx', false)")
        until(page, f"{EARLY} < 60 && {CURVE}.points === 40001")
    page.goto(f"{served.base}/?s=0&lx=y")
    until(page, f"viz.ready && {EARLY} > 200 && {CURVE}.points === 40001")


def test_smoothing_on_a_logarithmic_axis_reaches_as_far_everywhere(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Measured in thousandths of the axis as it is drawn; a group is looked at as evenly on it, its band above 0 alone."""
    values = {
        name: [9.0 if step == 0 else 1 / step + low for step in range(2001)] for name, low in (("a", 0.0), ("b", 0.5))
    }
    for name in values:
        with tracker.init(logdir=logdir, name=name, config={"lr": 1}, machine=False) as run:
            for step, value in enumerate(values[name]):
                run.log({"loss": value}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0.9&lx=y")
    until(
        page,
        "viz.ready && viz.lines('loss')?.length === 2 && viz.lines('loss').every((line) => line.x.length === 2001)",
    )
    drawn = {line["name"]: line["smooth"] for line in page.evaluate("viz.lines('loss')")}
    for name, logged in values.items():
        expected, average = [], logged[1]
        for step in range(1, 2001):
            keep = 0.9 ** (math.log(step / (step - 1)) / (math.log(2000) / 1000)) if step > 1 else 0.0
            average = keep * average + (1 - keep) * logged[step]
            expected.append(average)
        assert drawn[name][1:] == pytest.approx(expected, rel=1e-9)
    page.evaluate("(viz.set('smooth', 0), viz.set('band', 'range'), viz.set('group', 'lr'))")
    until(page, "viz.lines('loss')?.length === 1 && viz.lines('loss')[0].band")
    (group,) = page.evaluate("viz.lines('loss')")
    assert group["x"][0] == 1
    assert sum(1 <= x < 45 for x in group["x"]) > len(group["x"]) * 0.45
    assert max(group["max"]) == pytest.approx(1.5)
