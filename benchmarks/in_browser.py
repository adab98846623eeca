"""How soon a model answers in the browser, with the network cut: the digits network, and MobileNet v1 (1.0, 224).

    python -m benchmarks.in_browser
    python -m benchmarks.in_browser --only digits --turns 3 --asks 50

Each turn opens a model card from the disk in a fresh browser context that is offline: the first answer counts from there
on, with all that is inflated, compiled and opened; each further one is a question of other numbers. On the page Try the
first answer counts from the choice of *Browser* to the bars, with what the server sends over loopback; then the network is
cut. Answers are compared with Python's. MobileNet is built by Keras with seeded weights, and goes through the files of
TensorFlow.js and trainer to ONNX. It takes Chromium, everystep-try and, for MobileNet, Keras on PyTorch.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from playwright.sync_api import sync_playwright

import tracker
from benchmarks import report
from benchmarks.served import served
from dashboard.cli import main as viz
from sample_runs.digits import PREPROCESS, make_model
from trainer import tfjs

ROOT = Path(__file__).resolve().parent.parent

FloatArray: TypeAlias = npt.NDArray[np.float32]

ASK = """([name, shape, seed]) => {
  // Made here: to hand over what a picture has takes the driver longer than the network computes.
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) },
    (_, i) => ((Math.imul(i + 1, 2654435761) + seed) >>> 0) / 2 ** 32);
  const began = performance.now();
  return card.ask(new Map([[name, { dtype: "float32", shape, values }]]))
    .then(({ top, ms }) => ({ top, ms, trip: performance.now() - began, since: performance.now() }));
}"""


def log_digits(logdir: Path) -> tuple[str, list[int]]:
    """Logs the digits network; the name and the shape of its input."""
    with tracker.init(logdir=logdir, name="digits") as run:
        run.log_model(
            make_model(), "digits", inputs={"image": (None, 1, 8, 8)}, outputs={"scores": (None, 10)}, step=0,
            classes=[str(digit) for digit in range(10)], preprocess=PREPROCESS,
        )  # fmt: skip
    return "image", [1, 1, 8, 8]


def log_mobilenet(logdir: Path) -> tuple[str, list[int]]:
    """Logs MobileNet as TensorFlow.js has it; the name and the shape of its input."""
    sys.path.insert(0, str(ROOT / "tests" / "trainer"))
    import keras_models
    import tfjs_files

    keras = keras_models.keras_on_torch()
    model = keras_models.mobilenet(keras, 1, 224, 1.0, keras_models.pictures(2, 224))
    folder = logdir.parent / "tfjs"
    tfjs_files.write_keras(model, folder)
    name = tfjs.load(folder).inputs[0][0]
    with tracker.init(logdir=logdir, name="mobilenet") as run:
        run.log_model(folder, "mobilenet", inputs={name: (None, 224, 224, 3)}, preprocess="mobilenet", step=0)
    return name, [1, 224, 224, 3]


def of_the_card(
    browser: Any, card: Path, model: Any, name: str, shape: list[int], asks: int
) -> tuple[float, list[float]]:
    """Milliseconds from opening the card to its first answer, and those of further ones; compared with Python."""
    context = browser.new_context()
    context.set_offline(True)
    page = context.new_page()
    page.on("request", lambda request: _check_local(request.url, card))
    further = []
    first = 0.0
    for number in range(asks + 1):
        seed = number * 12_345
        x = question(shape, seed)
        if not number:
            page.goto(card.as_uri(), wait_until="commit")
            until(page, "Boolean(window.card)")
        found = page.evaluate(ASK, [name, shape, seed])
        _compare(found["top"], model.top({name: x}))
        if number:
            further.append(found["trip"])
        else:
            first = found["since"]
    context.close()
    return first, further


def question(shape: list[int], seed: int) -> FloatArray:
    """The numbers that `ASK` makes, evenly between 0 and 1."""
    places = np.arange(1, np.prod(shape) + 1, dtype=np.uint64)
    return ((places * 2654435761 + seed) % 2**32 / 2**32).astype(np.float32).reshape(shape)


def _check_local(address: str, card: Path) -> None:
    if not address.startswith(("blob:", "data:")) and address != card.as_uri():
        raise SystemExit(f"the card asked for {address}")


def _compare(found: list[dict[str, Any]], wanted: list[tuple[str, float]]) -> None:
    p = dict(wanted)
    differences = [abs(each["p"] - p.get(each["name"], 0)) for each in found]
    if [each["name"] for each in found] != [name for name, _ in wanted] or max(differences) > 1e-4:
        raise SystemExit(f"another answer than Python's:\n{found}\n{wanted}")


def of_the_page(browser: Any, base: str) -> tuple[float, list[float]]:
    """Milliseconds on the page Try from the choice of the browser to the first answer, and of further ones, offline."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/?p=try")
    page.wait_for_selector(".try-pad")
    _stroke(page, 0.2)
    until(page, "document.querySelector('.try-said').textContent.endsWith('by the server')")
    page.evaluate("""() => new Promise((done) => {
      const said = document.querySelector(".try-said"), began = performance.now();
      new MutationObserver(() => {
        if (said.textContent.endsWith("by the browser")) { window.first = performance.now() - began; done(); }
      }).observe(said, { childList: true, characterData: true, subtree: true });
      document.querySelector(".try-who [data-key=browser]").click();
    })""")
    first = page.evaluate("window.first")
    context.set_offline(True)
    further = []
    for number in range(20):
        before = page.evaluate("JSON.stringify(viz.page().columns[0].top)")
        _stroke(page, 0.25 + number / 40)
        until(page, "(before) => JSON.stringify(viz.page().columns[0].top) !== before", before)
        further.append(page.evaluate("viz.page().columns[0].trip"))
    context.close()
    return first, further


def until(page: Any, expression: str, argument: Any = None) -> None:
    """Waits by asking: the page's policy forbids what Playwright waits with."""
    end = time.monotonic() + 60
    while not page.evaluate(expression, argument):
        if time.monotonic() > end:
            raise SystemExit(f"still not so after a minute: {expression}")
        page.wait_for_timeout(5)


def _stroke(page: Any, at: float) -> None:
    box = page.locator(".try-pad").bounding_box()
    page.mouse.move(box["x"] + at * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + at * box["width"], box["y"] + 0.8 * box["height"], steps=2)
    page.mouse.up()


def row(what: str, first: list[float], further: list[float]) -> list[str]:
    """One line: ms until the first answer of each turn, and of the further ones."""
    p50, p95 = np.percentile(further, [50, 95])
    bars = "1,000" if what.startswith("digits") else "1,500"
    return [what, " ".join(f"{each:,.0f}" for each in first), bars, f"{p50:.1f}", f"{p95:.1f}", f"{max(further):.1f}"]


def main() -> None:
    """Prints a line for each network and way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", choices=["digits", "mobilenet"])
    parser.add_argument("--turns", type=int, default=5, help="contexts that each card is opened in")
    parser.add_argument("--asks", type=int, default=100, help="further questions a turn")
    options = parser.parse_args()
    path = os.environ.get("EVERYSTEP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, log in (("digits", log_digits), ("mobilenet", log_mobilenet)):
            if options.only not in (None, name):
                continue
            logdir, card = Path(folder) / name / "runs", Path(folder) / f"{name}.html"
            logdir.mkdir(parents=True)
            input_name, shape = log(logdir)
            model = tracker.open(logdir).run(name).model(name)
            began = time.perf_counter()
            if viz(["export", "--logdir", str(logdir), name, "--model", name, "-o", str(card)]):
                raise SystemExit(1)
            size = f"{card.stat().st_size / 1e6:.1f} MB, made in {time.perf_counter() - began:.1f} s"
            asks = options.asks if name == "digits" else max(5, options.asks // 10)
            turns = [of_the_card(browser, card, model, input_name, shape, asks) for _ in range(options.turns)]
            rows.append(
                row(
                    f"{name}, card of {size}, offline",
                    [first for first, _ in turns],
                    [each for _, more in turns for each in more],
                )
            )
            if name == "digits":
                with served(logdir) as base:
                    pages = [of_the_page(browser, base) for _ in range(options.turns)]
                rows.append(
                    row("digits, page Try", [first for first, _ in pages], [each for _, more in pages for each in more])
                )
        browser.close()
    headers = ["ms", "first", "bar", "further p50", "p95", "max"]
    report.show(f"Models in the browser ({report.machine()})", rows, headers)


if __name__ == "__main__":
    main()
