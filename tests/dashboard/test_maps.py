"""Maps of embeddings: made in a process of their own, kept, and given up for one that is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dashboard.embeddings import map_worker
from dashboard.embeddings import maps as embeddings
from dashboard.embeddings.maps import Map, Maps

RNG = np.random.default_rng(0)


def until(is_so: Callable[[], object], timeout_s: float = 100.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("size", [2, 3])
def test_tsne_has_the_dimensions_that_are_asked_for(
    tmp_path: Path, size: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its progress goes from nothing to all; a vector that is not finite has no place."""
    pytest.importorskip("sklearn", reason="maps need scikit-learn: pip install everystep[maps]")
    vectors = np.vstack([RNG.normal(size=(20, 6)), np.full(6, np.nan)]).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    assert map_worker.main("tsne", str(size), "5", str(tmp_path / "v.npy"), str(tmp_path / "m.npy")) == 0
    placed = np.load(tmp_path / "m.npy")
    assert placed.shape == (21, size)
    assert np.isfinite(placed[:-1]).all()
    assert np.isnan(placed[-1]).all()
    shares = [float(line.split()[0]) for line in capfd.readouterr().out.splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # UMAP's own
@pytest.mark.parametrize(("count", "size"), [(4, 3), (9, 2), (60, 3)])
def test_umap_maps_few_and_many(tmp_path: Path, count: int, size: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Groups that are apart stay apart; its epochs are told."""
    pytest.importorskip("umap", reason="maps need umap-learn: pip install everystep[maps]")
    vectors = (RNG.normal(size=(count, 6)) + 50 * (np.arange(count) % 2)[:, None]).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    assert map_worker.main("umap", str(size), "10", str(tmp_path / "v.npy"), str(tmp_path / "m.npy")) == 0
    placed = np.load(tmp_path / "m.npy")
    assert placed.shape == (count, size)
    assert np.isfinite(placed).all()
    assert "epoch 500 of 500" in capfd.readouterr().out
    if count == 60:
        odd, even = placed[1::2], placed[::2]
        apart = np.linalg.norm(odd.mean(axis=0) - even.mean(axis=0))
        assert apart > odd.std() / 2 + even.std() / 2


def test_a_map_that_nobody_looks_at_gives_way(tmp_path: Path) -> None:
    """And is begun anew when somebody does; the one that was waited for is kept in the folder."""
    pytest.importorskip("sklearn", reason="maps need scikit-learn: pip install everystep[maps]")
    now = [0.0]
    maps = Maps(tmp_path, clock=lambda: now[0])
    large, small = RNG.normal(size=(4000, 30)).astype(np.float32), RNG.normal(size=(12, 3)).astype(np.float32)
    left = maps.job("tsne", large)
    until(lambda: left.worker is not None)
    assert maps.job("tsne", large) is left

    def ask() -> Map:
        return maps.job("tsne", small, 2, 3)

    until(lambda: ask().said == embeddings.WAITING)
    assert left.worker is not None  # it was asked for just now
    now[0] = 60.0
    until(lambda: ask().placed is not None)
    assert left.placed is None
    assert not left.problem
    assert [path.name.rpartition("-")[0] for path in tmp_path.glob("*.npy")] == ["tsne-2-3"]
    until(lambda: maps.job("tsne", large) is not left)  # its thread forgets it when its process has ended
    again = maps.job("tsne", large)
    until(lambda: again.worker is not None or again.problem)
    worker = again.worker
    assert worker is not None, again.problem
    worker.terminate()
    until(lambda: again.worker is None)


def test_a_map_that_failed_is_tried_again_later(tmp_path: Path) -> None:
    """Such as when its package was installed meanwhile; what cannot be asked for is refused."""
    now = [0.0]
    maps = Maps(tmp_path, clock=lambda: now[0])
    few = np.ones((2, 3), np.float32)
    failed = maps.job("umap", few)
    until(lambda: failed.problem)
    assert "four vectors" in failed.problem
    assert maps.job("umap", few) is failed
    now[0] = 60.0
    assert maps.job("umap", few) is not failed
    for method, size, near in (("pca", 3, 0), ("tsne", 4, 0), ("tsne", 3, -1)):
        with pytest.raises(ValueError, match="expected method"):
            maps.job(method, few, size, near)
