"""A zoom that is held while something trains: the window stays, what is in it grows and is exact, nothing else moves."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.browser.charts import CARD

START, STOP = 30.5, 70.5
"""The window, in steps."""

INSIDE = """(name, low, high) => {
  const line = viz.lines("loss").find((line) => line.name === name);
  if (!line) return null;
  const at = line.x.flatMap((x, i) => (x >= low && x <= high ? [i] : []));
  return Object.fromEntries(["x", "mean", "smooth"].map((field) => [field, at.map((i) => line[field][i])]));
}"""

AXES = {
    "step": ("x=step", 1.0),
    "relative": ("x=relative", 10.0),
    "time": ("x=time", 10.0),
    "metric": ("x=metric&xm=tokens", 64.0),
    "expression": ("x=metric&xm=%3D tokens / 32", 2.0),
}
"""What x is in the address, and what a step is there."""

LOOKS = ["s=0", "s=0&log=y", "s=0&lx=y", "s=0.9&sk=ema", "s=0.9&sk=gauss", "s=0.9&sk=mean", "s=0&g=*", "s=0&base=done"]

CASES = [(axis, "s=0") for axis in AXES] + [("step", look) for look in LOOKS[1:]] + [("relative", "s=0.9&g=*")]
DEEPER = {
    ("relative", "s=0"),
    ("metric", "s=0"),
    *(("step", f"s=0{look}") for look in ("&log=y", "&g=*", ".9&sk=ema", ".9&sk=mean")),
}
"""Each has a neighbour that goes the same way."""


@pytest.mark.parametrize(
    ("axis", "look"), [pytest.param(*case, marks=[pytest.mark.long] if case in DEEPER else []) for case in CASES]
)
def test_a_zoom_is_held_while_points_come(
    axis: str, look: str, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """And double click goes back to all there is, which goes on."""
    words, scale = AXES[axis]
    begun = time.time()

    def log(run: tracker.Run, first: int, last: int, more: float) -> None:
        for step in range(first, last):
            run.log({"loss": step + more, "tokens": step * 64.0}, step=step, wall_time=begun + 10 * step)
        run.flush()

    with tracker.init(logdir, name="done", machine=False) as done:
        log(done, 0, 130, 1.0)
    live = tracker.init(logdir, name="live", machine=False)
    log(live, 0, 50, 1001.0)
    page.goto(f"{serve(logdir, '--no-token').base}/?{words}&{look}&tags=loss")
    until(page, "viz.ready && viz.lines('loss').length > 0")
    name = page.evaluate("viz.lines('loss').at(-1).name")
    shift = page.evaluate("viz.lines('loss').at(-1).x[0]") if axis in ("relative", "time") else 0.0
    low, high = START * scale + shift, STOP * scale + shift
    page.evaluate("(window) => viz.zoom('loss', window)", [low, high])
    is_group, is_difference = "g=*" in look, "base=" in look

    def inside(last: int) -> dict[str, list[float]]:
        steps = list(range(31, last))
        inside = f"({INSIDE})('{name}', {low}, {high})"
        found: dict[str, list[float]] = until(page, f"((found) => found?.x.length >= {len(steps)} && found)({inside})")
        # The runs of a group did not begin at quite the same time.
        assert found["x"] == pytest.approx([step * scale + shift for step in steps], abs=1.0 if is_group else 1e-3)
        if not is_group or "s=0" in look.split("&"):
            more = 501.0 if is_group else 1001.0
            assert found["mean"] == pytest.approx([1000.0 if is_difference else step + more for step in steps])
        assert page.evaluate("viz.range('loss').x") == [low, high]
        return found

    log(live, 50, 60, 1001.0)
    if not is_group:
        inside(60)
    log(live, 60, 90, 1001.0)
    until(page, f"document.querySelector('.told').textContent.startsWith('{40 if is_difference else 80} points')")
    held = inside(71)
    until(page, "viz.ready")
    # What came by and by is what one would be told who asked now.
    page.evaluate(f"document.querySelector('{CARD.format('loss')}').card.curves.store.refetch()")
    page.evaluate("viz.settled()")
    assert inside(71) == {key: pytest.approx(values) for key, values in held.items()}
    page.dblclick(f"{CARD.format('loss')} canvas.over")
    until(page, f"viz.range('loss').x[0] < {low} && viz.range('loss').x[1] >= {89 * scale + shift - 1}")
    log(live, 90, 120, 1001.0)
    until(page, f"viz.range('loss').x[1] >= {119 * scale + shift - 1}")
    until(page, f"document.querySelector('.told').textContent.startsWith('{120 if is_difference else 250} points')")
    live.finish()


def test_a_run_that_is_deleted_while_zoomed_goes_and_the_window_stays(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Deleted by hand: what is left is drawn in the same window. And what a server that is gone cannot tell is said."""
    for name in ("a", "b"):
        with tracker.init(logdir, name=name, machine=False) as run:
            for step in range(100):
                run.log({"loss": 1.0}, step=step)
    served = serve(logdir, "--no-token")
    page.goto(f"{served.base}/?s=0")
    until(page, "viz.ready && viz.lines('loss').length === 2")
    page.evaluate("viz.zoom('loss', [20, 60])")
    told = "document.querySelector('.told').textContent"
    until(page, f"{told} === '82 points, 0 hidden'")
    page.excuse("404")  # what was being asked of it at that moment
    shutil.rmtree(logdir / "a")
    until(page, f"viz.runs().join() === 'b' && {told} === '41 points, 0 hidden'")
    assert page.evaluate("viz.range('loss').x") == [20, 60]
    port = served.base.rpartition(":")[2]
    served.stop()
    until(page, "document.getElementById('live').dataset.state === 'reconnecting'")
    page.evaluate("document.querySelector('.card').card.chart.setZoom([10, 70])")
    until(page, f"{told}.includes('not all could be read')")
    serve(logdir, "--no-token", "--port", port)
    until(page, f"{told} === '61 points, 0 hidden'")
    assert page.evaluate("viz.range('loss').x") == [10, 70]
    page.excuse("ERR_CONNECTION_REFUSED", "WebSocket")
