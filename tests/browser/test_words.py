"""What the page says in words beside its drawings: the state light, the heads of cards, the tooltip, the run list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD


@pytest.fixture
def words(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Any:
    """The page of one finished run, "plain", with values that are large, lone or not finite, and one without scalars."""
    with tracker.init(logdir=logdir, name="plain", machine=False) as run:
        for step in range(5):
            run.log({"tokens": 2_500_000.0, "broken": 1.0}, step=step)
        run.log({"broken": float("nan")}, step=5)
        run.log({"broken": float("inf")}, step=6)
        run.log({"lone": 0.75}, step=3)
    with tracker.init(logdir=logdir, name="bare", machine=False) as run:
        run.mark("nothing measured", step=1)
    page.goto(f"{serve(logdir, '--no-token').base}/")
    until(page, "viz.ready && document.querySelectorAll('.run').length === 2")
    return page


def test_what_is_said_beside_the_drawings(words: Any, until: Callable[..., Any]) -> None:
    """The age of the newest point, what is not finite, the value of a lone point, short numbers, and names from the left."""
    until(words, "/idle\\s*last point (now|\\d+ s ago)/.test(document.getElementById('live').innerText)")
    assert words.inner_text(f"{CARD.format('broken')} .card-odd") == "2 not finite"
    assert words.inner_text(f"{CARD.format('tokens')} .card-odd") == ""
    assert words.inner_text(f"{CARD.format('lone')} .card-value") == "0.75"
    # No room is kept for a path that a name does not have.
    gaps = words.evaluate(
        "[...document.querySelectorAll('.run .name')].map((name) => name.querySelector('.last').getBoundingClientRect().x - name.getBoundingClientRect().x)"
    )
    assert gaps == [0, 0]
    assert words.inner_text(f"{CARD.format('tokens')} .card-value") == "2.5M"
    canvas = words.locator(f"{CARD.format('tokens')} canvas").first
    canvas.scroll_into_view_if_needed()
    place = canvas.bounding_box()
    words.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    until(words, "document.getElementById('tip').innerText.includes('2.5M')")
