"""Ranking: a classifier's output as probabilities of its classes, and the likeliest of them by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message

TOLERANCE = 1e-3
"""By how much a row of probabilities may miss 1: float16 and quantised models round so far."""


class Ranked(NamedTuple):
    """Probabilities, and how they were had.

    Attributes:
        probabilities: (N, K) float64.
        made_by: "as given", "softmax" or "sigmoid": what was done to the output.
    """

    probabilities: npt.NDArray[np.float64]
    made_by: str


def ranked(output: Any, classes: int | None = None) -> Ranked | None:
    """The probabilities that an output tells; None where it is no answer of a classifier: not (N, K) of real numbers.

    Rows that lie in [0, 1] and sum to 1 are probabilities already; else they are logits, and softmax is applied. One
    column is what a model of two classes says of the second where there are two; of any other it is a plain number, and
    None. A row with NaN in it is all NaN.

    Args:
        output: The array.
        classes: How many names of classes there are, if any.
    """
    array: npt.NDArray[Any] = np.asarray(output)
    shape: tuple[int, ...] = array.shape
    if array.dtype.kind not in "iuf" or len(shape) < 2 or any(size != 1 for size in shape[2:]):
        return None  # (N, K, 1, 1) is a convolution's way to (N, K)
    values = array.reshape(shape[:2]).astype(np.float64)
    if values.shape[1] == 1:
        return _of_two(values) if classes == 2 else None
    if not values.shape[1] or array.dtype.kind != "f":
        return None
    if values.size and (values >= 0).all() and (values <= 1).all() and (abs(values.sum(1) - 1) <= TOLERANCE).all():
        return Ranked(values, "as given")
    with np.errstate(invalid="ignore"):
        powers = np.exp(values - values.max(1, keepdims=True, initial=-np.inf))
        return Ranked(powers / powers.sum(1, keepdims=True), "softmax")


def _of_two(second: npt.NDArray[np.float64]) -> Ranked:
    if (second >= 0).all() and (second <= 1).all():
        return Ranked(np.concatenate([1 - second, second], axis=1), "as given")
    with np.errstate(over="ignore"):
        second = 1 / (1 + np.exp(-second))
    return Ranked(np.concatenate([1 - second, second], axis=1), "sigmoid")


def answer_of(outputs: Mapping[str, Any], classes: int | None = None) -> tuple[str, Ranked] | None:
    """Of a model's outputs the first that tells probabilities: the one with as many columns as there are classes, or,
    where nobody named them, any. scikit-learn's classifiers give a label first, and then those.
    """
    for name, value in outputs.items():
        found = ranked(value, classes)
        if found is not None and classes in (None, found.probabilities.shape[1]):
            return name, found
    return None


def top(outputs: Mapping[str, Any], classes: Sequence[str] | None, k: int = 10) -> list[tuple[str, float]]:
    """The likeliest classes of the first sample of a batch; see `likeliest`.

    Raises:
        ModelError: none of the outputs is an answer of a classifier.
    """
    found = answer_of(outputs, None if classes is None else len(classes))
    if found is None or not len(found[1].probabilities):
        raise ModelError(
            message(
                "This model is no classifier.",
                expected="an output of (batch, classes)"
                if classes is None
                else f"an output of (batch, {len(classes)})",
                got=", ".join(f"{name} of {np.shape(value)}" for name, value in outputs.items()),
                hint="predict(x) gives its outputs as they are.",
            )
        )
    return likeliest(found[1].probabilities[0], classes, k)


def likeliest(row: npt.NDArray[np.float64], classes: Sequence[str] | None, k: int = 10) -> list[tuple[str, float]]:
    """(name, probability) of the k most probable classes, the likeliest first; equal ones in their order, NaN last.

    Args:
        row: (K,) probabilities.
        classes: Their names; without them, or where there are fewer, a class is called by its number.
    """
    order = np.argsort(-row, kind="stable")[: max(0, k)]
    names = classes or ()
    return [(names[place] if place < len(names) else str(place), float(row[place])) for place in order.tolist()]
