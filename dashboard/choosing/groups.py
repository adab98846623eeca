"""Groups of runs that have the same settings: how many, the best of a metric and its mean.

The page's text/run_groups.js says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.choosing.fields import Field, Searched, Value, is_none, number_of, place


@dataclass(frozen=True)
class Group:
    """Runs that are alike in some fields; `values`: what they have there, None where they have nothing."""

    values: tuple[Value, ...]
    runs: list[Searched]


@dataclass(frozen=True)
class Summary:
    """Of a field over some runs: `count` of those that have a finite number there, their best, mean and deviation.

    `std` is of a sample (n - 1), and NaN for less than two.
    """

    count: int
    best: float
    mean: float
    std: float


def grouped(runs: Sequence[Searched], fields: Sequence[Field]) -> list[Group]:
    """Runs by what they have in the fields, in the order of these values; what has nothing is last."""
    found: dict[tuple[Value, ...], Group] = {}
    for run in runs:
        values = tuple(None if is_none(value) else value for value in (field.of(run) for field in fields))
        found.setdefault(values, Group(values, [])).runs.append(run)
    return sorted(
        found.values(),
        key=lambda group: [(value is None, () if value is None else place(value)) for value in group.values],
    )


def summary_of(runs: Sequence[Searched], field: Field) -> Summary:
    """What a group is like in a field."""
    values = [value for value in (number_of(field.of(run)) for run in runs) if math.isfinite(value)]
    if not values:
        return Summary(0, math.nan, math.nan, math.nan)
    best = (max if field.is_more_better else min)(values)
    return Summary(len(values), best, _mean(values), _deviation(values) if len(values) > 1 else math.nan)


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:  # near the largest that there are
        return math.fsum(value / len(values) for value in values)


def _deviation(values: Sequence[float]) -> float:
    """Counted in units of the largest, whose squares are none too large."""
    mean = _mean(values)
    unit = max(abs(value - mean) for value in values)
    if not unit or math.isinf(unit):
        return unit
    return unit * math.sqrt(math.fsum(((value - mean) / unit) ** 2 for value in values) / (len(values) - 1))
