"""How soon a drawing is answered while the demo trains, and what asking costs the training, in Chromium without a GPU.

    python benchmarks/try_page.py [--rounds 6] [--seconds 8] [--epochs 400]

The demo trains in a process of its own and keeps a version of its network every 50 steps; a hand draws on the page Try
without a pause, sixty points a second. In half of the turns the page asks, in half its questions are held back in the
browser, so that all but the asking is the same. A drawing counts from the event of the first point that no question
before has held until its answer has been drawn. Steps are counted by the times that the run itself has stored.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
import report  # noqa: E402
from conftest import start_viz  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import tracker  # noqa: E402

CHROMIUM = os.environ.get("EVERYSTEP_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ANSWERED_MS, SLOWER = 150, 0.01
POINTS_A_SECOND = 60
WARM_S = 5.0
"""The worker imports what computes, and the browser has pages of its own to load."""

WATCH = """() => {
  window.waited = [];
  let seen = 0;
  const look = () => {
    const column = viz.page()?.columns?.[0];
    if (column && column.answers !== seen) {
      seen = column.answers;
      setTimeout(() => window.waited.push(performance.now() - column.since));  // behind this frame
    }
    requestAnimationFrame(look);
  };
  look();
  const ask = window.fetch;
  let held = [];
  window.hold = false;
  window.fetch = (address, ...how) =>
    window.hold && String(address).endsWith("/api/v1/try")
      ? new Promise((_, fail) => held.push(fail))
      : ask(address, ...how);
  window.goOn = () => {
    window.hold = false;
    for (const fail of held) fail(new Error("held back"));
    held = [];
  };
}"""


def draw(page: Any, seconds: float) -> None:
    """Draws rings for so long, on a sheet that is cleared every second."""
    box = page.query_selector(".try-pad").bounding_box()
    began = time.perf_counter()
    i = 0
    while (now := time.perf_counter() - began) < seconds:
        if i % POINTS_A_SECOND == 0:
            page.mouse.up()
            page.keyboard.press("Delete")
        turn, wide = 2 * math.pi * i / POINTS_A_SECOND, 0.18 + 0.1 * math.sin(i / 37)
        x, y = 0.5 + wide * math.sin(turn), 0.5 - 0.34 * math.cos(turn)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if i % POINTS_A_SECOND == 0:
            page.mouse.down()
        i += 1
        time.sleep(max(0.0, i / POINTS_A_SECOND - now))
    page.mouse.up()


def measured(page: Any, base: str, rounds: int, seconds: float) -> tuple[np.ndarray, list[tuple[float, float, bool]]]:
    """Milliseconds from drawing to answer; and turns: from, to (wall time), whether the page asked in it."""
    page.goto(f"{base}/?p=try")
    while not page.evaluate("Boolean(window.viz?.ready && viz.page()?.columns?.length)"):
        time.sleep(0.1)
    page.evaluate(WATCH)
    page.focus(".try-pad")
    draw(page, WARM_S)
    page.evaluate("window.waited.length = 0")
    turns = []
    for i in range(2 * rounds):
        asks = i % 4 in (0, 3)  # there and back, so that neither is always the later one
        page.evaluate("window.goOn()" if asks else "window.hold = true")
        time.sleep(0.3)
        began = time.time()
        draw(page, seconds)
        turns.append((began, time.time(), asks))
    return np.array(page.evaluate("window.waited")), turns


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=6, help="turns with asking, and as many without")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each")
    parser.add_argument("--epochs", type=int, default=400, help="so long the demo trains at the most")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logdir = Path(folder) / "runs"
        served = start_viz(logdir, "--no-token", "--no-browser", "--epochs", str(arguments.epochs), command="demo")
        try:
            while not (logdir / "digits" / "models").is_dir():
                time.sleep(0.1)
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                waited, turns = measured(page, served.base, arguments.rounds, arguments.seconds)
                browser.close()
            times = tracker.open(logdir).run("digits").scalars("train/loss").wall_time
        finally:
            served.stop()
    rates = [(((times >= since) & (times < until)).sum() / (until - since), asks) for since, until, asks in turns]
    asking, alone = (np.array([rate for rate, asks in rates if asks is wanted]) for wanted in (True, False))
    slower = 1 - asking.mean() / alone.mean()
    middle, most = np.percentile(waited, 50), np.percentile(waited, 95)
    bound = f"p95 ≤ {ANSWERED_MS} ms"
    rows = [
        ["drawn to answered", f"{middle:.0f} ms, 95 % within {most:.0f} ms", bound, report.verdict(most, ANSWERED_MS)],
        ["answers", f"{len(waited) / (arguments.rounds * arguments.seconds):.1f} a second", "", ""],
        ["steps a second, asking", f"{asking.mean():.2f}, of turns {asking.min():.1f} to {asking.max():.1f}", "", ""],
        ["steps a second, not", f"{alone.mean():.2f}, of turns {alone.min():.1f} to {alone.max():.1f}", "", ""],
        ["slower by", f"{slower:.2%}", f"≤ {SLOWER:.0%}", report.verdict(slower, SLOWER)],
    ]
    title = f"try: {len(waited)} answers in {2 * arguments.rounds} turns of {arguments.seconds:g} s, {report.machine()}"
    report.show(title, rows, ("figure", "median", "bar", ""))


if __name__ == "__main__":
    main()
