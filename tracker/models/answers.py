"""Answers: what goes into a model, in the dtype and shape that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message
from tracker.models import signature
from tracker.models.signature import TensorSpec
from tracker.values import arrays


def fitted(x: Any, inputs: Sequence[Mapping[str, Any] | TensorSpec]) -> dict[str, npt.NDArray[Any]]:
    """Inputs by name, each of the dtype that the model takes.

    Args:
        x: An array for a model of one input, or a dictionary by name.
        inputs: What the model takes.

    Raises:
        ModelError: they are not what it takes.
    """
    specs = [each if isinstance(each, TensorSpec) else signature.of_json([dict(each)], "inputs")[0] for each in inputs]
    if not isinstance(x, Mapping):
        if len(specs) != 1:
            raise ModelError(
                message(
                    "This model takes several inputs.",
                    expected=f"a dictionary of {', '.join(each.name for each in specs)}",
                    got=arrays.describe(x),
                )
            )
        x = {specs[0].name: x}
    names = [each.name for each in specs]
    if set(x) != set(names):
        raise ModelError(message("These are not the inputs of this model.", expected=names, got=sorted(map(str, x))))
    return {each.name: _fitted(x[each.name], each) for each in specs}


def _fitted(value: Any, spec: TensorSpec) -> npt.NDArray[Any]:
    if spec.dtype == "string":
        array: npt.NDArray[Any] = np.asarray(value, dtype=object)
    else:
        found, xp = arrays.real_array(value, f"input {spec.name!r}")
        array = np.asarray(found if xp is np else xp.asnumpy(found))
        if not _holds(np.dtype(spec.numpy), array):
            raise ModelError(
                message(
                    f"The input {spec.name!r} takes other numbers.",
                    expected=f"whole numbers of {spec.dtype}",
                    got=arrays.describe(array),
                )
            )
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite there
            array = array.astype(spec.numpy, copy=False)
    fits = len(spec.shape) == array.ndim and all(
        size is None or size == own for size, own in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        raise ModelError(
            message(
                f"The input {spec.name!r} has another shape.",
                expected=tuple("any" if size is None else size for size in spec.shape),
                got=array.shape,
                hint="The first axis is the batch: a single sample is x[None]." if len(spec.shape) > array.ndim else "",
            )
        )
    return array


def _holds(dtype: np.dtype[Any], array: npt.NDArray[Any]) -> bool:
    """Whether numbers stay what they are in a dtype, but for the rounding of floats."""
    if dtype.kind not in "iu" or not array.size or array.dtype == dtype or array.dtype.kind == "b":
        return True
    bounds = np.iinfo(dtype)
    is_inside = bool(bounds.min <= array.min() and array.max() <= bounds.max)  # which NaN is not
    return is_inside and (array.dtype.kind != "f" or bool((array == np.trunc(array)).all()))
