"""Which column of a table counts its steps, and which says when: decided once, by all rows.

Row by row a column `epoch` of 0.1, 0.2, … puts all points on step 0, and `time` in seconds since the start puts them
into 1970. A column that is neither is a curve like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tracker.foreign.log import number

STEPS = ("step", "global_step", "_step", "trainer/global_step", "iteration", "iter", "epoch", "index")
"""Columns that count, in the order in which they are believed."""

TIMES = ("wall_time", "walltime", "wall time", "_timestamp", "timestamp", "time", "created_at", "date", "t")

SINCE_1973 = 1e8
"""Seconds; a smaller number is no moment of a training but a time since its start."""


@dataclass(frozen=True)
class Axis:
    """How the rows of a table are placed.

    Attributes:
        counter: The column of steps; None where a row's place is its step.
        clock: The column of times; None where all are as old as the file.
        start: Of a clock that runs from the start of the training: when that was, in seconds since the epoch.
        modified: When the file was last written, in seconds since the epoch.
    """

    counter: str | None
    clock: str | None
    start: float | None
    modified: float

    @property
    def taken(self) -> set[str]:
        """Columns that are no curves of their own: a time since the start is one."""
        return {each for each in (self.counter, self.clock if self.start is None else None) if each is not None}

    def step(self, row: Mapping[str, Any], place: int, last: Any) -> Any:
        """What stands for a row's step; one that says none belongs to the row before."""
        said = row.get(self.counter) if self.counter is not None else None
        if said is not None and said != "":
            return said
        return place if self.counter is None or last is None else last

    def wall_time(self, row: Mapping[str, Any]) -> float:
        """When a row was logged, in seconds since the epoch."""
        found = seconds(row.get(self.clock)) if self.clock is not None else None
        if found is None:
            return self.modified
        return found if self.start is None else self.start + found


def axis_of(rows: Sequence[Mapping[str, Any]], modified: float, start: float | None = None) -> Axis:
    """Looks at all rows.

    Args:
        rows: Values by column; one that is empty is None, "" or not there.
        modified: When the file was last written, in seconds since the epoch.
        start: When the training began, if the file says so.
    """
    columns: dict[str, tuple[str, list[Any]]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None and value != "":
                columns.setdefault(str(name).strip().lower(), (name, []))[1].append(value)
    counter = next((columns[name][0] for name in STEPS if name in columns and _counts(columns[name][1], rows)), None)
    for name in TIMES:
        if name not in columns or columns[name][0] == counter:
            continue
        key, values = columns[name]
        times = [seconds(value) for value in values]
        known = [each for each in times if each is not None]
        if not known or len(known) * 2 < len(values):
            continue
        if min(known) >= SINCE_1973:
            return Axis(counter, key, None, modified)
        if max(known) < SINCE_1973 and min(known) >= 0 and (start is not None or known == sorted(known)):
            return Axis(counter, key, modified - known[-1] if start is None else start, modified)
    return Axis(counter, None, None, modified)


def _counts(values: list[Any], rows: Sequence[Any]) -> bool:
    """Whether a column counts: whole numbers in most rows, and not always the same one."""
    if len(values) * 2 < len(rows):
        return False
    numbers = [found for value in values if (found := number(value)) is not None and math.isfinite(found)]
    if len(numbers) * 10 < len(values) * 9 or any(each != int(each) for each in numbers):
        return False  # a word in one row of many is that row's fault, a fraction says that it is a curve
    return len(values) < 3 or len(set(map(str, values))) > 1


def seconds(value: Any) -> float | None:
    """A time as seconds: a number of them, or of milli-, micro- or nanoseconds since 1970; or a date as in ISO 8601."""
    found = number(value)
    if found is not None:
        if not math.isfinite(found):
            return None
        for least, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
            if found > least:
                return found / unit
        return found
    try:
        moment = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None
