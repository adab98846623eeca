"""What a chart cannot show is counted, with the reason; what it shows is where the numbers say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD, OVER, lines, point

TOLD = "document.querySelector('[aria-label=\"{}\"] .told')?.textContent"


@pytest.fixture
def odd(logdir: Path, serve: Callable[..., Any]) -> Any:
    """Steps from −5, values around 0, a metric with gaps, a tag without a value above 0."""
    with tracker.init(logdir=logdir, name="a", config={"lr": 1}, machine=False) as run:
        for step in range(-5, 95):
            run.log({"loss": 0.0 if step % 10 == 3 else 1.0 + step, "down": -1.0}, step=step)
            run.log({"tokens": math.nan if step % 4 == 0 else step * 64.0}, step=step)
    with tracker.init(logdir=logdir, name="b", config={"lr": 1}, machine=False) as run:
        for step in range(40):
            run.log({"loss": math.nan if step == 7 else 3.0}, step=step)
    return serve(logdir, "--no-token")


def told(tag: str, text: str) -> str:
    return f"{TOLD.format(tag)} === {text!r}"


def test_what_has_no_place_on_a_logarithmic_axis_is_counted(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """And a line that would be of nothing but such points is not drawn along the edge."""
    page.goto(f"{odd.base}/?s=0")
    until(page, f"viz.ready && {told('loss', '140 points, 0 hidden')}")
    page.evaluate("viz.set('logy', true)")
    until(page, told("loss", "140 points, 15 hidden at y ≤ 0"))  # −4 … 0 at first, and ten zeros
    until(page, told("down", "100 points, 100 hidden at y ≤ 0"))
    until(page, "document.querySelector('[aria-label=\"down\"] .card-note')?.textContent.includes('log y cannot show')")
    blue = """() => {
      const { canvas } = document.querySelector('[aria-label="down"]').card.chart;
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i + 2] - data[i] > 60) found++;
      return found;
    }"""
    assert page.evaluate(blue) == 0
    page.evaluate("(viz.set('logy', false), viz.set('logx', true))")
    until(page, told("loss", "140 points, 7 hidden at x ≤ 0"))
    assert page.evaluate("viz.range('loss').x[0]") == 1
    assert page.evaluate(blue) > 100
    page.evaluate("viz.set('logy', true)")
    until(page, f"{TOLD.format('loss')}.startsWith('140 points, 17 hidden: 7 at x ≤ 0, 10 at y ≤ 0')")


def test_a_window_from_before_an_axis_was_logarithmic_stays_one(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """What of it is above 0 is shown."""
    page.goto(f"{odd.base}/?s=0")
    until(page, "viz.ready")
    page.evaluate("viz.zoom('loss', [-4, 20])")
    page.evaluate("document.querySelector('[aria-label=\"loss\"]').card.chart.setZoom([-4, 20], [-10, 30])")
    page.evaluate("(viz.set('logx', true), viz.set('logy', true))")
    until(page, "viz.range('loss').x.join() === '1,20'")
    until(page, "viz.range('loss').y[0] > 0 && viz.range('loss').y[1] > 20")


def test_what_a_baseline_or_a_metric_leaves_out_is_counted(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """The axis says what it is of; the chart is as wide as what there is."""
    page.goto(f"{odd.base}/?s=0&base=b")
    until(page, f"viz.ready && {told('loss', '100 points, 61 hidden where the baseline has no value')}")
    assert page.evaluate("viz.range('loss').x") == [0, 39]
    assert "The baseline b has not logged this." in page.inner_text(CARD.format("down"))
    words = "document.querySelector('[aria-label=\"loss\"]').card.chart.view.settings.yName"
    assert page.evaluate(words) == "difference to b"
    page.evaluate("(viz.set('base', ''), viz.set('metric', 'tokens'), viz.set('x', 'metric'))")
    until(page, told("loss", "100 points, 25 hidden where tokens has no value, 1 run without tokens"))


def test_a_group_says_how_many_of_its_runs_each_part_stands_for(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """Where a shorter member has ended, the middle is of the others; what is not finite stands on the rail."""
    page.goto(f"{odd.base}/?s=0&g=lr")
    until(page, "viz.ready && viz.lines('loss').length === 1")
    curve = "document.querySelector('[aria-label=\"loss\"]').card.chart.view.lines[0].curve"
    carried = page.evaluate(f"[...{curve}.carried]")
    assert carried[5 + 20] == 2
    assert carried[5 + 60] == 1
    assert page.evaluate(f"Number.isNaN({curve}.whole[65]) && !Number.isNaN({curve}.part[65])")
    assert page.evaluate("document.querySelector('[aria-label=\"loss\"]').card.chart.view.rail") > 0
    point(page, OVER.format("loss"), 0.8, 0.5)
    until(page, "document.getElementById('tip').innerText.includes('1 of 2 runs')")
    point(page, OVER.format("loss"), 0.3, 0.5)
    until(page, "/ · 2 runs/.test(document.getElementById('tip').innerText)")


def test_the_range_of_a_group_hides_no_spike(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Also one that lies between two of the places at which the group is looked at."""
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, config={"seed": name}, machine=False) as run:
            for step in range(3500):
                run.log({"loss": 50.0 if name == "b" and step == 1777 else 1.0}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0&g=*&gb=range")
    until(page, "viz.ready && viz.lines('loss').length === 1")
    (line,) = lines(page, "loss")
    assert max(line["max"]) == 50
    assert min(line["min"]) == 1
    inner = line["step"][1:-1]
    assert len({b - a for a, b in itertools.pairwise(inner)}) == 1  # places stay as points come
    assert inner[0] % (inner[1] - inner[0]) == 0


def test_groups_are_smoothed_by_the_axis_that_is_shown(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """After a change of axis they look as on a page that was opened with it."""
    page.goto(f"{odd.base}/?s=0.99&g=lr&x=relative")
    until(page, "viz.ready && viz.lines('loss').length === 1")
    expected = lines(page, "loss")[0]["mean"]
    page.goto(f"{odd.base}/?s=0.99&g=lr")
    until(page, "viz.ready && viz.lines('loss').length === 1")
    assert lines(page, "loss")[0]["mean"] != pytest.approx(expected)
    page.evaluate("viz.set('x', 'relative')")
    page.evaluate("viz.settled()")
    drawn = "[...document.querySelector('[aria-label=\"loss\"]').card.chart.view.lines[0].curve.mean].map((x) => x === x ? x : null)"
    assert page.evaluate(drawn) == pytest.approx(expected, nan_ok=True)


def test_a_zoom_between_two_points_shows_the_line_between_them(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Of a short series and of a long one; the range is that of what is seen, and no point is counted."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(20_000):
            run.log({"long": step % 2, **({"short": step} if step % 1000 == 0 else {})}, step=10 * step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    for tag, window, y in (("short", [11_000, 19_000], [1100, 1900]), ("long", [100_002, 100_004], [0.2, 0.4])):
        page.evaluate("([tag, window]) => viz.zoom(tag, window)", [tag, window])
        until(page, told(tag, "0 points, 0 hidden"))
        found = page.evaluate("(tag) => viz.range(tag).y", tag)
        assert found[0] <= y[0] < y[1] <= found[1]
        assert found[1] - found[0] < 3 * (y[1] - y[0])
        assert len(lines(page, tag)[0]["x"]) == 2


@pytest.mark.dash
def test_a_metric_that_is_chosen_as_x_is_asked_for(odd: Any, page: Any, until: Callable[..., Any]) -> None:
    """Until it is named the axis stays; then the choice is lit among the others, and undone by another."""
    page.goto(f"{odd.base}/?s=0")
    until(page, "viz.ready && document.querySelector('#x label')")
    page.click("#x >> text=Metric")
    until(page, "document.activeElement.matches('.popover input')")
    until(page, "document.querySelector('#x input[value=step]').checked && viz.get('x') === 'step'")
    page.keyboard.type("tokens")
    page.keyboard.press("Enter")
    until(page, "viz.get('x') === 'metric' && document.querySelector('#x input[value=metric]').checked")
    until(page, "document.querySelector('.card').card.chart.view.settings.axis === 'metric'")
    page.keyboard.press("Escape")
    page.click("#x >> text=Step")
    until(page, "viz.get('x') === 'step' && document.querySelector('.card').card.chart.view.settings.axis === 'step'")


def test_what_is_said_while_curves_come_fits(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Few plain words, none of them cut in a narrow card; they end with the last answer."""
    for name in "ab":
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(5000):
                run.log({f"t{i}": 1.0 for i in range(4)}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready && viz.lines('t0')?.length === 2")
    said = page.evaluate("""() => {
      const card = document.querySelector('.card').card, curve = card.curve('b'), told = card.element.querySelector('.told');
      const read = () => { card.draw(); return [told.textContent, told.scrollWidth <= told.clientWidth]; };
      card.element.classList.add('hides');
      curve.loaded = false;
      const loading = read();
      curve.loaded = true;
      return [loading, read()];
    }""")
    assert said == [["Loading: 10,000 points so far", True], ["10,000 points, 0 hidden", True]]
