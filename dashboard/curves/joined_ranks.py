"""The curves that the ranks of a run logged under one tag, joined: in each column the mean over all of them, and the
least and the greatest value that any of them had."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from dashboard.curves import windows
from tracker.series import stretch
from tracker.series.envelope import Envelope, envelope, envelope_of_points
from tracker.series.side_by_side import side_by_side
from tracker.store.read.scalar_levels import ScalarLevels

FEW_POINTS = 1 << 20
"""Up to so many of all ranks together are taken as they are: a second of a thousand ranks, where an envelope of each
takes three."""


def joined(
    ranks: Sequence[Sequence[ScalarLevels]], columns: int, start: float | None, stop: float | None, axis: str
) -> Envelope:
    """The columns of a window, exact as any envelope's, with a neighbour at each side where they are few.

    Args:
        ranks: Of each its parts of the series.
        columns: How many at the most.
        start: Where the window begins, included; at the first point by default.
        stop: Where it ends, included.
        axis: "step" or "wall_time".
    """
    made = maker(ranks, axis)
    found = made(columns, start, stop)
    if len(found) >= windows.FEW:
        return found
    whole = axis == "step"
    parts = [found]
    if start is not None:
        before = made(1, None, math.ceil(start) - 1 if whole else math.nextafter(start, -math.inf))
        parts.insert(0, _at(before, made, axis, "last"))
    if stop is not None:
        after = made(1, math.floor(stop) + 1 if whole else math.nextafter(stop, math.inf), None)
        parts.append(_at(after, made, axis, "first"))
    return windows.joined(parts)


def maker(ranks: Sequence[Sequence[ScalarLevels]], axis: str) -> windows.Made:
    """What makes columns of any window of them: made(columns, start, stop)."""
    sources = [source for rank in ranks for source in rank]
    if sum(source.length() for source in sources) <= FEW_POINTS:
        points = stretch.concatenate([source.all_points() for source in sources])
        return partial(envelope_of_points, points, axis=axis)

    def made(columns: int, start: float | None, stop: float | None) -> Envelope:
        if start is None or stop is None:
            tops = np.concatenate([source.top()[0] for source in sources])
            start = tops[f"{axis}_min"].min() if start is None else start
            stop = tops[f"{axis}_max"].max() if stop is None else stop
        assert start is not None
        assert stop is not None
        parts = [envelope(rank, columns, start, stop, axis=axis) for rank in ranks]
        return side_by_side(parts, columns, start, stop, axis)

    return made


def _at(column: Envelope, made: windows.Made, axis: str, which: str) -> Envelope:
    """The first or the last place of what is one column, or none, by itself."""
    if not len(column):
        return column
    place = getattr(column, f"{axis}_{which}")[0]
    return made(1, place, place)
