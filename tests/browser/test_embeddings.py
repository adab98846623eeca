"""The page of embeddings: points, neighbours, labels, a map made beside the page; on what other programs wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker


def test_the_folders_of_the_projector_open(
    real_data: Path, logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """Digits that torch wrote: places, neighbours of the point that is clicked, a label that is searched, pictures."""
    with tracker.init(logdir=logdir, name="digits") as run:
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
    page.get_by_label("pictures").check()
    page.wait_for_timeout(200)


def test_a_map_is_made_beside_the_page(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any], tmp_path: Path, monkeypatch: Any
) -> None:
    """t-SNE in a process of its own; its result is kept for the next look."""
    pytest.importorskip("sklearn", reason="maps need scikit-learn: pip install everystep[maps]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    with tracker.init(logdir=logdir, name="run") as run:
        run.log({"e": tracker.Embedding(rng.normal(size=(40, 5)), [f"<b>{i}</b>" for i in range(40)])}, step=0)
    page.goto(f"{serve(logdir, '--no-token').address}?p=embeddings")
    until(page, "viz.ready && viz.page().count === 40")
    page.select_option("[data-is=kind]", "tsne")
    until(page, "viz.page().said.startsWith('t-SNE')")
    until(page, "viz.page().said.includes('40 vectors')", timeout=60)
    assert len(list((tmp_path / "cache" / "everystep" / "maps").glob("tsne-*.npy"))) == 1
    assert page.query_selector(".embeddings b") is None
