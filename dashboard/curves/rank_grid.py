"""A grid of ranks and columns of steps: of one tag what each rank logged in each column, exactly.

All ranks have the same columns, of a whole number of the tag's own intervals, counted from the first step: a run that
goes on keeps its columns until there are too many of them. A series of many points is read by its
summaries, as an envelope: where stretches of points are about as wide as columns, a cell is of the whole stretch and
shows in both columns over which that reaches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.curves import rank_tags
from dashboard.curves.kept import Kept
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

FORMS = ("min", "mean", "max")


@dataclass(frozen=True)
class RankSeries:
    """What one rank logged under a tag, as far as is known before there are columns."""

    rank: int | None
    """None for what was logged outside of any rank."""
    tag: str
    """Under which it did."""
    segments: Sequence[Segment]
    count: int
    first_step: int
    last_step: int
    """The greatest."""
    newest: tuple[int, float, float]
    """Step, wall time and value of what was logged last."""
    points: Points | None
    """All of them, where they are few."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return 0 if self.points is None else sum(column.nbytes for column in self.points)


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


def series_of_ranks(known: Sequence[Segment], tag: str, kept: Kept) -> Iterator[RankSeries]:
    """What each rank of a run has of a tag, by rank; those that have nothing are left out.

    The files of one rank are open at a time, and only where they hold something that is not kept.

    Args:
        known: All segments of the run.
        tag: What was logged; for tags that name ranks with a star in the place of the rank (`rank_tags`).
        kept: What was read before.

    Raises:
        StoreError: a file cannot be read.
    """
    by_rank: dict[int | None, list[Segment]] = {}
    for segment in known:
        by_rank.setdefault(segment.rank, []).append(segment)
    limits = segments.live_until(known)
    met: set[int | None] = set()
    for rank in sorted(by_rank, key=lambda each: -1 if each is None else each):
        own = by_rank[rank]
        key, revision = ("series", own[0].path, tag), _revision(own, limits)
        found: list[RankSeries] | None = kept.get(key, revision)
        if found is None:
            found = list(_read(rank, own, limits, tag))
            kept.put(key, revision, found, 1_000 + sum(each.size for each in found))
        for each in found:
            if each.rank not in met:
                met.add(each.rank)
                yield replace(each, segments=own)


def _revision(own: Sequence[Segment], limits: Mapping[str, int | None]) -> tuple[Any, ...]:
    """What is another one once a file of these holds something else: the beat of a writer's heart, where points of what
    nobody looked at come late, behind rows that are there."""
    return tuple((each.id, each.written, each.heartbeat, limits[each.id]) for each in own)


def _read(rank: int | None, own: Sequence[Segment], limits: Mapping[str, int | None], tag: str) -> Iterator[RankSeries]:
    with contextlib.ExitStack() as stack:
        files = OpenSegments(stack, own, limits)
        wanted = {tag: rank} if not rank_tags.is_joined(tag) else _ranks_in(files, tag)
        for each, named in sorted(wanted.items(), key=lambda pair: -1 if pair[1] is None else pair[1]):
            files.renew()
            found = _series(named, each, own, _levels(files, each))
            if found is not None:
                yield found


def _ranks_in(files: OpenSegments, tag: str) -> dict[str, int | None]:
    """The ranks that tags of these files name, by tag."""
    named = ((each, rank_tags.joined(each)) for each in files.tags("scalar"))
    return {each: found[1] for each, found in named if found is not None and found[0] == tag}


def _levels(files: OpenSegments, tag: str) -> list[ScalarLevels]:
    return [ScalarLevels(part.connection, part.series, part.limit) for part in files.parts("scalar", tag)]


def _series(rank: int | None, tag: str, own: Sequence[Segment], sources: Sequence[ScalarLevels]) -> RankSeries | None:
    if sum(source.length() for source in sources) <= FEW_POINTS:
        points = stretch.concatenate([source.all_points() for source in sources])
        step, time, value = points
        if not len(step):
            return None
        last = len(time) - 1 - int(np.argmax(time[::-1]))
        newest = int(step[last]), float(time[last]), float(value[last])
        return RankSeries(rank, tag, own, len(step), int(step.min()), int(step.max()), newest, points)
    tops = np.concatenate([source.top()[0] for source in sources])
    if not len(tops):
        return None
    latest = tops[len(tops) - 1 - int(np.argmax(tops["last_wall_time"][::-1]))]
    newest = int(latest["last_step"]), float(latest["last_wall_time"]), float(latest["last_value"])
    count, first, last = int(tops["count"].sum()), int(tops["step_min"].min()), int(tops["step_max"].max())
    return RankSeries(rank, tag, own, count, first, last, newest, None)


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


def grid_of(known: Sequence[Segment], ranks: Sequence[RankSeries], columns: Columns, kept: Kept) -> RankGrid:
    """The cells of some ranks, a row each.

    Args:
        known: All segments of the run.
        ranks: Of `series_of_ranks`.
        columns: Of all ranks of the grid.
        kept: What was read before.

    Raises:
        StoreError: a file cannot be read.
    """
    cells = {name: np.full((len(ranks), columns.count), np.nan) for name in FORMS}
    count = np.zeros((len(ranks), columns.count), np.int64)
    few = [(row, each.points) for row, each in enumerate(ranks) if each.points is not None]
    if few:
        _fill_of_points(cells, count, few, columns)
    limits = segments.live_until(known)
    for row, each in enumerate(ranks):
        if each.points is None:
            made = _row(each, columns, limits, kept)
            for name in FORMS:
                cells[name][row] = made[name]
            count[row] = made["count"]
    return RankGrid(columns, cells["min"], cells["mean"], cells["max"], count)


def _row(each: RankSeries, columns: Columns, limits: Mapping[str, int | None], kept: Kept) -> dict[str, Any]:
    """The cells of a rank of many points."""
    key, revision = ("row", each.segments[0].path, each.tag), (columns, _revision(each.segments, limits))
    made: dict[str, Any] | None = kept.get(key, revision)
    if made is None:
        with contextlib.ExitStack() as stack:
            sources = _levels(OpenSegments(stack, each.segments, limits), each.tag)
            made = _filled_row(envelope(sources, columns.count, columns.first, columns.stop), columns)
        kept.put(key, revision, made, 1_000 + sum(cells.nbytes for cells in made.values()))
    return made


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


def _filled_row(made: Envelope, columns: Columns) -> dict[str, Any]:
    row = {name: np.full(columns.count, np.nan) for name in FORMS}
    row["count"] = np.zeros(columns.count, np.int64)
    first, last = columns.of(made.step_first), columns.of(made.step_last)
    # A cell reaches into the next column only where nothing else lies.
    reach = np.minimum(last, np.append(first[1:], columns.count) - 1) - first + 1
    place = np.repeat(first, reach) + np.arange(reach.sum()) - np.repeat(np.cumsum(reach) - reach, reach)
    for name in row:
        row[name][place] = np.repeat(getattr(made, name), reach)
    return row
