"""Stretches: consecutive points of one series, packed, with the summary that stands for them.

A stretch of one is a fresh point and lies in plain columns. Longer ones keep their points in three packed
columns and say in their summary what a curve drawn from afar must not lose: where it began and ended, its
extremes and their steps, and how many points were not finite. Nodes of a higher level hold the summaries
of `FAN_OUT` rows of the level below instead of points.

Everything here is a pure function of arrays; it knows neither files nor tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.store import columns

STRETCH_POINTS = 1024
"""Points of a sealed stretch: 9 kB at float32 precision, so that a page of SQLite is neither wasted nor
split often, and 10⁶ points are about 1,000 summaries, which is a chart's width."""

FAN_OUT = 32
"""Rows that a node of the next level stands for: two levels above the stretches cover 10⁸ points."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
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
values; without any, `min` and `max` are NaN and their steps 0."""

SUMMARY_FIELDS = ("n", "count", *columns.SUMMARY)

STEPS_ORDERED = 1
TIMES_ORDERED = 2

# A delta of the arithmetic case is found again as (last - first) // (count - 1), which must not wrap.
_ARITHMETIC_LIMIT = 1 << 52


class Points(NamedTuple):
    """Points of a series in order of arrival: three arrays of one length."""

    step: Ints
    wall_time: Floats
    value: Floats

    @classmethod
    def of(cls, step: npt.ArrayLike, wall_time: npt.ArrayLike, value: npt.ArrayLike) -> Points:
        """Points from anything array-like."""
        return cls(np.asarray(step, np.int64), np.asarray(wall_time, np.float64), np.asarray(value, np.float64))

    def part(self, start: int, stop: int) -> Points:
        """The points start … stop-1, as views."""
        return Points(self.step[start:stop], self.wall_time[start:stop], self.value[start:stop])

    def where(self, chosen: npt.NDArray[Any]) -> Points:
        """The points that a mask or an array of indices chooses."""
        return Points(self.step[chosen], self.wall_time[chosen], self.value[chosen])


class Packed(NamedTuple):
    """The three packed columns of a stretch; see `pack` for what None means."""

    steps: bytes | None
    wall_times: bytes | None
    points: bytes | None


def concatenate(parts: Sequence[Points]) -> Points:
    """One after the other; no parts give no points."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Points.of([], [], [])
    return Points(*(np.concatenate(column) for column in zip(*parts, strict=True)))


# --- packing -----------------------------------------------------------------------------------------


def pack(points: Points, rows: int) -> list[Packed]:
    """The packed columns of `rows` stretches of equal length that lie one after the other in `points`.

    Steps are kept as deltas in the narrowest of 1, 2, 4 or 8 bytes that holds all of a stretch, the first
    delta being 0; wall times likewise, as deltas of the bit patterns of their float64, which for the same
    exponent are units of 0.24 µs today and are exact always. Values are kept as float32 where every one of
    the stretch survives that unchanged, as float64 otherwise. None stands for what needs no bytes: deltas
    that are all the same, values that are all the same.
    """
    count = len(points.step) // rows
    steps = _pack_deltas(points.step.reshape(rows, count))
    times = _pack_deltas(points.wall_time.view(np.int64).reshape(rows, count))
    values = _pack_values(points.value.reshape(rows, count))
    return [Packed(*columns) for columns in zip(steps, times, values, strict=True)]


def _pack_deltas(whole: Ints) -> list[bytes | None]:
    rows, count = whole.shape
    if count == 1:
        return [None] * rows
    deltas = np.zeros((rows, count), np.int64)
    np.subtract(whole[:, 1:], whole[:, :-1], out=deltas[:, 1:])  # wraps, and so does the sum that undoes it
    low = deltas[:, 1:].min(axis=1).tolist()
    high = deltas[:, 1:].max(axis=1).tolist()
    packed: list[bytes | None] = []
    for row, (smallest, largest) in enumerate(zip(low, high, strict=True)):
        if smallest == largest and abs(smallest) < _ARITHMETIC_LIMIT:
            packed.append(None)
        elif smallest >= -(1 << 7) and largest < 1 << 7:
            packed.append(deltas[row].astype("<i1").tobytes())
        elif smallest >= -(1 << 15) and largest < 1 << 15:
            packed.append(deltas[row].astype("<i2").tobytes())
        elif smallest >= -(1 << 31) and largest < 1 << 31:
            packed.append(deltas[row].astype("<i4").tobytes())
        else:
            packed.append(deltas[row].astype("<i8").tobytes())
    return packed


def _pack_values(values: Floats) -> list[bytes | None]:
    bits = values.view(np.int64)
    constant = (bits == bits[:, :1]).all(axis=1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        narrow = values.astype("<f4")
        same = (narrow.astype("<f8").view(np.int64) == bits).all(axis=1)
    return [
        None if constant[row] else narrow[row].tobytes() if same[row] else values[row].astype("<f8").tobytes()
        for row in range(len(values))
    ]


UNPACK_COLUMNS = ("count", "step", "wall_time", "value", "last_step", "last_wall_time", "steps", "wall_times", "points")
"""What `unpack` wants of each row, in this order."""


def unpack(rows: Sequence[Sequence[Any]]) -> Points:
    """The points of rows of `UNPACK_COLUMNS`, one after the other.

    A column is filled with deltas, from each stretch's last point to the next one's first as well, and
    summed once (measured: 1,000 stretches, a million points, in 12 ms).

    Raises:
        DamagedBytesError: a row does not hold what it claims.
    """
    _check(rows)
    counts = np.array([row[0] for row in rows], np.int64)
    total = int(counts.sum())
    steps, times, values = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64)
    if not total:
        return Points(steps, times.view(np.float64), values)
    starts = np.cumsum(counts) - counts
    first_steps = np.array([row[1] for row in rows], np.int64)
    first_times = np.array([row[2] for row in rows], np.float64).view(np.int64)
    last_steps = np.array([row[1] if row[0] == 1 else row[4] for row in rows], np.int64)
    last_times = np.array([row[2] if row[0] == 1 else row[5] for row in rows], np.float64).view(np.int64)
    # Between the ends of the number line a span wraps around, as the deltas did when they were packed.
    step_spans, time_spans = last_steps - first_steps, last_times - first_times
    values[starts] = np.array([row[3] for row in rows], np.float64)  # all there is of a fresh point; None is NaN
    with np.errstate(invalid="ignore"):  # a signalling NaN, which only damage puts there
        for index in np.flatnonzero(counts > 1).tolist():
            count, _, _, value, _, _, packed_steps, packed_times, packed_values = rows[index]
            start = int(starts[index])
            stop = start + count
            steps[start:stop] = (
                int(step_spans[index]) // (count - 1)
                if packed_steps is None
                else np.frombuffer(packed_steps, f"<i{len(packed_steps) // count}")
            )
            times[start:stop] = (
                int(time_spans[index]) // (count - 1)
                if packed_times is None
                else np.frombuffer(packed_times, f"<i{len(packed_times) // count}")
            )
            if packed_values is None:
                values[start:stop] = np.nan if value is None else value
            else:
                values[start:stop] = np.frombuffer(packed_values, f"<f{len(packed_values) // count}")
    for deltas, first, last in ((steps, first_steps, last_steps), (times, first_times, last_times)):
        deltas[starts] = first
        deltas[starts[1:]] -= last[:-1]
        np.cumsum(deltas, out=deltas)
    return Points(steps, times.view(np.float64), values)


def _check(rows: Sequence[Sequence[Any]]) -> None:
    """That rows of a file, which may hold anything, claim nothing that they do not bring: no array is made before."""
    for count, *_, packed_steps, packed_times, packed_values in rows:
        whole, real = (count, 2 * count, 4 * count, 8 * count), (4 * count, 8 * count)
        if not (
            1 <= count <= STRETCH_POINTS
            and (packed_steps is None or len(packed_steps) in whole)
            and (packed_times is None or len(packed_times) in whole)
            and (packed_values is None or len(packed_values) in real)
        ):
            raise DamagedBytesError(f"a stretch of {count} points does not hold that many")


# --- summaries ---------------------------------------------------------------------------------------


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
    with np.errstate(over="ignore", invalid="ignore"):  # values near 1e308 have no float64 sum; inf or NaN says so
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


def merge(parts: Summaries) -> Summaries:
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
        with np.errstate(over="ignore", invalid="ignore"):
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
