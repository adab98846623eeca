"""Projections: components as linear algebra has them, neighbours as counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.embeddings import projection
from dashboard.embeddings.sprites import sheet_of


def spread(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Vectors whose variance falls from one dimension to the next, turned by some rotation."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return (rng.normal(size=(n, d)) * 0.8 ** np.arange(d) + 3) @ turn


@pytest.mark.parametrize(("n", "d"), [(400, 6), (50, 1500), (3, 40), (1, 4)])
def test_components_are_those_of_the_singular_value_decomposition(n: int, d: int) -> None:
    """Exact and randomised way alike, up to float32; fewer vectors than dimensions too."""
    x = spread(n, d)
    placed, shares = projection.pca(x, 3)
    middle = x - x.mean(axis=0)
    values = np.linalg.svd(middle, compute_uv=False)
    kept = min(3, n, d)
    assert placed.shape == (n, kept)
    if n > 1:
        assert shares == pytest.approx((values**2 / (values**2).sum())[:kept], abs=2e-3)
        assert np.square(placed).sum(axis=0) == pytest.approx(values[:kept] ** 2, rel=2e-2, abs=1e-4)


def test_a_vector_that_is_not_finite_moves_no_other() -> None:
    """Its place is NaN; the others lie as they would without it."""
    x = spread(50, 5)
    with_nan = np.vstack([x, np.full(5, np.nan)])
    placed, _ = projection.pca(with_nan)
    assert np.isnan(placed[-1]).all()
    assert placed[:-1] == pytest.approx(projection.pca(x)[0], abs=1e-4)
    assert np.isnan(projection.pca(np.full((3, 2), np.inf))[0]).all()


def test_equal_vectors_have_no_components() -> None:
    """No variance, no share, no warning."""
    placed, shares = projection.pca(np.ones((5, 3)))
    assert not placed.any()
    assert not shares.any()


@pytest.mark.parametrize("distance", projection.DISTANCES)
def test_neighbours_are_the_nearest_and_never_itself(distance: str) -> None:
    """Against measuring each."""
    x = spread(60, 4)
    nearest, far = projection.neighbours(x, 7, 10, distance)
    each = [
        np.linalg.norm(row - x[7], ord={"euclidean": 2, "manhattan": 1}[distance])
        if distance != "cosine"
        else 1 - row @ x[7] / np.linalg.norm(row) / np.linalg.norm(x[7])
        for row in x
    ]
    expected = [i for i in np.argsort(each, kind="stable") if i != 7][:10]
    assert nearest.tolist() == expected
    assert far == pytest.approx(np.array(each)[expected])
    assert len(projection.neighbours(x[:1], 0, 5)[0]) == 0


def test_an_axis_runs_from_the_one_mean_to_the_other() -> None:
    """0 at the one, 1 at the other, a half in the middle."""
    x = np.array([[0.0, 5.0], [2.0, 1.0], [1.0, 3.0]])
    assert projection.between(x, [0], [1]) == pytest.approx([0, 1, 0.5])
    assert not projection.between(x, [0], [0]).any()


def test_a_sheet_holds_the_pictures_row_by_row() -> None:
    """64 in a row; floats of 0 to 1 as bytes."""
    import io

    from PIL import Image

    pictures = np.zeros((70, 3, 4, 5))
    pictures[65, 0] = 1.0
    sheet = np.asarray(Image.open(io.BytesIO(sheet_of(pictures))).convert("RGB"))
    assert sheet.shape == (8, 320, 3)
    assert sheet[5, 7].tolist() == [255, 0, 0]
    assert sheet.sum() == 255 * 20
