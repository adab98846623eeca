"""One step of some layers: just what was logged there, on bins that all steps share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.histograms import one_step
from dashboard.histograms.bins import QUANTILES, Span
from dashboard.histograms.one_step import Layer
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.series import sketch

NAMES = ("first", "step", "time", "of", "total", "nan", "posinf", "neginf", "quantile", "edges", "counts")


def answers(logdir: Path, layers: list[Layer], bins: int = 40, scale: str = "linear") -> list[dict[str, Any]]:
    """Heads with their columns by name."""
    heads, columns = one_step.read(tracker.open(logdir).run("a").segments(), layers, bins, scale)
    rest = iter(columns)
    return [
        {**head, "steps": next(rest), **dict(zip(NAMES, rest, strict=False))} if not head.get("missing") else head
        for head in heads
    ]


@pytest.fixture
def logged(logdir: Path) -> list[np.ndarray]:
    """100 steps of two layers, every third step, of which one is wider from step to step and has a NaN at the 30th."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(0, 1 + i / 10, 64).astype(np.float32) for i in range(100)]
    parts[10][:3] = np.nan, np.inf, -np.inf
    with tracker.init(logdir=logdir, name="a") as run:
        for i, part in enumerate(parts):
            run.log({"wide": tracker.Histogram(part), "even": tracker.Histogram(np.arange(9.0))}, step=3 * i)
    return parts


def test_a_layer_is_what_was_logged_there(logdir: Path, logged: list[np.ndarray]) -> None:
    """Counts, quantiles and what is not finite, of the nearest step; every step has the same bins."""
    finite = np.concatenate(logged)[np.isfinite(np.concatenate(logged))]
    for step, i in ((None, 99), (0, 0), (30, 10), (31, 10), (10**9, 99)):
        (found,) = answers(logdir, [Layer("wide", step)])
        assert (found["steps"].tolist(), found["step"].tolist()) == ([3 * j for j in range(100)], [3 * i])
        assert (found["low"], found["high"]) == (finite.min(), finite.max())
        own = logged[i][np.isfinite(logged[i])]
        assert found["counts"].sum() == pytest.approx(own.size)
        assert (found["total"][0], found["nan"][0], found["posinf"][0]) == (64, 64 - own.size - 2 * (i == 10), i == 10)
        np.testing.assert_allclose(found["quantile"], sketch.quantile(sketch.count(logged[i]), QUANTILES))


def test_with_a_span_only_the_row_is_read(logdir: Path, logged: list[np.ndarray]) -> None:
    """The same bins without a look at the other steps; a tag that is not there says so and harms no other."""
    whole, _ = answers(logdir, [Layer("wide", 30), Layer("even")])
    span = Span(whole["low"], whole["high"], whole["elements"])
    again, missing, even = answers(logdir, [Layer("wide", 30, span), Layer("other"), Layer("even", 297)])
    np.testing.assert_array_equal(again["edges"], whole["edges"])
    np.testing.assert_array_equal(again["counts"], whole["counts"])
    assert (len(again["steps"]), missing["missing"]) == (0, True)
    assert (even["bins"], even["total"].tolist()) == (9, [9])


def test_what_a_rewind_left_behind_is_not_shown(logdir: Path) -> None:
    """A step that was logged again is what the newer line says."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(6):
            run.log({"w": tracker.Histogram(np.full(10, 7.0))}, step=step)
    with tracker.init(logdir=logdir, name="a", resume="must", step=2) as run:
        run.log({"w": tracker.Histogram(np.full(4, 1.0))}, step=3)
    (found,) = answers(logdir, [Layer("w", 3)])
    assert (found["steps"].tolist(), found["total"].tolist()) == ([0, 1, 2, 3], [4])


def test_the_interface_answers_and_explains(logdir: Path, logged: list[np.ndarray]) -> None:
    """A question in parts; one that is wrong is told what is right."""
    with TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006") as client:

        def ask(run: str, layers: Any) -> Any:
            return client.post("/api/v1/histograms/step", json={"run": run, "layers": layers})

        good = ask("a", [{"tag": "wide", "step": 3}])
        assert (good.status_code, good.headers["content-type"]) == (200, "application/octet-stream")
        for layers in ([], [{"tag": 3}], [{"tag": "wide", "step": "x"}], [{"tag": "wide", "span": [1, 0, 4]}], "wide"):
            bad = ask("a", layers)
            assert (bad.status_code, "layer" in bad.text) == (400, True)
        assert ask("no such", [{"tag": "wide"}]).status_code == 404
