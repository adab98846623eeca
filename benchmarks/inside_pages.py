"""How fast the pages that look inside a network are: distributions, a long heat map, a thousand pictures, logging.

    python benchmarks/inside_pages.py [--repeats 3]

Pages are visited in Chromium without a GPU, each time in a fresh browser; painted means that what was asked for is drawn
and two frames have passed; of pictures, all that are on the screen, and the others come while one looks. The graph has a benchmark of its own, graph_page.py.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
from conftest import start_viz  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from report import machine, show, verdict  # noqa: E402

import tracker  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"]

PAINTED = """(condition) => new Promise((done) => {
  const conditions = {
    distributions: () => window.viz?.ready && document.querySelectorAll(".card").length >= 20,
    heat: () => window.viz?.ready && document.querySelector(".distribution .told")?.textContent.includes("steps"),
    pictures: () => {
      const bottom = document.getElementById("view").getBoundingClientRect().bottom;
      const seen = [...document.querySelectorAll(".picture img")].filter((image) => image.getBoundingClientRect().top < bottom);
      return window.viz?.ready && seen.length > 20 && seen.every((image) => image.complete && image.naturalWidth);
    },
  };
  const look = () => {
    let held = false;
    try { held = conditions[condition](); } catch { /* not there yet */ }
    if (held) requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
    else requestAnimationFrame(look);
  };
  look();
})"""

SCRUB = """() => new Promise((done) => {
  const slider = document.querySelector(".distribution input[type=range]");
  const view = document.getElementById("view").getBoundingClientRect();
  const seen = [...document.querySelectorAll(".distribution canvas.over")].filter((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return bottom > view.top && top < view.bottom;
  });
  const took = [];
  const next = (at) => {
    if (at >= 20) { done(took); return; }
    const begin = performance.now();
    const step = at * 37 % 1000;
    const wanted = `step ${step.toLocaleString("en-US")},`;
    slider.value = String(step);
    slider.dispatchEvent(new Event("input"));
    const look = () => {
      if (!seen.every((each) => each.getAttribute("aria-valuetext").startsWith(wanted))) { requestAnimationFrame(look); return; }
      setTimeout(() => { took.push(performance.now() - begin); next(at + 1); });
    };
    requestAnimationFrame(look);
  };
  next(0);
})"""

SCROLL = """() => new Promise((done) => {
  const view = document.getElementById("view");
  const begin = performance.now();
  let frames = 0, last = begin, longest = 0;
  const frame = (now) => {
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    view.scrollTop += 60;
    if (now - begin < 3000) requestAnimationFrame(frame);
    else done([frames / ((now - begin) / 1000), longest]);
  };
  requestAnimationFrame(frame);
})"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100_000, help="of the long histogram tag")
    options = parser.parse_args()
    rows: list[list[Any]] = []

    def row(name: str, took: list[float], bar: float, unit: str = "ms", *, at_least: bool = False) -> None:
        middle = statistics.median(took)
        ends = f"{min(took):.1f} – {max(took):.1f}"
        rows.append([name, f"{middle:.1f} {unit}", ends, f"{'≥' if at_least else '≤'} {bar:g}", verdict(middle, bar, at_least=at_least)])  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        row("log histograms of 10⁶ parameters, caller", logging_cost(Path(folder, "log")), 5)
        long = Path(folder, "long")
        fill_long(long, options.steps)
        row(f"heat map of {options.steps:,} steps, answer", [answer_of(long) for _ in range(options.repeats)], 300)
        layers, pictures = Path(folder, "layers"), Path(folder, "pictures")
        fill_layers(layers)
        fill_pictures(pictures)
        paints, scrubs, firsts, rates, heaps = [], [], [], [], []
        for _ in range(options.repeats):
            paints.append(
                visit(layers, "p=distributions&bins=heat", lambda page: page.evaluate(PAINTED, "distributions"))
            )
            scrubs += visit(layers, "p=distributions&bins=one", scrubbed)
            first, rate, heap = visit(pictures, "p=media", scrolled)
            firsts.append(first)
            rates.append(rate)
            heaps.append(heap)
        row("20 layers × 1,000 steps, first paint", paints, 1000)
        row("20 layers × 1,000 steps, scrub a step", scrubs, 50)
        row("1,000 pictures, first paint", firsts, 1000)
        row("1,000 pictures, scrolling", rates, 30, "frames/s", at_least=True)
        row("1,000 pictures, page heap", heaps, 300, "MiB")
    show(f"Inside pages ({machine()})", rows, ["", "median", "range", "bar", ""])


def logging_cost(folder: Path) -> list[float]:
    """Milliseconds of the caller for one set of histograms, of a model of 10⁶ parameters in 12 tensors."""
    rng = np.random.default_rng(0)
    tensors = {f"w/{i}": rng.normal(size=83_334).astype(np.float32) for i in range(12)}
    took = []
    with tracker.init(logdir=folder, name="a") as run:
        for step in range(40):
            begin = time.perf_counter()
            run.log({tag: tracker.Histogram(values) for tag, values in tensors.items()}, step=step)
            took.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.01)  # what the training does between
    return took[5:]


def fill_long(folder: Path, steps: int) -> None:
    """One tag of many steps."""
    rng = np.random.default_rng(0)
    parts = [tracker.Histogram(rng.normal(0, 1 + i / 50, 500).astype(np.float32)) for i in range(50)]
    with tracker.init(logdir=folder, name="a") as run:
        for step in range(steps):
            run.log({"w": parts[step % 50]}, step=step)
            if step % 200 == 199:
                assert run.flush(600)  # a commit of over a second counts as a disk that stands still


def answer_of(folder: Path) -> float:
    """Milliseconds of the server's answer to what the heat map asks; all elements are in it."""
    served = start_viz(folder, "--no-token")
    try:
        urllib.request.urlopen(f"{served.base}/dash/").read()  # answers once Dash is imported
        address = f"{served.base}/api/v1/histograms?run=a&tag=w&rows=240&bins=96&honest=1"
        begin = time.perf_counter()
        data = urllib.request.urlopen(address).read()
        took = (time.perf_counter() - begin) * 1000
        assert len(data) > 1000
        return took
    finally:
        served.stop()


def fill_layers(folder: Path) -> None:
    """20 layers of 1,000 steps."""
    rng = np.random.default_rng(0)
    parts = [tracker.Histogram(rng.normal(0, 1 + i / 50, 2000).astype(np.float32)) for i in range(50)]
    with tracker.init(logdir=folder, name="a") as run:
        for step in range(1000):
            run.log({f"weights/layer_{i}": parts[(step + i) % 50] for i in range(20)}, step=step)
            if step % 20 == 19:
                assert run.flush(600)


def fill_pictures(folder: Path) -> None:
    """A thousand pictures of 64 × 64 at one step."""
    rng = np.random.default_rng(0)
    with tracker.init(logdir=folder, name="a") as run:
        guesses = {"cat": 0.7, "dog": 0.2, "fox": 0.1}
        pictures = [tracker.Image(rng.random((64, 64, 3)), label="cat", predictions=guesses) for _ in range(1000)]
        run.log({"samples": pictures}, step=0)
        assert run.flush(600)


def visit(folder: Path, query: str, act: Callable[[Any], Any]) -> Any:
    """What `act` gives on a page in a fresh browser, of a server that is up."""
    served = start_viz(folder, "--no-token")
    try:
        urllib.request.urlopen(f"{served.base}/dash/").read()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
            page.goto(f"{served.base}/?{query}", wait_until="commit")
            found = act(page)
            browser.close()
            return found
    finally:
        served.stop()


def scrubbed(page: Any) -> list[float]:
    """Milliseconds from the slider's move to the frame in which all cards in sight show that step's elements."""
    page.evaluate(PAINTED, "distributions")
    page.wait_for_timeout(1500)
    found: list[float] = page.evaluate(SCRUB)
    return found


def scrolled(page: Any) -> tuple[float, float, float]:
    """First paint in ms, frames a second while scrolling for 3 s, JavaScript heap in MiB afterwards."""
    first = page.evaluate(PAINTED, "pictures")
    page.wait_for_timeout(1500)
    assert page.locator(".picture img").count() == 1000
    rate, _ = page.evaluate(SCROLL)
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
    return first, rate, heap


if __name__ == "__main__":
    main()
