"""What a foreign log gives: numbers and items of series, in our own terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracker.series.sketch import Sketch
from tracker.series.stretch import Points
from tracker.values.value import Medium


class Item(NamedTuple):
    """A value that is not a number, at its place."""

    kind: str
    tag: str
    step: int
    wall_time: float
    content: Sketch | Sequence[Medium]


class MarkFound(NamedTuple):
    """A moment that the log names."""

    step: int
    wall_time: float
    kind: str
    text: str


@dataclass
class Batch:
    """Part of a log, in its order."""

    numbers: list[tuple[str, Points]] = field(default_factory=list)
    """Each tag once."""
    items: list[Item] = field(default_factory=list)
    marks: list[MarkFound] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    """What was not kept, in words, and how often."""
    restart: int | None = None
    """The step from which on all that came before was done again; this batch begins there."""

    def first_time(self) -> float | None:
        """The smallest wall time in it."""
        times = [float(points.wall_time.min()) for _, points in self.numbers if len(points.step)]
        times += [item.wall_time for item in self.items]
        return min(times, default=None)

    def last_time(self) -> float | None:
        """The largest."""
        times = [float(points.wall_time.max()) for _, points in self.numbers if len(points.step)]
        return max([*times, *(item.wall_time for item in self.items)], default=None)
