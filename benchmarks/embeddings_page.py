"""How fast an embedding of 100,000 × 64 is: its principal components, its first sight, and turning it.

    python benchmarks/embeddings_page.py [--count 100000] [--repeats 5]

Prints a table with the bars. Frames are drawn by the browser's software renderer when it has no GPU, as it has not
here (--disable-gpu), and each is waited for until its pixels are there. A browser that cannot keep up draws every
second, fourth … point while the view turns, and all of them when it rests: the table says which.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402  # found on the path set above
import report  # noqa: E402
from conftest import start_viz  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import tracker  # noqa: E402
from dashboard.embeddings.projection import neighbours, pca  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

TURN = """() => new Promise((done) => {
  const begin = performance.now();
  let frames = 0;
  const turn = () => {
    const every = viz.turn(0.03);
    frames += 1;
    if (performance.now() - begin > 3000) done([frames / ((performance.now() - begin) / 1000), every]);
    else requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    centres, group = rng.normal(size=(10, 64)) * 2, rng.integers(0, 10, options.count)
    vectors = (centres[group] + rng.normal(size=(options.count, 64))).astype(np.float32)
    components = [timed(lambda: pca(vectors)) for _ in range(options.repeats)]
    nearest = [timed(lambda: neighbours(vectors, 0, 20)) for _ in range(options.repeats)]
    seen: list[float] = []
    frames: list[float] = []
    thinned: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        with tracker.init(logdir=folder, name="run") as run:
            run.log({"e": tracker.Embedding(vectors, [str(each) for each in group])}, step=0)
        for _ in range(options.repeats):
            served = start_viz(Path(folder), "--no-token")
            try:
                with sync_playwright() as driver:
                    browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                    page = browser.new_page(viewport={"width": 1440, "height": 900})
                    begin = time.perf_counter()
                    page.goto(f"{served.address}?p=embeddings")
                    while not page.evaluate(f"window.viz?.page?.()?.count === {options.count}"):
                        time.sleep(0.02)
                    seen.append(1000 * (time.perf_counter() - begin))
                    rate, every = page.evaluate(TURN)
                    frames.append(rate)
                    thinned.append(every)
                    browser.close()
            finally:
                served.stop()
    report.show(
        f"an embedding of {options.count:,} × 64, {report.machine()}",
        [
            ("principal components", *said(components, 3000)),
            ("neighbours of one", *said(nearest, None)),
            ("page asked for to points drawn", *said(seen, None)),
            (
                f"turning, software renderer, 1 in {max(thinned)} points meanwhile",
                f"{statistics.median(frames):.1f} /s",
                f"{min(frames):.1f} /s",
                "10 /s",
                report.verdict(statistics.median(frames), 10, at_least=True),
            ),
        ],
        ("figure", "median", "worst", "bar", ""),
    )


def said(took: list[float], bar: float | None) -> tuple[str, ...]:
    """The cells of a row."""
    middle = statistics.median(took)
    return f"{middle:.0f} ms", f"{max(took):.0f} ms", *((f"{bar} ms", report.verdict(middle, bar)) if bar else ("", ""))


def timed(act: object) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    act()  # type: ignore[operator]
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
