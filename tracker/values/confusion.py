"""ConfusionMatrix: which classes a classifier takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays, stored_array
from tracker.values.value import Medium, Value

MAX_CLASSES = 2_000


class ConfusionMatrix(Value):
    """Counts of elements by true class and predicted class, counted when it is made.

    Args:
        labels: The true class of each element, whole numbers from 0, shape (N,).
        predictions: The predicted class of each, (N,), or the score of each class, (N, C), of which the highest counts.
        class_names: A name for each class; numbers by default.

    Raises:
        LoggedTypeError: not arrays of numbers, or classes that are not whole.
        LoggedValueError: of different lengths, a class below 0, above the names or above 2,000.
    """

    kind = "confusion"

    def __init__(self, labels: Any, predictions: Any, class_names: Sequence[object] | None = None) -> None:
        found, xp = arrays.real_array(predictions, "ConfusionMatrix: predictions")
        width = found.shape[1] if found.ndim == 2 else 0
        guessed = _classes(found.argmax(axis=1) if width else found, xp, "predictions")
        truth = _classes(*arrays.real_array(labels, "ConfusionMatrix: labels"), "labels")
        if len(truth) != len(guessed):
            raise LoggedValueError(
                message("ConfusionMatrix: a label for each prediction.", expected=len(guessed), got=len(truth))
            )
        most = int(max(truth.max(initial=-1), guessed.max(initial=-1))) + 1
        size = len(class_names) if class_names is not None else max(most, width)
        least = int(min(truth.min(initial=0), guessed.min(initial=0)))
        if least < 0 or most > size or size > MAX_CLASSES:
            raise LoggedValueError(
                message(
                    "ConfusionMatrix: a class has no place.",
                    expected=f"0 to {min(size, MAX_CLASSES) - 1}",
                    got=f"classes {least} to {most - 1}, {size} names"
                    if class_names is not None
                    else f"{least} to {most - 1}",
                )
            )
        self.counts = np.bincount(truth * size + guessed, minlength=size * size).reshape(size, size)
        self.class_names = [coerce.text(name, 1000) for name in class_names] if class_names is not None else None

    @property
    def n_bytes(self) -> int:
        return self.counts.nbytes + 500

    def encode(self) -> list[Medium]:
        names = {"classes": self.class_names} if self.class_names is not None else {}
        return [stored_array.item(self.counts, **names)]


def _classes(found: Any, xp: Any, what: str) -> Any:
    array = (found if xp is np else xp.asnumpy(found)).reshape(-1)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.floor(array)).all()):
        raise LoggedTypeError(
            message(
                f"ConfusionMatrix: {what} are classes.", expected="whole numbers from 0", got=arrays.describe(array)
            )
        )
    return array.astype(np.int64)
