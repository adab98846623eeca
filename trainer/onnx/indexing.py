"""x[index] in ONNX: slices, single places, new axes, and rows that another value names."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.onnx.call import Call
from trainer.onnx.passes import Batch
from trainer.onnx.tape import Ref

_END = np.iinfo(np.int64).max
_BEFORE_ALL = np.iinfo(np.int64).min


def get_item(call: Call) -> str:
    """What x[index] is."""
    x = call.inputs[0]
    rank = len(call.sizes_of(x))
    parts = _whole(call, rank)
    rows = [part for part in parts if isinstance(part, Ref)]
    numbers = [part for part in parts if isinstance(part, int)]
    if len(rows) > 1 or (rows and numbers) or any(call.dtype_of(row).kind not in "iu" for row in rows):
        hint = "try trainer.where(mask, x, 0) for a mask, or one axis after the other"
        raise call.refuse("with a mask, or arrays for several axes, has no counterpart here", hint)
    name = call.name(x)
    if len(numbers) == 1 and all(part == slice(None) for part in parts if not isinstance(part, int)):
        axis = next(i for i, part in enumerate(parts) if isinstance(part, int))
        return call.node("Gather", name, call.constant(np.array(parts[axis], np.int64)), axis=axis)
    along = [part for part in parts if part is not None]
    name = _sliced(call, name, along)
    for axis, part in enumerate(along):
        if isinstance(part, Ref):
            name = call.node("Gather", name, call.name(part), axis=axis)
    gone = [axis for axis, part in enumerate(along) if isinstance(part, int)]
    if gone:
        name = call.node("Squeeze", name, call.lengths(*gone))
    new = _new_axes(call, parts)
    return call.node("Unsqueeze", name, call.lengths(*new)) if new else name


def _whole(call: Call, rank: int) -> list[Any]:
    """The index with a part for each axis: a number, a slice, a value of rows; and None for each new axis."""
    index = call.options["index"]
    parts = list(index) if type(index) is tuple else [index]
    given = sum(part is not None and part is not Ellipsis for part in parts)
    rest: list[Any] = [slice(None)] * (rank - given)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    parts = [*parts, *rest] if at is None else [*parts[:at], *rest, *parts[at + 1 :]]
    return [_number(call, part) for part in parts]


def _number(call: Call, part: Any) -> Any:
    """A part of an index as a Python number where it is one."""
    if isinstance(part, Ref) and not call.sizes_of(part) and call.dtype_of(part).kind in "iu":
        fixed = call.fixed(part)
        return part if fixed is None else int(fixed)
    return part


def _sliced(call: Call, name: str, parts: list[Any]) -> str:
    """Cut along the axes that are not taken whole; of a single place, a slice of length 1."""
    starts, stops, steps, axes = [], [], [], []
    for axis, part in enumerate(parts):
        if isinstance(part, int) or (isinstance(part, slice) and part != slice(None)):
            start, stop, step = _ends(part)
            starts.append(start)
            stops.append(stop)
            steps.append(step)
            axes.append(axis)
    if not axes:
        return name
    return call.node("Slice", name, *(call.lengths(*each) for each in (starts, stops, axes, steps)))


def _ends(part: Any) -> tuple[int | Batch, int | Batch, int]:
    """Start, stop and step as ONNX has them, where an end that is left out is beyond all."""
    if isinstance(part, int):
        return part, _END if part == -1 else part + 1, 1
    step = 1 if part.step is None else part.step
    start = (0 if step > 0 else _END) if part.start is None else part.start
    stop = (_END if step > 0 else _BEFORE_ALL) if part.stop is None else part.stop
    return start, stop, step


def _new_axes(call: Call, parts: list[Any]) -> list[int]:
    """Where the new axes are in the result."""
    found, axis = [], 0
    for part in parts:
        if part is None:
            found.append(axis)
        axis += len(call.sizes_of(part)) if isinstance(part, Ref) else 0 if isinstance(part, int) else 1
    return found
