"""Stretches: consecutive points of one series, packed.

A stretch of one is a fresh point and lies in plain columns. Longer ones keep their points in three packed
columns, with a summary beside them (`summary`). Nodes of a higher level hold the summaries of `FAN_OUT` rows of
the level below instead of points.

Everything here is a pure function of arrays; it knows neither files nor tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.series import checksums, whole

STRETCH_POINTS = 1024
"""Points of a sealed stretch: 9 kB at float32 precision, so that a page of SQLite is neither wasted nor
split often, and 10⁶ points are about 1,000 summaries, which is a chart's width."""

FAN_OUT = 32
"""Rows that a node of the next level stands for: two levels above the stretches cover 10⁸ points."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
    with np.errstate(all="ignore"):
        narrow = values.astype("<f4")
        same = (narrow.astype("<f8").view(np.int64) == bits).all(axis=1)
    return [
        None if constant[row] else narrow[row].tobytes() if same[row] else values[row].astype("<f8").tobytes()
        for row in range(len(values))
    ]


UNPACK_COLUMNS = (
    "series", "level", "n", "count", "step", "wall_time", "value", "last_step", "last_wall_time", "steps", "wall_times",
    "points", "checksum",
)  # fmt: skip
"""What `unpack` wants of each row, in this order."""


def unpack(rows: Sequence[Sequence[Any]]) -> Points:
    """The points of rows of `UNPACK_COLUMNS`, one after the other.

    A column is filled with deltas, from each stretch's last point to the next one's first as well, and
    summed once (measured: 1,000 stretches, a million points, in 12 ms, and their checksums in 3).

    Raises:
        DamagedBytesError: a row does not hold what it claims, or not what was written.
    """
    _check(rows)
    if not rows:
        return Points.of([], [], [])
    counts, steps_of, times_of, first_values = checked_heads(rows, "points")
    total = int(counts.sum())
    steps, times, values = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64)
    starts = np.cumsum(counts) - counts
    (first_steps, last_steps), (first_bits, last_bits) = steps_of, [each.view(np.int64) for each in times_of]
    # Between the ends of the number line a span wraps around, as the deltas did when they were packed.
    step_spans, time_spans = last_steps - first_steps, last_bits - first_bits
    values[starts] = first_values  # all there is of a fresh point
    with np.errstate(all="ignore"):  # a signalling NaN, which only damage puts there
        for index in np.flatnonzero(counts > 1).tolist():
            count, value = rows[index][3], rows[index][6]
            packed_steps, packed_times, packed_values = rows[index][9:12]
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
    for deltas, first, last in ((steps, first_steps, last_steps), (times, first_bits, last_bits)):
        deltas[starts] = first
        deltas[starts[1:]] -= last[:-1]
        np.cumsum(deltas, out=deltas)
    return Points(steps, times.view(np.float64), values)


def _check(rows: Sequence[Sequence[Any]]) -> None:
    """That rows of a file, which may hold anything, claim nothing that they do not bring: no array is made before."""
    for row in rows:
        count = row[3]
        packed_steps, packed_times, packed_values = row[9:12]
        whole, real = (count, 2 * count, 4 * count, 8 * count), (4 * count, 8 * count)
        if not (
            1 <= count <= STRETCH_POINTS
            and (packed_steps is None or len(packed_steps) in whole)
            and (packed_times is None or len(packed_times) in whole)
            and (packed_values is None or len(packed_values) in real)
        ):
            raise DamagedBytesError(f"a stretch of {count} points does not hold that many")


def unpack_all(rows: Sequence[Sequence[Any]], start: int = 0) -> Points:
    """`unpack` of all rows of a series from an ordinal on, in order.

    Raises:
        DamagedBytesError: as there, or some are missing between.
    """
    whole.check_row_by_row(((row[2], row[3]) for row in rows), start)
    return unpack(rows)


def checked_heads(
    rows: Sequence[Sequence[Any]], what: str
) -> tuple[Ints, tuple[Ints, Ints], tuple[Floats, Floats], Floats]:
    """Of rows that are as they were written: counts, steps and times of the first and last points, first values."""
    found = heads_of(rows)
    if rows[0][12] is not None:
        heads = zip(rows, checksums.of_heads(*found), strict=True)
        bad = [row for row, head in heads if checksums.of_points(head, row[9:12]) != row[12]]
        if bad:
            raise mismatch(what, sum(row[3] for row in bad), min(row[2] for row in bad))
    _, _, _, count, step, wall_time, value, last_step, last_wall_time = found
    return count, (step, last_step), (wall_time, last_wall_time), value


def heads_of(rows: Sequence[Sequence[Any]]) -> tuple[Ints, Ints, Ints, Ints, Ints, Floats, Floats, Ints, Floats]:
    """What of rows of `UNPACK_COLUMNS` their checksums begin with, an array each."""
    series, level, n, count, step = (np.array([row[place] for row in rows], np.int64) for place in range(5))
    wall_time, value = (np.array([row[place] for row in rows], np.float64) for place in (5, 6))  # None is NaN
    last_step = np.array([row[4] if row[3] == 1 else row[7] for row in rows], np.int64)
    last_wall_time = np.array([row[5] if row[3] == 1 else row[8] for row in rows], np.float64)
    return series, level, n, count, step, wall_time, value, last_step, last_wall_time


def mismatch(what: str, count: int, n: int) -> DamagedBytesError:
    return DamagedBytesError(f"damaged: {count:,} {what}, from number {n:,} on, do not match their checksum")
