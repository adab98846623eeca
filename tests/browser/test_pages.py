"""Each page, on what a training logs: it is drawn, and says what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tests.browser.charts import OVER, drag, tip


@pytest.fixture
def everything(logdir: Path, serve: Callable[..., Any]) -> Iterator[Any]:
    """A server of two runs that logged all kinds; one of them is open."""
    rng = np.random.default_rng(0)
    nodes = [
        {"name": "x", "op": "input", "kind": "input", "attrs": {"shape": [1, 64]}},
        {
            "name": "fc1/weight",
            "op": "parameter",
            "kind": "parameter",
            "attrs": {"shape": [32, 64], "parameters": 2048},
        },
        {"name": "fc1/linear", "op": "linear", "attrs": {"shape": [1, 32]}},
        {"name": "relu", "op": "relu", "attrs": {"shape": [1, 32]}},
    ]
    edges = [
        {"source": "x", "target": "fc1/linear", "shape": [1, 64]},
        {"source": "fc1/weight", "target": "fc1/linear", "shape": [32, 64]},
        {"source": "fc1/linear", "target": "relu", "shape": [1, 32]},
    ]
    runs = []
    for name in ("first", "second"):
        run = tracker.init(logdir=logdir, name=name, machine=False)
        runs.append(run)
        run.log_graph(tracker.Graph(nodes, edges))
        for step in range(60):
            run.log({"train/loss": math.exp(-step / 20), "val/loss": math.nan if step == 30 else 1.0}, step=step)
            if step % 10 == 0:
                run.log({"weights/fc1": tracker.Histogram(rng.normal(size=1000))}, step=step)
                guesses = {"three": 0.2 + step / 100, "eight": 0.8 - step / 100}
                run.log({"samples": [tracker.Image(rng.random((8, 8)), label="three", predictions=guesses)]}, step=step)
                run.log({"notes": tracker.Text(f"at step {step} <b>bold</b>")}, step=step)
        run.flush()
    runs[0].finish()
    served = serve(logdir, "--no-token")
    served.run = runs[1]
    yield served
    runs[1].finish()


def test_curves_are_drawn_and_told(everything: Any, page: Any, until: Callable[..., Any]) -> None:
    """Cards by group, lines of both runs, NaN on the rail, a tooltip, and the count of points."""
    page.goto(everything.address)
    until(page, "viz.ready")
    assert [title.inner_text() for title in page.query_selector_all(".card-title")] == ["train/loss", "val/loss"]
    card = page.locator("article[aria-label='val/loss']")
    card.hover()
    assert "120 points, 0 hidden" in card.inner_text()
    assert "2 not finite" in card.inner_text()
    told = tip(page, OVER.format("train/loss"), 0.5, 0.5)
    assert "first" in told
    assert "second" in told
    assert "step" in told


def test_zooming_asks_for_finer_data_and_stays(everything: Any, page: Any, until: Callable[..., Any]) -> None:
    """Drag selects steps; double click shows all again; new points do not move the window."""
    page.goto(everything.address)
    until(page, "viz.ready")
    drag(page, "train/loss", 0.4, 0.6)
    until(page, "viz.drawn('train/loss').first.step.length < 30")
    steps = page.evaluate("viz.drawn('train/loss').second.step")
    assert 15 < steps[0] < steps[-1] < 45
    everything.run.log({"train/loss": 5.0}, step=61)
    page.wait_for_timeout(300)
    assert page.evaluate("viz.drawn('train/loss').second.step") == steps
    page.dblclick(OVER.format("train/loss"))
    until(page, "viz.drawn('train/loss').second.step.length === 61")


def test_hiding_a_run_takes_its_line_away_and_the_address_remembers(
    everything: Any, page: Any, until: Callable[..., Any]
) -> None:
    """A link shows what was shown."""
    page.goto(everything.address)
    until(page, "viz.ready")
    page.get_by_label("Show first").click()
    until(page, "Object.keys(viz.drawn('train/loss')).join() === 'second'")
    until(page, "location.search.includes('off=first')")
    page.goto(page.url)
    until(page, "viz.ready && Object.keys(viz.drawn('train/loss')).join() === 'second'")


@pytest.mark.dash
def test_the_controls_that_dash_draws_move_the_curves(
    everything: Any, logdir: Path, serve_as_users_do: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Filter, smoothing, axis and scale; of a server that imports Dash while one looks on."""
    page.goto(serve_as_users_do(logdir, "--no-token").address)
    until(page, "document.body.classList.contains('has-dash')")
    page.get_by_placeholder("Filter tags").fill("val")
    until(page, "document.querySelectorAll('.card').length === 1")
    page.get_by_placeholder("Filter tags").fill("nothing")
    until(page, "document.querySelector('.empty h2')?.textContent.includes('nothing')")
    page.get_by_role("button", name="Clear the filter").click()
    until(page, "document.querySelectorAll('.card').length === 2")
    until(page, "document.querySelector('[placeholder^=\"Filter tags\"]').value === ''")
    page.get_by_text("Relative", exact=True).click()
    until(page, "viz.get('x') === 'relative'")
    page.get_by_role("switch", name="log y").check(force=True)
    until(page, "viz.get('logy') === true")
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    until(page, "viz.get('smooth') === 0")


@pytest.mark.parametrize("mode", ["ridge", "overlay", "heat", "bands", "one"])
def test_distributions_are_drawn(everything: Any, page: Any, until: Callable[..., Any], mode: str) -> None:
    """A card for each tensor and run, with its counts under the mouse; new steps come by themselves."""
    page.goto(f"{everything.base}/?p=distributions&bins={mode}")
    until(page, "viz.ready")
    cards = page.query_selector_all(".card")
    assert len(cards) == 2
    assert "6 steps" in cards[0].inner_text()
    assert page.evaluate(INK, "article.card canvas") > 2000
    assert "median" in tip(page, ".card canvas.over", 0.5, 0.5)
    everything.run.log({"weights/fc1": tracker.Histogram(np.ones(5))}, step=70)
    until(page, "document.querySelector('[aria-label=\"weights/fc1 of second\"]').textContent.includes('7 steps')")


INK = """(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) ink++;
  return ink;
}"""
"""How many pixels of a canvas are painted."""


def test_pictures_are_shown_with_their_predictions_and_follow_the_steps(
    everything: Any, page: Any, until: Callable[..., Any]
) -> None:
    """The newest step by default, any other by the slider; live; texts as text."""
    page.goto(f"{everything.base}/?p=media")
    until(page, "viz.ready && document.querySelectorAll('.picture img').length === 2")
    until(page, "[...document.querySelectorAll('.picture img')].every((image) => image.naturalWidth === 8)")
    panel = page.query_selector("[aria-label='samples of second']")
    assert "step 50" in panel.inner_text()
    assert "label three" in panel.inner_text()
    assert panel.query_selector(".picture:not(.is-wrong)")
    slider = panel.query_selector("input")
    slider.focus()
    page.keyboard.press("Home")
    until(page, "document.querySelector('[aria-label=\"samples of second\"]').innerText.includes('step 0')")
    until(page, "document.querySelector('[aria-label=\"samples of second\"] .picture.is-wrong')")
    until(page, "document.querySelector('[aria-label=\"notes of second\"] .prose').textContent.includes('step 0')")
    assert "at step 0 <b>bold</b>" in page.inner_text("[aria-label='notes of second']")
    panel.query_selector(".newest").click()
    everything.run.log(
        {"samples": [tracker.Image(np.zeros((8, 8)), label="three", predictions={"three": 1.0})]}, step=60
    )
    until(page, "document.querySelector('[aria-label=\"samples of second\"]').textContent.includes('step 60')")


def test_the_graph_is_drawn(everything: Any, page: Any, until: Callable[..., Any]) -> None:
    """Its nodes are there by name."""
    page.goto(f"{everything.base}/?p=graph")
    until(page, "viz.ready")
    until(page, "document.getElementById('view').textContent.includes('relu')")
    assert "fc1" in page.inner_text("#view")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.dash
def test_both_themes_follow_the_system_and_the_button(
    everything: Any, new_page: Callable[..., Any], until: Callable[..., Any], theme: str
) -> None:
    """The system's theme at first, then what was chosen, for ever."""
    page = new_page(theme=theme)
    page.goto(everything.address)
    until(page, "viz.ready && document.body.classList.contains('has-dash')")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(247, 248, 250)", "dark": "rgb(15, 17, 21)"}[theme]
    page.click("#toggle-theme")
    other = {"light": "dark", "dark": "light"}[theme]
    assert page.evaluate("document.documentElement.dataset.theme") == other
    until(page, f"document.documentElement.dataset.mantineColorScheme === '{other}'")
    page.goto(everything.address)
    assert page.evaluate("document.documentElement.dataset.theme") == other


def test_an_empty_logdir_waits_for_its_first_run(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Code to copy, what is watched; and the run appears by itself."""
    served = serve(logdir, "--no-token")
    page.goto(served.address)
    until(page, "viz.ready")
    said = page.inner_text("#view")
    assert "Waiting for the first run" in said
    assert "tracker.log(" in said
    assert str(logdir) in said
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    until(page, "viz.drawn('loss').a?.step.length === 1")


def test_without_the_token_the_page_asks_for_it(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """And opens when it is given."""
    served = serve(logdir)
    page.goto(served.base)
    assert "needs its token" in page.inner_text("body")
    page.fill("input", served.token)
    page.click("button")
    until(page, "window.viz?.ready")
    page.excuse("401 (Unauthorized)")


HOSTILE = ["<img src=x onerror=window.struck=1>", "'\"><script>window.struck=1</script>", "javascript:window.struck=1", "{{constructor.constructor('window.struck=1')()}}", "</script><script>window.struck=1</script>"]  # fmt: skip


def test_hostile_names_are_text(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> None:
    """Runs, tags, captions and texts that look like code are shown and do nothing."""
    for number, text in enumerate(HOSTILE):
        name = f"{number} " + text.replace("/", "∕").replace("\\", "")
        with tracker.init(logdir=logdir, name=name, notes=text, config={text: text}, machine=False) as run:
            run.log({text: 1.0, f"group/{text}": 2.0}, step=0)
            run.log(
                {
                    f"t {text}": tracker.Text(text),
                    f"p {text}": tracker.Image(np.zeros((2, 2)), text, label=text, predictions={text: 1.0}),
                },
                step=0,
            )
            run.log({f"w {text}": tracker.Histogram([1.0])}, step=0)
            run.log_graph(tracker.Graph([{"name": f"a/{text}", "op": text}], []))
    served = serve(logdir, "--no-token")
    for tab in ("curves", "distributions", "media", "graph"):
        page.goto(f"{served.base}/?p={tab}")
        until(page, "viz.ready")
        for card in page.locator(".card, .panel").all()[:6]:
            card.hover()
        page.wait_for_timeout(100)
        assert page.evaluate("window.struck") is None
        assert page.query_selector("img[src=x]") is None
