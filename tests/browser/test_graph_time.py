"""Time on the graph: colours follow the page's cursor, and the first value that is not finite is marked and told."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker

NODES = [
    {"name": "x", "kind": "input"},
    {"name": "fc1/weight", "op": "parameter", "kind": "parameter"},
    {"name": "fc1/linear", "op": "linear"},
    {"name": "fc1/scale", "op": "mul"},
    {"name": "fc2/weight", "op": "parameter", "kind": "parameter"},
    {"name": "fc2/linear", "op": "linear"},
    {"name": "fc2/scale", "op": "mul"},
]
EDGES = [
    {"source": source, "target": target}
    for source, target in (
        ("x", "fc1/linear"), ("fc1/weight", "fc1/linear"), ("fc1/linear", "fc1/scale"),
        ("fc1/scale", "fc2/linear"), ("fc2/weight", "fc2/linear"), ("fc2/linear", "fc2/scale"),
    )
]  # fmt: skip

FILL = """(name) => [...document.querySelectorAll(".graph-svg .box")].find((box) => box.getAttribute("aria-label").startsWith(name)).style.getPropertyValue("--fill")"""
BROKEN = "[...document.querySelectorAll('.graph-svg .box.is-broken')].map((box) => box.getAttribute('aria-label').split(',')[0].split(' ')[0]).join()"


def test_colours_follow_the_cursor_and_the_break_is_told(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Of gradient norms at 30 steps; one of them becomes NaN at step 20."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log_graph(tracker.Graph(NODES, EDGES))
        for step in range(30):
            second = math.nan if step >= 20 else 10.0 - step / 4
            run.log({"grad_norm/fc1.weight": 1.0 + step, "grad_norm/fc2.weight": second}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=graph&at=0")
    until(page, "viz.ready")
    page.get_by_role("radio", name="Gradient norm").check()
    until(page, "!document.querySelector('.graph-player').hidden")
    first = page.evaluate(FILL, "weight")
    assert first
    assert "at step 20" in page.inner_text(".graph-broken")
    assert "gradient norm of fc2/weight" in page.inner_text(".graph-broken")
    assert page.evaluate(BROKEN) == ""
    slider = page.get_by_label("Step of the graph")
    slider.focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.graph-player output').textContent === 'step 1'")
    assert page.evaluate(FILL, "weight") != first
    page.click(".graph-broken")
    until(page, f"{BROKEN} === 'weight' && location.search.includes('at=20')")
    page.keyboard.press("Escape")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_label("Play or pause").click()
    until(page, "viz.get('pace') >= 5")
    page.get_by_label("Play or pause").click()
    page.get_by_role("radio", name="Operation").check()
    until(page, "document.querySelector('.graph-player').hidden")
