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
    with tracker.init(logdir=logdir, name="plain") as run:
        for step in range(5):
            run.log({"tokens": 2_500_000.0, "broken": 1.0}, step=step)
        run.log({"broken": float("nan")}, step=5)
        run.log({"broken": float("inf")}, step=6)
        run.log({"lone": 0.75}, step=3)
    with tracker.init(logdir=logdir, name="bare") as run:
        run.mark("nothing measured", step=1)
    page.goto(f"{serve(logdir, '--no-token').base}/")
    until(page, "viz.ready && document.querySelectorAll('.run').length === 2")
    return page


def test_the_light_says_when_the_last_point_was_logged(words: Any, until: Callable[..., Any]) -> None:
    """Nothing is written any more: how old the newest point is stands beside the light."""
    until(words, "/idle\\s*last point (now|\\d+ s ago)/.test(document.getElementById('live').innerText)")


def test_the_head_counts_what_is_not_finite(words: Any) -> None:
    """NaN and infinity are counted in the head of their card and of no other."""
    assert words.inner_text(f"{CARD.format('broken')} .card-odd") == "2 not finite"
    assert words.inner_text(f"{CARD.format('tokens')} .card-odd") == ""


def test_a_lone_point_has_its_value_in_the_head(words: Any) -> None:
    """A tag logged once is a dot; its value is in the head."""
    assert words.inner_text(f"{CARD.format('lone')} .card-value") == "0.75"


def test_large_values_wear_si_prefixes(words: Any, until: Callable[..., Any]) -> None:
    """2,500,000 is 2.5M in the head of its card and in the tooltip."""
    assert words.inner_text(f"{CARD.format('tokens')} .card-value") == "2.5M"
    canvas = words.locator(f"{CARD.format('tokens')} canvas").first
    canvas.scroll_into_view_if_needed()
    place = canvas.bounding_box()
    words.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    until(words, "document.getElementById('tip').innerText.includes('2.5M')")


def test_names_without_a_path_begin_at_the_left(words: Any) -> None:
    """No room is kept for a path that a name does not have."""
    gaps = words.evaluate(
        "[...document.querySelectorAll('.run .name')].map((name) => name.querySelector('.last').getBoundingClientRect().x - name.getBoundingClientRect().x)"
    )
    assert gaps == [0, 0]
