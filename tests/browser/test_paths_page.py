"""The page of paths: optimizers on their surface, played, scrubbed and live."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tracker
from sample_runs.optimizer_race import SURFACES, main

ROWS = "[...document.querySelectorAll('.paths-standing tbody tr')].map((row) => row.innerText.split('\\t').map((t) => t.trim()))"
PLAYED = """() => {
  const button = document.querySelector(".paths-play");
  new MutationObserver(() => { window.isPlayed ||= button.classList.contains("is-playing"); }).observe(button, { attributes: true });
}"""
"""Notes that the button says so while it plays, which may be over before anybody asks."""
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
    page.evaluate(PLAYED)
    page.click(".paths-play")
    until(page, "document.querySelector('.paths-transport output').textContent === 'step 40'")
    assert page.evaluate("window.isPlayed")
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
    with tracker.init(logdir, HOSTILE, machine=False) as run:
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
        with tracker.init(logdir, "second", machine=False) as second:
            second.log({"path/<b>own</b>/x": 5.0, "path/<b>own</b>/y": 5.0, "path/<b>own</b>/value": -1.0}, step=7)
            second.flush()
            until(page, f"({ROWS}).length === 2")
        assert page.evaluate(ROWS)[0] == ["second", "5", "5", "−1", "7"]


def test_a_logdir_without_paths_has_no_such_tab(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """A surface makes one, and is no text of the page of media."""
    with tracker.init(logdir, "plain", machine=False) as run:
        run.log({"train/loss": 1.0, "path/x": 2.0, "notes": tracker.Text("words")}, step=0)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=media")
    until(page, "viz.ready && document.querySelectorAll('.panel').length")
    assert page.is_hidden("#tabs a[data-page=paths]")
    with tracker.init(logdir, "surface", machine=False) as run:
        run.log({"path/beale/surface": tracker.Text("{}")}, step=0)
    until(page, "!document.querySelector('#tabs a[data-page=paths]').hidden")
    assert [panel.inner_text() for panel in page.query_selector_all(".panel .last")] == ["notes"]


SAID = "document.querySelector('.paths-plane .paths-formula').textContent"


def test_a_landscape_is_seen_while_it_is_computed(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """How far it is, then the whole; what is not finite is counted and told; heights as one likes them."""
    asked, goes_on = [0], threading.Event()

    def loss(state: dict[str, Any]) -> float:
        asked[0] += 1
        if asked[0] == 60:
            goes_on.wait(60)
        x, y = (state["w"] - 1) * [1, 0.5]
        return float("nan") if x * x + y * y > 0.9 else float(0.001 + 10 * x * x + y * y)

    with tracker.init(logdir, "live", machine=False) as run:
        landscape = run.log_landscape({"w": np.array([1.0, 2.0])}, loss, name=HOSTILE)
        page.goto(f"{serve(logdir, '--no-token').base}/?p=paths")
        until(page, f"viz.ready && {SAID}.startsWith('36 of 441 points')")
        assert page.inner_text("#tabs a[data-page=paths]") == "Paths"
        assert page.is_visible(".paths-plane .paths-progress")
        assert page.is_hidden(".paths-transport")
        before = pixels(page, ".paths-contour")
        goes_on.set()
        assert landscape.wait(60)
        broken = int((~np.isfinite(landscape.grid.values)).sum())
        until(page, f"{SAID} === '{broken} not finite · filter-normalised random directions'")
    assert 0 < broken < 441
    assert page.is_hidden(".paths-plane .paths-progress")
    whole = pixels(page, ".paths-contour")
    assert whole != before
    page.select_option(".paths-heights select", "linear")
    until(page, f"document.querySelector('.paths-contour').toDataURL() !== {whole!r}")
    assert "ht=linear" in until(page, "location.search.includes('ht=') && location.search")
    box = page.query_selector(".paths-contour").bounding_box()
    page.mouse.move(box["x"] + 66, box["y"] + 20)  # the corner at (-1, 1)
    tip = until(page, "!document.getElementById('tip').hidden && document.getElementById('tip').innerText")
    assert [row.split("\t") for row in tip.split("\n")] == [["x", "−1"], ["y", "1"], ["height", "NaN"]]
    page.click("#tabs a[data-page=curves]")
    until(page, "viz.ready && !document.querySelector('.paths')")


def test_a_landscape_is_that_of_its_run_and_lines_stand_in_one_picture(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """No path of one training on the plane of another; which run's is chosen; slices of all that are shown."""
    for k, name in enumerate(("first", "second")):
        with tracker.init(logdir, name, machine=False) as run:
            trajectory = tracker.Trajectory()
            w = np.array([2.0 + k, 1.0])
            for step in range(5 + k):
                trajectory.record({"w": w}, step)
                w = w * [0.5, 0.8]
            for each in ("plane", "line"):
                run.log_landscape(
                    {"w": w}, lambda state: float((state["w"] ** 2).sum()), name=each, dimensions=1 + (each == "plane"),
                    trajectory=trajectory, points=7,
                )  # fmt: skip
            assert all(each.wait(60) for each in run._recording.landscapes)
            if k:  # what nobody can read
                run.log({"path/plane/surface": tracker.Text("{")})
    page.goto(f"{serve(logdir, '--no-token').base}/?p=paths&on=plane")
    until(page, f"viz.ready && ({ROWS}).length === 1")
    assert page.evaluate(ROWS)[0][0] == "first"  # that of the second cannot be read
    assert "the plane holds 100.0 % of the path" in page.evaluate(SAID)
    assert page.evaluate(ROWS)[0][4] == "5"
    with tracker.init(logdir, "third", machine=False) as run:
        run.log_landscape({"w": np.ones(2)}, lambda state: 1.0, name="plane", points=3)
    until(page, f"({SAID}).startsWith('filter')")
    assert page.evaluate(ROWS) == []
    page.select_option(".paths-of select", "first")
    until(page, f"({ROWS}).length === 1 && ({ROWS})[0][0] === 'first'")
    page.click(".paths-names button:has-text('line')")
    until(
        page,
        "document.querySelector('.paths-slice canvas').getAttribute('aria-label') === 'Loss along a line of 2 runs'",
    )
    assert page.is_hidden(".paths-contour")
    box = page.query_selector(".paths-slice canvas").bounding_box()
    for x in range(60, int(box["width"]) - 10, 8):
        for y in range(20, int(box["height"]) - 50, 20):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if not page.evaluate("document.getElementById('tip').hidden"):
                break
        else:
            continue
        break
    assert page.inner_text("#tip caption") in ("first", "second")
    page.evaluate("viz.set('off', ['first'])")
    until(
        page,
        "document.querySelector('.paths-slice canvas').getAttribute('aria-label') === 'Loss along a line of 1 run'",
    )
