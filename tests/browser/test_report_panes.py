"""A report holds the panes of its runs: drawn from the disk by what draws them on the page, with nothing behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from test_panes_page import every_kind

import tracker
from dashboard.cli import main


def test_an_environment_is_one_file(logdir: Path, tmp_path: Path, new_page: Callable[..., Any], until: Any) -> None:
    """Every kind of pane is drawn, figures by the Plotly that the file brings; nothing is asked of any server."""
    with tracker.init(logdir=logdir, name="digits", machine=False) as run:
        every_kind(run)
        run.pane("hostile", tracker.Html("<script>top.struck=1</script><img src=x onerror='top.struck=1'>"))
    file = tmp_path / "report.html"
    assert main(["export", "--logdir", str(logdir), "-o", str(file)]) == 0
    page = new_page(height=2600)
    asked: list[str] = []
    # What was loaded: of a picture that its frame may not load the browser sometimes tells, and sometimes not.
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    until(page, "document.querySelectorAll('#panes .pane').length === 13")
    until(page, "document.querySelector('[aria-label=\"Bars\"] .barlayer .point') !== null")
    until(page, "document.querySelector('[aria-label=\"There and back\"] .scatterlayer .js-line') !== null")
    until(
        page, "[...document.querySelectorAll('.pane img[src]')].every((image) => image.complete && image.naturalWidth)"
    )
    until(page, "document.querySelector('audio').duration === 1")
    assert page.frame_locator("iframe[title='HTML']").locator("h1").inner_text() == "Confusion"
    legend = page.locator("[aria-label='Sine and cosine'] .pane-legend").inner_text()
    assert legend.split() == ["sin", "cos"]
    # Points of panes are shown in their panes alone.
    assert page.evaluate("[...document.querySelectorAll('.card')].map((card) => card.ariaLabel)") == ["train/loss"]
    assert "1 runs, 1 tags, 1,204 points, 0 hidden, 13 panes" in page.inner_text(".made")
    page.locator("[aria-label='Bars'] .pane-head").dblclick()
    until(page, "document.querySelector('.pane.is-large')?.getBoundingClientRect().width > 1000")
    assert page.evaluate("window.struck") is None
    assert [each for each in asked if not each.startswith(("about:", "blob:", "data:"))] == [file.as_uri()]
    page.excuse("file://", "sandboxed")


def test_a_report_brings_plotly_only_where_a_figure_needs_it(logdir: Path, tmp_path: Path) -> None:
    """It is 2 MB; lines, texts and pictures do without."""
    with tracker.init(logdir=logdir, name="plain", machine=False) as run:
        run.pane("loss", tracker.Curves({"train": [3.0, 2.0, 1.0]}))
        run.pane("note", "words")
    assert main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "plain.html")]) == 0
    assert (tmp_path / "plain.html").stat().st_size < 600_000
    with tracker.init(logdir=logdir, name="figure", machine=False) as run:
        run.pane("bars", tracker.Figure({"data": [{"type": "bar", "y": [1, 2]}], "layout": {}}))
    assert main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "figure.html")]) == 0
    size = (tmp_path / "figure.html").stat().st_size
    assert 1_900_000 < size < 2_600_000
