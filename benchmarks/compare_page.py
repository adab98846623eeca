"""How fast the page of comparison is: 1,000 runs of 12 settings, drawn and brushed.

    python benchmarks/compare_page.py [--runs 1000] [--repeats 5]

Prints a table with the bars. "Drawn" is from the click on the tab to two frames after the lines stand; a brush is from
a movement of the pointer to the frame that shows it. The importance of settings is computed meanwhile and timed apart.
"""

from __future__ import annotations

import argparse
import statistics
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
from dashboard.hparams.importance import importance  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

DRAWN = """() => new Promise((done) => {
  const begin = performance.now();
  viz.set("page", "compare");
  const look = () => (document.body.dataset.page === "compare" && viz.page?.()?.runs?.length >= RUNS && document.querySelector(".compare-row")
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)))
    : requestAnimationFrame(look));
  look();
})"""

BRUSH = """() => new Promise((done) => {
  const over = document.querySelector(".parallel .over");
  const at = (type, y) => {
    const box = over.getBoundingClientRect();
    over.dispatchEvent(new PointerEvent(type, { clientX: box.right - 64, clientY: box.top + y, pointerId: 1, bubbles: true, button: 0 }));
  };
  over.setPointerCapture = () => {};
  at("pointerdown", 300);
  const took = [];
  const step = (k) => {
    if (k > 20) { at("pointerup", 100); done(took); return; }
    const begin = performance.now();
    at("pointermove", 300 - 10 * k);
    requestAnimationFrame(() => requestAnimationFrame(() => { took.push(performance.now() - begin); step(k + 1); }));
  };
  step(1);
})"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    drawn: list[float] = []
    brushed: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        configs, outcome = sweep(Path(folder), options.runs)
        served = start_viz(Path(folder), "--no-token")
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                for _ in range(options.repeats):
                    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                    page.goto(served.address)
                    wait(page, "viz.ready")
                    drawn.append(page.evaluate(DRAWN.replace("RUNS", str(options.runs))))
                    wait(page, "viz.page().importance")
                    brushed += page.evaluate(BRUSH)
                    page.context.close()
                browser.close()
        finally:
            served.stop()
    asked = [timed(configs, outcome) for _ in range(options.repeats)]
    rows = [
        ("parallel coordinates drawn", drawn, 1000),
        ("a brush, each movement", brushed, 100),
        ("importance, behind the page", asked, None),
    ]
    report.show(
        f"{options.runs:,} runs × 12 settings, {report.machine()}",
        [
            (name, f"{statistics.median(took):.0f} ms", f"{max(took):.0f} ms", f"{bar} ms" if bar else "")
            + ((report.verdict(statistics.median(took), bar),) if bar else ("",))
            for name, took, bar in rows
        ],
        ("figure", "median", "worst", "bar", ""),
    )


def sweep(folder: Path, count: int) -> tuple[dict[str, list[Any]], list[float]]:
    """Runs of twelve settings, each with one value of a loss."""
    rng = np.random.default_rng(0)
    settings: dict[str, list[Any]] = {f"p{k:02d}": [float(each) for each in rng.random(count)] for k in range(10)}
    settings["lr"] = [float(10**each) for each in rng.uniform(-5, -1, count)]
    settings["optimizer"] = [str(each) for each in rng.choice(["sgd", "adam", "rmsprop"], count)]
    outcome = [
        abs(np.log10(lr) + 3) + noise for lr, noise in zip(settings["lr"], rng.normal(0, 0.1, count), strict=True)
    ]
    for i in range(count):
        with tracker.init(logdir=folder, name=f"run{i:04d}", config={k: v[i] for k, v in settings.items()}) as run:
            run.log({"val/loss": float(outcome[i])}, step=0)
    return settings, [float(each) for each in outcome]


def timed(settings: dict[str, list[Any]], outcome: list[float]) -> float:
    """Milliseconds that the importance of settings takes."""
    begin = time.perf_counter()
    importance(settings, outcome)
    return (time.perf_counter() - begin) * 1000


def wait(page: Any, expression: str) -> None:
    """Until an expression is true."""
    deadline = time.monotonic() + 60
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise SystemExit(f"never: {expression}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
