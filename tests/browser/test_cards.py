"""The cards of the page of curves: pointed at, zoomed, moved and sized; each by what is seen or kept."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard.live import user_edits
from tests.browser.charts import CARD, OVER, carry, drag, point, press, tip


def test_a_drag_upwards_zooms_y(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """And double click shows all."""
    page.goto(f"{sweep.base}/?s=0")
    until(page, "viz.ready")
    before = page.evaluate("viz.range('train/loss')")
    drag(page, "train/loss", 0.5, 0.51, 0.4)
    until(page, f"viz.range('train/loss').y[1] < {before['y'][1]}")
    after = page.evaluate("viz.range('train/loss')")
    assert after["x"] == before["x"]
    assert before["y"][0] <= after["y"][0] < after["y"][1] < before["y"][1]
    page.dblclick(f"{CARD.format('train/loss')} canvas.over")
    until(page, f"JSON.stringify(viz.range('train/loss')) === {json.dumps(json.dumps(before, separators=(',', ':')))}")


def test_an_outlier_is_left_out_of_the_range_when_asked_and_counted(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The key o; what is left out is said."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(200):
            run.log({"loss": 1000.0 if step == 77 else 1 + step / 200}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    assert page.evaluate("viz.range('loss').y[1]") > 1000
    page.keyboard.press("o")
    until(page, "viz.range('loss').y[1] < 4")
    assert "200 points, 0 hidden, 1 outside the range" in page.inner_text(".card .told")


MARKS = """(() => {
  const { clientWidth } = document.querySelector('article[aria-label="train/loss"] canvas.over');
  return viz.marks("train/loss").map((px) => px / clientWidth);
})()"""
"""Where they are, as parts of the chart's width."""


def test_marks_are_on_the_chart_and_told(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """At the step they were made at; the pointer beside one reads it."""
    page.goto(f"{sweep.base}/?runs=sweep/0")
    until(page, "viz.ready")
    until(page, "viz.marks('train/loss').length >= 1")  # what was found in the run may be marked beside
    told = ""
    for share in page.evaluate(MARKS):
        told += tip(page, OVER.format("train/loss"), share, 0.5).replace("\n", " ")
    assert "lr: halved" in told
    page.keyboard.press("m")
    until(page, "viz.marks('train/loss').length === 0")


def test_what_was_found_is_marked(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """At the step where it shows, in a page that was open before; what somebody dismisses is marked no more."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(20):
            run.log({"train/loss": float("nan") if step >= 12 else 1.0 / (step + 1)}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?s=0")
    until(page, "viz.ready")
    until(page, "viz.marks('train/loss').length === 1")
    told = tip(page, OVER.format("train/loss"), page.evaluate(MARKS)[0], 0.5)
    assert "finding: train/loss is NaN from step 12 on." in told.replace("\n", " ")
    user_edits.dismiss(logdir / "a", "nan_or_inf", "meant", None)
    until(page, "viz.marks('train/loss').length === 0")


def test_the_tooltip_has_every_digit_and_the_cursor_is_on_every_card(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """Sorted by value; nothing is rounded away."""
    page.goto(f"{sweep.base}/?s=0&runs=sweep")
    until(page, "viz.ready")
    tip(page, OVER.format("train/loss"), 0.5, 0.5)
    step = int(page.inner_text("#tip caption").split("·")[0].replace("step", "").strip())
    rows = [row.inner_text().split() for row in page.query_selector_all("#tip tr")]
    expected = sorted((lr * 10 + seed + math.exp(-step / 20) for lr in (0.1, 0.01) for seed in range(3)), reverse=True)
    assert [float(row[1]) for row in rows] == expected
    assert page.evaluate("viz.cursor('val/loss')") == pytest.approx(page.evaluate("viz.cursor('train/loss')"))


def test_cards_are_moved_pinned_and_sized_and_stay_so(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """By drag and by keys; the browser remembers."""
    page.goto(sweep.base)
    until(page, "viz.ready")
    press(page, CARD.format("val/loss"), ".pin")
    assert page.inner_text(".group h2 >> nth=0").startswith("Pinned")
    press(page, CARD.format("tokens"), ".pin")
    titles = "[...document.querySelectorAll('.card')].map((card) => card.getAttribute('aria-label')).join()"
    until(page, f"{titles} === 'val/loss,tokens,train/loss'")
    carry(page, CARD.format("tokens"), CARD.format("val/loss"), f"{titles} === 'tokens,val/loss,train/loss'")
    page.focus(f"{CARD.format('tokens')} canvas.over")
    page.keyboard.press("Alt+ArrowRight")
    until(page, f"{titles} === 'val/loss,tokens,train/loss'")
    grip = f"{CARD.format('train/loss')} .card-grip"
    point(page, grip, 0.5, 0.5)
    page.mouse.down()
    box = page.query_selector(grip).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 350, box["y"] + box["height"] / 2 + 100, steps=5)
    until(
        page, "(localStorage.getItem('everystep.cardSizes') ?? '').includes('[2,')"
    )  # a busy browser takes it up late
    page.mouse.up()
    page.reload()
    until(page, f"viz.ready && {titles} === 'val/loss,tokens,train/loss'")
    wide = page.query_selector(CARD.format("train/loss")).bounding_box()
    narrow = page.query_selector(CARD.format("val/loss")).bounding_box()
    assert wide["width"] == pytest.approx(2 * narrow["width"] + 12, abs=2)
    assert wide["height"] == pytest.approx(narrow["height"] + 90, abs=12)


def test_thousands_of_tags_cost_only_what_is_seen(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Cards are filled when scrolled to."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({f"group{number % 7}/metric{number}": float(number) for number in range(3000)}, step=step)
    page.goto(serve(logdir, "--no-token").base)
    until(page, "viz.ready")
    assert page.evaluate("document.querySelectorAll('.card').length") == 3000
    assert page.evaluate("document.querySelectorAll('.card canvas').length") < 80
    page.evaluate("document.getElementById('view').scrollTop = 1e9")
    until(page, "viz.drawn('group6/metric2995').a?.value.at(-1) === 2995")


def test_a_tag_that_begins_like_an_expression_is_shown_as_it_was_logged(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """What was logged comes before what its name would give; an expression that nobody logged is one."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(3):
            run.log({"loss": 1.0 + step, "=loss": 10.0 + step, "= loss * 2": 20.0 + step}, step=step)
    page.goto(f"{serve(logdir, '--no-token').base}/?c=%5B%22%3D%20loss%20*%203%22%5D")
    until(page, "viz.ready && viz.drawn('=loss').a && viz.drawn('[\"= loss * 3\"]').a")
    assert page.evaluate("viz.drawn('=loss').a.value") == [10, 11, 12]
    assert page.evaluate("viz.drawn('= loss * 2').a.value") == [20, 21, 22]
    assert page.evaluate("viz.drawn('[\"= loss * 3\"]').a.value") == [3, 6, 9]
    assert "=loss" in page.inner_text("#view")
