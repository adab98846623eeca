"""A metric as x: points of a curve placed at the value that another one had at their step, in columns of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.curves.expressions import Floats, by_step
from tracker.series.envelope import Envelope
from tracker.series.stretch import Points

POINTS = ("x",)

COLUMNS = ("x_first", "x_last")
"""What the places are called, beside the columns that every curve has."""


class Placed(NamedTuple):
    """Points in the order of their places."""

    points: Points
    x: Floats

    def on_axis(self) -> Points:
        """The same with their places where times are: to whoever makes columns an axis is what is not steps."""
        return Points(self.points.step, self.x, self.points.value)

    def of_points(self, within: slice) -> list[npt.NDArray[np.generic]]:
        """Some of them as they are sent: step, wall time, value, place."""
        return [*(column[within] for column in self.points), self.x[within]]

    def times_of(self, found: Envelope, start: float | None) -> tuple[Floats, Floats]:
        """The first and the last wall time of each column of them, the first column beginning at `start`."""
        begin = 0 if start is None else int(np.searchsorted(self.x, start, "left"))
        edges = begin + np.concatenate([[0], np.cumsum(found.count)])
        times = self.points.wall_time[: edges[-1]]
        if not len(found):
            return times[:0], times[:0]
        return np.minimum.reduceat(times, edges[:-1]), np.maximum.reduceat(times, edges[:-1])


def over(y: Points, x: Points) -> Placed:
    """Points of `y` at the value that `x` had at their step. Those before `x` began, or where it is not finite, have no
    place and are left out."""
    x = by_step(x)
    if not len(x.step):
        return Placed(y.part(0, 0), np.zeros(0))
    at = np.searchsorted(x.step, y.step, "right") - 1
    place = x.value[np.maximum(at, 0)]
    kept = np.flatnonzero((at >= 0) & np.isfinite(place))
    order = kept[np.argsort(place[kept], kind="stable")]
    return Placed(y.where(order), place[order])
