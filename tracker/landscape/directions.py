"""Directions in the space of a model's weights, and planes along them: pure arithmetic on arrays by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

State = Mapping[str, npt.NDArray[Any]]
"""Weights by name; any shapes, floats."""

Filters = Mapping[str, "tuple[int, ...] | None"]
"""For each name the axes that count its filters; None where a random direction does not go."""

COLUMNS = 1 << 18
"""Numbers of each checkpoint that are looked at together: 100 checkpoints of them are 200 MB in float64."""

DEGENERATE = 1e-12
"""A second component with less than this part of the first's variance is rounding."""


@dataclass(frozen=True)
class Plane:
    """A line or a plane through weights.

    Attributes:
        origin: The weights at (0, 0).
        axes: One or two directions; moving by 1 along one adds it to the origin.
        explained: For each axis the part of the path's variance that lies along it; empty where no path chose them.
    """

    origin: State
    axes: tuple[State, ...]
    explained: tuple[float, ...] = ()

    def at(self, *places: float) -> dict[str, npt.NDArray[Any]]:
        """The weights at a place, in their own dtypes. At the origin they are the origin's, bit for bit."""
        state = {}
        for name, weights in self.origin.items():
            moved = weights
            for place, axis in zip(places, self.axes, strict=True):
                if place and name in axis:
                    moved = moved + weights.dtype.type(place) * axis[name]
            state[name] = moved
        return state

    def project(self, state: State) -> tuple[float, ...]:
        """Where weights lie on the plane: the place nearest to them.

        Axes need be neither orthogonal nor of length 1; weights that an axis does not move have no say.
        """
        names = [name for name in self.origin if any(name in axis for axis in self.axes)]
        away = {name: np.subtract(state[name], self.origin[name], dtype=np.float64) for name in names}
        along = np.array([dot(axis, away) for axis in self.axes])
        gram = np.array([[dot(a, b) for b in self.axes] for a in self.axes])
        return tuple(float(each) for each in np.linalg.lstsq(gram, along, rcond=None)[0])


def filter_normalised(weights: State, filters: Filters, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """A random direction, each filter of which is as long as the filter of the weights.

    Args:
        weights: Where it starts.
        filters: For each name the axes that count its filters: (0,) for (out, in, height, width) and (out, in), ()
            where all of it is one. Names that are missing or None, biases and the scales of norms, stay where they are.
        rng: Draws the Gaussian numbers, in the order of the names.

    Returns:
        The direction, only of names that move. A filter of zeros does not.

    Source: Li, Xu, Taylor, Studer and Goldstein 2018, "Visualizing the Loss Landscape of Neural Nets", section 4:
    d_ij ← d_ij / ‖d_ij‖ · ‖θ_ij‖.
    """
    direction = {}
    for name, each in weights.items():
        counted = filters.get(name)
        if counted is None:
            continue
        drawn = rng.standard_normal(each.shape)
        others = tuple(k for k in range(each.ndim) if k not in counted)
        wanted = np.sqrt(np.square(each, dtype=np.float64).sum(axis=others, keepdims=True))
        length = np.sqrt(np.square(drawn).sum(axis=others, keepdims=True))
        direction[name] = (drawn / length * wanted).astype(each.dtype)
    return direction


def random_plane(weights: State, filters: Filters, dimensions: int = 2, seed: int = 0) -> Plane:
    """The plane (or line) through weights along filter-normalised random directions; the same for the same seed."""
    rng = np.random.default_rng(seed)
    return Plane(weights, tuple(filter_normalised(weights, filters, rng) for _ in range(dimensions)))


def path_line(first: State, last: State) -> Plane:
    """The line on which the first weights are at 0 and the last at 1. Source: Goodfellow, Vinyals and Saxe 2015."""
    way = {name: (last[name] - first[name]).astype(last[name].dtype) for name in last}
    return Plane({name: np.asarray(first[name], last[name].dtype) for name in last}, (way,))


def path_plane(path: Sequence[State], seed: int = 0) -> Plane:
    """The plane through the last weights of a path along the two principal components of the path.

    Of the checkpoints' differences from the last, centred, as section 7.2 of Li et al. 2018 and their program have it.
    The components have length 1, so that places are distances between weights; the path starts at low x and high y.

    Args:
        path: Checkpoints in the order of the steps, three at least, the last of them the final weights.
        seed: Draws the second direction where the path is a straight line and has none of its own.
    """
    last = path[-1]
    gram = np.zeros((len(path), len(path)))
    for away in _differences(path):
        gram += away @ away.T
    centre = np.eye(len(path)) - 1 / len(path)
    variances, vectors = np.linalg.eigh(centre @ gram @ centre)
    variances, vectors = np.maximum(variances[::-1], 0), vectors[:, ::-1]
    total = float(variances.sum())
    axes: list[dict[str, npt.NDArray[Any]]] = []
    explained = []
    for k in range(2):
        if total and variances[k] > DEGENERATE * variances[0]:
            shares = centre @ vectors[:, k] / np.sqrt(variances[k])
            shares *= -1.0 if (gram[0] @ shares > 0) == (k == 0) else 1.0
            axes.append(_combined(path, shares))
            explained.append(float(variances[k] / total))
        else:
            axes.append(_across(last, axes, np.random.default_rng([seed, k])))
            explained.append(0.0)
    return Plane(last, tuple(axes), tuple(explained))


def dot(a: State, b: State) -> float:
    """The scalar product over the names that both have, summed in float64."""
    return float(sum(np.vdot(a[name].astype(np.float64), b[name].astype(np.float64)) for name in a if name in b))


def _differences(path: Sequence[State]) -> Any:
    """The path as rows less its last one, some columns at a time, float64."""
    for name, last in path[-1].items():
        flat = [state[name].reshape(-1) for state in path]
        for start in range(0, last.size, COLUMNS):
            rows = np.stack([each[start : start + COLUMNS] for each in flat]).astype(np.float64)
            yield rows - rows[-1]


def _combined(path: Sequence[State], shares: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Σ_k shares_k (path_k − path_last)."""
    axis = {}
    for name, last in path[-1].items():
        total = np.zeros(last.shape)
        for share, state in zip(shares, path, strict=True):
            total += share * np.subtract(state[name], last, dtype=np.float64)
        axis[name] = total.astype(last.dtype)
    return axis


def _across(weights: State, axes: Sequence[State], rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """A random direction of length 1, at right angles to the others."""
    drawn: dict[str, npt.NDArray[Any]] = {name: rng.standard_normal(each.shape) for name, each in weights.items()}
    for axis in axes:
        along = dot(axis, drawn) / (dot(axis, axis) or 1.0)
        drawn = {name: each - along * axis[name] for name, each in drawn.items()}
    length = np.sqrt(dot(drawn, drawn)) or 1.0
    return {name: (each / length).astype(weights[name].dtype) for name, each in drawn.items()}
