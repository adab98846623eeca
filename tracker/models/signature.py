"""Signature: what a model takes and gives, by name, dtype and shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import ModelError, ModelTypeError, message
from tracker.values import arrays

DTYPES = (
    "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "bool", "string",
)  # fmt: skip
"""What can flow into and out of a model."""

MAX_TENSORS = 1_000
MAX_AXES = 32
MAX_NAME = 500
MAX_ELEMENTS = 1 << 40
"""Of one sample, by the sizes that are said: more is a mistake or an attack."""


class TensorSpec(NamedTuple):
    """One input or output.

    Attributes:
        name: What it is called.
        dtype: One of `DTYPES`.
        shape: Sizes, None for one that may be any; the first axis is the batch.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def as_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}

    @property
    def elements(self) -> int:
        """Numbers in one sample, an axis of any size counted as one."""
        return math.prod(size for size in self.shape[1:] if size is not None)

    @property
    def numpy(self) -> npt.DTypeLike:
        """The dtype that NumPy has for it: bfloat16 comes as float32, text as objects."""
        return {"bfloat16": "float32", "string": "object"}.get(self.dtype, self.dtype)


def of_json(values: Any, what: str) -> tuple[TensorSpec, ...]:
    """Inputs or outputs as they stand in a manifest.

    Args:
        values: A list of {"name", "dtype", "shape"}.
        what: "inputs" or "outputs", for the sentence.

    Raises:
        ModelError: they are no such thing.
    """
    if not isinstance(values, list) or len(values) > MAX_TENSORS:
        raise ModelError(message(f"A model's {what} are not as they should be.", expected="a list of tensors"))
    found = tuple(_tensor(each, what) for each in values)
    if len({each.name for each in found}) != len(found):
        raise ModelError(message(f"Two of a model's {what} have the same name.", got=[each.name for each in found][:5]))
    return found


def _tensor(value: Any, what: str) -> TensorSpec:
    if isinstance(value, dict):
        name, dtype, shape = value.get("name"), value.get("dtype"), value.get("shape")
        sizes_fit = (
            isinstance(shape, (list, tuple)) and len(shape) <= MAX_AXES and all(_is_size(size) for size in shape)
        )
        fits = isinstance(name, str) and 0 < len(name) <= MAX_NAME and dtype in DTYPES and sizes_fit
        if fits and math.prod(size for size in shape if size is not None) <= MAX_ELEMENTS:  # type: ignore[union-attr]
            return TensorSpec(name, dtype, tuple(shape))  # type: ignore[arg-type]
    raise ModelError(
        message(
            f"One of a model's {what} is not as it should be.",
            expected='{"name": "x", "dtype": "float32", "shape": [null, 3]}',
            got=coerce.text(value, 200),
        )
    )


def _is_size(size: Any) -> bool:
    return size is None or (type(size) is int and 0 <= size <= MAX_ELEMENTS)


# --- what a caller says ------------------------------------------------------------------------------


def given(values: Any, what: str, default: str) -> tuple[tuple[TensorSpec, ...], dict[str, npt.NDArray[Any]]]:
    """What a caller says of inputs or outputs: their signature, and the example arrays among them by name.

    Args:
        values: None; an example array, tensor or DataFrame, with the batch on its first axis; a shape such as
            (None, 1, 8, 8); a dtype and a shape, `("int64", (None, 16))`; or a dictionary of these by name.
        what: "inputs" or "outputs", as the caller wrote it.
        default: The name of one that comes alone.

    Raises:
        ModelTypeError, ModelError: it is none of these.
    """
    if values is None:
        return (), {}
    named = dict(values) if isinstance(values, Mapping) else {default: values}
    specs, examples = [], {}
    for key, value in named.items():
        name = coerce.text(key, MAX_NAME)
        dtype, shape, example = _one(value, what)
        specs.append(_tensor({"name": name, "dtype": dtype, "shape": shape}, what))
        if example is not None:
            examples[name] = example
    return of_json([each.as_json() for each in specs], what), examples


def _one(value: Any, what: str) -> tuple[str, tuple[int | None, ...], npt.NDArray[Any] | None]:
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], (list, tuple)):
            return value[0], tuple(value[1]), None
        if value and all(size is None or isinstance(size, (int, np.integer)) for size in value):
            return "float32", tuple(None if size is None else int(size) for size in value), None
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        value = value.to_numpy()  # a DataFrame: a row a sample
    if arrays.is_array(value):
        example = snapshot(value, what)
        if example.ndim == 0:
            raise ModelError(
                message(
                    f"log_model: {what} has no batch axis.",
                    expected="an array whose first axis counts samples",
                    got=arrays.describe(value),
                    hint="Give a batch of one: x[None].",
                )
            )
        return str(example.dtype), (None, *example.shape[1:]), example
    raise ModelTypeError(
        message(
            f"log_model: {what} is no array, shape or dictionary of these.",
            expected="(None, 1, 8, 8), an example batch, or {'x': …}",
            got=arrays.describe(value),
        )
    )


def snapshot(value: Any, what: str) -> npt.NDArray[Any]:
    """A copy of an example in memory, as NumPy's."""
    array, xp = arrays.real_array(value, f"log_model: {what}")
    return np.array(array if xp is np else xp.asnumpy(array))


def names(specs: Sequence[TensorSpec]) -> list[str]:
    """What the tensors are called, in their order."""
    return [each.name for each in specs]
