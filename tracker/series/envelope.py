"""The envelope of a curve: what a chart of N columns draws, exactly.

Each column says the extremes of the raw points in it, at every zoom, for every order of arrival. It is made
of the coarsest summaries that lie within a column; those that straddle an edge are split into what they are
made of, in the end into points.

Where stretches are about as wide as columns, a column's edge gives way to the stretch instead of splitting
it: the column then says, in `step_first` and `step_last`, what it really covers, it is as exact as any
other, and no point has to be read. At worst a column is twice as wide as was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tracker.series.stretch import Points
from tracker.series.summary import STEPS_ORDERED, SUMMARY, TIMES_ORDERED, Summaries

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

AXES = ("step", "wall_time")

WIDEST_COLUMN = 2
"""Columns that an undivided stretch may span. Larger reads fewer points and draws coarser."""

READ_STRETCHES = 64
"""Stretches read as points at a time: so many that their arrays stay in the processor's cache, where half a million
points at once spend half of the time on memory that is new to the process."""


class Source(Protocol):
    """One segment's part of a series, as levels of summaries."""

    def top(self) -> tuple[Summaries, Ints]:
        """The coarsest summaries that together hold every point once, and the level of each (0 a stretch)."""

    def split(self, items: Summaries, level: int) -> Summaries:
        """What items of a level above 0 are made of: the summaries one level down."""

    def points(self, items: Summaries) -> Points:
        """The points of items of level 0, in order of arrival."""


@dataclass(frozen=True)
class Envelope:
    """Columns of a chart, in order; only those that hold points. Arrays of one length.

    `first` and `last` are the values at the column's ends; min, max, mean and sum are over its finite values
    (NaN without any; the sum 0). NaN and ±inf are counted.
    """

    step_first: Ints
    step_last: Ints
    wall_time_first: Floats
    wall_time_last: Floats
    count: Ints
    first: Floats
    last: Floats
    min: Floats
    min_step: Ints
    max: Floats
    max_step: Ints
    mean: Floats
    sum: Floats
    sum_squares: Floats
    nan_count: Ints
    posinf_count: Ints
    neginf_count: Ints

    def __len__(self) -> int:
        return len(self.count)

    @property
    def points(self) -> int:
        """How many points the columns stand for."""
        return int(self.count.sum())


def envelope(
    sources: Sequence[Source],
    columns: int,
    start: float | None = None,
    stop: float | None = None,
    axis: str = "step",
) -> Envelope:
    """The envelope of the points with `start` ≤ x ≤ `stop` in at most `columns` columns.

    Args:
        sources: Parts of one series, in the order in which a later one follows or overdraws an earlier.
        columns: How many, at least 1.
        start: Where the window begins, included; the first point by default.
        stop: Where it ends, included; the last point by default.
        axis: "step" or "wall_time" (seconds since the epoch).
    """
    assert axis in AXES
    assert columns >= 1
    items, levels, origin = _top(sources)
    low_name, high_name = f"{axis}_min", f"{axis}_max"
    keep = np.ones(len(items), bool)
    if start is not None:
        keep &= items[high_name] >= start
    if stop is not None:
        keep &= items[low_name] <= stop
    items, levels, origin = items[keep], levels[keep], origin[keep]
    if not len(items):
        return merged(items, np.zeros(0, np.int64), axis)
    low = items[low_name].min() if start is None else start
    high = items[high_name].max() if stop is None else stop
    grid = Grid(axis == "step", low, high, columns)

    read: list[Summaries] = []
    spans = np.zeros((0, 2), items[low_name].dtype)  # where what was read as points lies
    while True:
        must = _to_split(items, grid, axis, spans)
        if not must.any():
            break
        kept = [(items[~must], levels[~must], origin[~must])]
        for which, level in sorted({*zip(origin[must].tolist(), levels[must].tolist(), strict=True)}):
            chosen = items[must & (origin == which) & (levels == level)]
            if level == 0:
                spans = np.concatenate([spans, np.column_stack([chosen[low_name], chosen[high_name]])])
                for first in range(0, len(chosen), READ_STRETCHES):
                    points = sources[which].points(chosen[first : first + READ_STRETCHES])
                    read.append(_columns_of(points, grid, axis, low, high))
                continue
            split = sources[which].split(chosen, level)
            split = split[(split[high_name] >= low) & (split[low_name] <= high)]
            kept.append((split, np.full(len(split), level - 1), np.full(len(split), which)))
        items, levels, origin = (np.concatenate(column) for column in zip(*kept, strict=True))
    # What was read as points comes first within a column; where both have the same step the summary is the later.
    everything = np.concatenate([*read, items])
    return merged(everything, grid.column(everything[low_name]), axis)


def envelope_of_points(
    points: Points, columns: int, start: float | None = None, stop: float | None = None, axis: str = "step"
) -> Envelope:
    """`envelope` of points that are at hand, in any order: of values that were computed and are stored nowhere."""
    position: npt.NDArray[Any] = points.step if axis == "step" else points.wall_time
    if not len(position):
        return merged(np.zeros(0, SUMMARY), np.zeros(0, np.int64), axis)
    low = position.min() if start is None else start
    high = position.max() if stop is None else stop
    grid = Grid(axis == "step", low, high, columns)
    items = _columns_of(points, grid, axis, low, high)
    return merged(items, grid.column(items[f"{axis}_min"]), axis)


def _top(sources: Sequence[Source]) -> tuple[Summaries, Ints, Ints]:
    parts = [source.top() for source in sources]
    if not parts:
        return np.zeros(0, SUMMARY), np.zeros(0, np.int64), np.zeros(0, np.int64)
    items = np.concatenate([summaries for summaries, _ in parts])
    levels = np.concatenate([level for _, level in parts])
    return items, levels, np.repeat(np.arange(len(parts)), [len(level) for _, level in parts])


class Grid:
    """Where a position falls. Steps are divided as whole numbers, exactly, whatever their size."""

    def __init__(self, whole: bool, low: Any, high: Any, columns: int) -> None:
        self.whole, self.low, self.high, self.columns = whole, low, high, columns
        if whole:
            self.first = max(-(1 << 63), int(np.ceil(low)) if isinstance(low, float) else int(low))
            last = min((1 << 63) - 1, int(np.floor(high)) if isinstance(high, float) else int(high))
            self.width: Any = max(1, -(-(last - self.first + 1) // columns))
        else:
            self.width = max(float(high) - float(low), float(np.finfo(np.float64).tiny)) / columns

    def column(self, position: npt.NDArray[Any]) -> Ints:
        """The column of each position; below 0 before the window, at least `columns` behind it."""
        if self.whole:
            # The difference of two int64 may need 64 bits without a sign: uint64 holds it, wrapping on the way.
            offset = position.astype(np.uint64) - np.uint64(self.first % (1 << 64))
            # One column of all 2⁶⁴ steps is wider than any uint64: nothing is beyond it.
            column = (
                (offset // np.uint64(self.width)).astype(np.int64)
                if self.width < 1 << 64
                else np.zeros(len(offset), np.int64)
            )
            return np.where(position >= self.first, column, -1)
        with np.errstate(all="ignore"):  # a window of no width, seen from far outside
            column = np.floor((position - float(self.low)) / self.width)
        at_end = position == self.high
        return np.where(at_end, self.columns - 1, np.clip(column, -1, self.columns)).astype(np.int64)

    def starts(self, position: npt.NDArray[Any]) -> Ints:
        """Where a column begins among positions that are sorted and within the window."""
        first, last = int(self.column(position[:1])[0]), int(self.column(position[-1:])[0])
        if self.whole and last - first < len(position) // 8:
            edges = [self.first + column * self.width for column in range(first + 1, last + 1)]
            found: Ints = np.concatenate([[0], np.searchsorted(position, np.array(edges, np.int64), "left")])
            begins = np.concatenate([[True], found[1:] != found[:-1]])
        else:
            column = self.column(position)
            found = np.arange(len(position))
            begins = np.concatenate([[True], column[1:] != column[:-1]])
        starts: Ints = found[begins]
        return starts

    def is_narrow(self, low: npt.NDArray[Any], high: npt.NDArray[Any]) -> Mask:
        """Whether an item may stay whole although it crosses an edge."""
        if self.whole:
            width: Mask = (high.astype(np.uint64) - low.astype(np.uint64)) <= np.uint64(
                min(self.width * WIDEST_COLUMN, (1 << 64) - 1)
            )
            return width
        narrow: Mask = (high - low) <= self.width * WIDEST_COLUMN
        return narrow


def _to_split(items: Summaries, grid: Grid, axis: str, spans: npt.NDArray[Any]) -> Mask:
    """Which items cannot stand as they are: they reach out of the window, cross an edge, or are out of order.

    An item may cross an edge when it is narrow and nothing else, read as points (`spans`) or not, lies where it does.
    Where there is a column for each point, each is to be seen by itself.
    """
    low, high = items[f"{axis}_min"], items[f"{axis}_max"]
    outside = (low < grid.low) | (high > grid.high)
    straddles = grid.column(low) != grid.column(high)
    every_low, every_high = np.concatenate([low, spans[:, 0]]), np.concatenate([high, spans[:, 1]])
    order = np.argsort(every_low, kind="stable")
    reach = np.maximum.accumulate(every_high[order])
    apart = np.ones(len(order), bool)
    behind = every_low[order[1:]] > reach[:-1]
    apart[order[1:]] &= behind
    apart[order[:-1]] &= behind
    gives_way = apart[: len(items)] & grid.is_narrow(low, high)
    ordered = (items["ordered"] & (STEPS_ORDERED if axis == "step" else TIMES_ORDERED)) != 0
    if items["count"].sum() <= grid.columns:
        few: Mask = items["count"] > 1
        return few
    split: Mask = (items["count"] > 1) & (outside | (straddles & ~gives_way) | ~ordered)
    return split


def _columns_of(points: Points, grid: Grid, axis: str, low: Any, high: Any) -> Summaries:
    """One summary for each column that the points fall into."""
    position: npt.NDArray[Any] = points.step if axis == "step" else points.wall_time
    if len(position) > 1 and not (position[1:] >= position[:-1]).all():
        order = np.argsort(position, kind="stable")
        points = points.where(order)
        position = position[order]
    begin, end = np.searchsorted(position, low, "left"), np.searchsorted(position, high, "right")
    points, position = points.part(int(begin), int(end)), position[begin:end]
    if not len(position):
        return np.zeros(0, SUMMARY)
    starts = grid.starts(position)
    ends = np.append(starts[1:], len(position)) - 1
    counts = ends - starts + 1
    step, wall_time, value = points
    position = step if axis == "step" else wall_time
    out = np.zeros(len(starts), SUMMARY)
    out["count"] = counts
    out["ordered"] = STEPS_ORDERED | TIMES_ORDERED
    for name, whole in (("step", step), ("wall_time", wall_time), ("value", value)):
        out[name], out[f"last_{name}"] = whole[starts], whole[ends]
    for name, whole in (("step", step), ("wall_time", wall_time)):
        is_sorted = whole is position
        out[f"{name}_min"] = whole[starts] if is_sorted else np.minimum.reduceat(whole, starts)
        out[f"{name}_max"] = whole[ends] if is_sorted else np.maximum.reduceat(whole, starts)
    finite = np.isfinite(value)
    below = above = kept = value
    if not finite.all():
        below, above = np.where(finite, value, np.inf), np.where(finite, value, -np.inf)
        kept = np.where(finite, value, 0.0)
        for name, mask in (
            ("nan_count", np.isnan(value)),
            ("posinf_count", value == np.inf),
            ("neginf_count", value == -np.inf),
        ):
            out[name] = np.add.reduceat(mask.astype(np.int64), starts)
    out["min"], out["max"] = np.minimum.reduceat(below, starts), np.maximum.reduceat(above, starts)
    with np.errstate(all="ignore"):
        out["sum"] = np.add.reduceat(kept, starts)
        out["sum_squares"] = np.add.reduceat(kept * kept, starts)
    out["min_step"] = step[_first_equal(below, out["min"], starts, counts)]
    out["max_step"] = step[_first_equal(above, out["max"], starts, counts)]
    none = ~np.logical_or.reduceat(finite, starts)
    out["min"][none] = out["max"][none] = np.nan
    out["min_step"][none] = out["max_step"][none] = 0
    return out


def _first_equal(values: npt.NDArray[Any], wanted: npt.NDArray[Any], starts: Ints, counts: Ints) -> Ints:
    """For each group the index of its first element that equals what is wanted; there is one."""
    found = np.flatnonzero(values == np.repeat(wanted, counts))
    return found[np.searchsorted(found, starts)]


def merged(items: Summaries, column: Ints, axis: str) -> Envelope:
    """The envelope of summaries that each lie within one column."""
    if len(column) > 1 and not (column[1:] >= column[:-1]).all():
        order = np.argsort(column, kind="stable")
        items, column = items[order], column[order]
    if not len(items):
        whole, real = np.zeros(0, np.int64), np.zeros(0, np.float64)
        return Envelope(
            whole, whole, real, real, whole, real, real, real, whole, real, whole, real, real, real, whole, whole, whole
        )
    starts = np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]]))
    counts = np.diff(np.append(starts, len(column)))
    none_here = np.isnan(items["min"])
    below, above = np.where(none_here, np.inf, items["min"]), np.where(none_here, -np.inf, items["max"])
    smallest, largest = np.minimum.reduceat(below, starts), np.maximum.reduceat(above, starts)
    none = np.logical_and.reduceat(none_here, starts)
    with np.errstate(all="ignore"):
        total, squares = np.add.reduceat(items["sum"], starts), np.add.reduceat(items["sum_squares"], starts)
    points, nan, posinf, neginf = (
        np.add.reduceat(items[name], starts) for name in ("count", "nan_count", "posinf_count", "neginf_count")
    )
    finite = points - nan - posinf - neginf
    low, high = items[f"{axis}_min"], items[f"{axis}_max"]
    first = _first_equal(low, np.minimum.reduceat(low, starts), starts, counts)
    ends = len(high) - 1 - (starts + counts - 1)[::-1]
    last = len(high) - 1 - _first_equal(high[::-1], np.maximum.reduceat(high, starts)[::-1], ends, counts[::-1])[::-1]
    with np.errstate(all="ignore"):
        mean = np.where(finite > 0, total / np.maximum(finite, 1), np.nan)
    return Envelope(
        step_first=np.minimum.reduceat(items["step_min"], starts),
        step_last=np.maximum.reduceat(items["step_max"], starts),
        wall_time_first=np.minimum.reduceat(items["wall_time_min"], starts),
        wall_time_last=np.maximum.reduceat(items["wall_time_max"], starts),
        count=points,
        first=items["value"][first],
        last=items["last_value"][last],
        min=np.where(none, np.nan, smallest),
        min_step=np.where(none, 0, items["min_step"][_first_equal(below, smallest, starts, counts)]),
        max=np.where(none, np.nan, largest),
        max_step=np.where(none, 0, items["max_step"][_first_equal(above, largest, starts, counts)]),
        mean=mean,
        sum=total,
        sum_squares=squares,
        nan_count=nan,
        posinf_count=posinf,
        neginf_count=neginf,
    )
