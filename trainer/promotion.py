"""Which dtype a result has when its inputs differ, and what to say when they do not fit at all.

The rule is PyTorch's, not NumPy's: floats win over integers and integers over bools whatever their width; a number
or a 0-d tensor never widens a tensor that has axes. So float32 weights stay float32 when multiplied by a NumPy float64
scalar, by an int64 count or by 0.5.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.backend import DEFAULT_DTYPE, Array, as_array, device_of
from trainer.errors import ArgumentError, DeviceError, DTypeError, IndexRangeError, ShapeError, TrainerError, sentence
from trainer.tensor import Tensor

# Python numbers have no dtype of their own: next to a float tensor they take the tensor's.
WEAK_NUMBERS = frozenset({bool, int, float})

# NumPy 1 makes float32 scalar * 0.5 a float64; NumPy 2 does not.
OLD_NUMPY = np.lib.NumpyVersion(np.__version__) < "2.0.0"

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def weak_number(number: Any, like: Array) -> Any:
    """A Python number as the dtype of `like`, for 0-d values under NumPy 1."""
    return like.dtype.type(number)


def promoted(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands, at least one a tensor, in a form to compute with: of one dtype, or a float tensor and a number."""
    number_a, number_b = _number(a), _number(b)
    if number_b is not None:
        return _beside_number(a, number_b)
    if number_a is not None:
        tensor, number = _beside_number(b, number_a)
        return number, tensor
    like = a if isinstance(a, Tensor) else b
    first = a if isinstance(a, Tensor) else Tensor(as_array(a, device=like.device))
    second = b if isinstance(b, Tensor) else Tensor(as_array(b, device=like.device))
    dtype = common_dtype((first, second))
    return first.to(dtype), second.to(dtype)


def common_dtype(values: Sequence[Any]) -> Any:
    """The dtype of a result computed from several tensors or arrays."""
    rank = max(_RANK[x.dtype.kind] for x in values)
    highest = [x for x in values if _RANK[x.dtype.kind] == rank]
    with_axes = [x for x in highest if x.ndim] or highest
    return functools.reduce(np.promote_types, (x.dtype for x in with_axes))


def _number(x: Any) -> Any:
    """`x` as a Python number when it is one, NumPy's scalars included; otherwise None."""
    if type(x) in WEAK_NUMBERS:
        return x
    return x.item() if isinstance(x, np.generic) else None


def _beside_number(tensor: Tensor, number: Any) -> tuple[Tensor, Any]:
    """A tensor beside a number: an integer tensor becomes float beside a float."""
    kind = tensor.raw.dtype.kind
    if kind == "f":
        return tensor, number
    if isinstance(number, float):
        return tensor.to(DEFAULT_DTYPE), number
    dtype = np.dtype(np.int64) if kind == "b" and type(number) is int else tensor.raw.dtype
    return tensor.to(dtype), Tensor(np.asarray(number, dtype=dtype), device=tensor.device)


def explain(name: str, raws: Sequence[Any], err: Exception) -> TrainerError:
    """The error to raise when an operation could not be computed, from what NumPy or CuPy said."""
    arrays = [raw for raw in raws if hasattr(raw, "shape")]
    shapes = " and ".join(str(tuple(raw.shape)) for raw in arrays)
    devices = {device_of(raw) for raw in arrays}
    if len(devices) > 1:
        got = " and ".join(device_of(raw) for raw in arrays)
        return DeviceError(sentence(f"{name}: inputs are on different devices.", "one device", got, "try x.to(device)"))
    if type(err).__name__ == "AxisError":
        ndim = arrays[0].ndim
        return ShapeError(sentence(f"{name}: {err}.", f"an axis in [{-ndim}, {ndim})", f"shape {shapes}"))
    if name == "reshape":
        return ShapeError(sentence("reshape: the elements do not fit the new shape.", err, f"shape {shapes}"))
    if isinstance(err, IndexError):
        return IndexRangeError(sentence(f"{name}: {err}.", "an index inside the shape", f"shape {shapes}"))
    if len(arrays) > 1 and "broadcast" in str(err):
        return ShapeError(
            sentence(
                f"{name}: shapes do not fit each other.",
                "axes that are equal or 1, counted from the last",
                shapes,
                "try x.reshape(...) or x.unsqueeze(...) to line the axes up",
            )
        )
    kind = DTypeError if isinstance(err, TypeError) else ArgumentError
    return kind(sentence(f"{name} cannot be computed: {err}", "inputs that fit the operation", f"shape {shapes}"))
