"""The page of embeddings: points, neighbours, labels, a map made beside the page; on what other programs wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker

SHOWN = "(viz.turn(0), document.querySelector('.embeddings-stage canvas').toDataURL())"
TOOL = "document.querySelector('[data-is={}]').selectedOptions[0].textContent"


def test_the_folders_of_the_projector_open(
    real_data: Path, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Digits that torch wrote: places, neighbours of the point that is clicked, a label that is searched, pictures."""
    with tracker.init(logdir=logdir, name="digits", machine=False) as run:
        for name, found in tracker.Embedding.from_projector(real_data / "projector" / "digits_torch").items():
            run.log({name: found}, step=0)
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 300")
    assert "64 dimensions" in page.evaluate("viz.page().said")
    stage = page.query_selector(".embeddings-stage canvas").bounding_box()
    at = until(page, "viz.page().at(0)")
    page.mouse.click(stage["x"] + at[0], stage["y"] + at[1])
    near = until(page, "viz.page().near.length && viz.page().near")
    assert len(near) == 20
    assert len(page.query_selector_all(".embeddings-row")) == 20
    page.get_by_placeholder("Find a label").fill("7")
    until(page, "viz.page().said.includes('with “7”')")
    assert page.evaluate("viz.page().selected") == len(page.query_selector_all(".embeddings-row"))
    discs = page.evaluate(SHOWN)
    page.get_by_label("pictures").check()
    until(page, f"({SHOWN}) !== {discs!r}")


def test_a_map_is_made_beside_the_page(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path, monkeypatch: Any
) -> None:
    """t-SNE in a process of its own; its result is kept for the next look."""
    pytest.importorskip("sklearn", reason="maps need scikit-learn: pip install everystep[maps]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        run.log({"e": tracker.Embedding(rng.normal(size=(40, 5)), [f"<b>{i}</b>" for i in range(40)])}, step=0)
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 40")
    page.select_option("[data-is=kind]", "tsne")
    until(page, "viz.page().said.startsWith('t-SNE')")
    until(page, "viz.page().said.includes('40 vectors')", timeout=60)
    assert len(list((tmp_path / "cache" / "everystep" / "maps").glob("tsne-*.npy"))) == 1
    assert page.query_selector(".embeddings b") is None


def test_colours_are_explained_and_what_is_selected_can_stand_alone(
    real_data: Path, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Iris, as the stand-alone projector has it: by class rather than a measure; a class alone; shades of a measure."""
    iris = tracker.Embedding.from_projector(real_data / "projector" / "iris_projector_config.json")["Iris"]
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        run.log(
            {"iris": iris, "numbers": tracker.Embedding(np.eye(9), [[k / 3, k, "<b>x</b>"] for k in range(9)])}, step=0
        )
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 150")
    assert page.evaluate(TOOL.format("colour")) == page.evaluate(TOOL.format("label")) == "class"
    words = [each.inner_text() for each in page.query_selector_all(".embeddings-legend button")]
    assert words == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    page.click(".embeddings-legend button >> nth=1")
    assert page.evaluate("viz.page().selected") == 50
    page.click("text=Show only these 50")
    assert page.evaluate("viz.page().shown") == 50
    assert page.evaluate("viz.page().at(0)") is None or abs(page.evaluate("viz.page().at(0)[0]")) > 1e4  # a setosa
    page.click("text=Show all 150")
    assert page.evaluate("viz.page().shown") == 150
    page.select_option("[data-is=colour]", label="petal-length")
    assert "1 to 6.9" in page.inner_text(".embeddings-legend")
    page.get_by_placeholder("Find a label").fill("/5\\.1.*setosa/")
    assert page.evaluate("viz.page().selected") == sum(
        row[0] == "5.1" and "setosa" in row[4] for row in iris.rows or []
    )
    page.select_option("[data-is=tag]", "numbers")
    until(page, "viz.page().count === 9")
    assert page.evaluate(TOOL.format("label")) == page.evaluate(TOOL.format("colour")) == "label 2"
    assert page.query_selector(".embeddings b") is None
    assert page.input_value(".embeddings .search input") == ""


def test_neighbours_by_any_distance_an_axis_and_a_bookmark(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """As many as one likes; from one selection to another; a view comes back, and is forgotten; keys turn."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 4)) * [1, 1, 1, 20]
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        run.log({"e": tracker.Embedding(vectors, [f"{'left' if i < 5 else 'right' if i < 10 else 'rest'} {i}" for i in range(60)])}, step=0)  # fmt: skip
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 60")
    stage = page.query_selector(".embeddings-stage canvas").bounding_box()
    at = until(page, "viz.page().at(7)")
    page.mouse.click(stage["x"] + at[0], stage["y"] + at[1])
    until(page, "viz.page().near.length === 20")
    chosen = int(page.inner_text(".embeddings-point h3").split()[1])
    page.select_option(".embeddings-point select >> nth=0", "manhattan")
    page.select_option(".embeddings-point select >> nth=1", "5")
    expected = [
        i for i in np.argsort(np.abs(vectors.astype("f4") - vectors.astype("f4")[chosen]).sum(axis=1)) if i != chosen
    ]
    until(page, f"JSON.stringify(viz.page().near) === '{str([int(i) for i in expected[:5]]).replace(' ', '')}'")

    find = page.get_by_placeholder("Find a label")
    find.fill("left")
    page.click("text=Start an axis here")
    find.fill("right")
    page.click("text=End the axis here")
    until(page, "viz.page().kind === 'axis'")
    page.click("text=Bookmark this view")
    before = until(page, "viz.page().at(3)")
    page.focus(".embeddings-stage canvas")
    page.keyboard.press("ArrowRight")
    until(page, f"viz.page().at(3)[0] !== {before[0]}")
    page.select_option("[data-is=kind]", "pca")
    page.click(".embeddings-marks span button")
    until(page, "viz.page().kind === 'axis'")
    page.click(".embeddings-marks span button", modifiers=["Shift"])
    assert page.query_selector(".embeddings-marks span button") is None


@pytest.mark.long
def test_a_map_stands_aside_for_one_that_is_looked_at(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path, monkeypatch: Any
) -> None:
    """Points of another embedding never stand in for it: components do, and it is said."""
    pytest.importorskip("sklearn", reason="maps need scikit-learn: pip install everystep[maps]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        run.log(
            {"a": tracker.Embedding(rng.normal(size=(1500, 20))), "b": tracker.Embedding(rng.normal(size=(30, 5)))},
            step=0,
        )
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 1500")
    page.select_option("[data-is=kind]", "tsne")
    until(page, "viz.page().said.includes('Until then principal components')")
    page.select_option("[data-is=tag]", "b")
    until(page, "viz.page().count === 30")
    page.select_option("[data-is=size]", "2")
    page.select_option("[data-is=near]", "5")
    until(page, "viz.page().said.startsWith('30 vectors')", timeout=60)
    assert list((tmp_path / "cache" / "everystep" / "maps").glob("tsne-2-5-*.npy"))
