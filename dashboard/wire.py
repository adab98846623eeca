"""What travels to the page: a JSON head, then packed little-endian columns.

A message is: uint32 length of the head, the head (UTF-8 JSON, padded with spaces so that the columns begin at
a multiple of 8), then the columns as float64, one after the other. Packed columns are a third of the bytes
of JSON lists and need no parsing; float64 keeps values, and steps below 2⁵³, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

MEDIA_TYPE = "application/octet-stream"


def message(head: Mapping[str, Any], columns: Sequence[npt.NDArray[Any]] = ()) -> bytes:
    """A head with the columns it speaks of."""
    text = orjson.dumps(head, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    text += b" " * (-(len(text) + 4) % 8)
    parts = [len(text).to_bytes(4, "little"), text]
    parts += [np.ascontiguousarray(column, "<f8").tobytes() for column in columns]
    return b"".join(parts)


def plain(value: Any) -> Any:
    """JSON values in which NaN and ±inf, which JSON does not have, are the words "NaN", "Infinity", "-Infinity"."""
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()]
    return value
