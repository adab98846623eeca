"""Levels of sketches: a node for every eight histograms, one for every eight nodes, and so on.

Merging is exact, so that a node says of its histograms just what they say together. A map of a hundred thousand
steps is then made of a few hundred nodes, and the histogram of any range of steps of a few dozen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.series import checksums, packed_sketch, sketch, whole
from tracker.series.sketch import Sketch
from tracker.store import columns
from tracker.store.read import series_end

FAN_OUT = 8
"""Children of a node: few, so that nodes of nearly any size are at hand. All levels are a seventh more rows."""

_PLACE = "id, level, n, count, step, wall_time, last_step, last_wall_time, step_min, step_max"
_ROW = columns.select("sketches", columns.SKETCH)
_CHILDREN = f"{_ROW} WHERE series=? AND level=? AND n>=? ORDER BY n LIMIT {FAN_OUT}"
_PLACES = f"SELECT {_PLACE} FROM sketches WHERE series=? AND level=? AND n>=? AND n<? ORDER BY n"
_BY_ID = f"{_ROW} WHERE id=?"
_STEPS = "SELECT step FROM sketches WHERE series=? AND level=0 ORDER BY n"
_EXTENT = "SELECT coalesce(max(n) + 1, 0) FROM sketches WHERE series=? AND level=0"


def whole_node(size: int) -> int:
    """The size of the smallest node that stands for at least so many histograms."""
    found = 1
    while found < size:
        found *= FAN_OUT
    return found


@dataclass(frozen=True)
class Node:
    """Where a row of `sketches` stands: a histogram (level 0), or what several are together."""

    id: int
    level: int
    n: int
    count: int
    """Histograms that it stands for, ordinals n … n+count-1."""
    step: int
    wall_time: float
    last_step: int
    last_wall_time: float
    step_min: int
    step_max: int


def node_of(place: Sequence[Any]) -> Node:
    """A node from the columns of its place; a single histogram leaves those of the last one empty."""
    id_, level, n, count, step, wall_time, last_step, last_time, low, high = place
    if last_step is None:
        last_step, last_time, low, high = step, wall_time, step, step
    return Node(id_, level, n, count, step, wall_time, last_step, last_time, low, high)


def sketch_of(row: Sequence[Any]) -> Sketch:
    """A sketch from (nan_count, posinf_count, neginf_count, min, max, sum, sum_squares, form, buckets)."""
    nan_count, posinf_count, neginf_count, *exact, form, buckets = row
    low, high, total, squares = (float("nan") if value is None else value for value in exact)
    if form == packed_sketch.FORM_GIVEN:
        return sketch.from_edges(*packed_sketch.unpack_given(buckets), low, high, total, squares)
    index, counts = packed_sketch.unpack(buckets)
    return Sketch(index, counts, nan_count, posinf_count, neginf_count, low, high, total, squares)


def append(
    connection: sqlite3.Connection, take_id: Callable[[], int], series: int, n: int, step: int, time: float, new: Sketch
) -> None:
    """Adds a histogram as number `n` of its series, and the nodes that it completes."""
    _insert(connection, (take_id(), series, 0, n, 1, step, time, None, None, None, None), new)
    level, upto = 0, n + 1
    while upto % FAN_OUT ** (level + 1) == 0:
        first = upto - FAN_OUT ** (level + 1)
        rows = connection.execute(_CHILDREN, (series, level, first)).fetchall()
        children = [_read(row) for row in rows]
        places = [place for place, _ in children]
        merged = sketch.merge([each for _, each in children])
        begin, end = places[0], places[-1]
        level += 1
        place = (
            take_id(), series, level, first, upto - first, begin.step, begin.wall_time, end.last_step,
            end.last_wall_time, min(each.step_min for each in places), max(each.step_max for each in places),
        )  # fmt: skip
        _insert(connection, place, merged)


def _read(row: Sequence[Any]) -> tuple[Node, Sketch]:
    """A row of all columns, as it was written."""
    id_, _, *place_and_sketch = checksums.checked(row, f"damaged: histogram {row[0]}")
    return node_of((id_, *place_and_sketch[:9])), sketch_of(place_and_sketch[10:])


def _insert(connection: sqlite3.Connection, place: tuple[Any, ...], new: Sketch) -> None:
    numbers = (new.nan_count, new.posinf_count, new.neginf_count, new.min, new.max, new.sum, new.sum_squares)
    form = packed_sketch.FORM_LOG if new.given is None else packed_sketch.FORM_GIVEN
    from tracker.store.write import statements  # the writer's, and not here for who only reads

    row = (*place, new.total, *numbers, form, packed_sketch.pack(new))
    connection.execute(statements.insert("sketches", columns.SKETCH), checksums.with_checksum(row))


class SketchLevels:
    """One segment's part of a series of histograms.

    Args:
        connection: The segment's file.
        series: The number of the series there.
        low: The first step that is asked for; None for all.
        high: The last one, which is also how a rewind cuts a segment off.
    """

    def __init__(self, connection: sqlite3.Connection, series: int, low: float | None, high: float | None) -> None:
        self._connection = connection
        self._series = series
        self._low = float("-inf") if low is None else low
        self._high = float("inf") if high is None else high

    def steps(self) -> npt.NDArray[np.int64]:
        """The step of each histogram of the range, in order of arrival, without reading one."""
        found = np.fromiter((step for (step,) in self._connection.execute(_STEPS, (self._series,))), np.int64)
        return found[(found >= self._low) & (found <= self._high)]

    def count(self) -> int:
        """Histograms of the range."""
        return sum(node.count for node in self.nodes(self._extent()))

    def nodes(self, size: int) -> list[Node]:
        """Nodes that stand for every histogram of the range once, in order, each for at most `size` of them."""
        level = 0
        while FAN_OUT ** (level + 1) <= size:
            level += 1
        found: list[Node] = []
        covered, end = 0, self._extent()
        for below in range(level, -1, -1):
            # Beyond the last full node of a level lie those of the level below.
            new = self._places(below, covered, end)
            if new:
                covered = new[-1].n + new[-1].count
                found += self._within(new)
        if covered != end:
            raise DamagedBytesError(f"damaged: {covered:,} histograms of the {end:,} that were logged")
        return found

    def _extent(self) -> int:
        """Histograms in the file."""
        found: int = self._connection.execute(_EXTENT, (self._series,)).fetchone()[0]
        series_end.check_end(self._connection, self._series, found)
        return found

    def _places(self, level: int, start: int, stop: int) -> list[Node]:
        found = [node_of(row) for row in self._connection.execute(_PLACES, (self._series, level, start, stop))]
        whole.check_row_by_row(((node.n, node.count) for node in found), start)
        return found

    def _within(self, nodes: Iterable[Node]) -> list[Node]:
        found = []
        for node in nodes:
            if self._low <= node.step_min and node.step_max <= self._high:
                found.append(node)
            elif node.level and not (node.step_max < self._low or node.step_min > self._high):
                found += self._within(self._places(node.level - 1, node.n, node.n + node.count))
        return found

    def read(self, node: Node) -> Sketch:
        """The sketch of a node."""
        found, made = _read(self._connection.execute(_BY_ID, (node.id,)).fetchone())
        if found != node:
            raise DamagedBytesError(f"damaged: histogram {node.id} is not where the index has it")
        return made
