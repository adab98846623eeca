"""The page of distributions: what is picked is shown merged and exact; the cursor moves every card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker


@pytest.fixture
def layers(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Callable[..., Any]:
    """Two layers over 20 steps, one with NaN and infinities, open as asked: layers("&bins=heat")."""

    def show(more: str) -> Any:
        with tracker.init(logdir=logdir, name="a") as run:
            for step in range(20):
                odd = np.array([np.nan, np.inf, -np.inf] if step == 7 else [], np.float32)
                values = {
                    "w/one": tracker.Histogram(np.full(100, step, np.float32)),
                    "w/two": tracker.Histogram(np.concatenate([np.arange(50, dtype=np.float32), odd])),
                }
                run.log(values, step=step)
        page.goto(f"{serve(logdir, '--no-token').base}/?p=distributions{more}")
        until(page, "viz.ready")
        return page

    return show


def drag(page: Any, selector: str, start: float, stop: float) -> None:
    """From one share of the picture's width to another."""
    box = page.query_selector(selector).bounding_box()
    left, wide, y = box["x"] + 46, box["width"] - 58, box["y"] + box["height"] / 2
    page.mouse.move(left + wide * start, y)
    page.mouse.down()
    page.mouse.move(left + wide * stop, y, steps=6)
    page.mouse.up()


def test_dragged_steps_and_picked_layers_are_merged_exactly(
    layers: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Steps 4 to 9 of one layer, then of two; what is not finite is counted; a close lets go."""
    page = layers("&bins=heat")
    drag(page, "[aria-label='w/one of a'] canvas.over", 3.8 / 19, 9.2 / 19)
    until(page, "document.querySelector('.merge-told')?.textContent.includes('Histograms6Elements600')")
    assert "smallest4" in page.inner_text(".merge-told").replace("\n", "")
    assert "largest9" in page.inner_text(".merge-told").replace("\n", "")
    page.hover("[aria-label='w/two of a']")
    page.click("[aria-label='w/two of a'] .pick")
    until(page, "document.querySelector('.merge-told').textContent.includes('Histograms12Elements903NaN1+∞1−∞1')")
    page.get_by_role("button", name="Close").click()
    until(page, "!document.querySelector('.merge')")


def test_what_is_not_finite_is_in_sight(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Without hovering."""
    page = layers("&bins=ridge")
    assert "1 NaN, 2 ±∞" in page.inner_text("[aria-label='w/two of a'] .card-foot")
    opacity = "getComputedStyle(document.querySelector('[aria-label=\"w/two of a\"] .card-foot')).opacity"
    until(page, f"{opacity} === '1'")


def test_one_cursor_moves_every_card(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """By the slider of one of them; the address remembers; few elements say that they have few bins."""
    page = layers("&bins=one&at=3")
    said = "[...document.querySelectorAll('.distribution output')].map((each) => each.textContent).join()"
    assert page.evaluate(said) == "step 3,step 3"
    page.get_by_label("Step of w/two").focus()
    page.keyboard.press("ArrowRight")
    until(page, f"{said} === 'step 4,step 4' && location.search.includes('at=4')")
    assert "53 elements in 8 bins" in page.inner_text("[aria-label='w/two of a'] .card-foot")


def test_logarithmic_bins(layers: Callable[..., Any], until: Callable[..., Any]) -> None:
    """Chosen by the control that Dash draws."""
    page = layers("&bins=heat")
    until(page, "document.body.classList.contains('has-dash')")
    page.get_by_text("Log bins", exact=True).click()
    until(page, "viz.get('binning') === 'log' && viz.ready")
