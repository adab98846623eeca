"""A foreign log that is read as a whole: its runs, and the putting of what is new of each into ours."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.errors import LogdirError, message
from tracker.foreign.batch import Batch, Item
from tracker.foreign.intake import Intake
from tracker.store.stretch import Points


@dataclass
class Log:
    """One run of a foreign log, as far as it goes now.

    Attributes:
        run: Its name; empty for what has none, which is then called as its file is.
        config: What it was made with.
        points: (step, wall time, value) of each tag, in the order of the log.
        left_out: What is not kept, in words, and how often.
    """

    run: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    points: dict[str, list[tuple[int, float, float]]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, tag: str, step: int, wall_time: float, value: Any) -> bool:
        """Appends a point, if the value is a number; words such as "nan" and "Infinity" are."""
        found = number(value)
        if found is None:
            return False
        self.points.setdefault(tag, []).append((step, wall_time, found))
        return True

    def add_row(self, row: Mapping[str, Any], step: int, wall_time: float, skip: Iterable[str] = ()) -> None:
        """Appends what is a number of a nested dictionary, its keys joined by "/"."""
        for tag, value in _flattened(row, ""):
            if tag not in skip and not self.add(tag, step, wall_time, value) and value is not None:
                self.left_out[f"values of {tag!r} that are no numbers"] += 1


def number(value: Any) -> float | None:
    """A value as a float; None when it is no number."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _flattened(row: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def put(log: Log, source: Path, folder: Path, run: str, program: str) -> Counter[str]:
    """Puts what is new of a log into a run's folder; how many values of each kind.

    Raises:
        LogdirError: the log is not one that goes on from what was imported of it before.
        OSError, sqlite3.Error, SQLAlchemyError: the store cannot be written.
    """
    intake = Intake(folder, run, f"{source.name} {log.run}", program)
    known: dict[str, list[Any]] = intake.receipt.get("series", {})
    batch = Batch(config=log.config)
    series: dict[str, list[Any]] = dict(known)
    for tag, points in log.points.items():
        count, *last = known.get(tag, [0])
        if len(points) < count or (count and not _same(points[count - 1], last)):
            raise LogdirError(
                message(
                    f"{source}: its {tag!r} does not go on from what was imported before.",
                    expected=f"the {count:,} points that are there already, and then more",
                    got=f"{len(points):,} others",
                    hint="Import it into another logdir, or remove the run first.",
                )
            )
        if len(points) > count:
            batch.numbers.append((tag, Points.of(*zip(*points[count:], strict=True))))
        series[tag] = [len(points), points[-1][0], repr(points[-1][2])]
    known_items = intake.receipt.get("items", 0)
    batch.items = log.items[known_items:]
    try:
        if batch.numbers or batch.items or (log.config and not intake.receipt):
            place = sum(each[0] for each in series.values())
            intake.add(batch, {"place": place, "series": series, "items": len(log.items), "met": []})
    finally:
        intake.close()
    return +intake.added


def _same(point: tuple[int, float, float], last: list[Any]) -> bool:
    """Whether a point is the one that was stored last: its step, and its value to the last digit."""
    return bool(point[0] == last[0] and repr(point[2]) == last[1])


def whole(value: Any) -> int | None:
    """A step; None when it is none."""
    found = number(value)
    return int(found) if found is not None and math.isfinite(found) and abs(found) < 2**63 else None


def parsed(text: str) -> Any:
    """JSON, or None where it is none. NaN and Infinity are taken, as Python's writers put them."""
    try:
        return json.loads(text)
    except ValueError:
        return None
