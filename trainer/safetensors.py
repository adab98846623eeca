"""The safetensors format: a JSON head and bare arrays, which other libraries read and write, and which cannot run.

A file is: uint64 length of the head, the head (each name with "dtype", "shape" and "data_offsets" behind the head),
then the arrays, row by row, little-endian.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from trainer.errors import CheckpointError, DTypeError, sentence

SUFFIX = ".safetensors"
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
# What the format's own reader accepts; a damaged length must not be taken for a reason to allocate.
_MAX_HEAD_BYTES = 100_000_000
_ALIGNMENT = 8


def write(arrays: Mapping[str, Any], file: BinaryIO) -> None:
    """Writes NumPy arrays under their names.

    Raises:
        DTypeError: a value is no array, or one of a dtype that the format does not have.
    """
    head: dict[str, Any] = {}
    parts = []
    offset = 0
    for name, value in arrays.items():
        dtype = getattr(value, "dtype", None)
        known = None if dtype is None else _NAMES.get(np.dtype(dtype).newbyteorder("<"))
        if known is None:
            problem = f"save: {name} cannot be stored in a safetensors file."
            got = type(value).__name__ if dtype is None else f"dtype {dtype}"
            raise DTypeError(sentence(problem, "arrays of floats, integers or bools", got, "try a .npz file"))
        data = np.ascontiguousarray(value, dtype=_DTYPES[known]).tobytes()
        head[name] = {"dtype": known, "shape": list(value.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little") + text)
    for part in parts:
        file.write(part)


def read(file: BinaryIO) -> dict[str, Any]:
    """The arrays of a file by name. bfloat16, which NumPy does not have, becomes float32, exactly.

    Raises:
        ValueError, KeyError, TypeError: the file is damaged or none of this format.
    """
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= _MAX_HEAD_BYTES:
        raise ValueError("no head")
    head = json.loads(file.read(length))
    data = file.read()
    arrays = {}
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        if not 0 <= start <= end <= len(data):
            raise ValueError(f"{name} lies outside of the file")
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(data[start:end], "<u2").astype("<u4") << 16).view("<f4")
        elif entry["dtype"] in _DTYPES:
            array = np.frombuffer(data[start:end], _DTYPES[entry["dtype"]]).copy()
        else:
            raise CheckpointError(
                sentence(f"{name} has a dtype that NumPy cannot hold.", ", ".join(_DTYPES), entry["dtype"])
            )
        arrays[name] = array.reshape(entry["shape"])
    return arrays
