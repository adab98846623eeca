"""The page of comparison: settings against outcome, and a brush that chooses runs everywhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker


@pytest.fixture
def sweep(logdir: Path, fill: Callable[..., None], serve: Callable[..., Any]) -> Any:
    """A server of thirty runs whose loss follows the learning rate; one of them diverged."""
    fill(logdir, log_thirty)
    served = serve(logdir, "--no-token")
    served.logdir = logdir
    return served


def log_thirty(logdir: Path) -> None:
    """The thirty."""
    rng = np.random.default_rng(0)
    for i in range(30):
        config = {
            "lr": float(10 ** rng.uniform(-4, -1)),
            "optimizer": {"name": ["sgd", "adam"][i % 2]},
            "data": "digits",
        }
        with tracker.init(logdir=logdir, name=f"run{i:02d}", config=config, machine=False) as run:
            best = abs(np.log10(config["lr"]) + 2.5)
            for step in range(3):
                run.log({"val/loss": float("nan") if i == 27 and step == 2 else float(best + 2 - step)}, step=step)


def open_page(served: Any, page: Any, until: Callable[..., Any]) -> None:
    page.goto(f"{served.address}?p=compare")
    until(page, "viz.ready && viz.page().importance")


def test_settings_that_differ_have_axes_and_the_important_one_stands_beside_the_metric(
    sweep: Any, page: Any, until: Callable[..., Any]
) -> None:
    """What is the same everywhere is said once; the learning rate is found."""
    open_page(sweep, page, until)
    until(page, "viz.page().columns.join() === 'optimizer.name,lr,val/loss'")
    assert page.evaluate("viz.page().importance[0].name") == "lr"
    assert "data = digits" in page.inner_text(".compare")
    assert page.query_selector_all(".compare-row")
    assert "NaN" in page.inner_text(".compare-table")


def test_a_brush_on_an_axis_chooses_runs_on_every_page(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """Drag on the last axis: the better half remains, in the list of runs and on the curves; a clear brings all back."""
    open_page(sweep, page, until)
    page.mouse.move(700, 60)
    box = page.query_selector(".parallel .over").bounding_box()
    x = box["x"] + box["width"] - 64
    page.mouse.move(x, box["y"] + box["height"] - 36)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    until(page, "viz.get('off').length > 5")
    shown = page.evaluate("viz.page().runs.filter((_, i) => viz.page().within[i])")
    off = page.evaluate("viz.get('off')")
    assert sorted([*shown, *off]) == [f"run{i:02d}" for i in range(30)]
    assert "run27" in off, "a run whose metric is NaN is not within any range"
    assert "shown, here and on every page" in page.inner_text(".compare-said")
    page.get_by_role("link", name="Curves").click()
    until(page, f"viz.ready && Object.keys(viz.drawn('val/loss')).length === {len(shown)}")
    page.get_by_role("link", name="Compare").click()
    until(page, "viz.ready && document.querySelector('#compare-clear:not([hidden])')")
    page.get_by_role("button", name="Clear the brush").click()
    until(page, "viz.get('off').length === 0")


def test_a_rectangle_in_the_matrix_brushes_both_columns(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """The bottom row has the metric upwards."""
    open_page(sweep, page, until)
    box = page.query_selector(".scatter-matrix canvas").bounding_box()
    page.mouse.move(box["x"] + 20 + box["width"] / 3, box["y"] + box["height"] * 0.70)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.64, box["y"] + box["height"] * 0.85, steps=5)
    page.mouse.up()
    until(page, "viz.get('off').length > 0 && viz.get('off').length < 30")


def test_the_smallest_value_is_asked_of_the_store(sweep: Any, page: Any, until: Callable[..., Any]) -> None:
    """The diverged run has a smallest value, and no last one."""
    open_page(sweep, page, until)
    page.select_option("#compare-how", "min")
    until(page, "viz.page().columns.at(-1) === 'val/loss (min)'")
    stored = tracker.open(sweep.logdir)
    names = page.evaluate("viz.page().runs")
    until(page, "viz.page().outcome.every((value) => value !== undefined)")
    found = dict(zip(names, page.evaluate("viz.page().outcome"), strict=True))
    assert found == {name: np.nanmin(stored.run(name).scalars("val/loss").value) for name in names}
    page.select_option("#compare-how", "max")
    until(page, "viz.page().columns.at(-1) === 'val/loss (max)'")
    found = dict(zip(names, page.evaluate("viz.page().outcome"), strict=True))
    assert found == {name: np.nanmax(stored.run(name).scalars("val/loss").value) for name in names}


def test_names_of_settings_are_text(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A setting that is called like an element stays a name; a value that is a list, its text."""
    for i in range(9):
        config = {"<img src=x onerror=alert(1)>": i, "layers": [i, 2], "none": None if i else 1}
        with tracker.init(logdir=logdir, name=f"<b>{i}</b>", config=config, machine=False) as run:
            run.log({"<i>loss</i>": i}, step=0)
    served = serve(logdir, "--no-token")
    open_page(served, page, until)
    assert page.query_selector(".compare img") is None
    assert "<img src=x onerror=alert(1)>" in page.evaluate("viz.page().columns")
    assert "[0,2]" in page.inner_text(".compare-table")


def test_the_hyperparameters_of_event_files_are_compared(
    logdir: Path, real_data: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Keras' eight sessions: their settings at the values they took; the experiment itself is no session."""
    shutil.copytree(real_data / "events" / "keras_hparams", logdir / "study")
    page.goto(f"{serve(logdir, '--no-token').address}?p=compare")
    until(page, "viz.ready && viz.page()?.runs.length === 8 && viz.page().outcome.every(Number.isFinite)")
    assert sorted(page.evaluate("viz.page().columns")) == ["accuracy", "dropout", "num_units", "optimizer"]
    stored = page.evaluate("Object.fromEntries(viz.page().runs.map((name, i) => [name, viz.page().outcome[i]]))")
    assert stored["study/run-5"] == pytest.approx(0.7254, abs=1e-4)
    until(page, "viz.page().marks.num_units?.join() === '16,32' && viz.page().marks.dropout?.join() === '0.1,0.2'")


def test_the_table_has_the_other_metrics_too(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Of each run; a run with nothing to compare is left out."""
    for i in range(3):
        with tracker.init(logdir=logdir, name=f"run{i}", config={"lr": i}, machine=False) as run:
            run.log({"val/loss": i, "val/accuracy": i / 10 + 0.0125, "weights/x": 1.0}, step=0)
    with tracker.init(logdir=logdir, name="notes", machine=False) as run:
        run.log({"other": 1.0})
    page.goto(f"{serve(logdir, '--no-token').address}?p=compare")
    until(page, "viz.ready && document.querySelector('.compare-head').textContent.includes('val/accuracy')")
    until(page, "document.querySelector('.compare-table').textContent.includes('0.2125')")
    assert "weights/x" not in page.inner_text(".compare-head")
    assert page.evaluate("viz.page().runs.length") == 3
