"""The door: whatever text, whole number, step, time or JSON value a caller gives becomes a plain one of Python's here.

Everything that enters the store passes on the caller's line. What comes out holds no code of the caller's, so that
nothing later can raise, change or be refused by a database: a `str` that is UTF-8, an `int`, a `float`, and lists and
dictionaries of those.
"""

from __future__ import annotations

import dataclasses
import json
import math
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import islice
from typing import Any

import numpy as np

from tracker.errors import LoggedTypeError, LoggedValueError, StepError, TrackerError, message
from tracker.values import arrays

STEP_MIN, STEP_MAX = -(1 << 63), (1 << 63) - 1

MAX_TEXT = 1_000_000
"""Characters of any text: SQLite refuses 10⁹ bytes, and nobody reads a million."""

MAX_SETTING = 50_000
"""Characters of a text among JSON values, a prompt or a file of settings: each list of runs reads all of them."""

MAX_SETTINGS_TEXT = 2_000_000
MAX_ITEMS = 100_000
"""Values in one configuration. Lists that hold one another ten times over have 10¹⁶ at depth 16."""

MAX_LISTED = 1_000
"""Numbers of an array among JSON values: it is to be recognised there, and is no place for weights."""

MAX_KEY = 1_000
MAX_DEPTH = 16

DIGITS_BITS = 2_100
"""Whole numbers up to here, 632 digits, are kept as digits. Python may be told to refuse to read more than 640."""

_EXACT = (("decimal", "Decimal"), ("fractions", "Fraction"))

_HALF = re.compile("[\ud800-\udfff]")


# --- texts -------------------------------------------------------------------------------------------


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """A text as it can be stored, or what a value of another kind says of itself. Never raises.

    Half a character (a lone surrogate, as in names of files that are not UTF-8) becomes its escape, `\\udce9`. What is
    longer than `limit` characters is cut, and ends in how long it was.
    """
    found = value if type(value) is str else _said(value, limit)
    if len(found) > limit:
        found = f"{found[:limit]}… ({len(found):,} characters)"
    if found.isascii():
        return found
    try:
        found.encode()
        return found
    except UnicodeEncodeError:
        return found.encode("utf-8", "backslashreplace").decode()


def _said(value: Any, limit: int) -> str:
    try:
        if isinstance(value, str):
            return str.__str__(value)  # its characters, whatever a subclass makes of them
        if isinstance(value, int) and not isinstance(value, (bool, Enum)):
            return _digits(int.__index__(value))
        if isinstance(value, (bytes, bytearray)):
            return repr(bytes(value[:limit])) + ("" if len(value) <= limit else f"… ({len(value):,} bytes)")
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 a foreign object that cannot say what it is must not stop a training
        return f"<{arrays.kind_of(value)}>"


def _digits(whole: int) -> str:
    return int.__repr__(whole) if whole.bit_length() <= DIGITS_BITS else hex(whole)


# --- numbers -----------------------------------------------------------------------------------------


def step(value: Any) -> int:
    """A step as an int. Whole numbers of any kind are taken, floats and arrays and tensors of one among them.

    Raises:
        StepError: it is no whole number of 64 bits.
    """
    try:
        whole = _whole(value)
    except Exception:  # noqa: BLE001 whatever a foreign object's conversion raises: it is no step to us
        whole = None
    if whole is None or not STEP_MIN <= whole <= STEP_MAX:
        raise StepError(
            message("step must be a whole number of 64 bits.", expected="an int, such as 1200", got=_shown(value))
        )
    return whole


def _shown(value: Any) -> str:
    """What was given, in a few words of an error message."""
    try:
        return text(repr(value))[:120]
    except Exception:  # noqa: BLE001 a repr that raises must not hide the error it was asked for
        return f"<{arrays.kind_of(value)}>"


def _whole(value: Any) -> int | None:
    if isinstance(value, int):
        return int.__index__(value)
    if isinstance(value, np.longdouble):  # it has digits that no float64 has
        return int(value) if value == int(value) else None
    single = arrays.single(value)
    if isinstance(single, float) or _is_exact(single):  # 3.0, as step counters of other frameworks are
        whole = int(single)
        return whole if whole == single else None
    return int.__index__(operator.index(single))


def _is_exact(value: Any) -> bool:
    """Whether it is a decimal or a fraction: who has one has loaded its module, for which others need not wait."""
    kinds = (getattr(sys.modules.get(module), kind, ()) for module, kind in _EXACT)
    return any(isinstance(value, kind) for kind in kinds)


def wall_time(value: Any) -> float:
    """A time as seconds since the epoch.

    Raises:
        LoggedValueError: it is no finite number.
    """
    try:
        seconds = value if type(value) is float else arrays.real(arrays.single(value))
    except Exception:  # noqa: BLE001 as above
        seconds = math.nan
    if not math.isfinite(seconds):
        raise LoggedValueError(
            message("wall_time must be a time.", expected="finite seconds since 1970-01-01 UTC", got=_shown(value))
        )
    return seconds


# --- mistakes ----------------------------------------------------------------------------------------


def mistake(call: str, error: Exception) -> Exception:
    """What to raise for what came up while a caller's arguments were made into values: an error by name.

    An argument may be of any kind and raise anything when it is looked at. Named errors, and what the system says of a
    file that was named, stay as they are.

    Args:
        call: What was called, as the caller wrote it.
        error: What came up.
    """
    if isinstance(error, (TrackerError, OSError, MemoryError)):
        return error
    kind = LoggedTypeError if isinstance(error, (TypeError, AttributeError, LookupError)) else LoggedValueError
    said = f"{type(error).__name__}: {_shown_error(error)}"
    return kind(message(f"{call}: an argument is not what it should be.", got=said, hint="Its docstring says what is."))


def _shown_error(error: Exception) -> str:
    return text(error, 300).replace("\n", " ")


# --- JSON values -------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Any value as JSON values; what JSON cannot hold becomes its text. Never raises.

    Whole numbers are kept to the last digit (as a text of hexadecimal digits beyond 632 decimal ones); NaN and ±inf
    become their words, arrays and tensors lists of their first thousand numbers. What is cut says so:
    "… (n characters)", "… (n items)". A value that holds itself, or is nested deeper than 16, is "…" there.
    """
    return _Conversion(MAX_ITEMS, MAX_SETTING, MAX_SETTINGS_TEXT).value(value, 0)


def plain_items(items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Named values as a dictionary of JSON values; see `plain`. Raises only what iterating `items` does."""
    return _Conversion(MAX_ITEMS, MAX_SETTING, MAX_SETTINGS_TEXT).named(items, 1)


_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # `json.dumps` makes one for each call


def dumps(value: Any) -> str:
    """JSON of values that are plain already, or nearly so: whatever is not becomes so, as in `plain`, but uncut."""
    try:
        found = _ENCODE(value)
    except Exception:  # noqa: BLE001 anything that JSON cannot hold, by any of its errors
        uncut = 1 << 62
        plain_one = _Conversion(uncut, uncut, uncut).value(value, 0)
        found = _ENCODE(plain_one)
    return escaped(found)


def escaped(written: str) -> str:
    """JSON as it can be stored: halves of characters, which stand in its strings only, as their escapes there."""
    return written if written.isascii() else _HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", written)


class _Conversion:
    """One configuration on its way to JSON values, with the room that is left."""

    def __init__(self, items: int, longest: int, characters: int) -> None:
        self._items = items
        self._longest = longest
        self._characters = characters
        self._within: set[int] = set()

    def value(self, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return self._text(value)
        if kind is int:
            return value if value.bit_length() <= DIGITS_BITS else self._text(hex(value))
        if kind is float:
            return value if math.isfinite(value) else str(value)
        try:
            return self._foreign(value, depth)
        except Exception:  # noqa: BLE001 as of a text: it becomes what can still be said of it
            return self._text(value)

    def named(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            self._items -= 1
            if self._items < 0:
                found["…"] = "more than can be kept"
                break
            name = text(key, MAX_KEY)
            if name in found:  # 1 and "1"
                name = next(f"{name} ({n})" for n in range(2, len(found) + 3) if f"{name} ({n})" not in found)
            found[name] = self.value(value, depth)
        return found

    def _text(self, value: Any) -> str:
        found = text(value, max(0, min(self._longest, self._characters)))
        self._characters -= len(found)
        return found

    def _foreign(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (np.generic, np.ndarray)) or arrays.is_array(value):
            return self._array(arrays.listable(value), depth)
        if isinstance(value, int):  # IntEnum among them
            return self.value(int.__index__(value), depth)
        if isinstance(value, float):
            return self.value(float.__float__(value), depth)
        if isinstance(value, Mapping):
            return self._held(value, depth, lambda: self.named(value.items(), depth + 1))
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._held(value, depth, lambda: self._list(value, depth))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._held(value, depth, lambda: self.named(fields(value), depth + 1))
        return self._text(value)

    def _held(self, holder: Any, depth: int, convert: Callable[[], Any]) -> Any:
        if depth >= MAX_DEPTH or id(holder) in self._within:
            return "…"
        self._within.add(id(holder))
        try:
            return convert()
        finally:
            self._within.discard(id(holder))

    def _list(self, value: Iterable[Any], depth: int) -> list[Any]:
        room = max(0, self._items)
        found = []
        for each in islice(value, room):
            self._items -= 1
            found.append(self.value(each, depth + 1))
            if self._items < 0:
                break
        if len(found) < len(value):  # type: ignore[arg-type]  # lists, tuples and sets only
            found.append(f"… ({len(value):,} items)")  # type: ignore[arg-type]
        return found

    def _array(self, array: Any, depth: int) -> Any:
        """A list of as many of its rows as hold `MAX_LISTED` numbers, and at least one."""
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            single = array.tolist() if isinstance(array, np.ndarray) else array
            return self.value(single, depth) if type(single).__module__ != "numpy" else self._text(single)
        if array.ndim > MAX_DEPTH:
            return self._text(arrays.describe(array))
        row = max(1, math.prod(array.shape[1:]))
        kept = array[: max(1, MAX_LISTED // row)]
        self._items -= len(kept)
        found = [self._array(each, depth + 1) for each in kept] if array.ndim > 1 else self._row(kept, depth)
        return found if len(kept) == len(array) else [*found, f"… ({len(array):,} items)"]

    def _row(self, row: Any, depth: int) -> list[Any]:
        return [self.value(each, depth + 1) if type(each).__module__ != "numpy" else self._text(each)
                for each in row.tolist()]  # fmt: skip


def fields(value: Any) -> Iterable[tuple[str, Any]]:
    """The fields of a dataclass that it has by now."""
    for field in dataclasses.fields(value):
        if hasattr(value, field.name):
            yield field.name, getattr(value, field.name)
