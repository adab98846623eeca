"""Answers: what goes into a model, in the shape that it takes, and what comes out as names and probabilities."""

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
        array = np.asarray(found if xp is np else xp.asnumpy(found)).astype(spec.numpy, copy=False)
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


def probabilities(scores: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Scores of classes along the last axis as probabilities: as they are where they are some, else their softmax."""
    values = np.asarray(scores, dtype=np.float64)
    if values.size and (values >= 0).all() and np.allclose(values.sum(-1), 1.0, atol=1e-3):
        return values
    with np.errstate(all="ignore"):
        powers = np.exp(values - np.nanmax(values, axis=-1, keepdims=True))
        found: npt.NDArray[np.float64] = powers / powers.sum(-1, keepdims=True)
        return found


def top(scores: npt.NDArray[Any], classes: Sequence[str] | None, k: int) -> list[tuple[str, float]]:
    """The likeliest classes of one sample: names and probabilities, likeliest first; what is not a number comes last.

    Args:
        scores: One for each class; other axes are laid in a row.
        classes: Their names; numbers without.
        k: How many at most.
    """
    row = probabilities(np.asarray(scores).reshape(-1))
    order = np.argsort(-np.nan_to_num(row, nan=-1.0), kind="stable")[: max(0, k)]
    names = classes if classes is not None and len(classes) == len(row) else None
    return [(names[each] if names is not None else str(each), float(row[each])) for each in order.tolist()]
