"""`viz export -o report.html`: one file, opened from the disk, with nothing behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from dashboard.cli import main
from tests.browser.charts import OVER, drag_over, tip
from tracker.store.write import page_findings

HOSTILE = "</script><img src=x onerror=window.struck=1>"


def test_a_report_works_from_the_disk(logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any) -> None:
    """Zoom, hover, smoothing and runs to switch off; names are text; nothing is asked of any server."""
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, config={HOSTILE: HOSTILE}, machine=False) as run:
            for step in range(500):
                run.log({"loss": math.exp(-step / 100), HOSTILE: 50.0 if step == 77 else 1.0}, step=step)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    page.goto(file.as_uri())
    until(page, "window.report?.lines(1).length === 2")
    assert page.evaluate("report.range(1).y[1]") > 50  # the spike is there
    assert "2 runs, 2 tags, 2,000 points" in page.inner_text(".made")
    canvas = OVER.format("loss")
    assert "step" in tip(page, canvas, 0.5, 0.5)
    drag_over(page, canvas, (0.5, 0.5), (0.75, 0.5))
    until(page, "report.range(0).x[0] > 200 && report.range(0).x[1] < 400")
    page.locator("#runs input").first.uncheck()
    until(page, "report.lines(1).join() === 'b'")
    page.click("text=Show all runs")
    until(page, "report.lines(1).join() === 'a,b'")
    page.click("text=Hide all runs")
    until(page, "report.lines(1).length === 0")
    page.click("text=Show all runs")
    page.locator("#smoothing").fill("150")
    assert page.inner_text("output") == "0.97"
    assert page.evaluate("window.struck") is None
    assert asked == [file.as_uri()]
    page.excuse("file://")


def test_a_report_says_what_a_logarithmic_axis_cannot_show(
    logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any
) -> None:
    """And nothing is drawn of a run that has no value above 0."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(50):
            run.log({"down": -1.0, "loss": float(step % 5)}, step=step)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    page.goto(file.as_uri())
    told = "[...document.querySelectorAll('.told')].map((each) => each.textContent).join('; ')"
    until(page, f"window.report && {told} === '50 points, 0 hidden; 50 points, 0 hidden'")
    page.get_by_label("log y").check()
    until(page, f"{told} === '50 points, 50 hidden at y ≤ 0; 50 points, 10 hidden at y ≤ 0'")
    until(page, "document.querySelector('.card-note:not([hidden])')?.textContent.includes('log y cannot show')")
    page.excuse("file://")


def test_a_report_is_ordered_like_the_page(
    logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any
) -> None:
    """Training and validation before what comes first by its letter; in both themes, without dashes nobody needs."""
    for number in range(14):
        with tracker.init(logdir=logdir, name=f"r{number:02}", machine=False) as run:
            run.log({"D/loss": 1.0, **({"train/loss": 1.0, "val/loss": 1.0} if number == 13 else {})}, step=0)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    for theme in ("light", "dark"):
        page = new_page(theme=theme)
        page.goto(file.as_uri())
        until(page, "window.report?.lines(2).length === 14")
        labels = page.evaluate("[...document.querySelectorAll('.card')].map((card) => card.getAttribute('aria-label'))")
        assert labels == ["train/loss", "val/loss", "D/loss"]
        assert page.evaluate("[0, 2].map((i) => report.dashes(i).flat().length > 0)") == [False, True]
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.excuse("file://")


def test_a_report_says_what_went_wrong(logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any) -> None:
    """Each finding with its severity, its step and what to try, of the runs that are shown; a dismissed one is none."""
    for name in ("a", "b", "c", "sound"):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(300):
                is_broken = name != "sound" and step >= 120
                loss = math.nan if is_broken else 2.0 * math.exp(-step / 60) + 0.1
                run.log({"train/loss": loss, **({HOSTILE: loss} if name == "b" else {})}, step=step)
    (found,) = tracker.open(logdir).run("c").findings()
    page_findings.dismiss(logdir / "c", found.id, "a known bug")
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    page.goto(file.as_uri())
    until(page, "window.report?.lines(0).length === 4")
    assert "2 findings; made" in page.inner_text(".made")
    card = page.get_by_role("region", name="Findings")
    assert card.locator("h2").inner_text() == "Findings 2 errors"
    items = card.locator("li")
    assert items.locator(".finding-run").all_inner_texts() == ["a", "b"]
    said = items.first.inner_text()
    for words in ("Values that are not finite", "steps 120 – 299", found.sentence, found.advice):
        assert words in said
    assert items.first.get_by_role("img", name="error").count() == 1
    for place, left in ((0, 1), (1, 0)):
        page.locator("#runs input").nth(place).uncheck()
        until(page, f"document.querySelectorAll('#findings li').length === {left}")
    assert page.locator("#findings").is_hidden()
    page.click("text=Show all runs")
    until(page, "document.querySelectorAll('#findings li').length === 2")
    assert page.evaluate("window.struck") is None
    page.excuse("file://")


def test_of_many_findings_the_worst_are_shown_and_the_rest_when_asked_for(
    logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any
) -> None:
    """So that the charts stay in sight; a report without any has no such card."""
    for number in range(12):
        with tracker.init(logdir=logdir, name=f"r{number}", machine=False) as run:
            for step in range(150):
                run.log({"train/loss": math.nan if step > 99 else math.exp(-step / 60)}, step=step)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    page.goto(file.as_uri())
    until(page, "document.querySelectorAll('#findings li').length === 8")
    page.click("text=Show all 12 findings")
    until(page, "document.querySelectorAll('#findings li').length === 12")
    assert page.get_by_text("Show all 12 findings").is_hidden()
    page.excuse("file://")
    with tracker.init(logdir=logdir.parent / "sound", name="a", machine=False) as run:
        run.log({"loss": 1.0})
    assert main(["export", "--logdir", str(logdir.parent / "sound"), "-o", str(file)]) == 0
    assert '<section id="findings"' not in file.read_text()


def test_a_report_of_many_runs_is_a_density_by_a_setting(
    logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any
) -> None:
    """Colours with a legend, groups and lines by the switch, and a box that chooses runs."""
    for number in range(60):
        config = {"lr": 0.1 if number % 2 else 0.01}
        with tracker.init(logdir=logdir, name=f"run{number:02}", machine=False, config=config) as run:
            for step in range(3):
                run.log({"loss": float(number)}, step=step)
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page()
    page.goto(file.as_uri())
    until(page, "window.report?.lines(0).length === 60 && report.layers(0).length === 0")
    assert "density of 60 runs" in page.inner_text("article .told")
    page.select_option("label:has-text('Colours') select", "lr")
    until(page, 'JSON.stringify(report.layers(0)) === \'[["0.01",30],["0.1",30]]\'')
    assert page.inner_text(".report-legend").split() == ["lr:", "0.01", "0.1"]
    page.select_option("label:has-text('Drawn as') select", "groups")
    until(page, "report.lines(0).join() === 'lr=0.01,lr=0.1'")
    page.select_option("label:has-text('Drawn as') select", "density")
    page.select_option("label:has-text('Colours') select", "")
    page.keyboard.down("Shift")
    drag_over(page, "article canvas.over", (0.5, 0.025), (0.6, 0.87))
    page.keyboard.up("Shift")
    until(page, "report.layers(0).map(([text]) => text).join() === 'others,selected'")
    page.excuse("file://")
