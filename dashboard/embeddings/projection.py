"""Vectors in few dimensions: principal components, axes of one's own, and who is near whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]

EXACT_WIDTH = 1024
"""Up to so many dimensions the covariance is decomposed exactly, which takes half a second at the most."""

DISTANCES = ("cosine", "euclidean", "manhattan")


def pca(vectors: Matrix, components: int = 10) -> tuple[Matrix, Matrix]:
    """Coordinates along the principal components, and the share of the variance that each explains.

    Args:
        vectors: Shape (N, D). Rows that are not finite have NaN for coordinates and no say in the components.
        components: At most so many; fewer where N or D are.

    Returns:
        Coordinates (N, K), and shares (K,), falling. The sign of a component is such that its heaviest dimension
        counts upwards, so that the same vectors always look the same.

    Source: Jolliffe 2002; above 1,024 dimensions by a randomised range finder, Halko, Martinsson and Tropp 2011.
    """
    finite = np.isfinite(vectors).all(axis=1)
    x = np.asarray(vectors[finite], np.float32)
    if not len(x):
        return np.full((len(vectors), 1), np.nan), np.zeros(1)
    x = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    width = min(components, *x.shape)
    if x.shape[1] <= EXACT_WIDTH:
        values, axes = np.linalg.eigh((x.T @ x).astype(np.float64))
        values, axes = values[::-1][:width], axes[:, ::-1][:, :width]
    else:
        values, axes = _randomised(x, width)
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(width)])
    placed = np.full((len(vectors), width), np.nan)
    placed[finite] = x @ axes.astype(np.float32)
    total = float(np.square(x, dtype=np.float64).sum())
    return placed, np.maximum(values, 0) / total if total else np.zeros(width)


def _randomised(x: Matrix, width: int) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(0)
    basis = x @ rng.normal(size=(x.shape[1], min(width + 10, *x.shape))).astype(np.float32)
    for _ in range(4):  # subspace iterations: they sharpen a spectrum that falls slowly
        basis = x @ (x.T @ np.linalg.qr(basis)[0])
    _, values, axes = np.linalg.svd(np.linalg.qr(basis)[0].T @ x, full_matrices=False)
    return values[:width].astype(np.float64) ** 2, axes[:width].T


def between(vectors: Matrix, left: npt.ArrayLike, right: npt.ArrayLike) -> Matrix:
    """Where each vector lies on the way from the mean of some rows (0) to the mean of others (1), shape (N,)."""
    start, end = vectors[np.asarray(left)].mean(axis=0), vectors[np.asarray(right)].mean(axis=0)
    way = end - start
    length = float(way @ way)
    placed: Matrix = (vectors - start) @ way / length if length else np.zeros(len(vectors))
    return placed


def neighbours(vectors: Matrix, index: int, count: int, distance: str = "cosine") -> tuple[Matrix, Matrix]:
    """The nearest rows to one, nearest first, without itself, and how far they are.

    Args:
        distance: "cosine" (1 minus the cosine; a zero vector is 1 from all), "euclidean" or "manhattan".
    """
    x, one = np.asarray(vectors, np.float64), np.asarray(vectors[index], np.float64)
    if distance == "cosine":
        norms = np.linalg.norm(x, axis=1) * np.linalg.norm(one)
        far = 1 - np.divide(x @ one, norms, out=np.zeros(len(x)), where=norms > 0)
    else:
        far = np.linalg.norm(x - one, ord=1 if distance == "manhattan" else 2, axis=1)
    far = np.where(np.isfinite(far), far, np.inf)
    far[index] = np.inf
    count = min(count, len(x) - 1)
    nearest = np.argpartition(far, count - 1)[:count] if count > 0 else np.zeros(0, np.int64)
    nearest = nearest[np.argsort(far[nearest], kind="stable")]
    return nearest[np.isfinite(far[nearest])], far[nearest][np.isfinite(far[nearest])]
