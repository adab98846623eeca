"""Tails: what rewinds left behind of a curve, kept and shown dimmed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np

from tracker.series.envelope import envelope_of_points
from tracker.series.stretch import Points
from tracker.store.read import segments
from tracker.store.read.open_segments import OpenSegments
from tracker.store.read.scalar_levels import all_points
from tracker.store.read.segments import Segment
from tracker.values import pane

TAIL_COLUMNS = 250


def tails(known: Sequence[Segment], tag: str) -> list[Points]:
    """What rewinds left behind of a series, a part for each segment that they cut; of points of panes nothing.

    Raises:
        StoreError: a file cannot be read.
    """
    if tag.startswith(pane.POINTS):
        return []
    limits = {name: limit for name, limit in segments.live_until(known).items() if limit is not None}
    cut = [segment for segment in known if segment.id in limits]
    if not cut:
        return []
    found = []
    with contextlib.ExitStack() as stack:
        for part in OpenSegments(stack, cut).parts("scalar", tag):
            points = all_points(part.connection, part.series)
            points = points.where(points.step > limits[part.segment.id])
            if len(points.step):
                found.append(_thinned(points))
    return found


def _thinned(points: Points) -> Points:
    """The points, or where they are many the first, least, greatest and last of each column: the same on the screen."""
    order = np.argsort(points.step, kind="stable")
    points = points.where(order)
    if len(order) <= 4 * TAIL_COLUMNS:
        return points
    made = envelope_of_points(points, TAIL_COLUMNS, None, None, "step")
    step = np.column_stack([made.step_first, made.min_step, made.max_step, made.step_last])
    value = np.column_stack([made.first, made.min, made.max, made.last])
    inner = np.argsort(step, axis=1, kind="stable")
    step, value = np.take_along_axis(step, inner, axis=1).ravel(), np.take_along_axis(value, inner, axis=1).ravel()
    return Points.of(step, np.interp(step, points.step, points.wall_time), value)
