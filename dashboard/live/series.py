"""How far each series of a segment goes, in columns: a thousand runs of a hundred tags are 3 MB and not 60."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from dashboard.live.headline import headline
from tracker.errors import DamagedBytesError
from tracker.name_order import naturally
from tracker.store.read.segments import MOST_SERIES
from tracker.values.pane import POINTS

ROW = np.dtype([("count", "<i8"), ("step", "<i8"), ("wall_time", "<f8"), ("value", "<f8")])
"""Of one series: its points, and the last of them; of a series of another kind than scalars the value is NaN."""

UNREAD = -1
"""In place of a count: the series is there, how far it goes was not read yet."""


def is_of_training(kind: str, tag: str) -> bool:
    """Whether a series is a curve whose steps are those of the training: those of a pane's points count them."""
    return kind == "scalar" and not tag.startswith(POINTS)


@dataclass(slots=True)
class Series:
    """A series of one segment as far as it is known."""

    kind: str
    tag: str
    count: int = 0
    last: tuple[int, float, float] | None = None
    """Step, wall time and value of the last point; of a series of another kind the value is NaN."""


@dataclass(frozen=True, eq=False)
class Names:
    """The series of a segment: (number, kind, tag) each. Runs of one sweep share one object."""

    entries: tuple[tuple[int, str, str], ...]

    @cached_property
    def places(self) -> dict[tuple[str, str], int]:
        """Where each (kind, tag) stands."""
        return {(kind, tag): place for place, (_, kind, tag) in enumerate(self.entries)}

    @cached_property
    def headline(self) -> int | None:
        """The number of the series that the list of runs shows; None without any curve."""
        chosen = headline(self.by_kind.get("scalar", ()))
        return None if chosen is None else self.entries[self.places["scalar", chosen]][0]

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Where each number stands."""
        return {number: place for place, (number, _, _) in enumerate(self.entries)}

    @cached_property
    def scalars(self) -> npt.NDArray[np.bool_]:
        """Which of them are curves over the steps of the training."""
        return np.array([is_of_training(kind, tag) for _, kind, tag in self.entries], bool)

    @cached_property
    def by_kind(self) -> dict[str, list[str]]:
        """Tags by kind, each in their order."""
        found: dict[str, list[str]] = {}
        for _, kind, tag in self.entries:
            found.setdefault(kind, []).append(tag)
        return {kind: naturally(tags) for kind, tags in found.items()}


class NamePool:
    """One object for each set of names, however many segments have it."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[int, str, str], ...], Names] = {}

    def of(self, entries: Iterable[tuple[int, str, str]]) -> Names:
        """The names with these entries."""
        key = tuple(islice(entries, MOST_SERIES + 1))
        if len(key) > MOST_SERIES:
            raise DamagedBytesError("it holds more series than any run")
        for number, kind, tag in key:
            if not (isinstance(number, int) and isinstance(kind, str) and isinstance(tag, str)):
                raise DamagedBytesError("a series whose name is no text")
        if key not in self._known:
            self._known[key] = Names(key)
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the series of a segment go."""

    names: Names
    rows: npt.NDArray[np.void]
    """One of `ROW` for each entry of the names."""

    @classmethod
    def unread(cls, names: Names) -> Extent:
        """Of series of which nothing but the names was read."""
        rows = np.zeros(len(names.entries), ROW)
        rows["count"] = UNREAD
        return cls(names, rows)

    @property
    def is_read(self) -> bool:
        """Whether all of it was read."""
        return bool((self.rows["count"] != UNREAD).all())

    @property
    def is_whole(self) -> bool:
        """Whether every series that has a name has a point, or may have one."""
        return bool((self.rows["count"] != 0).all())

    def put(self, number: int, count: int, step: int, wall_time: float, value: float | None) -> None:
        """Notes how far a series goes."""
        self.rows[self.names.numbers[number]] = (count, step, wall_time, np.nan if value is None else value)

    def last(self, tag: str) -> tuple[int, float, float] | None:
        """Step, wall time and value of a curve's last point; None where there is none, or none was read."""
        place = self.names.places.get(("scalar", tag))
        if place is None or self.rows["count"][place] <= 0:
            return None
        row = self.rows[place]
        return int(row["step"]), float(row["wall_time"]), float(row["value"])

    def series(self) -> dict[int, Series]:
        """The same as an object for each, by number."""
        found = {}
        for (number, kind, tag), (count, step, wall_time, value) in zip(
            self.names.entries, self.rows.tolist(), strict=True
        ):
            found[number] = Series(kind, tag, count, (step, wall_time, value) if count > 0 else None)
        return found


def extent_of(pool: NamePool, series: dict[int, Series]) -> Extent:
    """The columns of such objects."""
    names = pool.of((number, each.kind, each.tag) for number, each in series.items())
    rows = np.array([(each.count, *(each.last or (0, 0.0, np.nan))) for each in series.values()], ROW)
    return Extent(names, rows)
