"""A foreign log that is read as a whole: its runs, and the putting of what is new of each into ours."""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.errors import LogdirError, message
from tracker.foreign.batch import Batch, Item
from tracker.foreign.intake import Intake
from tracker.plain_text import writable
from tracker.series.stretch import Points
from tracker.store.read.left_out import why

MOST_WARNINGS = 20
"""Sentences on what was met that are kept with a run."""

NO_PLACE = "points without a whole step of 64 bits, or without a time"


@dataclass
class Log:
    """One run of a foreign log, as far as it goes now.

    Attributes:
        run: Its name; empty for what has none, which is then called as its file is.
        config: What it was made with.
        points: (step, wall time, value) of each tag, in the order of the log.
        left_out: What is not kept, in words, and how often.
        fault: Why nothing, or not all, of it could be read; empty where all was.
    """

    run: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    points: dict[str, list[tuple[int, float, float]]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    fault: str = ""

    def add(self, tag: str, step: Any, wall_time: Any, value: Any) -> bool:
        """Appends a point, if the value is a number; words such as "nan" and "Infinity" are.

        One whose step is no whole number of 64 bits, or whose time is none, is counted in `left_out`.
        """
        found = number(value)
        if found is None:
            return False
        at, when = whole(step), number(wall_time)
        if at is None or when is None or not math.isfinite(when):
            self.left_out[NO_PLACE] += 1
        else:
            self.points.setdefault(named(tag), []).append((at, when, found))
        return True

    def add_row(self, row: Mapping[str, Any], step: Any, wall_time: Any, skip: Iterable[str] = ()) -> None:
        """Appends what is a number of a nested dictionary, keys joined by "/"; those of a short list are its places."""
        for tag, value in _flattened(row, ""):
            if tag not in skip and not self.add(tag, step, wall_time, value) and value is not None:
                self.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1

    def warnings(self) -> list[str]:
        """What was not sound or is not kept, a sentence each."""
        return [*([self.fault] if self.fault else []), *(f"{n:,} {what}" for what, n in sorted(self.left_out.items()))]

    @contextlib.contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Within it one part of the log is read, such as a row: what is met there costs that part, which is counted.

        Args:
            what: Such parts, in the plural.
        """
        try:
            yield
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            self.left_out[f"{what} that cannot be read ({why(error)[:LONGEST_SAID]})"] += 1


LONGEST_SAID = 100
"""Characters of what a log holds that stand in a sentence about it."""


def named(tag: str) -> str:
    """A tag as it is kept."""
    return writable(str(tag)) or "untagged"


def number(value: Any) -> float | None:
    """A value as a float; None when it is no number, or a finite one that is beyond all floats."""
    if not isinstance(value, (bool, int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isinf(found) and isinstance(value, str) and "inf" not in value.lower() else found


MOST_ELEMENTS = 32
"""Of a list in a row that become curves: the twelve of COCO's summary do, the predictions for a picture do not."""


def _flattened(row: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}/")
        elif (
            isinstance(value, list) and len(value) <= MOST_ELEMENTS and all(number(each) is not None for each in value)
        ):
            yield from ((f"{prefix}{key}/{place}", each) for place, each in enumerate(value))
        else:
            yield f"{prefix}{key}", value


def put(log: Log, source: Path, folder: Path, run: str, program: str) -> Counter[str]:
    """Puts what is new of a log into a run's folder; how many values of each kind.

    New is what comes behind what was imported before; of a log that was mended since, also what stands between.

    Raises:
        LogdirError: the log is not one that goes on from what was imported of it before.
        OSError, sqlite3.Error: the store cannot be written.
    """
    intake = Intake(folder, run, f"{writable(source.name)} {writable(log.run)}", program)
    known: dict[str, list[Any]] = intake.receipt.get("series", {})
    batch = Batch(config=log.config)
    series: dict[str, list[Any]] = dict(known)
    for tag, points in log.points.items():
        count, *last = known.get(tag, [0])
        if count <= len(points) and (not count or _same(points[count - 1], last)):
            new = points[count:]
        else:
            mended = _between(points, intake.stored("scalar", tag))
            if mended is None:
                raise LogdirError(
                    message(
                        f"{source}: its {tag!r} does not go on from what was imported before.",
                        expected=f"the {count:,} points that are there already, and then more",
                        got=f"{len(points):,} others",
                        hint="Import it into another logdir, or remove the run first.",
                    )
                )
            new = mended
        if new:
            batch.numbers.append((tag, Points.of(*zip(*new, strict=True))))
        series[tag] = [len(points), points[-1][0], repr(points[-1][2])]
    batch.items, kinds = _new_items(log, intake)
    try:
        if batch.numbers or batch.items or (log.config and not intake.receipt):
            place = intake.receipt.get("place", 0) + sum(len(points.step) for _, points in batch.numbers)
            intake.add(
                batch,
                {
                    "place": place,
                    "series": series,
                    "items": len(log.items),
                    "kinds": kinds,
                    "met": log.warnings()[:MOST_WARNINGS],
                },
            )
    finally:
        intake.close()
    return +intake.added


def _between(
    points: list[tuple[int, float, float]], stored: list[tuple[int, str]]
) -> list[tuple[int, float, float]] | None:
    """The points that are not stored yet of a log that was mended; None when what is stored is not all of the log."""
    there = Counter(stored)
    new = []
    for point in points:
        key = point[0], repr(point[2])
        if there[key]:
            there[key] -= 1
        else:
            new.append(point)
    return None if +there else new


def _new_items(log: Log, intake: Intake) -> tuple[list[Item], dict[str, list[int]]]:
    """The items that are not stored yet, and of each kind and tag how many there are and the step of the last."""
    known: dict[str, list[int]] | None = intake.receipt.get("kinds")
    if known is None and intake.receipt.get("items"):  # as it was noted before there were kinds
        known = _counted(log.items[: intake.receipt["items"]])
    known = known or {}
    by_kind: dict[tuple[str, str], list[Item]] = {}
    for item in log.items:
        by_kind.setdefault((item.kind, item.tag), []).append(item)
    new = []
    for (kind, tag), items in by_kind.items():
        count, *last = known.get(f"{kind} {tag}", [0])
        if count <= len(items) and (not count or items[count - 1].step == last[0]):
            new += items[count:]
            continue
        there = Counter(step for step, _ in intake.stored(kind, tag))
        for item in items:
            if there[item.step]:
                there[item.step] -= 1
            else:
                new.append(item)
    return new, {**known, **_counted(log.items)}


def _counted(items: Iterable[Item]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for item in items:
        known = found.setdefault(f"{item.kind} {item.tag}", [0, 0])
        found[f"{item.kind} {item.tag}"] = [known[0] + 1, item.step]
    return found


def _same(point: tuple[int, float, float], last: list[Any]) -> bool:
    """Whether a point is the one that was stored last: its step, and its value to the last digit."""
    return bool(point[0] == last[0] and repr(point[2]) == last[1])


def whole(value: Any) -> int | None:
    """A step, to its last digit; None when it is no whole number of 64 bits."""
    found: int | None = None
    with contextlib.suppress(ValueError):  # "3.0", or no number at all
        found = int(value) if isinstance(value, (int, str)) else None
    if found is None:
        near = number(value)
        found = int(near) if near is not None and near.is_integer() else None
    return found if found is not None and -(2**63) <= found < 2**63 else None


MOST_DIGITS = 1000
"""Of an integer: Python takes time that grows with their square, and refuses more than 4,300."""


def parsed(text: str) -> Any:
    """JSON, or None where it is none; see `parsed_json`."""
    try:
        return parsed_json(text)
    except (ValueError, RecursionError):
        return None


def parsed_json(text: str) -> Any:
    """JSON. NaN and Infinity are taken, as Python's writers put them; an integer of thousands of digits is their text.

    Raises:
        ValueError, RecursionError: it is none, or too deep.
    """
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else digits)
