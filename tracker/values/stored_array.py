"""Arrays as items of a value: the bytes that `numpy.save` writes, never a pickle."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker import door
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
    return Medium(JSON_FORM, attributes, door.dumps(values).encode())


def read(data: bytes) -> npt.NDArray[Any]:
    """The array of an item.

    Raises:
        DamagedBytesError: the bytes are no array.
    """
    try:
        found: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DamagedBytesError(f"these bytes are no array ({error})") from error
    return found
