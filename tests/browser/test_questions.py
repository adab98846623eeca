"""What a page asks while training goes on: what changed, once, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

TAGS = 60
WIDE = {"width": 1600, "height": 6000}
"""A page so high that a card of each tag is in sight."""


def asked_of(page: Any, route: str) -> list[str]:
    """The addresses that a page asks from now on of a route."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if f"/api/v1/{route}" in request.url else None)
    return asked


def test_a_histogram_of_one_of_sixty_tags_is_one_request(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """News say which tags have more; the other 59 cards in sight are as they were."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({f"weights/layer{i}": tracker.Histogram(np.arange(10.0)) for i in range(TAGS)}, step=step)
        run.flush()
        page = new_page(**WIDE)
        asked = asked_of(page, "histograms")
        page.goto(f"{serve(logdir, '--no-token').address}?p=distributions")
        until(page, f"viz.ready && document.querySelectorAll('.card.distribution').length === {TAGS}")
        steps = "[...document.querySelectorAll('.card')].map(({ card }) => card.data?.step.at(-1))"
        until(page, f"{steps}.every((step) => step === 2)")
        assert len(asked) == TAGS
        asked.clear()
        run.log({"weights/layer7": tracker.Histogram(np.arange(10.0))}, step=3)
        until(page, f"{steps}.filter((step) => step === 3).length === 1")
        # A second one comes after whatever the first one set off.
        run.log({"weights/layer8": tracker.Histogram(np.arange(10.0))}, step=3)
        until(page, f"{steps}.filter((step) => step === 3).length === 2")
        assert [url.split("layer")[1].split("&")[0] for url in asked] == ["7", "8"]


def test_a_picture_of_one_of_many_tags_is_one_request(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """As for histograms."""
    picture = tracker.Image(np.zeros((4, 4)))
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(2):
            run.log({f"samples/{i}": picture for i in range(12)}, step=step)
        run.flush()
        page = new_page(**WIDE)
        asked = asked_of(page, "media")
        page.goto(f"{serve(logdir, '--no-token').address}?p=media")
        steps = "[...document.querySelectorAll('.panel')].map(({ panel }) => panel.steps.at(-1))"
        until(page, f"viz.ready && {steps}.length === 12 && {steps}.every((step) => step === 1)")
        asked.clear()
        for number, tag in enumerate(("samples/10", "samples/2")):
            run.log({tag: picture}, step=5)
            until(page, f"{steps}.filter((step) => step === 5).length === {number + 1}")
        assert [url.split("samples%2F")[1].split("&")[0] for url in asked] == ["10", "2"]


@pytest.mark.parametrize("kind", ["Multiline", "Margin"])
def test_a_live_point_of_a_layout_is_no_request(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], kind: str
) -> None:
    """It is appended, as on every chart; a layout that was logged anew is asked for."""
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        tags = ["mean", "low", "high"]
        run.log({"layout": tracker.Layout({"charts": {"one": [kind, tags]}})}, step=0)
        for step in range(3):
            run.log(dict.fromkeys(tags, float(step)), step=step)
        run.flush()
        page.goto(f"{serve(logdir, '--no-token').address}?p=layouts")
        until(page, "viz.ready && viz.page().one?.lines.length === 3")
        until(page, "viz.page().one.lines.every(([, , points]) => points === 3)")
        run.log(dict.fromkeys(tags, 3.0), step=3)  # before the server knew that these are watched, perhaps
        until(page, "viz.page().one.lines.every(([, , points]) => points === 4)")
        asked = asked_of(page, "")
        for step in range(4, 7):
            run.log(dict.fromkeys(tags, float(step)), step=step)
            until(page, f"viz.page().one.lines.every(([, , points]) => points === {step + 1})")
        assert asked == []
        run.log({"layout": tracker.Layout({"charts": {"two": [kind, tags]}})}, step=7)
        until(page, "viz.page().two?.lines.length === 3")
        assert any("/layout" in url for url in asked)


@pytest.mark.dash
def test_the_controls_are_asked_for_after_the_first_curves(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Also where the list of runs takes a second: importing what renders them would take the server that long again."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[0].rpartition("/")[2]))
    held: list[Any] = []
    is_held = True
    page.route("**/api/v1/runs?*", lambda route: held.append(route) if is_held else route.continue_())
    page.goto(sweep.base, wait_until="commit")
    until(page, "window.viz")
    page.wait_for_timeout(1200)
    assert held
    assert "dash" not in asked
    is_held = False
    for route in held:
        route.continue_()
    until(page, "document.body.classList.contains('has-dash')")
    assert "dash" in asked
