"""Arrays as items of a value: the bytes that `numpy.save` writes, never a pickle."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import DamagedBytesError
from tracker.values.value import Medium

ARRAY_FORM = "application/x-npy"
JSON_FORM = "application/json"


def item(values: npt.ArrayLike, **attributes: Any) -> Medium:
    """An array as one item, with its shape and dtype among the attributes."""
    found = np.asarray(values)
    out = io.BytesIO()
    np.save(out, found, allow_pickle=False)
    return Medium(ARRAY_FORM, {"shape": list(found.shape), "dtype": str(found.dtype), **attributes}, out.getvalue())


def words(values: Any, **attributes: Any) -> Medium:
    """JSON values as one item."""
    return Medium(JSON_FORM, attributes, coerce.dumps(values).encode())


def read(data: bytes) -> npt.NDArray[Any]:
    """The array of an item.

    Raises:
        DamagedBytesError: the bytes are no array of numbers, or claim more of them than they hold.
    """
    try:
        _check_header(data)
        found: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, OverflowError) as error:
        raise DamagedBytesError(f"these bytes are no array ({error})") from error
    return found


def _check_header(data: bytes) -> None:
    """That an array is as large as its bytes: NumPy makes room for what the header claims before it reads."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    # Of no elements each axis but one may still be of any length, and what is made of it as long.
    n_bytes = math.prod(shape) * max(1, dtype.itemsize)
    if n_bytes > len(data) - file.tell() or not 0 <= min(shape, default=0) <= max(shape, default=0) <= len(data):
        raise ValueError(f"a shape of {shape} in {len(data)} bytes")
