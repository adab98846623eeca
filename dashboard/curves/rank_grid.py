"""A grid of ranks and columns of steps: of one tag what each rank logged in each column, exactly.

All ranks have the same columns, of a whole number of the tag's own intervals, counted from the first step: a run that
goes on keeps its columns until there are too many of them. A series of many points is read by its
summaries, as an envelope: where stretches of points are about as wide as columns, a cell is of the whole stretch and
shows in both columns over which that reaches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.series import stretch
from tracker.series.envelope import Envelope, envelope
from tracker.series.stretch import Points
from tracker.store.read import segments
from tracker.store.read.open_segments import OpenSegments
from tracker.store.read.scalar_levels import ScalarLevels
from tracker.store.read.segments import Segment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEW_POINTS = 4_096
"""Of one rank: up to so many are read as they are, which is quicker than by their summaries."""

MOST_CELLS = 2_500_000
"""Of a grid: 20 MB for each thing that is said of a cell."""


MOST_STEP = (1 << 63) - 1


@dataclass(frozen=True)
class RankSeries:
    """What one rank logged under a tag, as far as is known before there are columns."""

    rank: int | None
    """None for what was logged outside of any rank."""
    segments: Sequence[Segment]
    count: int
    first_step: int
    last_step: int
    """The greatest."""
    newest: tuple[int, float, float]
    """Step, wall time and value of what was logged last."""
    points: Points | None
    """All of them, where they are few."""


@dataclass(frozen=True)
class Columns:
    """Columns of steps, all of one width."""

    first: int
    width: int
    count: int

    @property
    def stop(self) -> int:
        """The last step of the last one."""
        return min(self.first + self.width * self.count - 1, MOST_STEP)

    def of(self, step: Ints) -> Ints:
        """The column of each step, which has to be in one."""
        if self.width >= 1 << 64:  # one column of all steps that there can be
            return np.zeros(len(step), np.int64)
        # The difference of two int64 may need 64 bits without a sign: uint64 holds it, wrapping on the way.
        offset = step.astype(np.uint64) - np.uint64(self.first % (1 << 64))
        column: Ints = (offset // np.uint64(self.width)).astype(np.int64)
        return column


@dataclass(frozen=True)
class RankGrid:
    """Cells, (ranks, columns) each; NaN in all but `points` where a rank has no finite value in a column."""

    columns: Columns
    min: Floats
    mean: Floats
    max: Floats
    points: Ints
    """How many a cell stands for, those that are not finite included."""


def series_of_ranks(known: Sequence[Segment], tag: str) -> Iterator[RankSeries]:
    """What each rank of a run has of a tag, by rank; those that have nothing are left out.

    The files of one rank are open at a time.

    Raises:
        StoreError: a file cannot be read.
    """
    by_rank: dict[int | None, list[Segment]] = {}
    for segment in known:
        by_rank.setdefault(segment.rank, []).append(segment)
    limits = segments.live_until(known)
    for rank in sorted(by_rank, key=lambda each: -1 if each is None else each):
        with _opened(by_rank[rank], limits, tag) as sources:
            found = _series(rank, by_rank[rank], sources)
        if found is not None:
            yield found


@contextlib.contextmanager
def _opened(own: Sequence[Segment], limits: Mapping[str, int | None], tag: str) -> Iterator[list[ScalarLevels]]:
    with contextlib.ExitStack() as stack:
        parts = OpenSegments(stack, own, limits).parts("scalar", tag)
        yield [ScalarLevels(part.connection, part.series, part.limit) for part in parts]


def _series(rank: int | None, own: Sequence[Segment], sources: Sequence[ScalarLevels]) -> RankSeries | None:
    if sum(source.length() for source in sources) <= FEW_POINTS:
        points = stretch.concatenate([source.all_points() for source in sources])
        step, time, value = points
        if not len(step):
            return None
        last = len(time) - 1 - int(np.argmax(time[::-1]))
        newest = int(step[last]), float(time[last]), float(value[last])
        return RankSeries(rank, own, len(step), int(step.min()), int(step.max()), newest, points)
    tops = np.concatenate([source.top()[0] for source in sources])
    if not len(tops):
        return None
    latest = tops[len(tops) - 1 - int(np.argmax(tops["last_wall_time"][::-1]))]
    newest = int(latest["last_step"]), float(latest["last_wall_time"]), float(latest["last_value"])
    count, first, last = int(tops["count"].sum()), int(tops["step_min"].min()), int(tops["step_max"].max())
    return RankSeries(rank, own, count, first, last, newest, None)


def columns_for(ranks: Sequence[RankSeries], most: int, start: int | None, stop: int | None) -> Columns:
    """Columns for a window of steps, at most so many; those of all that there is by default."""
    base = min(each.first_step for each in ranks)
    end = max(each.last_step for each in ranks)
    first = 0 if start is None else max(0, start - base)
    last = max(first, (end if stop is None else min(stop, end)) - base)
    gaps = [(each.last_step - each.first_step) // max(1, each.count - 1) for each in ranks]
    width = max(1, int(np.median(gaps)))
    while last // width - first // width + 1 > most:
        width *= 2
    return Columns(base + first // width * width, width, last // width - first // width + 1)


def grid_of(known: Sequence[Segment], tag: str, ranks: Sequence[RankSeries], columns: Columns) -> RankGrid:
    """The cells of some ranks, a row each.

    Args:
        known: All segments of the run.
        tag: What was logged.
        ranks: Of `series_of_ranks`.
        columns: Of all ranks of the grid.

    Raises:
        StoreError: a file cannot be read.
    """
    cells = {name: np.full((len(ranks), columns.count), np.nan) for name in ("min", "mean", "max")}
    count = np.zeros((len(ranks), columns.count), np.int64)
    few = [(row, each.points) for row, each in enumerate(ranks) if each.points is not None]
    if few:
        _fill_of_points(cells, count, few, columns)
    limits = segments.live_until(known)
    for row, each in enumerate(ranks):
        if each.points is None:
            with _opened(each.segments, limits, tag) as sources:
                made = envelope(sources, columns.count, columns.first, columns.stop)
            _fill_row(cells, count, row, made, columns)
    return RankGrid(columns, cells["min"], cells["mean"], cells["max"], count)


def _fill_of_points(cells: dict[str, Floats], count: Ints, few: Sequence[tuple[int, Points]], columns: Columns) -> None:
    """All ranks that have few points at once."""
    step = np.concatenate([points.step for _, points in few])
    value = np.concatenate([points.value for _, points in few])
    row = np.repeat([row for row, _ in few], [len(points.step) for _, points in few])
    inside = (step >= columns.first) & (step <= columns.stop)
    step, value, row = step[inside], value[inside], row[inside]
    key = row * columns.count + columns.of(step)
    count += np.bincount(key, minlength=count.size).reshape(count.shape)
    finite = np.isfinite(value)
    key, value = key[finite], value[finite]
    if not len(key):
        return
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, value = key[order], value[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    place = key[starts]
    cells["min"].reshape(-1)[place] = np.minimum.reduceat(value, starts)
    cells["max"].reshape(-1)[place] = np.maximum.reduceat(value, starts)
    with np.errstate(all="ignore"):  # values near 1e308 have no sum
        mean = np.add.reduceat(value, starts) / np.diff(np.append(starts, len(key)))
    cells["mean"].reshape(-1)[place] = mean


def _fill_row(cells: dict[str, Any], count: Ints, row: int, made: Envelope, columns: Columns) -> None:
    first, last = columns.of(made.step_first), columns.of(made.step_last)
    # A cell reaches into the next column only where nothing else lies.
    reach = np.minimum(last, np.append(first[1:], columns.count) - 1) - first + 1
    place = np.repeat(first, reach) + np.arange(reach.sum()) - np.repeat(np.cumsum(reach) - reach, reach)
    for name in cells:
        cells[name][row, place] = np.repeat(getattr(made, name), reach)
    count[row, place] = np.repeat(made.count, reach)
