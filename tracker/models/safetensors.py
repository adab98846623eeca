"""Arrays as a safetensors file, in parts: the weights of a model are written from where they are, and never joined.

A file is: uint64 length of the head, the head (JSON: each name with "dtype", "shape" and "data_offsets" behind the
head), then the arrays, row by row, little-endian.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message

_NAMES = {
    "<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<i4": "I32", "<i2": "I16", "|i1": "I8", "<u8": "U64",
    "<u4": "U32", "<u2": "U16", "|u1": "U8", "|b1": "BOOL",
}  # fmt: skip
_ALIGNMENT = 8


def parts(arrays: Mapping[str, npt.NDArray[Any]]) -> list[bytes | memoryview]:
    """The bytes of a file that holds arrays under their names.

    Raises:
        ModelError: one is of a dtype that the format does not have.
    """
    head: dict[str, Any] = {}
    bodies: list[bytes | memoryview] = []
    offset = 0
    for name, value in arrays.items():
        array = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        kind = _NAMES.get(array.dtype.str)
        if kind is None:
            raise ModelError(message(f"log_model: {name} cannot be kept.", expected="numbers", got=value.dtype))
        head[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        if array.nbytes:  # an empty one cannot be looked at as bytes
            bodies.append(array.reshape(-1).view(np.uint8).data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return [len(text).to_bytes(8, "little") + text, *bodies]
