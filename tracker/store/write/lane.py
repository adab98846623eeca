"""What waits to be stored: the numbers of a call as it was made, many of them packed, and what is no number.

A call's record is a tuple: whose numbers they are, the wall time, the step, the numbers. To make one takes a third of
the time of packing it, which is done for all at once, before they are stored or when they are many: 32 bytes for a
scalar, where Python's objects take 150.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.series.stretch import Points, concatenate

EXACT = 1 << 53
"""Below it, whole numbers are float64s."""

Record = tuple[Any, ...]
"""(lane, wall time, step, numbers …). The lane is the place of its set of tags in `Inbox.wide`, or, of a single
number, what its series is counted by, below zero."""


class Group(NamedTuple):
    """Records of one length.

    Shapes:
        rows: (n, 3 + numbers), float64; steps: (n,), int64, where float64 does not hold them; positions: (n,), which
        records of the block they are, where not all of them.
    """

    rows: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64] | None
    positions: npt.NDArray[np.int64] | None


class Block:
    """Records of consecutive calls, packed."""

    __slots__ = ("groups", "n_bytes", "n_calls", "n_scalars")

    def __init__(self, records: Sequence[Record]) -> None:
        sizes = np.fromiter(map(len, records), np.int64, len(records))
        flat = np.fromiter(chain.from_iterable(records), np.float64, int(sizes.sum()))
        self.groups: list[Group] = []
        if (sizes == sizes[0]).all():
            self._add(records, flat.reshape(len(records), -1), None)
        else:
            begins = np.cumsum(sizes) - sizes
            for size in np.unique(sizes):
                positions = np.flatnonzero(sizes == size)
                self._add(records, flat[begins[positions][:, None] + np.arange(size)], positions)
        self.n_calls = len(records)
        self.n_scalars = len(flat) - 3 * len(records)
        self.n_bytes = flat.nbytes

    def _add(
        self, records: Sequence[Record], rows: npt.NDArray[np.float64], positions: npt.NDArray[np.int64] | None
    ) -> None:
        steps: npt.NDArray[np.int64] | None = None
        if np.abs(rows[:, 2]).max() >= EXACT:
            own = records if positions is None else [records[place] for place in positions]
            steps = np.array([record[2] for record in own], np.int64)
        self.groups.append(Group(rows, steps, positions))

    def scalars(self, wide: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, Points]]:
        """The points of each series in the order of the calls, each series once; views where its calls are all alike.

        Args:
            wide: The series of each set of tags.
        """
        parts: dict[int, list[tuple[Any, Points]]] = {}
        for rows, steps, positions in self.groups:
            step = rows[:, 2].astype(np.int64) if steps is None else steps
            for lane, own in _by_lane(rows[:, 0]):
                where = own if positions is None else positions[own]
                for column, series in enumerate((-lane,) if lane < 0 else wide[lane], 3):
                    parts.setdefault(series, []).append((where, Points(step[own], rows[own, 1], rows[own, column])))
        for series, pieces in parts.items():
            points = concatenate([each for _, each in pieces])
            if len(pieces) > 1:  # none of them is all of the block: each has an array of places
                points = points.where(np.argsort(np.concatenate([where for where, _ in pieces])))
            yield series, points


class Heavy(NamedTuple):
    """A value that is not a number, at its place."""

    series: int
    wall_time: float
    step: int
    value: Any
    n_bytes: int
    then: Callable[[], None] | None = None
    """Called once it is in the file, by who stores."""


class Taken(NamedTuple):
    """What one commit is to store."""

    blocks: list[Block]
    wide: Sequence[tuple[int, ...]]
    """The series of each set of tags."""
    heavies: list[Heavy]
    everything: bool
    """Whether nothing was left behind but what came while it was taken."""

    def scalars(self) -> Iterator[tuple[int, Points]]:
        """The points of each series in the order of the calls, each series once."""
        parts: dict[int, list[Points]] = {}
        for block in self.blocks:
            for series, points in block.scalars(self.wide):
                parts.setdefault(series, []).append(points)
        for series in [*parts]:
            columns: Sequence[Any] = concatenate(parts.pop(series))
            yield series, Points(*map(np.ascontiguousarray, columns))

    @property
    def n_scalars(self) -> int:
        """How many numbers there are."""
        return sum(block.n_scalars for block in self.blocks)


def _by_lane(lanes: npt.NDArray[np.float64]) -> Iterator[tuple[int, Any]]:
    """Each lane, and which rows are its."""
    if (lanes == lanes[0]).all():
        yield int(lanes[0]), slice(None)
        return
    sorting = np.argsort(lanes, kind="stable")
    for own in np.split(sorting, np.flatnonzero(np.diff(lanes[sorting])) + 1):
        yield int(lanes[own[0]]), own
