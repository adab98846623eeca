"""Moments: the points of several tags as rows, one for each time at which any of them was logged.

At each moment a tag has the value that it had last. So what a row holds is settled when it comes: no point that comes
later changes it, and a rule says the same of a run whether it is read at once or as it grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.series.stretch import Points


@dataclass(frozen=True)
class Moments:
    """Rows, in the order in which they were logged."""

    step: npt.NDArray[np.int64]
    """The greatest of the points of that moment."""
    wall_time: npt.NDArray[np.float64]
    """Of its newest point, seconds since the epoch."""
    columns: dict[str, npt.NDArray[np.float64]]
    """Values by tag."""

    def __len__(self) -> int:
        return len(self.step)


def moments(known: Mapping[str, Points]) -> Moments:
    """The rows of some tags, from the first on at which all of them have a value.

    Points of one call share their time and are one row. A clock that jumps back stands still here until it is where it
    was: the points of a tag are in the order in which they were logged. (Which of two tags was logged first meanwhile
    nobody knows any more.)

    Args:
        known: The points of each tag, in the order in which they were logged; at least one tag.
    """
    keys = {tag: _keys(points.wall_time) for tag, points in known.items()}
    time = np.concatenate([time for time, _ in keys.values()])
    turn = np.concatenate([turn for _, turn in keys.values()])
    order = np.lexsort((turn, time))
    is_new = np.ones(len(order), bool)
    is_new[1:] = (np.diff(time[order]) != 0) | (np.diff(turn[order]) != 0)
    row = np.empty(len(order), np.int64)
    row[order] = np.cumsum(is_new) - 1
    count = int(is_new.sum())
    step = np.full(count, np.iinfo(np.int64).min)
    wall_time = np.full(count, -np.inf)
    np.maximum.at(step, row, np.concatenate([points.step for points in known.values()]))
    np.maximum.at(wall_time, row, np.concatenate([points.wall_time for points in known.values()]))
    first, begun, columns = 0, 0, {}
    for tag, points in known.items():
        rows = row[begun : begun + len(points.step)]
        begun += len(rows)
        if not len(rows):
            first = count
            continue
        first = max(first, int(rows[0]))
        place = np.searchsorted(rows, np.arange(count), "right") - 1
        columns[tag] = points.value[np.maximum(place, 0)]
    return Moments(step[first:], wall_time[first:], {tag: column[first:] for tag, column in columns.items()})


def _keys(wall_time: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """By what points are ordered: the latest time so far, and how many had it already."""
    time = np.fmax.accumulate(np.nan_to_num(wall_time, posinf=0.0, neginf=0.0)) if len(wall_time) else wall_time
    index = np.arange(len(time))
    is_new = np.ones(len(time), bool)
    is_new[1:] = time[1:] != time[:-1]
    return time, index - np.maximum.accumulate(np.where(is_new, index, 0))
