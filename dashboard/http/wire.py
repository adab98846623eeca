"""What travels to the page: a JSON head, then packed little-endian columns.

A message is: uint32 length of the head, the head (UTF-8 JSON, padded with spaces so that the columns begin at
a multiple of 8), then the columns as float64, one after the other. Packed columns are a third of the bytes
of JSON lists and need no parsing; float64 keeps values, and steps below 2⁵³, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from tracker.plain_text import writable

MEDIA_TYPE = "application/octet-stream"

MAX_DEPTH = 100
"""Levels of lists and mappings that are told; the encoder takes 254, and what goes deeper was made to."""

PIECE = 1 << 20

_INT64, _UINT64 = -(1 << 63), 1 << 64


def message(head: Mapping[str, Any], columns: Sequence[npt.NDArray[Any]] = ()) -> bytes:
    """A head with the columns it speaks of."""
    return b"".join(pieces(head, columns))


def pieces(head: Mapping[str, Any], columns: Sequence[npt.NDArray[Any]] = ()) -> Iterator[bytes]:
    """The same in pieces of about a megabyte, so that a large one is never there twice."""
    text = encoded(head)
    text += b" " * (-(len(text) + 4) % 8)
    waiting = [len(text).to_bytes(4, "little"), text]
    size = len(text)
    for column in columns:
        waiting.append(np.ascontiguousarray(column, "<f8").tobytes())
        size += len(waiting[-1])
        if size > PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def encoded(value: Any) -> bytes:
    """JSON, whatever stands in the value: the one way in which anything is told to a page or a program.

    NaN and infinity are null; see `plain` for words. What JSON or the encoder does not have, which is what somebody may
    still have stored, becomes a text: whole numbers beyond 64 bits their digits, as a browser would round them, half
    characters what Python shows of them, other objects their words. What is nested too deeply becomes "…".
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(_tellable(value, 0))


def plain(value: Any) -> Any:
    """JSON values in which NaN and ±inf, which JSON does not have, are the words "NaN", "Infinity", "-Infinity"."""
    try:
        return _worded(value)
    except RecursionError:
        return _worded(_tellable(value, 0))


def _worded(value: Any) -> Any:
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if isinstance(value, Mapping):
        return {key: _worded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worded(each) for each in value]
    if isinstance(value, np.ndarray):
        return [_worded(each) for each in value.tolist()]
    return value


def _tellable(value: Any, depth: int) -> Any:
    """The same with nothing in it that cannot be encoded."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return int(value) if _INT64 <= value < _UINT64 else _digits(value)
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, np.generic):
        return _tellable(value.item(), depth + 1) if depth < MAX_DEPTH else "…"
    if isinstance(value, (Mapping, list, tuple, set, frozenset, np.ndarray)) and depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {writable(str(key)): _tellable(each, depth + 1) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _tellable(value.tolist(), depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_tellable(each, depth + 1) for each in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[:1000]).decode("utf-8", "backslashreplace")
    return writable(str(value))


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python writes no more than 4,300 digits
        return hex(number)
