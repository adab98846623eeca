"""Grid: where on a line or a plane the loss is asked for, in which order, and what the page reads of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

COARSE = 5
"""Points along an axis that a first sight of the whole needs."""

WIDE = 100.0
"""When the largest finite loss is so many times the least, heights are told apart by their logarithms."""


class Grid:
    """Losses over a line or a plane, filled from coarse to fine.

    Args:
        edges: (low, high) of each axis, the first that of x.
        points: Points along each axis, 2 at least.

    Attributes:
        values: The losses, shape (y, x) or (x,). What is not computed yet is NaN, and not `known`.
        known: Which are computed; these may be NaN or infinite all the same.
    """

    def __init__(self, edges: Sequence[tuple[float, float]], points: int) -> None:
        self.edges = [(float(low), float(high)) for low, high in edges]
        self.points = points
        shape = (points,) * len(self.edges)
        self.values: npt.NDArray[np.float64] = np.full(shape, np.nan)
        self.known: npt.NDArray[np.bool_] = np.zeros(shape, np.bool_)

    @property
    def total(self) -> int:
        return self.values.size

    @property
    def done(self) -> int:
        return int(self.known.sum())

    def place(self, index: tuple[int, ...]) -> tuple[float, ...]:
        """x, or x and y, of an entry of `values`."""
        # Both ends exactly, and the middle of a symmetrical axis exactly 0.
        return tuple(
            (low * (self.points - 1 - i) + high * i) / (self.points - 1)
            for (low, high), i in zip(self.edges, reversed(index), strict=True)
        )

    def order(self) -> Iterator[tuple[tuple[int, ...], bool]]:
        """All entries: those of a coarse grid first, each grid from its middle outwards; and whether it ends a grid."""
        stride = 1
        while (self.points - 1) // (2 * stride) >= COARSE - 1:
            stride *= 2
        seen = np.zeros(self.values.shape, np.bool_)
        middle = (self.points - 1) / 2
        while stride:
            ticks = sorted({*range(0, self.points, stride), self.points - 1})
            fresh = [index for index in _product(ticks, self.values.ndim) if not seen[index]]
            fresh.sort(key=lambda index: (max(abs(i - middle) for i in index), index))
            for k, index in enumerate(fresh):
                seen[index] = True
                yield index, k == len(fresh) - 1
            stride //= 2

    def put(self, index: tuple[int, ...], value: float) -> None:
        """The loss at an entry, finite or not."""
        self.values[index] = value
        self.known[index] = True

    def text(self, **told: Any) -> str:
        """As the page of paths reads it: JSON with edges, shape and values, and whatever else is told.

        A value that is not computed yet is null; one that is not finite is "nan", "inf" or "-inf".
        """
        plain: dict[str, Any] = {"x": self.edges[0]}
        if len(self.edges) == 2:
            plain |= {"y": self.edges[1], "shape": list(self.values.shape)}
        flat = zip(self.values.ravel().tolist(), self.known.ravel().tolist(), strict=True)
        plain["values"] = [_number(value) if known else None for value, known in flat]
        finite = self.values[np.isfinite(self.values)]
        if finite.size and finite.min() > 0 and finite.max() >= WIDE * finite.min():
            plain["scale"] = "log"
        return json.dumps(plain | told | {"done": self.done, "total": self.total}, ensure_ascii=False)


def _number(value: float) -> float | str:
    return float(f"{value:.7g}") if math.isfinite(value) else str(value)


def _product(ticks: Sequence[int], dimensions: int) -> Iterator[tuple[int, ...]]:
    if dimensions == 1:
        yield from ((i,) for i in ticks)
    else:
        yield from ((i, j) for i in ticks for j in ticks)
