"""What a call of `log()` holds, checked: numbers and values by tag.

Nothing is stored before all of a call was looked at, so that a mistake costs the whole call and not half of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np

from tracker import coerce, errors
from tracker.errors import message
from tracker.values import arrays
from tracker.values.histogram import Histogram
from tracker.values.scalar import number
from tracker.values.value import Value

MAX_DEPTH = 32
"""How deep dictionaries may be nested."""

MAX_VALUES = 1_000_000
"""Of one call: dictionaries that hold one another twice are 2³² at depth 32."""

MAX_TAG = 100_000
"""Characters of a tag. To cut one would join series that are two."""


def checked(values: Any) -> tuple[dict[str, float], list[tuple[str, Value]]]:
    """What a call of `log()` was given, each under its whole tag: its numbers, and its values of other kinds.

    Args:
        values: By tag; nested dictionaries join their keys with "/", a list of images is one value.

    Raises:
        TagError, LoggedTypeError, LoggedValueError: some of it cannot be logged.
    """
    try:
        return _checked(values)
    except errors.TrackerError:
        raise
    except Exception as error:  # whatever a foreign object raises when it is looked at
        raise errors.LoggedTypeError(
            message("log(): this dictionary cannot be read.", expected="values by tag", got=arrays.describe(values))
        ) from error


def _checked(values: Any) -> tuple[dict[str, float], list[tuple[str, Value]]]:
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
    for key, value in list(values.items()):  # a copy, at once: another thread may be adding to it
        tag = prefix + (key if type(key) is str and key.isascii() and key else _tag(key))
        if len(tag) > MAX_TAG:
            raise errors.TagError(
                message("A tag is too long.", expected=f"at most {MAX_TAG:,} characters", got=f"{len(tag):,}")
            )
        # Asking an abstract class takes as long as the rest.
        if type(value) is not float and isinstance(value, Mapping):
            found += _flattened(value, f"{tag}/", depth + 1)
        else:
            found.append((tag, value))
        if len(found) > MAX_VALUES:
            raise errors.LoggedValueError(
                message("log(): too many values in one call.", expected=f"at most {MAX_VALUES:,}", got="more")
            )
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


def _tag(key: Any) -> str:
    """A key as a part of a tag: texts, and the numbers and names of classes that dictionaries are kept by."""
    if isinstance(key, (str, int, float, np.number, np.bool_, Enum)):
        part = coerce.text(key, MAX_TAG)
        if part:
            return part
    raise errors.TagError(
        message(
            "A tag must be text.",
            expected="a string that is not empty, such as train/loss",
            got=arrays.describe(key),
        )
    )


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
