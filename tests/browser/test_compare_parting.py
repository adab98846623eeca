"""Where two runs part, on the page Compare, while just two are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker

HOSTILE = "<img src=x onerror=alert(1)>"


def test_two_runs_are_told_apart_and_three_are_not(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The step, the curve, what is different; a curve's name leads to it. Names are text."""
    random = np.random.default_rng(0)
    for name, lr in (("a", 0.1), ("b", 0.2), ("c", 0.3)):
        values = 2 * np.exp(-np.arange(1000) / 200) + 0.01 * random.normal(size=1000)
        if name == "b":
            values[600:] += 1
        with tracker.init(logdir=logdir, name=name, config={"lr": lr, HOSTILE: HOSTILE + name}, machine=False) as run:
            for step, value in enumerate(values.tolist()):
                run.log({"train/loss": value, HOSTILE: 1.0}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=compare")
    until(page, "window.viz?.ready && viz.page()")
    assert page.locator(".parting").is_hidden()
    page.evaluate("viz.set('off', ['c'])")
    until(page, "viz.page()?.parting?.parted.length === 1")
    card = page.locator(".parting")
    assert card.locator("tbody td").all_inner_texts()[:2] == ["600", "train/loss"]
    assert "lr: 0.1 → 0.2" in card.inner_text()
    assert f"{HOSTILE}a → {HOSTILE}b" in card.inner_text()
    assert "nothing is known of it" in card.inner_text()
    assert card.locator("img").count() == 0
    page.evaluate("viz.set('off', ['b'])")
    until(page, "viz.page()?.parting?.runs.includes('c')")
    assert "leaves the other's noise" in card.inner_text()
    page.evaluate("viz.set('off', ['c'])")
    until(page, "viz.page()?.parting?.parted.length === 1")
    card.get_by_role("button", name="train/loss").click()
    until(page, "viz.get('page') === 'curves' && viz.get('tags') === 'train/loss'")
