"""What callers of Visdom give (tensors of any framework, lists, pictures) as arrays and plain JSON values."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import WindowArgumentError, message
from tracker.values import arrays

Array = npt.NDArray[Any]

_PLAIN = frozenset({int, float, str, bool, type(None)})
_MAX_DEPTH = 64


def refused(call: str, sentence: str, expected: object, got: object, hint: str = "") -> WindowArgumentError:
    """The error that says what a call of Visdom's was given, and what it takes."""
    got = "nothing" if got is None else got
    return WindowArgumentError(message(f"{call}: {sentence}", expected=expected, got=got, hint=hint))


def numbers(values: Any, call: str, name: str) -> Array:
    """Numbers of any framework as NumPy's, of the shape that they have; what is masked is NaN.

    Raises:
        WindowArgumentError: they are none.
    """
    if values is None:
        raise refused(call, f"{name} is missing.", "numbers: an array, a tensor or a list", None)
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "biuf":
        return np.ma.filled(values.astype(np.float64), np.nan)
    if isinstance(values, (list, tuple)) and any(arrays.is_array(each) for each in values):
        values = [numbers(each, call, name) for each in values]  # of tensors that record, NumPy makes nothing
    try:
        array, xp = arrays.real_array(values, name)
    except TypeError as error:
        raise refused(
            call, f"{name} is no array of numbers.", "numbers of one shape", arrays.describe(values)
        ) from error
    return array if xp is np else array.get()  # type: ignore[no-any-return]


def texts(values: Any, call: str, name: str) -> list[str]:
    """A list of words, such as names of lines, whatever holds them.

    Raises:
        WindowArgumentError: it is one word, or cannot be gone through.
    """
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise refused(call, f"{name} is no list of names.", '["train", "test"]', arrays.describe(values))
    return [each if type(each) is str else coerce.text(each) for each in listed(values)]


def listed(values: Any) -> list[Any]:
    """A list of Python's own values, of a list, a tuple or an array."""
    found = values.tolist() if hasattr(values, "tolist") else list(values)
    return found if isinstance(found, list) else [found]


def with_gaps(array: Array) -> Any:
    """Lists of numbers in which NaN is None, as JSON has it: a gap in a line, no cell in a heat map."""
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            gaps = array.astype(object)
            gaps[missing] = None
            return gaps.tolist()
    return array.tolist()


def plain(value: Any, depth: int = 0) -> Any:
    """Any value as JSON values: arrays are lists, keys texts, and what JSON has no word for is its text."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {key if type(key) is str else coerce.text(key): plain(each, depth + 1) for key, each in value.items()}
    if kind is list and _PLAIN.issuperset(map(type, value)):  # the points of a line: a million in 20 ms
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each, depth + 1) for each in value]
    if arrays.is_array(value) or isinstance(value, np.generic):
        try:
            return plain(arrays.listable(value).tolist(), depth + 1)
        except Exception:  # noqa: BLE001 a foreign array that cannot be listed is what it says of itself
            return coerce.text(value)
    if isinstance(value, (bool, str)):
        return coerce.text(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else coerce.text(value)


def without_nones(value: Any) -> Any:
    """A dictionary without what was not said, at every depth; lists are left as they are."""
    if not isinstance(value, dict):
        return value
    return {key: without_nones(each) for key, each in value.items() if each is not None}


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, (int, float, np.number)) and math.isfinite(value)


def new_window() -> str:
    """A name for a window that was given none."""
    return f"window_{uuid.uuid4().hex[:14]}"


def one_for_each(names: Sequence[Any], count: int, call: str, name: str, of: str) -> None:
    """Checks that there are as many names as there are things to name.

    Raises:
        WindowArgumentError: there are more, or fewer.
    """
    if len(names) != count:
        raise refused(call, f"opts.{name} does not name each of the {of}.", f"{count} names", f"{len(names)}")
