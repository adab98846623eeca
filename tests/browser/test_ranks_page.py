"""The page of ranks in a browser: a row a rank, who is slow, who is silent, and the way to it from curves and findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ranked_run import write_ranks

import tracker
from tests.browser.charts import press

RANKS, STEPS, SLOW, SILENT = 40, 600, 17, 5


def log(logdir: Path) -> None:
    """A run of many ranks of which one becomes slow and one silent."""
    random = np.random.default_rng(0)
    took = 0.2 * np.exp(0.05 * random.normal(size=(RANKS, STEPS)))
    took[SLOW, 400:] *= 1.7
    loss = 2 * np.exp(-np.arange(STEPS) / 200) + 0.05 * random.normal(size=(RANKS, STEPS))
    took[SILENT, 250:] = loss[SILENT, 250:] = np.nan
    write_ranks(logdir / "many", {"time/step": took, "train/loss": loss}, host="node")


@pytest.fixture
def show(logdir: Path, fill: Callable[..., None], open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the page, or another with these words in its address: show("ranks&rb=slowest")."""
    fill(logdir, log)
    return lambda address="ranks", element=".ranks-side button", **options: open_page(
        logdir, address, element, **options
    )


def listed(page: Any) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.ranks-side button')].map((each) => each.textContent)")  # type: ignore[no-any-return]


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_each_rank_is_a_row_and_the_slow_and_the_silent_are_named(
    show: Callable[..., Any], until: Callable[..., Any], theme: str
) -> None:
    """The time of a step comes first; cells are what was logged, to the last digit."""
    page = show(theme=theme)
    drawn = page.evaluate("(({ cell, redraw, ...rest }) => rest)(viz.page())")
    assert (drawn["run"], drawn["tag"]) == ("many", "time/step")
    assert (drawn["ranks"], drawn["columns"], drawn["width"]) == (RANKS, STEPS, 1)
    assert drawn["order"] == [*range(20)]
    names = listed(page)
    assert names[0].startswith(f"rank {SILENT}")
    assert "behind" in names[0]
    assert names[1].startswith(f"rank {SLOW}+")
    # The slow rank's colour is another than its neighbour's, whatever the theme.
    colours = page.evaluate(
        """(() => {
          const canvas = document.querySelector(".ranks-strip canvas");
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(Math.round(width * 0.9), 0, 1, height);
          const at = (row) => {
            const line = Math.round(6 + ((height - 28) * (row + 0.5)) / 40);
            return [...data.slice(4 * line, 4 * line + 4)];
          };
          return [at(17), at(16)];
        })()"""
    )
    assert colours[0] != colours[1]


def test_cells_are_what_was_logged(show: Callable[..., Any], logdir: Path) -> None:
    """To the last digit; a column without a point is a gap."""
    page = show()
    points = tracker.open(logdir).run("many").scalars("time/step", rank=7)
    cells = [page.evaluate(f"viz.page().cell(7, {column})") for column in (0, 1, 300, 599)]
    assert cells == [points.value[column] for column in (0, 1, 300, 599)]
    assert page.evaluate(f"Number.isNaN(viz.page().cell({SILENT}, 500))")


def test_order_metric_and_zoom_are_chosen(show: Callable[..., Any], until: Callable[..., Any]) -> None:
    """The highest first; another metric; a drag picks steps and a button takes that back."""
    page = show()
    page.click("text=Highest first")
    until(page, f"viz.page().order[0] === {SLOW}")
    page.select_option("select[aria-label=Metric]", "train/loss")
    until(page, "viz.ready && viz.page().tag === 'train/loss'")
    box = page.locator(".ranks-strip .over").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 60)
    page.mouse.up()
    until(page, "viz.ready && viz.page().columns < 300")
    page.click("text=All steps")
    until(page, "viz.ready && viz.page().columns === 600")


def test_a_cell_is_told_under_the_pointer_and_by_the_keyboard(
    show: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """Rank, host, step and value; Enter chooses the rank, which is said below."""
    page = show()
    box = page.locator(".ranks-strip .over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 6 + (box["height"] - 28) * (SLOW + 0.5) / RANKS)
    tip = until(page, "document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent")
    assert tip.startswith(f"rank {SLOW} · step 5")
    assert "node" in tip
    assert "times the median" in tip
    page.mouse.move(0, 0)
    page.locator(".ranks-strip .over").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert page.get_attribute(".ranks-strip .over", "aria-valuetext").startswith("rank 1 · step 598")
    until(page, "viz.page().chosen === 1")
    assert page.inner_text(".ranks-told").startswith("rank 1 on node, finished: ")


def test_it_is_live(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a rank logs comes by itself."""
    write_ranks(logdir / "live", {"loss": np.ones((2, 20))})
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "3")
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        page.goto(f"{serve(logdir, '--no-token').base}/?p=ranks")
        until(page, "viz.ready && viz.page().ranks === 3")
        for step in range(1, 30):
            run.log({"loss": 2.0}, step=step)
        until(page, "viz.page().columns === 30")
        assert page.evaluate("viz.page().cell(2, 29)") == 2.0


def test_ways_lead_here_from_curves_and_findings(
    show: Callable[..., Any], until: Callable[..., Any], logdir: Path
) -> None:
    """With the run, the metric and the rank; and back to the curve."""
    page = show("findings", ".to-ranks", theme="dark")
    page.click(f".to-ranks >> text={SLOW}")
    until(page, f"viz.ready && viz.page()?.chosen === {SLOW}")
    assert page.evaluate("viz.page().tag") == "time/step"
    page.click("text=Open in Curves")
    until(page, "viz.ready && viz.drawn('time/step').many")
    press(page, "article.card", ".more")
    page.click("text=Ranks of this")
    until(page, "viz.ready && viz.page()?.tag === 'time/step'")


def test_joined_curves_are_the_mean_over_ranks(
    show: Callable[..., Any], until: Callable[..., Any], logdir: Path
) -> None:
    """With the least and the greatest; the switch shows each point again."""
    page = show("curves&tags=train/loss", "article.card")
    (line,) = until(page, "viz.settled().then(() => viz.lines('train/loss').length && viz.lines('train/loss'))")
    table = np.full((RANKS, STEPS), np.nan)
    stored = tracker.open(logdir).run("many")
    for rank in range(RANKS):
        points = stored.scalars("train/loss", rank=rank)
        table[rank, points.step] = points.value
    assert line["ranks"] == RANKS
    assert line["step"] == [*range(STEPS)]
    np.testing.assert_allclose(line["mean"], np.nanmean(table, 0), rtol=1e-12)
    assert line["min"] == np.nanmin(table, 0).tolist()
    assert line["max"] == np.nanmax(table, 0).tolist()
    page.click("text=Lines")
    page.click("text=Join ranks")
    until(page, "viz.settled().then(() => viz.lines('train/loss')[0]?.ranks === 1)")
    assert page.evaluate("viz.drawn('train/loss').many.points") == np.isfinite(table).sum()


def test_a_run_of_one_process_is_explained(logdir: Path, open_page: Callable[..., Any]) -> None:
    """And has no tab."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    page = open_page(logdir, "ranks", ".empty")
    assert "one process" in page.inner_text(".empty")
    assert page.evaluate("viz.page().ranks") == 0
    curves = open_page(logdir, "curves", "article.card")
    assert not curves.is_visible("[data-page=ranks]")
