"""Many runs on one chart: a density, with every spike in it, that follows the pointer, the keys, the link and new points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD

RUNS, STEPS = 60, 120
SPIKE = (17, 50, 40.0)
"""Of one run, at one step, one value."""

PIXEL = """([tag, step, value, aside]) => {
  const { view, canvas, width } = document.querySelector(`article[aria-label="${tag}"]`).card.chart;
  const ratio = canvas.width / width;
  const x = Math.floor(view.scale.x(step)) + 0.5 + aside, y = Math.floor(view.scale.y(value)) + 0.5;
  return [...canvas.getContext("2d").getImageData(Math.floor(x * ratio), Math.floor(y * ratio), 1, 1).data];
}"""


def _log_sixty(logdir: Path) -> None:
    for number in range(RUNS):
        with tracker.init(logdir=logdir, name=f"run{number:02}", machine=False) as run:
            for step in range(STEPS):
                run.log({"loss": SPIKE[2] if (number, step) == SPIKE[:2] else number / 10 + (step % 7) / 7}, step=step)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_sixty_runs_are_a_density_with_every_spike(
    logdir: Path, fill: Callable[..., None], open_page: Callable[..., Any], until: Callable[..., Any], theme: str
) -> None:
    """All runs in every column, the median and the ends exact, and the pixels of the spike have a colour of their own."""
    fill(logdir, _log_sixty)
    page = open_page(logdir, "curves&s=0", ".card-key:not([hidden])", theme=theme)
    told = page.evaluate("viz.density('loss')")
    assert {column["n"] for column in told["columns"]} == {RUNS}
    assert max(column["max"] for column in told["columns"]) == pytest.approx(SPIKE[2])
    first = told["columns"][0]
    assert first["min"] == pytest.approx(0)
    assert first["median"] == pytest.approx((RUNS - 1) / 20, abs=0.1)
    assert told["above"] == [f"run{number:02}" for number in reversed(range(5))]
    assert page.inner_text(".card-key").endswith("of 60 runs")
    assert page.query_selector(f"{CARD.format('loss')} canvas.over").get_attribute("aria-label") == "Chart of loss: density of 60 runs"  # fmt: skip
    page.excuse("willReadFrequently")  # a hint of the browser about asking for pixels, as is done here
    _, step, value = SPIKE
    assert page.evaluate(PIXEL, ["loss", step, value - 1.7, 0])[3] == 255
    assert page.evaluate(PIXEL, ["loss", step, value - 1.7, 9])[3] == 0
    page.evaluate("viz.set('smooth', 0.9)")
    page.evaluate("viz.settled()")
    assert page.evaluate(PIXEL, ["loss", step, value - 1.7, 0])[3] == 255


def test_lines_density_and_quantiles_are_chosen_and_in_the_link(
    logdir: Path, fill: Callable[..., None], open_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """To lines and back again, and an address says which; what is said at the pointer and by the keys is of all runs."""
    fill(logdir, _log_sixty)
    page = open_page(logdir, "curves", ".card-key:not([hidden])")
    over = f"{CARD.format('loss')} canvas.over"
    page.hover(over)
    until(page, "document.querySelector('#tip').textContent.includes('60 runs')")
    key, actions = (page.query_selector(part).bounding_box() for part in (".card-key", ".card-actions"))
    assert key["x"] + key["width"] <= actions["x"], "the buttons lie over what the shades mean"
    page.focus(over)
    page.keyboard.press("ArrowRight")
    said = page.inner_text("#tip")
    for word in ("60 runs", "median", "10–90 %", "min–max", "run"):
        assert word in said
    page.click("#own-tools >> text=Lines")
    choice = "label:has-text('Drawn as') select"
    page.select_option(choice, "lines")
    until(page, "viz.density('loss') === null && location.search.includes('mn=lines')")
    assert page.is_hidden(".card-key")
    page.select_option(choice, "quantiles")
    until(page, "viz.density('loss') && document.querySelector('.card-key').textContent.includes('10–90 %')")
    address = page.url
    page.select_option(choice, "auto")
    until(
        page, "document.querySelector('.card-key').textContent.startsWith('up to') && !location.search.includes('mn=')"
    )
    page.goto("about:blank")
    page.goto(address)
    until(page, "viz.ready && document.querySelector('.card-key').textContent.includes('10–90 %')")


def test_a_density_follows_points_that_come(
    logdir: Path, fill: Callable[..., None], serve_live: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The newest point of one run is in it, and a run that is chosen is a line above it."""
    fill(logdir, _log_sixty)
    served = serve_live(logdir, {}, {"loss": 1.0})
    page.goto(f"{served.base}/?s=0&sel=run33")
    until(page, "viz.ready && viz.density('loss')?.columns[0].n === 61")
    assert page.evaluate("viz.density('loss').above.at(-1)") == "run33"
    for step, value in ((1, 2.0), (2, 3.0), (3, 60.0)):
        served.live.log({"loss": value}, step=step)
        until(
            page, f"viz.density('loss').columns.some((column) => Math.abs(column?.max - {max(value, SPIKE[2])}) < 1e-9)"
        )
        until(page, f"viz.density('loss').columns.filter((column) => column?.n === 61).length >= {step}")


def _log_rates(logdir: Path) -> None:
    """Level lines, odd ones of another rate; by val/acc the middle ones are the best."""
    for number in range(RUNS):
        config = {"lr": 0.1 if number % 2 else 0.01}
        with tracker.init(logdir=logdir, name=f"run{number:02}", machine=False, config=config) as run:
            for step in range(3):
                run.log({"loss": float(number), "val/acc": -abs(number - 30.25)}, step=step)


def test_a_box_chooses_the_runs_that_go_through_it(
    logdir: Path, fill: Callable[..., None], open_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """With Shift, or once the button is pressed; the selection is in the link, and the one before it comes back."""
    fill(logdir, _log_rates)
    page = open_page(logdir, "curves&s=0&sel=run07", ".card-key:not([hidden])")
    places = """() => {
      const { chart } = document.querySelector('article[aria-label="loss"]').card;
      const { left, top } = chart.over.getBoundingClientRect(), { scale } = chart.view;
      return [[left + scale.x(0.5), top + scale.y(19.5)], [left + scale.x(1.5), top + scale.y(31.5)]];
    }"""

    def drag() -> None:
        start, stop = page.evaluate(places)
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*stop, steps=3)
        page.mouse.up()

    page.keyboard.down("Shift")
    drag()
    page.keyboard.up("Shift")
    within = [f"run{number}" for number in range(20, 32)]
    until(page, "document.querySelector('.toast')?.textContent.startsWith('12 runs selected')")
    until(page, "location.search.includes('sel=run20')")
    assert page.evaluate("viz.get('chosen')") == within
    assert set(within) <= set(page.evaluate("viz.density('loss').above"))
    page.click(".toast >> text=Undo")
    assert page.evaluate("viz.get('chosen')") == ["run07"]
    page.focus(f"{CARD.format('loss')} canvas.over")
    page.keyboard.press("b")
    assert page.get_attribute(f"{CARD.format('loss')} .brush", "aria-pressed") == "true"
    drag()
    until(page, "viz.get('chosen').length === 12")
    page.evaluate("viz.set('chosen', Array.from({ length: 55 }, (_, i) => `run${String(i).padStart(2, '0')}`))")
    until(page, "document.querySelector('.card-key').textContent === '55 selected of 60 runs'")
    assert page.evaluate("viz.density('loss').layers") == [
        {"text": "others", "isQuiet": True, "lines": 5},
        {"text": "selected", "isQuiet": False, "lines": 55},
    ]


def test_colours_are_values_and_the_best_are_by_any_metric(
    logdir: Path, fill: Callable[..., None], open_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """A density a value, groups of them, the best by another chart's metric, and a run that is pinned."""
    fill(logdir, _log_rates)
    page = open_page(logdir, "curves&s=0&cb=lr&bb=val%2Facc&bn=3", ".card-key:not([hidden])")
    until(page, "document.querySelector('.card-key').textContent === '60 runs by lr'")
    layers = page.evaluate("viz.density('loss').layers")
    assert [(each["text"], each["lines"]) for each in layers] == [("0.01", 30), ("0.1", 30)]
    until(page, "viz.density('loss').above.join() === 'run29,run31,run30'")
    page.hover(f"{CARD.format('loss')} canvas.over")
    until(page, "document.querySelector('#tip').textContent.includes('0.1 · 30 runs')")
    page.evaluate("document.querySelector('.run-more').click()")
    page.click("text=Pin on charts")
    until(page, "viz.density('loss').above.includes('run59') && location.search.includes('pr=run59')")
    page.evaluate("viz.set('many', 'groups')")
    until(
        page, "viz.density('loss') === null && viz.lines('loss').map(({ label }) => label).join() === 'lr=0.01,lr=0.1'"
    )
    assert all(line["band"] for line in page.evaluate("viz.lines('loss')"))
