"""Ranks: what the processes of one training logged under a tag, step by step side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.findings.training import Series

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RankTable:
    """Values of R ranks at the S steps that at least half of them have, ascending."""

    ranks: npt.NDArray[np.int64]
    """(R,)."""
    step: npt.NDArray[np.int64]
    """(S,)."""
    values: Values
    """(R, S); NaN where a rank has none, or one that is not finite."""


def table_of(by_rank: Mapping[int, Series]) -> RankTable:
    """The points of all ranks at the steps that they have in common; of several at one step the last."""
    ranks = sorted(by_rank)
    if not ranks:
        return RankTable(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0)))
    own = [np.unique(by_rank[rank].step) for rank in ranks]
    steps, having = np.unique(np.concatenate(own), return_counts=True)
    steps = steps[2 * having >= len(ranks)]
    values = np.full((len(ranks), len(steps)), np.nan)
    for row, rank in enumerate(ranks):
        series = by_rank[rank].finite
        place = np.minimum(np.searchsorted(steps, series.step), max(0, len(steps) - 1))
        known = steps[place] == series.step if len(steps) else np.zeros(0, bool)
        values[row, place[known]] = series.value[known]
    return RankTable(np.array(ranks, np.int64), steps, values)


def durations(series: Series) -> Series:
    """Seconds a step between each point and the one before, by when they were logged; at steps that go on."""
    forward = np.diff(series.step) > 0
    took = np.diff(series.wall_time)[forward] / np.diff(series.step)[forward]
    return Series(series.tag, series.step[1:][forward], took, series.wall_time[1:][forward])
