"""`viz export -o report.html`: one file, opened from the disk, with nothing behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from dashboard.cli import main

HOSTILE = "</script><img src=x onerror=window.struck=1>"


def test_a_report_works_from_the_disk(logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any) -> None:
    """Zoom, hover, smoothing and runs to switch off; names are text; nothing is asked of any server."""
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, config={HOSTILE: HOSTILE}) as run:
            for step in range(500):
                run.log({"loss": math.exp(-step / 100), HOSTILE: 50.0 if step == 77 else 1.0}, step=step)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    page.goto(file.as_uri())
    until(page, "window.report?.lines(1).length === 2")
    assert page.evaluate("report.range(0).y[1]") > 50  # the spike is there
    assert "2 runs, 2 tags, 2,000 points" in page.inner_text(".made")
    canvas = page.locator("article[aria-label='loss'] canvas.over")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "step" in page.inner_text("#tip")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    until(page, "report.range(1).x[0] > 200 && report.range(1).x[1] < 400")
    page.locator("#runs input").first.uncheck()
    until(page, "report.lines(1).join() === 'b'")
    page.locator("#smoothing").fill("150")
    assert page.inner_text("output") == "0.97"
    assert page.evaluate("window.struck") is None
    assert asked == [file.as_uri()]
    page.faults[:] = [fault for fault in page.faults if "file://" not in fault]
