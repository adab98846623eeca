"""How soon a click on the page is a changed training, and how soon the page says so, in Chromium without a GPU.

    python benchmarks/controls_page.py [--clicks 200] [--rate 50]

A process of its own trains at a steady rate with one control, whose value it reads at every step; the page's + and −
are clicked with a real pointer, at moments that have nothing to do with the steps. Clocks are the machine's own, in all
three processes. Prints one table with bars.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
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
BROWSER_RESTS_S = 3.0
"""For a second and more after its own start Chromium loads pages that nobody sees; see curves_page.py."""

APPLIED_MS, TOLD_MS = 100, 200
"""From a click to the changed value, besides one step; and from there to the page that says so, drawn."""

WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  window.clicks = [];
  window.told = [];  // [nonce, when it was drawn]
  document.addEventListener("pointerup", () => window.clicks.push(now()), true);
  const seen = new Set();
  const look = () => {
    const last = viz.page()?.live?.commands.at(-1);
    const words = document.querySelector(".control .control-said")?.textContent ?? "";
    if (last?.outcome === "applied" && words.startsWith("applied at step") && !seen.has(last.nonce)) {
      seen.add(last.nonce);
      setTimeout(() => window.told.push([last.nonce, now()]));  // behind this frame
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def training(logdir: str, rate: float, stop: Any, found: Any) -> None:
    """Trains until told to stop; then gives the wall time of the first line of code that saw each value."""
    changes: list[tuple[float, float]] = []
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        lr = run.control("lr", 0.001, low=1e-6, high=1.0, log=True)
        before, step, began = lr.value, 0, time.perf_counter()
        while not stop.is_set():
            run.log({"train/loss": 1 / (step + 1), "train/accuracy": 1 - 1 / (step + 1)}, step=step)
            if lr.value != before:
                before = lr.value
                changes.append((time.time(), before))
            step += 1
            time.sleep(max(0.0, began + step / rate - time.perf_counter()))
    found.put(changes)


def click(page: Any, base: str, clicks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clicks so often; when each was let go of, what it asked for, and when its receipt was drawn: ms, values, ms."""
    page.goto(f"{base}/?p=controls")
    while not page.evaluate("Boolean(window.viz?.ready && viz.page()?.live?.offers)"):
        time.sleep(0.05)
    time.sleep(BROWSER_RESTS_S)
    page.evaluate(WATCH)
    draw = random.Random(0)
    for i in range(clicks):
        page.click(f"[aria-label='{'More' if i % 2 == 0 else 'Less'} lr']")
        while page.evaluate("window.told.length") <= i:
            time.sleep(0.005)
        time.sleep(0.1 + draw.random() / 10)
    commands = {each["nonce"]: each for each in page.evaluate("viz.page().live.commands")}
    told = page.evaluate("window.told")
    values = [commands[nonce]["value"] for nonce, _ in told]
    return np.array(page.evaluate("window.clicks")), np.array(values), np.array([when for _, when in told])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clicks", type=int, default=200, help="at most 200, which is what the page shows at once")
    parser.add_argument("--rate", type=float, default=50, help="steps a second")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    stop, found = context.Event(), context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        logdir = Path(folder) / "runs"
        logdir.mkdir()
        trained = context.Process(target=training, args=(str(logdir), arguments.rate, stop, found))
        trained.start()
        served = start_viz(logdir, "--no-token")
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                clicked, values, told = click(page, served.base, min(200, arguments.clicks))
                browser.close()
        finally:
            stop.set()
            changes = found.get(timeout=30)
            trained.join()
            served.stop()
    applied = np.array([when for when, _ in changes]) * 1000
    if [value for _, value in changes] != values.tolist():
        raise SystemExit("what was applied is not what was asked for")
    step_ms = 1000 / arguments.rate
    rows = []
    for name, took, bar in (
        (f"click to applied, {arguments.rate:g} steps/s", applied - clicked, step_ms + APPLIED_MS),
        ("applied to drawn on the page", told - applied, TOLD_MS),
        ("click to drawn on the page", told - clicked, step_ms + APPLIED_MS + TOLD_MS),
    ):
        middle, most = np.percentile(took, 50), np.percentile(took, 95)
        measured = f"{middle:.0f} ms, 95 % within {most:.0f} ms"
        rows.append([name, measured, f"p95 ≤ {bar:g} ms", report.verdict(most, bar), f"{took.max():.0f} ms"])
    report.show(
        f"controls: {len(clicked)} clicks, {report.machine()}", rows, ("figure", "median", "bar", "", "longest")
    )


if __name__ == "__main__":
    main()
