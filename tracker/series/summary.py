"""Summaries: the few numbers that stand for many points, merged level by level up to one row for a whole series.

They say what a curve drawn from afar must not lose: where it began and ended, its extremes and their steps, and how
many points were not finite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.series import checksums, columns
from tracker.series.stretch import Floats, Ints, Points, checked_heads, mismatch

Summaries = npt.NDArray[np.void]

SUMMARY = np.dtype(
    [
        ("n", "<i8"),
        ("count", "<i8"),
        ("step", "<i8"),
        ("wall_time", "<f8"),
        ("value", "<f8"),
        ("last_step", "<i8"),
        ("last_wall_time", "<f8"),
        ("last_value", "<f8"),
        ("step_min", "<i8"),
        ("step_max", "<i8"),
        ("wall_time_min", "<f8"),
        ("wall_time_max", "<f8"),
        ("min", "<f8"),
        ("min_step", "<i8"),
        ("max", "<f8"),
        ("max_step", "<i8"),
        ("sum", "<f8"),
        ("sum_squares", "<f8"),
        ("nan_count", "<i8"),
        ("posinf_count", "<i8"),
        ("neginf_count", "<i8"),
        ("ordered", "<i8"),
    ]
)
"""One summary; a node's `points` column is an array of these. `min` to `sum_squares` are over the finite
values; without any, `min` and `max` are NaN and their steps 0. Sums that no float64 holds are ±inf, or NaN."""

SUMMARY_FIELDS = ("n", "count", *columns.SUMMARY)

STEPS_ORDERED = 1

TIMES_ORDERED = 2


def children(rows: Sequence[Sequence[Any]]) -> Summaries:
    """The summaries that nodes hold, one after the other, from rows of `UNPACK_COLUMNS`.

    Raises:
        DamagedBytesError: they are not those that were written.
    """
    checked_heads(rows, "points' nodes")
    return np.concatenate([np.frombuffer(row[11], SUMMARY) for row in rows])


def summarise(points: Points, rows: int, n: int) -> Summaries:
    """The summaries of `rows` stretches of equal length that lie one after the other in `points`.

    Args:
        points: `rows * count` points.
        rows: How many stretches.
        n: Ordinal of the first point in its series.
    """
    count = len(points.step) // rows
    step = points.step.reshape(rows, count)
    wall_time = points.wall_time.reshape(rows, count)
    value: Floats = points.value.reshape(rows, count)
    out = np.zeros(rows, SUMMARY)
    each = np.arange(rows)
    out["n"] = n + each * count
    out["count"] = count
    for name, column in (("step", step), ("wall_time", wall_time), ("value", value)):
        out[name] = column[:, 0]
        out[f"last_{name}"] = column[:, -1]
    out["step_min"], out["step_max"] = step.min(axis=1), step.max(axis=1)
    out["wall_time_min"], out["wall_time_max"] = wall_time.min(axis=1), wall_time.max(axis=1)
    out["ordered"] = STEPS_ORDERED * (step[:, 1:] >= step[:, :-1]).all(axis=1)
    out["ordered"] += TIMES_ORDERED * (wall_time[:, 1:] >= wall_time[:, :-1]).all(axis=1)

    finite = np.isfinite(value)
    low = high = kept = value
    if not finite.all():
        low, high, kept = (
            np.where(finite, value, np.inf),
            np.where(finite, value, -np.inf),
            np.where(finite, value, 0.0),
        )
        out["nan_count"] = np.isnan(value).sum(axis=1)
        out["posinf_count"] = (value == np.inf).sum(axis=1)
        out["neginf_count"] = (value == -np.inf).sum(axis=1)
    lowest, highest = low.argmin(axis=1), high.argmax(axis=1)
    out["min"], out["max"] = value[each, lowest], value[each, highest]
    out["min_step"], out["max_step"] = step[each, lowest], step[each, highest]
    # Values near 1e308 have no float64 sum: ±inf says so, and NaN where those of both signs have none.
    with np.errstate(all="ignore"):
        out["sum"] = kept.sum(axis=1)
        out["sum_squares"] = np.einsum("ij,ij->i", kept, kept)
    empty = ~finite.any(axis=1)
    if empty.any():
        out["min"][empty] = out["max"][empty] = np.nan
        out["min_step"][empty] = out["max_step"][empty] = 0
    return out


def summarise_fresh(n: Ints, points: Points) -> Summaries:
    """One summary for each single point; `n` holds their ordinals."""
    out = summarise(points, len(points.step), 0) if len(points.step) else np.zeros(0, SUMMARY)
    out["n"] = n
    return out


def merge_summaries(parts: Summaries) -> Summaries:
    """The one summary (an array of length 1) of consecutive `parts`, in order of arrival; at least one."""
    out = np.zeros(1, SUMMARY)
    out["n"] = parts["n"][0]
    for name in ("step", "wall_time", "value"):
        out[name] = parts[name][0]
        out[f"last_{name}"] = parts[f"last_{name}"][-1]
    for name in ("step", "wall_time"):
        out[f"{name}_min"] = parts[f"{name}_min"].min()
        out[f"{name}_max"] = parts[f"{name}_max"].max()
    for name in ("count", "sum", "sum_squares", "nan_count", "posinf_count", "neginf_count"):
        with np.errstate(all="ignore"):
            out[name] = parts[name].sum()
    with_finite = np.flatnonzero(~np.isnan(parts["min"]))
    out["min"] = out["max"] = np.nan
    if len(with_finite):
        lowest = with_finite[parts["min"][with_finite].argmin()]
        highest = with_finite[parts["max"][with_finite].argmax()]
        out["min"], out["min_step"] = parts["min"][lowest], parts["min_step"][lowest]
        out["max"], out["max_step"] = parts["max"][highest], parts["max_step"][highest]
    joined = STEPS_ORDERED * bool((parts["step"][1:] >= parts["last_step"][:-1]).all())
    joined += TIMES_ORDERED * bool((parts["wall_time"][1:] >= parts["last_wall_time"][:-1]).all())
    out["ordered"] = np.bitwise_and.reduce(parts["ordered"]) & joined
    return out


SUMMARY_COLUMNS = (*SUMMARY_FIELDS, "checksum", "summary_checksum")
"""What `checked_summaries` wants of each row, in this order."""


def checked_summaries(rows: Sequence[Sequence[Any]], series: int, level: int) -> Summaries:
    """Summaries of a series from rows of `SUMMARY_COLUMNS`, fresh points among them.

    Raises:
        DamagedBytesError: they are not those that were written.
    """
    out = summaries_of([row[:-2] for row in rows])
    bad = wrong_summaries(rows, out, [series] * len(rows), level)
    if bad:
        raise mismatch("points' summaries", sum(rows[index][1] for index in bad), min(rows[index][0] for index in bad))
    return out


def wrong_summaries(
    rows: Sequence[Sequence[Any]], summaries: Summaries, series: Iterable[int], level: int
) -> list[int]:
    """Which of rows of `SUMMARY_COLUMNS` are not as they were written.

    Args:
        rows: Of any series.
        summaries: What was made of them.
        series: The number of each one's series.
        level: That of all.
    """
    if not rows or rows[0][-2] is None:
        return []
    found = zip(rows, *checksums.of_summaries(series, level, summaries), strict=True)
    # A point alone is all in the head, and of what else its row may have nothing is read.
    return [
        index
        for index, (row, head, whole) in enumerate(found)
        if (head != row[-2] if row[1] == 1 else whole != row[-1])
    ]


def summaries_of(rows: Sequence[Sequence[Any]]) -> Summaries:
    """Summaries from rows of `SUMMARY_FIELDS`, fresh points among them."""
    out = np.zeros(len(rows), SUMMARY)
    if not rows:
        return out
    whole = [row for row in rows if row[1] > 1]
    if len(whole) == len(rows):
        for name, column in zip(SUMMARY_FIELDS, zip(*rows, strict=True), strict=True):
            # NULL is NaN in a column of values and cannot stand in one of whole numbers.
            out[name] = np.array(column, np.float64) if None in column else column
        return out
    single = [index for index, row in enumerate(rows) if row[1] == 1]
    points = Points.of(
        [rows[index][2] for index in single],
        [rows[index][3] for index in single],
        np.array([rows[index][4] for index in single], np.float64),
    )
    out[single] = summarise_fresh(np.array([rows[index][0] for index in single], np.int64), points)
    if whole:
        out[[index for index, row in enumerate(rows) if row[1] > 1]] = summaries_of(whole)
    return out
