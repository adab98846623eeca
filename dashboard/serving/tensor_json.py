"""Tensors as TensorFlow Serving writes them in JSON: nested lists, NaN and Infinity as words without quotes, bytes as
base64. Pure: a value becomes an array that fits what a signature says, or a sentence that says why not."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from dashboard.serving.refusal import RefusedError

MAX_LISTS = 4_000_000
"""Lists and objects in a body: 56 bytes and more each, of which the smallest are written in three."""

MAX_VALUES = 1 << 24
"""Numbers in a body: 32 bytes each while they are read, of which the smallest are written in two."""

MAX_AXES = 32

EXACT_FLOAT32 = (1 << 24) - 1
"""Whole numbers that a float32 holds; as TensorFlow Serving counts."""

EXACT_FLOAT64 = (1 << 53) - 1

_TYPES: dict[str, set[type]] = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}}
"""What JSON may say of each kind of number."""


def parsed(body: bytes | memoryview) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        RefusedError: it is none, or would become too large.
    """
    text = bytes(body)
    if not text.strip():
        raise RefusedError(400, "The request has no body: expected a JSON object.")
    if text.count(b"[") + text.count(b"{") > MAX_LISTS or text.count(b",") > MAX_VALUES:
        raise RefusedError(413, f"The request holds more than {MAX_LISTS:,} lists or {MAX_VALUES:,} numbers.")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in text and b"Infinity" not in text:
            raise RefusedError(400, f"The request is not JSON: {error}") from error
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise RefusedError(400, f"The request is not JSON: {problem!s:.200}") from problem
    if not isinstance(found, dict):
        raise RefusedError(400, f"The request is not a JSON object but {kind_of(found)}.")
    return found


def array_of(value: Any, tensor: Mapping[str, Any]) -> npt.NDArray[Any]:
    """What nested lists say of a tensor, in its dtype.

    Args:
        value: A JSON value.
        tensor: What the signature says: {name, dtype, shape}.

    Raises:
        RefusedError: lists of different lengths, values of another kind, or another shape than it has.
    """
    name = tensor["name"]
    shape, flat = flattened(value, name)
    check_shape(shape, tensor)
    return filled(flat, tensor["dtype"], name).reshape(shape)


def flattened(value: Any, name: str) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists, and what is in them in order.

    Raises:
        RefusedError: they have different lengths at one level, or values stand beside lists.
    """
    if not isinstance(value, list):
        return (), [value]
    shape, flat = [len(value)], value
    while flat and isinstance(flat[0], list):
        if len(shape) == MAX_AXES:
            raise RefusedError(400, f"{name}: lists are nested in more than {MAX_AXES} levels.")
        if set(map(type, flat)) != {list}:
            other = next(each for each in flat if not isinstance(each, list))
            raise RefusedError(400, f"{name}: {kind_of(other)} stands beside lists at level {len(shape)}.")
        lengths = set(map(len, flat))
        if len(lengths) != 1:
            few = ", ".join(map(str, sorted(lengths)[:5]))
            raise RefusedError(400, f"{name}: lists of different lengths ({few}) at level {len(shape)}.")
        shape.append(lengths.pop())
        flat = list(chain.from_iterable(flat))
    if list in set(map(type, flat)):
        raise RefusedError(400, f"{name}: a list stands beside values at level {len(shape)}.")
    return tuple(shape), flat


def check_shape(shape: Sequence[int], tensor: Mapping[str, Any]) -> None:
    """Raises:
    RefusedError: a tensor does not have this shape.
    """
    wanted = tensor["shape"]
    if len(shape) == len(wanted) and all(
        size in (None, got) or (axis == 0 and size == 1)  # one row at a time is given to it row by row
        for axis, (size, got) in enumerate(zip(wanted, shape, strict=True))
    ):
        return
    said = ", ".join("any" if size is None else str(size) for size in wanted)
    raise RefusedError(400, f"{tensor['name']}: expected the shape ({said}), got ({', '.join(map(str, shape))}).")


def filled(flat: list[Any], dtype: str, name: str) -> npt.NDArray[Any]:
    """Values as an array of one axis.

    Raises:
        RefusedError: one of them is of another kind, or has more digits than the dtype.
    """
    if dtype == "string":
        return _texts(flat, name)
    target = np.dtype("float32" if dtype == "bfloat16" else dtype)
    types = set(map(type, flat))
    if not types <= _TYPES[target.kind]:
        odd = next(each for each in flat if type(each) not in _TYPES[target.kind])
        raise RefusedError(400, f"{name}: {kind_of(odd)} is not of the type that is expected, {dtype}.")
    if target.kind in "iu" and flat:
        least, most = np.iinfo(target).min, np.iinfo(target).max
        if min(flat) < least or max(flat) > most:
            raise RefusedError(400, f"{name}: a number is out of the range of {dtype}, {least} to {most}.")
        return np.array(flat, target)
    if target.kind == "f" and int in types:
        exact = EXACT_FLOAT64 if target.itemsize == 8 else EXACT_FLOAT32
        whole = flat if types == {int} else [each for each in flat if type(each) is int]
        if max(whole) > exact or min(whole) < -exact:
            raise RefusedError(400, f"{name}: a whole number cannot be {dtype} without loss of digits.")
    wide = np.array(flat, np.float64 if target.kind == "f" else target)
    with np.errstate(over="ignore"):
        found = wide.astype(target)
    if target.kind == "f" and target.itemsize < 8 and not np.array_equal(np.isinf(found), np.isinf(wide)):
        raise RefusedError(400, f"{name}: a number is beyond what {dtype} holds.")
    return found


def _texts(flat: list[Any], name: str) -> npt.NDArray[Any]:
    found = np.empty(len(flat), object)
    for i, value in enumerate(flat):
        if isinstance(value, str):
            found[i] = value
        elif is_base64(value):
            try:
                found[i] = decoded(value, name).decode()
            except UnicodeDecodeError as error:
                raise RefusedError(400, f"{name}: bytes that are no text (UTF-8), which this model takes.") from error
        else:
            raise RefusedError(400, f"{name}: {kind_of(value)} is not of the type that is expected, string.")
    return found


def is_base64(value: Any) -> bool:
    """Whether a JSON value stands for bytes: an object of one key, b64, and a text."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def decoded(value: Mapping[str, str], name: str) -> bytes:
    """The bytes that {"b64": …} stands for.

    Raises:
        RefusedError: it is no base64.
    """
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, f"{name}: b64 is not base64 ({error}).") from error


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    shown = json.dumps(value)[:40] if isinstance(value, (int, float, str, bool)) or value is None else ""
    kinds = {dict: "an object", list: "a list", str: "the text", bool: "the value", type(None): "the value"}
    return f"{kinds.get(type(value), 'the number')} {shown}".strip()


# --- and back ------------------------------------------------------------------------------------------


def encoded(array: npt.NDArray[Any], *, as_bytes: bool = False) -> bytes:
    """An array as JSON: float32 in as few digits as tell it apart, NaN and ±Infinity as TensorFlow Serving says them.

    Args:
        array: Numbers or texts.
        as_bytes: Texts as {"b64": …}.

    Raises:
        RefusedError: JSON has no such values.
    """
    if array.dtype.kind in "OSU":
        value = array.tolist()
        return orjson.dumps(_as_base64(value) if as_bytes else value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise RefusedError(400, f"the model answers with values of {array.dtype}, which JSON has not")
    text = orjson.dumps(np.ascontiguousarray(array) if array.ndim else array[()], option=orjson.OPT_SERIALIZE_NUMPY)
    if array.dtype.kind != "f" or b"null" not in text:
        return text
    odd = array[~np.isfinite(array)].tolist()
    words = (b"NaN" if each != each else b"Infinity" if each > 0 else b"-Infinity" for each in odd)
    first, *others = text.split(b"null")
    return first + b"".join(chain.from_iterable(zip(words, others, strict=True)))


def _as_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_base64(each) for each in value]
    data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return {"b64": base64.b64encode(data).decode()}
