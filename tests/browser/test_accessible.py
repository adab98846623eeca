"""axe-core over every state of the page of curves and the table: no serious finding, in light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import tried_models

import tracker
from dashboard.live import kept_cases, proposals

pytestmark = pytest.mark.dash
pytest.importorskip("axe_playwright_python", reason="needs the test extra: pip install everystep[test]")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def served(logdir: Path, serve: Callable[..., Any]) -> Iterator[Any]:
    """Three runs, one of them crashed half way to NaN; and one that goes on and can be asked things."""
    for number in range(3):
        with tracker.init(
            logdir=logdir, name=f"sweep/{number}", config={"lr": 0.1**number, "seed": number}, machine=False
        ) as run:
            for step in range(50):
                run.log({"train/loss": math.nan if step == 9 else 1 / (step + 1), "val/loss": 2.0}, step=step)
            run.mark("halved", step=20, kind="lr")
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.control("lr", 1e-3, low=1e-6, high=1.0, log=True, doc="step of the optimizer")
        run.control("rule", "adam", choices=["adam", "sgd"])
        run.control("shuffle", True)
        run.control("prompt", "a cat")
        run.action("evaluate", confirm=True)(lambda: None)
        run.log({"train/loss": 1.0}, step=0)
        tried_models.log(run, 0)
        run.flush()
        kept_cases.keep(run.folder, "halves", {"image": tried_models.ink(0.5)}, "left", "")
        for control, value in (("lr", 5e-4), ("prompt", "a dog " * 40)):
            proposals.propose(tracker.open(logdir).run("live"), control, value, "train/loss jumps", "lab-agent")
        yield serve(logdir, "--no-token")


DRAW = """(async () => {
  const wait = (is) => new Promise((done) => { const look = () => (is() ? done() : setTimeout(look, 20)); look(); });
  const pad = document.querySelector(".try-pad"), { left, top } = pad.getBoundingClientRect();
  for (const y of [60, 200])
    pad.dispatchEvent(new PointerEvent(y === 60 ? "pointerdown" : "pointermove",
      { pointerId: 1, clientX: left + 60, clientY: top + y, bubbles: true }));
  await wait(() => viz.ready && viz.page().columns[0].top.length && viz.page().cases[0]?.cells);
})()"""
"""A stroke on the sheet of *Try*, until it was answered."""

DISMISS = """(async () => {
  document.querySelector(".to-dismiss").click();
  document.querySelector("dialog form").requestSubmit();
  while (!document.querySelector(".is-dismissed")) await new Promise((done) => setTimeout(done, 20));
})()"""

STATES = {
    "curves": ("", "1"),
    "groups": ("?g=-seed", "document.querySelector('#own-tools button:nth-child(2)').click()"),
    "lines": ("", "document.querySelector('#own-tools button:nth-child(1)').click()"),
    "new chart": ("", "document.querySelector('#own-tools button:nth-child(3)').click()"),
    "large": ("", "document.querySelector('.card .enlarge').click()"),
    "card menu": ("", "document.querySelector('.card .more').click()"),
    "run menu": ("", "document.querySelector('.run-more').click()"),
    "selected": ("?sel=sweep/1", "1"),
    "no match": ("?tags=nothing", "1"),
    "help": ("", "document.getElementById('help').click()"),
    "table": ("?p=runs&sort=-name&sel=sweep/1", "1"),
    "findings": ("?p=findings", "1"),
    "dismissing": ("?p=findings", "document.querySelector('.to-dismiss').click()"),
    "dismissed": ("?p=findings", DISMISS),
    "controls": ("?p=controls", "document.querySelector('.run-buttons .is-danger').click()"),
    "try": ("?p=try", DRAW),
    "keeping a case": ("?p=try", f"({DRAW}).then(() => document.querySelector('.try-foot button').click())"),
}


STILL = """document.getAnimations().every((each) =>
  each.playState !== "running" || each.effect.getTiming().iterations === Infinity)"""
"""What was opened has come to rest: half transparent texts have little contrast. What pulses does so for ever."""


FEW = ("lines", "large", "run menu", "table", "dismissing", "controls", "keeping a case")
"""Among them are all kinds of parts; what is open over a page is looked at together with the page."""


@pytest.mark.parametrize(
    ("theme", "states"),
    [
        pytest.param("light", FEW, id="light, a few"),
        *(pytest.param(theme, tuple(STATES), id=theme, marks=pytest.mark.long) for theme in ("light", "dark")),
    ],
)
def test_axe_has_no_serious_finding(
    served: Any, new_page: Callable[..., Any], until: Callable[..., Any], theme: str, states: tuple[str, ...]
) -> None:
    """Names, roles, contrast, focus order; whatever axe calls serious or critical."""
    page = new_page(theme=theme)
    found = []
    for state in states:
        query, act = STATES[state]
        page.goto(f"{served.base}/{query}")
        until(page, "window.viz && (viz.ready || document.querySelector('.empty')) && document.body.classList.contains('has-dash')")  # fmt: skip
        page.evaluate(act)
        until(page, STILL)
        page.evaluate(AXE)
        answer = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        for violation in answer["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [f"{node['target']} {node.get('failureSummary', '')[:300]}" for node in violation["nodes"][:3]]
                found.append(f"{state}: {violation['id']}: {nodes}")
    assert not found, "\n".join(found)


def test_many_tabs_stay_within_a_narrow_window(
    logdir: Path, serve: Callable[..., Any], new_page: Callable[..., Any], until: Callable[..., Any]
) -> None:
    """They are scrolled, that of the page in sight; the theme and the help stay within reach."""
    with tracker.init(logdir=logdir, name="run") as run:
        run.log(
            {"loss": 1.0, "path/a/x": 0.0, "weights": tracker.Histogram([1.0, 2.0]), "notes": tracker.Text("words")},
            step=0,
        )
        run.log({"e": tracker.Embedding([[0.0], [1.0]]), "m": tracker.Mesh([[0.0, 0, 0]])}, step=0)
    page = new_page(width=700, height=800)
    page.goto(f"{serve(logdir, '--no-token').base}/?p=meshes")
    until(page, "viz.ready && [...document.querySelectorAll('#tabs a')].filter((a) => !a.hidden).length >= 7")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    bars = page.query_selector("#tabs").bounding_box()
    for selector, low, high in (
        ("#tabs [aria-current]", bars["x"], bars["x"] + bars["width"]),
        ("#toggle-theme", 0, 700),
    ):
        box = page.query_selector(selector).bounding_box()
        assert low - 1 <= box["x"]
        assert box["x"] + box["width"] <= high + 1


@pytest.mark.parametrize("width", [380, pytest.param(700, marks=pytest.mark.long), 1024])
def test_a_narrow_window_is_usable(
    served: Any, new_page: Callable[..., Any], until: Callable[..., Any], width: int
) -> None:
    """Nothing is wider than the window, and a chart is at least as wide as a thumb can use."""
    page = new_page(width=width, height=800)
    page.goto(served.base)
    until(page, "viz.ready && document.body.classList.contains('has-dash')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.query_selector(".card").bounding_box()["width"] >= min(320, width - 60)
    box = page.query_selector("#own-tools button").bounding_box()
    assert box["x"] + box["width"] <= width
