"""Which column of a table counts its steps, and which says when: decided once, by all rows.

Row by row a column `epoch` of 0.1, 0.2, … puts all points on step 0, and `time` in seconds since the start puts them
into 1970. A column that is neither is a curve like any other.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tracker.foreign.log import LONGEST_SAID, number, whole

COUNTERS = (
    "step", "global_step", "global step", "_step", "trainer/global_step",
    "iteration", "iter", "itr", "training_iteration", "epoch", "epochs", "epoch_id",
)  # fmt: skip
"""Columns that count and mean nothing else, in the order in which they are believed."""

STEPS = (
    *COUNTERS[:5], "total_timesteps", "total timesteps", "timesteps_total", "num_timesteps", *COUNTERS[5:],
    "iterations", "timesteps", "timestep", "total_steps", "env_steps", "frames", "frame",
    "update", "updates", "generation", "gen", "episode", "episodes", "ep", "round", "batch", "batch_idx", "trial",
    "number", "index", "t",
)  # fmt: skip
"""The same with those that may be an amount as well, and must go up to be believed.
What stands before a "/" is a group of them."""

TIMES = (
    "wall_time", "walltime", "wall time", "_timestamp", "timestamp", "time", "created_at", "date", "datetime",
    "created", "date_time", "datetime_start", "start_time", "started_at", "time_stamp", "t",
)  # fmt: skip

_PLACES = frozenset(STEPS) | frozenset(TIMES)

_DATE = re.compile(
    r"(?:(\d{4})[-/.](\d\d?)[-/.](\d\d?)|(\d\d?)\.(\d\d?)\.(\d{4}))"
    r"(?:[T _-]+(\d\d?)[:-](\d\d)(?:[:-](\d\d)(?:[.,](\d+))?)?)?(?: ?([Zz]|[-+]\d\d:?\d\d))?"
)
"""A date as in ISO 8601, and as people write it: 2026/01/31 12:30, 31.1.2026, 2026-01-31 12-30-05."""

SINCE_1973 = 1e8
"""Seconds; a smaller number is no moment of a training but a time since its start, or a count."""


@dataclass(frozen=True)
class Axis:
    """How the rows of a table are placed.

    Attributes:
        counter: The column of steps; None where a row's place is its step.
        clock: The column of times; None where all are as old as the file.
        start: Of a clock that runs from the start of the training: when that was, in seconds since the epoch.
        modified: When the file was last written, in seconds since the epoch.
        numbering: The column that numbers the rows of the file; None where none does.
        epoch: A column of epochs beside the counter; None where there is none.
    """

    counter: str | None
    clock: str | None
    start: float | None
    modified: float
    numbering: str | None = None
    epoch: str | None = None

    @property
    def taken(self) -> set[str]:
        """Columns that are no curves of their own: a time since the start is one."""
        places = (self.counter, self.numbering, self.clock if self.start is None else None)
        return {each for each in places if each is not None}

    def steps(self, placed: Iterable[tuple[int, Mapping[str, Any]]], met: Counter[str]) -> Iterator[Any]:
        """What stands for the step of each row, given with its place; a row that says none belongs to the one before,
        which is counted in `met`.

        A count that begins again with each epoch goes on where the epoch before ended.
        """
        last: Any = None
        ended, epoch, count = 0, math.inf, 0
        for place, row in placed:
            said = row.get(self.counter) if self.counter is not None else None
            if said is None or said == "":
                if self.counter is not None:
                    met[f"rows without a value in {self.counter[:LONGEST_SAID]!r}, kept at the step before"] += 1
                said = place if self.counter is None or last is None else last
            last = said
            now, own = number(row.get(self.epoch)) if self.epoch is not None else None, whole(said)
            if now is not None and own is not None:
                if now > epoch and own < count:
                    ended += count + (own == 0)
                epoch, count = now, own
            yield said if not ended or own is None else own + ended

    def wall_time(self, row: Mapping[str, Any]) -> float:
        """When a row was logged, in seconds since the epoch."""
        found = seconds(row.get(self.clock)) if self.clock is not None else None
        if found is None:
            return self.modified
        return found if self.start is None else self.start + found


def axis_of(
    rows: Sequence[Mapping[str, Any]], modified: float, start: float | None = None, numbering: str | None = None
) -> Axis:
    """Looks at all rows.

    Args:
        rows: Values by column; one that is empty is None, "" or not there.
        modified: When the file was last written, in seconds since the epoch.
        start: When the training began, if the file says so.
        numbering: A column that numbers the rows: their step where no other counts, and never a curve.
    """
    columns: dict[str, tuple[str, list[Any]]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None and value != "":
                columns.setdefault(str(name).strip().lower(), (name, []))[1].append(value)
    counter = next((key for key, values in _candidates(columns) if _counts(key, values, rows)), numbering)
    epoch = columns["epoch"][0] if "epoch" in columns and columns["epoch"][0] != counter else None
    for name in TIMES:
        if name not in columns or columns[name][0] == counter:
            continue
        key, values = columns[name]
        times = [seconds(value) for value in values]
        known = [each for each in times if each is not None]
        if not known or len(known) * 2 < len(values):
            continue
        if min(known) >= SINCE_1973:
            return Axis(counter, key, None, modified, numbering, epoch)
        if max(known) < SINCE_1973 and min(known) >= 0 and (start is not None or known == sorted(known)):
            return Axis(counter, key, modified - known[-1] if start is None else start, modified, numbering, epoch)
    return Axis(counter, None, None, modified, numbering, epoch)


def _candidates(columns: Mapping[str, tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Columns that may count by their names, the more believed first: `step`, and then `time/step`."""
    found = []
    for name in STEPS:
        found += [column for each, column in columns.items() if each == name]
        found += [column for each, column in columns.items() if each != name and each.rpartition("/")[2] == name]
    return found


def _counts(key: str, values: list[Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column counts the rows: whole numbers in most of them, not always the same, and no row is repeated."""
    if len(values) * 2 < len(rows):
        return False
    known = [found for value in values if (found := number(value)) is not None and math.isfinite(found)]
    numbers = [each for each in known if each == int(each)]
    if len(numbers) * 10 < len(values) * 9:
        return False  # a word or a fraction in one row of many is that row's fault
    if "epoch" in key.lower() and len(numbers) < len(known):
        return False  # fractions of epochs are a curve: the last one is 19.98 where a batch was left out
    if len(values) > 2 and len(set(map(str, values))) == 1:
        return False
    if key.strip().lower() in COUNTERS:
        return _repeated(key, rows) * 2 <= len(rows) - 1
    ups = sum(before < after for before, after in itertools.pairwise(numbers))  # but where a training began again
    return bool(numbers) and ups * 10 >= (len(numbers) - 1) * 9 and max(numbers) < SINCE_1973


def goes_up(values: Sequence[Any]) -> bool:
    """Whether all are whole numbers, each beyond the one before."""
    numbers = [number(value) for value in values]
    found = [each for each in numbers if each is not None and math.isfinite(each) and each == int(each)]
    return len(found) == len(numbers) and all(before < after for before, after in itertools.pairwise(found))


def _repeated(key: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Rows that have a value at the same count, and for mostly the same curves, as the row before: batches of an epoch.

    A row of the training and one of its validation at the same step say different things.
    """
    found = 0
    for before, row in itertools.pairwise(rows):
        count = row.get(key)
        if count is None or count != before.get(key):
            continue
        said, had = (
            {name for name, value in each.items() if value not in ("", None) and name.strip().lower() not in _PLACES}
            for each in (row, before)
        )
        found += len(said & had) * 2 > len(said)
    return found


def seconds(value: Any) -> float | None:
    """A time as seconds: a number of them, or of milli-, micro- or nanoseconds since 1970; or a date, see `_DATE`."""
    found = number(value)
    if found is not None:
        if not math.isfinite(found):
            return None
        for least, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
            if found > least:
                return found / unit
        return found
    said = _DATE.fullmatch(str(value).strip())
    if said is None:
        return None
    year, month, day, last_day, last_month, last_year, hour, minute, second, fraction, zone = said.groups()
    try:
        moment = datetime(
            int(year or last_year), int(month or last_month), int(day or last_day),
            int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc,
        ).timestamp()  # fmt: skip
    except (ValueError, OverflowError):
        return None
    away = 0 if zone in (None, "Z", "z") else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[-2:])) * 60
    return moment + float(f"0.{fraction or 0}") - away
