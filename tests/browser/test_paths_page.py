"""The page of paths: optimizers on their surface, played, scrubbed and live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tracker
from sample_runs.optimizer_race import SURFACES, main

ROWS = "[...document.querySelectorAll('.paths-standing tbody tr')].map((row) => row.innerText.split('\\t').map((t) => t.trim()))"
HOSTILE = "<img src=x onerror=alert(1)>"


def pixels(page: Any, selector: str) -> str:
    """What a canvas shows, to be compared."""
    return str(page.evaluate(f"document.querySelector('{selector}').toDataURL()"))


def test_a_race_is_drawn_scrubbed_and_played(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], capsys: Any
) -> None:
    """Every optimizer has its line in both views and its row, and a step of the past is shown as it was (issue 4)."""
    ends = main(str(logdir), steps=40)
    page.goto(serve(logdir, "--no-token").address)
    until(page, "viz.ready")
    assert page.inner_text("#tabs a[data-page=paths]") == "Paths"
    page.click("#tabs a[data-page=paths]")
    until(page, "viz.ready && document.querySelectorAll('.paths-standing tbody tr').length === 5")
    assert page.inner_text(".paths-names").split() == sorted(SURFACES)
    rows = page.evaluate(ROWS)
    assert [row[0] for row in rows] == [f"race/{rule}" for rule in sorted(ends, key=lambda r: ends[r]["beale"])]
    assert all(row[4] == "40" for row in rows)
    assert "contours of beale with 5 paths at step 40" in page.get_attribute(".paths-contour", "aria-label").lower()

    newest = {name: pixels(page, name) for name in (".paths-contour", ".paths-3d")}
    page.evaluate(
        "() => { const s = document.querySelector('.paths-transport input'); s.value = 0; s.dispatchEvent(new Event('input')); }"
    )
    until(page, "document.querySelector('.paths-transport output').textContent === 'step 0'")
    x, y = (f"{v:g}" for v in SURFACES["beale"].start)
    assert all(row[1:3] == [x, y] for row in page.evaluate(ROWS))
    for name, before in newest.items():
        assert pixels(page, name) != before

    page.select_option(".paths-transport select", "4")
    page.click(".paths-play")
    until(page, "document.querySelector('.paths-play').classList.contains('is-playing')")
    until(page, "document.querySelector('.paths-transport output').textContent === 'step 40'")
    assert page.evaluate(ROWS) == rows

    page.click(".paths-names button:has-text('saddle')")
    until(page, "document.querySelector('.paths-views .last').textContent === 'saddle' && viz.ready")
    assert "on=saddle" in until(page, "location.search.includes('on=saddle') && location.search")
    page.click("#tabs a[data-page=curves]")
    until(page, "viz.ready && !document.querySelector('.paths')")


def test_places_appear_while_they_are_logged_and_names_are_text(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Live, without a reload; a path without a surface gets a window of its own; a broken surface breaks nothing."""
    with tracker.init(logdir, HOSTILE) as run:
        run.log({"path/<b>own</b>/x": 0.0, "path/<b>own</b>/y": 1.0}, step=0)
        run.log({"path/<b>own</b>/surface": tracker.Text('{"x": "no surface"}')}, step=0)
        run.flush()
        page.goto(f"{serve(logdir, '--no-token').base}/?p=paths")
        until(page, f"viz.ready && ({ROWS}).length === 1")
        assert page.evaluate(ROWS)[0][:4] == [HOSTILE, "0", "1", "NaN"]
        assert page.inner_text(".paths-views .last >> nth=0") == "<b>own</b>"
        assert page.inner_text(".paths-formula >> nth=0") == "no surface was logged"
        for step in range(1, 30):
            run.log({"path/<b>own</b>/x": step / 10, "path/<b>own</b>/y": 1 - step / 30}, step=step)
        until(page, f"({ROWS})[0][4] === '29'")
        assert page.evaluate(ROWS)[0][1] == "2.9"
        with tracker.init(logdir, "second") as second:
            second.log({"path/<b>own</b>/x": 5.0, "path/<b>own</b>/y": 5.0, "path/<b>own</b>/value": -1.0}, step=7)
            second.flush()
            until(page, f"({ROWS}).length === 2")
        assert page.evaluate(ROWS)[0] == ["second", "5", "5", "−1", "7"]


def test_a_logdir_without_paths_has_no_such_tab(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """And a surface is no text of the page of media."""
    with tracker.init(logdir, "plain") as run:
        run.log({"train/loss": 1.0, "path/x": 2.0, "notes": tracker.Text("words")}, step=0)
        run.log({"path/beale/surface": tracker.Text("{}")}, step=0)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
    until(page, "viz.ready && document.querySelectorAll('.panel').length")
    assert page.inner_text(".panel .last") == "notes"
    assert page.is_hidden("#tabs a[data-page=paths]")
