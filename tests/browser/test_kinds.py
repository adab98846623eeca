"""Every row of the table in docs/kinds.md is drawn in the page, from files that TensorFlow, Keras and PyTorch wrote.

Rows that TensorBoard has no kind for are drawn from handwritten digits and from a process that really ran.
"""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tried_models
from drawing import LEFT, draw
from served import Served, start_forked
from training_process import Training

import tracker
from sample_runs.digits import load_digits
from sample_runs.optimizer_race import main as race
from tests.docs.test_kinds_page import TABLE

FOLDERS = (
    "keras_hparams",
    "keras_plots",
    "keras_run_metadata",
    "tensorboard_functional",
    "tf_audio_demo",
    "tf_custom_scalar_demo",
    "tf_graphs_demo",
    "tf_images_demo",
    "tf_pr_curve_demo",
    "tf_text_demo",
    "torch_digits",
    "torch_mesh",
    "transformers_trainer",
)
MACHINE = """
import sys, time, tracker
with tracker.init(logdir=sys.argv[1], name="machine", machine=0.1, console=True, command=True) as run:
    print("eight words that a training prints to stdout", flush=True)
    run.flush()
    while not len(tracker.open(sys.argv[1]).run("machine").tags("scalar")):
        run.flush()
"""
INK = """(selector) => Math.max(0, ...[...document.querySelectorAll(selector)].map((canvas) => {
  if (!canvas.width || !canvas.height) return 0;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height), seen = new Map();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3]) { const key = data[i] * 65536 + data[i + 1] * 256 + data[i + 2]; seen.set(key, (seen.get(key) ?? 0) + 1); }
  const all = [...seen.values()];
  return all.length > 1 ? all.reduce((sum, each) => sum + each, 0) - Math.max(...all) : 0;
}))"""
"""Pixels of a canvas in another colour than most."""


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logdir of event files, a projector's folder, a profiler's, and runs of digits."""
    logdir = tmp_path_factory.mktemp("kinds") / "logs"
    for name in FOLDERS:
        shutil.copytree(real_data / "events" / name, logdir / name)
    shutil.copytree(real_data / "projector" / "digits_torch", logdir / "digits_torch")
    session = logdir / "keras_profile" / "plugins" / "profile" / "2020_05_16_12_50_33"
    session.mkdir(parents=True)
    shutil.copy(real_data / "traces" / "tf_keras_cpu.trace.json.gz", session / "host.trace.json.gz")
    (images, labels), _ = load_digits()
    centres = np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])
    far = ((images[:, None] - centres[None]) ** 2).sum(axis=(2, 3, 4))
    likely = np.exp(-far) / np.exp(-far).sum(axis=1, keepdims=True)
    with tracker.init(logdir, name="digits", machine=False) as run:
        run.log({"train/loss": 1.0}, step=0)
        run.log(
            {
                "nearest": tracker.ConfusionMatrix(labels, -far),
                "is_three": tracker.PRCurve(labels == 3, likely[:, 3]),
                "film": tracker.Video((255 * images[:12, 0]).astype(np.uint8).repeat(4, 1).repeat(4, 2), fps=4),
                "rows": tracker.Table(
                    [
                        {"digit": int(d), "picture": tracker.Image(i[0])}
                        for d, i in zip(labels[:20], images, strict=False)
                    ]
                ),
                "train/loss": 0.5,
            },
            step=1,
        )
        run.mark("the learning rate was halved", step=1)
        tried_models.log(run, 1)
    race(str(logdir), steps=20)
    training = Training.forked(MACHINE, str(logdir))
    assert training.process.wait(60) == 0
    training.end()
    return logdir


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """The page of it, once every event file is read."""
    server = start_forked(folder, "--no-token")
    wanted = {*FOLDERS, "digits_torch", "keras_profile", "digits", "machine"}
    deadline = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{server.base}/api/v1/runs") as answer:
            there = {run["name"].partition("/")[0] for run in json.load(answer)["runs"] if any(run["series"].values())}
        if wanted <= there:
            break
        assert time.monotonic() < deadline, f"not there: {wanted - there}"
    yield server
    server.stop()
    server.process.stdout.close()  # type: ignore[union-attr]


class View:
    """A page with the runs of one folder shown."""

    def __init__(self, page: Any, served: Served, until: Callable[..., Any]) -> None:
        self.page, self.served, self._until = page, served, until

    def open(self, name: str, top: str, **settings: str) -> None:
        """The page called `name`, with the runs below the folder `top`."""
        self.page.goto(f"{self.served.base}/")
        self.until("viz.ready")
        self.page.evaluate(
            "([top, name, settings]) => {"
            "  viz.set('off', viz.runs().filter((run) => run !== top && !run.startsWith(top + '/')));"
            "  for (const [key, value] of Object.entries(settings)) viz.set(key, value);"
            "  viz.set('page', name);"
            "}",
            [top, name, settings],
        )
        self.until(f"viz.ready && document.body.dataset.page === '{name}'")

    def until(self, expression: str) -> Any:
        return self._until(self.page, expression)

    def ink(self, selector: str, least: int = 300) -> None:
        """Waits until a canvas has so many pixels drawn."""
        self.until(f"({INK})({selector!r}) >= {least}")


def seen(name: str, top: str, *waits: str, ink: str = "", least: int = 300, **settings: str) -> Callable[[View], None]:
    """A view of the page `name` on which all of `waits` come true, and then a canvas, `ink`, is drawn on."""

    def look(view: View) -> None:
        view.open(name, top, **settings)
        for expression in waits:
            view.until(expression)
        if ink:
            view.ink(ink, least)

    return look


def scalars(view: View) -> None:
    view.open("curves", "transformers_trainer")
    drawn = view.until(
        "(() => { const all = viz.drawn('train/loss'); return Object.keys(all ?? {}).length && all; })()"
    )
    ((_, line),) = drawn.items()
    assert len(line["step"]) > 3
    view.ink(".card canvas")


def hyperparameters(view: View) -> None:
    view.open("compare", "keras_hparams")
    view.until("viz.page()?.outcome?.filter(Number.isFinite).length === 8")
    view.until("['num_units', 'dropout', 'optimizer', 'accuracy'].every((each) => viz.page().columns.includes(each))")
    view.ink(".parallel canvas")
    view.ink(".scatter-matrix canvas")
    view.until("document.querySelectorAll('.compare-row').length >= 8")


def profiles(view: View) -> None:
    view.open("profiles", "keras_profile")
    view.until("document.querySelector('.profile-about')?.textContent.startsWith('1,053 events')")
    view.ink(".profile-flame canvas", 500)
    view.until("document.querySelectorAll('.operations tbody tr').length > 3")


def pr_curves(view: View) -> None:
    view.open("quality", "tf_pr_curve_demo")
    view.until("Object.keys(viz.page()['blue/pr_curves'] ?? {}).length === 2")
    told = view.page.evaluate("viz.page()['blue/pr_curves']['tf_pr_curve_demo/colors']")
    assert told["step"] == 9
    assert told["tp"] + told["fn"] == 150
    view.ink("[aria-label='blue/pr_curves'] .unit-chart canvas")


def confusion_matrices(view: View) -> None:
    view.open("quality", "digits")
    counts = view.until("viz.page().nearest?.digits?.counts")
    assert (len(counts), sum(counts)) == (100, 1437)
    assert sum(counts[::11]) > 1200


def meshes(view: View) -> None:
    view.open("meshes", "torch_mesh")
    view.until("viz.page().length === 2 && viz.page().every((each) => each.corners)")
    found = {each["tag"]: each for each in view.page.evaluate("viz.page()")}
    assert (found["torus"]["corners"], found["torus"]["isCloud"], found["torus"]["step"]) == (3 * 576, False, 4)
    assert found["cloud"]["isCloud"]


def models(view: View) -> None:
    view.page.goto(f"{view.served.base}/?p=try")  # a document of its own: only there may WebAssembly be compiled
    view.until("window.viz?.ready && viz.page()?.columns.length === 1")
    view.page.uncheck("label:has-text('Centre the drawing') input")
    draw(view.page, LEFT)
    view.until("viz.page().columns[0].top[0]?.name === 'left'")


SHOWN: dict[str, Callable[[View], None]] = {
    "Scalars": scalars,
    "Custom scalars": seen(
        "layouts",
        "tf_custom_scalar_demo",
        "viz.page().baz?.kind === 'Margin' && viz.page().baz.bands === 1",
        "viz.page()['wave trig functions']?.lines.length === 2",
        ink=".layout-chart canvas",
    ),
    "Images": seen("media", "tf_images_demo", "document.querySelector('.picture img')?.naturalWidth === 8"),
    "Figures": seen("media", "keras_plots", "document.querySelector('.picture img')?.naturalWidth > 400"),
    "Audio": seen("media", "tf_audio_demo", "document.querySelector('audio')?.duration > 1", ink=".sound-plot canvas"),
    "Text": seen(
        "media",
        "tf_text_demo",
        "document.querySelectorAll('.words-item').length > 3",
        "document.querySelector('.words-item table, .words-item strong, .words-item em, .words-item h1') !== null",
    ),
    "Histograms": seen(
        "distributions",
        "torch_digits",
        "document.querySelectorAll('.card').length === 4",
        ink=".card canvas",
        least=2000,
        bins="ridge",
    ),
    "Distributions": seen(
        "distributions",
        "torch_digits",
        "document.querySelectorAll('.card').length === 4",
        ink=".card canvas",
        least=2000,
        bins="bands",
    ),
    "Graph": seen(
        "graph",
        "tensorboard_functional",
        "document.querySelectorAll('.graph-svg .box').length > 3",
        "document.querySelectorAll('.graph-svg path').length > 3",
    ),
    "Keras graph": seen(
        "graph",
        "keras_run_metadata",
        "document.querySelectorAll('.graph-svg .box').length > 2",
        "[...document.querySelectorAll('select option')].some((option) => /keras/.test(option.textContent))",
    ),
    "Run metadata": seen(
        "graph",
        "tf_graphs_demo/profile",
        "document.querySelectorAll('.graph-svg .box').length > 2",
        "document.querySelector('main, #view').innerText.includes('prof_g')",
    ),
    "Hyperparameters": hyperparameters,
    "PR curves": pr_curves,
    "Meshes": meshes,
    "Embeddings": seen(
        "embeddings", "digits_torch", "viz.page().count === 300 && viz.page().said.includes('64 dimensions')"
    ),
    "Profiles": profiles,
    "ROC and calibration": seen(
        "quality",
        "digits",
        "viz.page().is_three?.digits?.recall > 0",
        *(
            f"document.querySelector('[aria-label=is_three]').innerText.includes('{words}')"
            for words in ("ROC", "Calibration", "AUC 0.9")
        ),
    ),
    "Confusion matrices": confusion_matrices,
    "Parameter importance": seen(
        "compare", "keras_hparams", "viz.page()?.importance?.some((each) => each.name === 'optimizer')"
    ),
    "Videos": seen(
        "media", "digits", "/ 12$/.test(document.querySelector('.video output')?.textContent)", ink=".video canvas"
    ),
    "Tables": seen(
        "media",
        "digits",
        "document.querySelector('.table-count')?.textContent === '20 rows'",
        "document.querySelector('.table td img')?.naturalWidth === 8",
    ),
    "Paths": seen("paths", "race", "document.querySelectorAll('.paths-standing tbody tr').length === 5"),
    "Machine": seen(
        "machines",
        "machine",
        "document.querySelectorAll('.machine-cards .card').length > 3",
        ink=".machine-cards canvas",
        least=30,
    ),
    "Environment": seen(
        "machines",
        "machine",
        "[...document.querySelectorAll('.environment tbody th')].some((each) => each.textContent === 'Python')",
    ),
    "Console": seen(
        "machines", "machine", "document.querySelector('.console-lines')?.textContent.includes('eight words')"
    ),
    "Models": models,
    "Marks": seen("curves", "digits", "viz.marks('train/loss').length > 0", ink=".card canvas"),
}


@pytest.mark.parametrize("kind", [row[0] for row in TABLE])
def test_the_kind_is_drawn(kind: str, served: Served, page: Any, until: Callable[..., Any]) -> None:
    """As its row says; a row without a view here fails."""
    assert kind in SHOWN, f"docs/kinds.md has a row {kind!r} that no view proves: add one to SHOWN"
    SHOWN[kind](View(page, served, until))


def test_every_view_has_a_row() -> None:
    """What is proved here is what the table says."""
    assert set(SHOWN) == {row[0] for row in TABLE}
