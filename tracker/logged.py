"""What a call of `log()` holds, checked: numbers and values by tag, a step, a time.

Nothing is stored before all of a call was looked at, so that a mistake costs the whole call and not half of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tracker import errors
from tracker.errors import message
from tracker.values.histogram import Histogram
from tracker.values.scalar import number
from tracker.values.value import Value

STEP_MIN, STEP_MAX = -(1 << 63), (1 << 63) - 1
MAX_DEPTH = 32
"""How deep dictionaries may be nested."""


def checked(values: Any) -> tuple[dict[str, float], list[tuple[str, Value]]]:
    """What a call of `log()` was given, each under its whole tag: its numbers, and its values of other kinds.

    Args:
        values: By tag; nested dictionaries join their keys with "/", a list of images is one value.

    Raises:
        TagError, LoggedTypeError, LoggedValueError: some of it cannot be logged.
    """
    if not isinstance(values, Mapping):
        raise errors.LoggedTypeError(
            message(
                "log() takes a dictionary of values by tag.",
                expected='{"train/loss": 0.25}',
                got=type(values).__name__,
            )
        )
    numbers: dict[str, float] = {}
    others: list[tuple[str, Value]] = []
    for tag, value in _flattened(values, "", 0):
        if isinstance(value, Value):
            others.append((tag, value))
        elif isinstance(value, (list, tuple)) and value and all(isinstance(each, Value) for each in value):
            others.append((tag, _together(tag, value)))
        else:
            numbers[tag] = number(value, tag)
    return numbers, others


def checked_step(step: Any) -> int:
    """A step as an int; whole floats, as step counters of other frameworks are, and arrays of one are taken.

    Raises:
        StepError: it is no whole number of 64 bits.
    """
    whole: int | None = None
    if isinstance(step, int):
        whole = int(step)
    elif not isinstance(step, (str, bytes)):
        try:
            whole = step.__index__()
        except (AttributeError, TypeError, ValueError):
            value = getattr(step, "item", lambda: step)() if getattr(step, "size", 1) == 1 else step
            if isinstance(value, float) and value.is_integer():
                whole = int(value)  # 3.0, as step counters of other frameworks are
    if whole is None or not STEP_MIN <= whole <= STEP_MAX:
        raise errors.StepError(
            message("step must be a whole number of 64 bits.", expected="an int, such as 1200", got=repr(step)[:120])
        )
    return whole


def checked_time(wall_time: Any) -> float:
    """A time as seconds since the epoch.

    Raises:
        LoggedValueError: it is no finite number.
    """
    if not isinstance(wall_time, (int, float)) or not math.isfinite(wall_time):
        raise errors.LoggedValueError(
            message("wall_time must be a time.", expected="finite seconds since 1970-01-01 UTC", got=repr(wall_time))
        )
    return float(wall_time)


def _flattened(values: Mapping[Any, Any], prefix: str, depth: int) -> list[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        raise errors.LoggedValueError(
            message(
                "log(): the dictionaries are nested too deeply.",
                expected=f"at most {MAX_DEPTH} levels",
                got=f"{prefix[:60]}…",
            )
        )
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        if not isinstance(key, str) or not key:
            raise errors.TagError(
                message(
                    "A tag must be text.",
                    expected="a string that is not empty, such as train/loss",
                    got=repr(key)[:120],
                )
            )
        tag = prefix + (key if key.isascii() else _storable(key))
        if type(value) is not float and isinstance(
            value, Mapping
        ):  # asking an abstract class takes as long as the rest
            found += _flattened(value, f"{tag}/", depth + 1)
        else:
            found.append((tag, value))
    if depth == 0 and len(dict(found)) != len(found):
        twice = Counter(tag for tag, _ in found).most_common(1)[0][0]
        raise errors.TagError(
            message(
                "Two values of this call have the same tag once nested keys are joined.",
                expected="each tag once",
                got=repr(twice),
            )
        )
    return found


def _storable(key: str) -> str:
    try:
        key.encode()
        return key
    except UnicodeEncodeError:  # half a character, as file names can hold: shown as its escape
        return key.encode("utf-8", "backslashreplace").decode()


def _together(tag: str, values: Sequence[Value]) -> Value:
    """A list of values under one tag as one value: histograms merged, others side by side."""
    kinds = sorted({value.kind for value in values})
    if len(kinds) > 1:
        raise errors.LoggedTypeError(
            message(
                f"{tag!r}: a list holds values of one kind.",
                expected="images only, for example",
                got=" and ".join(kinds),
            )
        )
    histograms = [value for value in values if isinstance(value, Histogram)]
    if histograms:
        return Histogram.merged(histograms)
    return values[0] if len(values) == 1 else _Several(values)


class _Several(Value):
    """A list of values of one kind under one tag, as they will be shown: side by side."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = values
        self.kind = values[0].kind

    @property
    def n_bytes(self) -> int:
        return sum(value.n_bytes for value in self.values)

    def encode(self) -> list[Any]:
        return [item for value in self.values for item in value.encode()]
