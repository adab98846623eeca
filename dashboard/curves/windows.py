"""Windows of a curve put together: with the neighbours outside, or spaced for a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np

from tracker.series.envelope import Envelope, envelope
from tracker.store.read.scalar_levels import ScalarLevels

Made = Callable[[int, float | None, float | None], Envelope]
"""Makes so many columns of the window from one place to another, both included."""

FEW = 64
"""Of fewer points than this in a window the neighbours outside are sent too: the line is seen to come and to go on."""

GROWTH = 4
"""On a logarithmic axis columns are evenly spaced up to so many times their distance from 0: of these the first is
twice as wide as the mean."""

MAX_WINDOWS = 40
"""Of so many times 4 no training has steps; a metric may reach further, and its columns are then less even."""


def with_neighbours(
    sources: list[ScalarLevels], columns: int, start: float | None, stop: float | None, axis: str
) -> Envelope:
    """The envelope of a window; where it has few points, with a neighbour at each side, to which the line goes on."""
    found = envelope(sources, columns, start, stop, axis=axis)
    if len(found) != found.points or len(found) >= FEW:
        return found
    whole = axis == "step"
    parts = [found]
    if start is not None:
        before = math.ceil(start) - 1 if whole else math.nextafter(start, -math.inf)
        parts.insert(0, _end(envelope(sources, 1, None, before, axis=axis), "last"))
    if stop is not None:
        after = math.floor(stop) + 1 if whole else math.nextafter(stop, math.inf)
        parts.append(_end(envelope(sources, 1, after, None, axis=axis), "first"))
    return joined(parts)


def spread(
    made: Made,
    columns: int,
    start: float | None,
    stop: float | None,
    axis: str,
    origin: float,
) -> Envelope:
    """Columns for a logarithmic axis: windows that each reach `GROWTH` times as far, with as many columns in each.

    Evenly spaced, the first of a thousand columns of a million steps would be half of the picture. What lies at or
    below `origin`, and has no place there, comes first: a page counts it.
    """
    whole = axis == "step"
    after = math.floor(origin) + 1 if whole else math.nextafter(origin, math.inf)
    extent = made(1, after if start is None or start <= origin else start, stop)
    if not len(extent):  # nothing has a place there
        return made(columns, start, stop)
    low, high = (float(getattr(extent, f"{axis}_{end}")[0]) - origin for end in ("first", "last"))
    begin, reach = math.log(low), math.log(high) - math.log(low)
    windows = min(MAX_WINDOWS, max(1, math.ceil(reach / math.log(GROWTH))))
    edges = [origin + math.exp(begin + reach * i / windows) for i in range(1, windows)]
    begins = sorted({math.ceil(edge) if whole else edge for edge in edges})
    starts = [start if start is not None and start > origin else after, *begins]
    ends = [*(edge - 1 if whole else math.nextafter(edge, -math.inf) for edge in begins), stop]
    each = max(1, columns // windows)
    parts = [made(each, first, last) for first, last in zip(starts, ends, strict=True)]
    if start is None or start <= origin:
        parts.insert(0, made(each, start, math.floor(origin) if whole else origin))
    return joined(parts)


def joined(parts: Sequence[Envelope]) -> Envelope:
    """Columns that follow each other."""
    return Envelope(
        **{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Envelope)}
    )


def _end(column: Envelope, which: str) -> Envelope:
    """The first or the last point of what is one column, or none, by itself, as far as `_columns` looks."""
    value, step, time = (getattr(column, name) for name in (which, f"step_{which}", f"wall_time_{which}"))
    same = {"first": value, "last": value, "step_first": step, "step_last": step}
    return replace(column, count=np.ones_like(column.count), wall_time_first=time, wall_time_last=time, **same)
