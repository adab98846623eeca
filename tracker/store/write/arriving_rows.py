"""Whether rows that arrive from elsewhere are what a writer of ours writes.

Anybody who may send rows may send any. What is stored here is read by everybody who looks at the run: each value is of
its column's type, each row matches its checksum, and none stands outside its segment.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tracker.errors import DamagedBytesError
from tracker.series import checksums, packed_sketch, stretch
from tracker.series.summary import (
    SUMMARY,
    SUMMARY_COLUMNS,
    SUMMARY_FIELDS,
    Summaries,
    merge_summaries,
    summaries_of,
    summarise,
    wrong_summaries,
)
from tracker.store import columns
from tracker.store.read import sketch_levels
from tracker.store.read.segments import MOST_SERIES, of_rows
from tracker.store.shipment import NUMBERED, Arrived, Row, Shipment
from tracker.store.write import schema
from tracker.store.write.column_values import JSON_COLUMNS, is_json

LEAST, MOST = -(1 << 63), (1 << 63) - 1
MOST_LEVEL = 12
"""Of nodes: 32¹² stretches are more than any disk holds."""

AT_ONCE = 1 << 16
"""Points that are unpacked together: what a core keeps beside itself, and little memory for any shipment."""

_unpacked = itemgetter(*(columns.SCALARS.index(name) for name in stretch.UNPACK_COLUMNS))
_summary = itemgetter(*(columns.SCALARS.index(name) for name in SUMMARY_COLUMNS))
_LAST_STEP = columns.SCALARS.index("last_step")
_not_fresh = itemgetter(*(place for place, name in enumerate(columns.SCALARS) if name not in columns.FRESH))
_whole = itemgetter(*(columns.SCALARS.index(name) for name in SUMMARY_FIELDS if SUMMARY[name].kind != "f"))
_NAN_COUNT = columns.SKETCH.index("nan_count")

STATUSES = ("running", "finished", "crashed", "stopped")


def check(shipment: Shipment, arrived: Arrived) -> None:
    """Checks all of it.

    Args:
        shipment: What came.
        arrived: What the store has.

    Raises:
        DamagedBytesError: it is not what a writer writes; what of it, in a sentence.
    """
    if shipment.upto < shipment.after:
        raise DamagedBytesError(f"it ends at row {shipment.upto:,}, before it begins")
    _about(shipment)
    _series(shipment.series, arrived.series)
    known = arrived.series + len(shipment.series)
    for table in NUMBERED:
        rows = shipment.rows(table)
        _typed(table, rows)
        if table in ("scalars", "sketches", "media") and not all(1 <= row[1] <= known for row in rows):
            raise DamagedBytesError(f"a row of {table} belongs to no series")
        if table != "scalars":
            _matching(table, rows)
    _in_order(shipment)
    _scalars(shipment.scalars)
    _late(shipment, known)
    _sketches(shipment.sketches)
    _contents(shipment.blobs, arrived.contents)
    _logged(shipment, known)


def _about(shipment: Shipment) -> None:
    """The rows of `segment` and `state`."""
    _typed("state", [shipment.state])
    _matching("state", [shipment.state])
    state = dict(zip(columns.STATE, shipment.state, strict=True))
    if state["written"] != shipment.upto or state["status"] not in STATUSES:
        raise DamagedBytesError("how it says that it stands is nothing that a writer says")
    if not all(math.isfinite(state[name] or 0.0) for name in ("heartbeat", "ended")):
        raise DamagedBytesError("its times are no times")
    if (state["status"] != "running") != (shipment.logged is not None):
        raise DamagedBytesError("how much was logged is said at the end, and only there")
    if shipment.segment is not None:
        _typed("segment", [shipment.segment])
        _matching("segment", [shipment.segment])
        of_rows(shipment.segment, shipment.state, Path())


def _series(rows: Sequence[Row], known: int) -> None:
    _typed("series", rows, columns.SERIES[:-1])
    _matching("series", rows)
    if [row[0] for row in rows] != list(range(known + 1, known + 1 + len(rows))):
        raise DamagedBytesError("its series are not those that follow")
    if known + len(rows) > MOST_SERIES:
        raise DamagedBytesError(f"it has more series than any run: over {MOST_SERIES:,}")


def _scalars(rows: Sequence[Row]) -> None:
    """Points and nodes, by their own checksums: that of the points, and that of the summary; which say what the points
    say, as who looks from afar reads nothing else."""
    if not all(_is_filled(row) for row in rows):
        raise DamagedBytesError("a row of its points is half one of a single point and half one of many")
    for level in sorted({row[2] for row in rows}):
        if not 0 <= level <= MOST_LEVEL:
            raise DamagedBytesError(f"its points lie at level {level}")
        wanted = [row for row in rows if row[2] == level]
        if not all(row[3] >= 0 and row[4] >= 1 and row[3] + row[4] <= MOST for row in wanted):
            raise DamagedBytesError("some of its points have no place in their series")
        said = [*map(_summary, wanted)]
        summaries = summaries_of([row[:-2] for row in said])
        if wrong_summaries(said, summaries, [row[1] for row in wanted], level):
            raise DamagedBytesError("summaries of its points do not match their checksum")
        summed = _summed_points(wanted) if level == 0 else _summed_nodes(wanted, level)
        differing = _differing(summaries, summed)
        if differing:
            raise DamagedBytesError(f"summaries say of points what they are not ({', '.join(differing)})")


def _is_filled(row: Row) -> bool:
    """Whether a row has what a single point has and nothing else, or all that a summary has."""
    if row[_LAST_STEP] is None:
        return row[4] == 1 and row[2] == 0 and {*map(type, _not_fresh(row))} == {type(None)}
    return type(None) not in map(type, _whole(row))


def _summed_points(rows: Sequence[Row]) -> Summaries:
    """What summaries of stretches should say, some of one length at once."""
    found = np.zeros(len(rows), SUMMARY)
    for places in _alike(np.array([row[4] for row in rows])):
        points = stretch.unpack([_unpacked(rows[place]) for place in places])
        found[places] = summarise(points, len(places), 0)
    found["n"] = [row[3] for row in rows]
    return found


def _alike(counts: npt.NDArray[np.int64]) -> Iterator[list[int]]:
    """The places of rows that have one count, of so many that their points are few enough to be held at once."""
    order = np.argsort(counts, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(counts[order])) + 1):
        most = max(1, AT_ONCE // int(counts[places[0]]))
        yield from (places[first : first + most].tolist() for first in range(0, len(places), most))


def _summed_nodes(rows: Sequence[Row], level: int) -> Summaries:
    size = stretch.STRETCH_POINTS * stretch.FAN_OUT**level
    if not all(row[4] == size and row[3] % size == 0 and _is_of_children(row[-1]) for row in rows):
        raise DamagedBytesError(f"a node of level {level} is none")
    stretch.checked_heads([*map(_unpacked, rows)], "points' nodes")
    children = [np.frombuffer(row[-1], SUMMARY) for row in rows]
    for row, each in zip(rows, children, strict=True):
        if not (each["n"] == row[3] + np.arange(stretch.FAN_OUT) * (size // stretch.FAN_OUT)).all():
            raise DamagedBytesError(f"a node of level {level} is none")
    return np.concatenate([merge_summaries(each) for each in children])


def _is_of_children(packed: bytes | None) -> bool:
    return packed is not None and len(packed) == SUMMARY.itemsize * stretch.FAN_OUT


def _differing(said: Summaries, wanted: Summaries) -> list[str]:
    """The fields that are not what they should be; sums of another machine's may differ in their last digits."""
    found = [
        name for name in SUMMARY_FIELDS
        if name not in ("sum", "sum_squares")
        and not np.array_equal(said[name], wanted[name], equal_nan=SUMMARY[name].kind == "f")
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        largest = np.nan_to_num(np.maximum(abs(wanted["min"]), abs(wanted["max"])))
        for name, size in (("sum", largest), ("sum_squares", largest**2)):
            near = abs(said[name] - wanted[name]) <= 1e-9 * size * wanted["count"]
            if not (near | (~np.isfinite(said[name]) & ~np.isfinite(wanted[name]))).all():
                found.append(name)
    return found


def _sketches(rows: Sequence[Row]) -> None:
    """Histograms: as they unpack, in as many values as they say."""
    for row in rows:
        said = dict(zip(columns.SKETCH, row, strict=True))
        if said["form"] not in (packed_sketch.FORM_LOG, packed_sketch.FORM_GIVEN):
            raise DamagedBytesError("a histogram is of no form that is known here")
        is_placed = 0 <= said["level"] <= MOST_LEVEL and said["n"] >= 0
        if not is_placed or said["count"] != sketch_levels.FAN_OUT ** said["level"]:
            raise DamagedBytesError("a histogram has no place in its series")
        buckets = said["buckets"]
        given = said["form"] == packed_sketch.FORM_GIVEN
        counts = packed_sketch.unpack_given(buckets)[1] if given else packed_sketch.unpack(buckets)[1]
        others = row[_NAN_COUNT : _NAN_COUNT + 3]
        total = counts.sum()
        if not math.isfinite(total) or min(*others, 0) < 0 or round(total) + sum(others) != said["total"]:
            raise DamagedBytesError("the buckets of a histogram do not add up")


def _late(shipment: Shipment, known: int) -> None:
    _typed("scalars", shipment.late)
    if not all(
        1 <= row[0] <= shipment.after and 1 <= row[1] <= known and row[2] == 0 and row[4] == 1 for row in shipment.late
    ):
        raise DamagedBytesError("what it brings late are no single points of its series")
    _scalars(shipment.late)


def _contents(blobs: Sequence[Row], known: int) -> None:
    last = known
    for number, digest, data in blobs:
        if (type(number), type(digest), type(data)) != (int, str, bytes):
            raise DamagedBytesError("its contents are of the wrong types")
        if not last < number <= MOST:
            raise DamagedBytesError("its contents are not those that follow")
        checksums.checked_content(data, digest)
        last = number


def _logged(shipment: Shipment, known: int) -> None:
    if shipment.logged is None:
        return
    if not all(type(series) is int and type(count) is int and -1 <= count <= MOST for series, count in shipment.logged):
        raise DamagedBytesError("how much was logged is said in something else than numbers")
    if [series for series, _ in shipment.logged] != list(range(1, known + 1)):
        raise DamagedBytesError("how much was logged is said of other series than there are")


def _in_order(shipment: Shipment) -> None:
    """All rows have one sequence of numbers, behind the cursor; points that nobody looks at may be left out."""
    found: set[int] = set()
    count = 0
    for table in NUMBERED:
        numbers = [row[0] for row in shipment.rows(table)]
        if any(second <= first for first, second in pairwise(numbers)):
            raise DamagedBytesError(f"the rows of {table} are not in order")
        found.update(numbers)
        count += len(numbers)
    if len(found) != count:
        raise DamagedBytesError("two of its rows have one number")
    if shipment.upto < max(found, default=shipment.after) or min(found, default=MOST) <= shipment.after:
        raise DamagedBytesError(f"its rows are not those from {shipment.after:,} to {shipment.upto:,}")


def _matching(table: str, rows: Iterable[Row]) -> None:
    if not all(checksums.matches(row) for row in rows):
        raise DamagedBytesError(f"rows of {table} do not match their checksum")


def _typed(table: str, rows: Sequence[Row], names: Sequence[str] | None = None) -> None:
    if not rows:
        return
    # Column by column: what it is of one type at most is told of all of it at once.
    for values, (name, kinds) in zip(zip(*rows, strict=True), _kinds(table, tuple(names or ())), strict=True):
        found = {*map(type, values)}
        if not found <= kinds:
            wrong = next(iter(found - kinds))
            raise DamagedBytesError(f"{table}.{name} is {wrong.__name__}")
        if int in found:
            whole = values if found == {int} else [value for value in values if type(value) is int]
            if not (min(whole) >= LEAST and max(whole) <= MOST):
                raise DamagedBytesError(f"{table}.{name} has more than 64 bits")
        if str in found:
            for value in values:
                if type(value) is str:
                    _text(table, name, value)


def _text(table: str, name: str, value: str) -> None:
    if not value.isascii() and _HALF.search(value):
        raise DamagedBytesError(f"{table}.{name} holds half a character")
    if name in JSON_COLUMNS and not is_json(name, value):
        raise DamagedBytesError(f"{table}.{name} is not the JSON that it should be")


_HALF = re.compile("[\ud800-\udfff]")


@lru_cache
def _kinds(table: str, names: tuple[str, ...]) -> list[tuple[str, frozenset[type]]]:
    """The columns of a table, and what types their values have."""
    all_of = schema.segment_tables.tables[table].columns
    return [(name, _kinds_of(all_of[name])) for name in names or all_of.keys()]


def _kinds_of(column: sa.Column[object]) -> frozenset[type]:
    if isinstance(column.type, sa.LargeBinary):
        found: tuple[type, ...] = (bytes,)
    elif isinstance(column.type, (schema.Exact, sa.Double)):
        found = (float, int)
    else:
        found = (str,) if isinstance(column.type, sa.Text) else (int,)
    return frozenset((*found, *((type(None),) if column.nullable else ())))
