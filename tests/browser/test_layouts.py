"""The page of layouts: charts of several tags, and bands, live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker


def test_charts_are_as_the_layout_says(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Expressions find tags; three tags are a band; new points are drawn; titles are text."""
    run = tracker.init(logdir=logdir, name="run", machine=False)
    charts = {"<b>all</b>": {"losses": ["Multiline", ["/loss$", "([bad"]], "band": ["Margin", ["mean", "low", "high"]]}}
    run.log({"layout": tracker.Layout(charts)}, step=0)
    for step in range(5):
        run.log(
            {"train/loss": 1 / (step + 1), "val/loss": 2.0, "lr": 1.0, "mean": step, "low": step - 1, "high": step + 1},
            step=step,
        )
    run.flush()
    page.goto(f"{serve(logdir, '--no-token').address}?p=layouts")
    until(page, "viz.ready && viz.page().band?.bands === 1")
    assert page.evaluate("viz.page().losses.lines") == [["run", "train/loss", 5], ["run", "val/loss", 5]]
    assert page.query_selector(".layout-group b") is None
    assert page.evaluate("viz.page().losses.legend") == ["train/loss", "val/loss"]
    assert page.evaluate("viz.page().band.legend") == []
    run.log({"train/loss": 0.1}, step=5)
    until(page, "viz.page().losses.lines[0][2] === 6")
    run.finish()
