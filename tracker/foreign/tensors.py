"""Tensors of event files as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError

STRING = 7
_BFLOAT16, _HALF = 14, 19
_DTYPES = {
    1: ("<f4", "float_val"),
    2: ("<f8", "double_val"),
    3: ("<i4", "int_val"),
    4: ("u1", "int_val"),
    5: ("<i2", "int_val"),
    6: ("i1", "int_val"),
    9: ("<i8", "int64_val"),
    10: ("?", "bool_val"),
    _BFLOAT16: ("<u2", "half_val"),
    17: ("<u2", "int_val"),
    _HALF: ("<u2", "half_val"),
    22: ("<u4", "uint32_val"),
    23: ("<u8", "uint64_val"),
}
"""By TensorFlow's number of a type: NumPy's, and the field for values that are not packed into bytes."""

_NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10, "uint16": 17,
    "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip


def shape_of(tensor: Any) -> tuple[int, ...]:
    """A tensor's shape."""
    return tuple(dim.size for dim in tensor.tensor_shape.dim)


def strings_of(tensor: Any) -> list[bytes]:
    """The strings of a tensor of strings, in order."""
    return list(tensor.string_val)


def array_of(tensor: Any) -> npt.NDArray[Any]:
    """A tensor of numbers; bfloat16 as float32.

    Raises:
        DamagedBytesError: its type is not one of numbers, or its bytes are not as many as its shape says.
    """
    if tensor.dtype not in _DTYPES:
        raise DamagedBytesError(f"a tensor of type number {tensor.dtype} cannot be read")
    dtype, name = _DTYPES[tensor.dtype]
    shape = shape_of(tensor)
    if tensor.tensor_content:
        size = len(tensor.tensor_content) // np.dtype(dtype).itemsize * np.dtype(dtype).itemsize
        flat = np.frombuffer(tensor.tensor_content[:size], dtype)
    else:
        with np.errstate(over="ignore"):
            flat = np.array(getattr(tensor, name), np.int64 if name == "half_val" else None).astype(dtype)
    wanted = 1
    for size in shape:  # plain integers: a shape that claims anything must not wrap
        wanted *= size
    if len(flat) == 1 and 1 < wanted <= 1 << 24:
        flat = np.repeat(flat, wanted)  # TensorFlow's way to say that all are the same
    if len(flat) != wanted or any(size < 0 for size in shape):
        raise DamagedBytesError(f"a tensor of shape {shape} holds {len(flat):,} values")
    if tensor.dtype == _BFLOAT16:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    elif tensor.dtype == _HALF:
        flat = flat.view(np.float16)
    return flat.reshape(shape)


def fill(tensor: Any, values: npt.NDArray[Any]) -> None:
    """Writes an array of numbers into a tensor's message."""
    values = np.asarray(values)
    tensor.dtype = _NUMBERS[str(values.dtype)]
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()


def fill_strings(tensor: Any, values: list[bytes], shape: tuple[int, ...]) -> None:
    """Writes strings into a tensor's message."""
    tensor.dtype = STRING
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.string_val.extend(values)
