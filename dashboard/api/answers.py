"""What a model put out, as the page is told of it: classes by their probabilities, arrays, and saliency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.models import ranking
from tracker.models.manifest import Manifest

MAX_TOLD = 4096
"""Numbers of an output that are told."""


@dataclass(frozen=True)
class Ranked:
    """Classes and how likely each is, in the model's order; NaN where the model put out what is no number."""

    names: Sequence[str]
    p: npt.NDArray[np.float64]

    def top(self, count: int) -> list[dict[str, Any]]:
        """The likeliest: of equals the first."""
        order = np.argsort(-self.p, kind="stable")[:count]
        return [{"class": int(i), "name": self.names[i], "p": float(self.p[i])} for i in order]

    def of(self, name: str) -> float | None:
        """How likely a class is; None where there is none of this name."""
        return float(self.p[list(self.names).index(name)]) if name in self.names else None


def ranked(outputs: Mapping[str, npt.NDArray[Any]], manifest: Manifest) -> Ranked | None:
    """The classes of the first output that is a row of them; None where the model answers something else.

    A row of numbers is one of classes where the model has names for them, is said to classify, or puts out what sums to
    1; of a regression nothing is made that it does not say.
    """
    classes = manifest.classes
    if manifest.method == "regress":
        return None
    found = ranking.answer_of(outputs, None if classes is None else len(classes))
    if found is None or not len(found[1].probabilities):
        return None
    _, (rows, made_by) = found
    if rows.shape[1] < 2 or (classes is None and manifest.method != "classify" and made_by != "as given"):
        return None
    return Ranked(classes or [str(i) for i in range(rows.shape[1])], rows[0])


def told(array: Any) -> dict[str, Any]:
    """An output as JSON values: its shape, and its numbers or texts in one row, as many as are told."""
    array = np.asarray(array)
    flat = array.reshape(-1)[:MAX_TOLD]
    values = flat.astype(np.float64) if flat.dtype.kind in "fiub" else [str(each)[:1000] for each in flat.tolist()]
    return {"shape": list(array.shape), "values": values, "cut": max(0, array.size - MAX_TOLD)}


def saliency(gradient: npt.NDArray[Any], manifest: Manifest) -> dict[str, Any]:
    """A gradient by the first input as the page draws it: one number for each place of a picture, the largest 1.

    Of one channel it keeps its sign; of several it is the size of the largest.
    """
    said = manifest.preprocess
    layout = said.get("layout") if isinstance(said, Mapping) else None
    places, signed = _places(gradient.astype(np.float64)[0], layout)
    most = float(np.abs(places).max()) if places.size and np.isfinite(places).all() else 0.0
    values = np.round(places / most, 3) if most else np.zeros(places.shape)
    return {"shape": list(places.shape), "values": values.reshape(-1), "signed": signed, "most": most}


def _places(gradient: npt.NDArray[np.float64], layout: str | None) -> tuple[npt.NDArray[np.float64], bool]:
    if gradient.ndim == 1:  # flat: rows of pixels, each of its channels
        channels = 1 if math.isqrt(gradient.size) ** 2 == gradient.size else 3
        side = math.isqrt(gradient.size // channels)
        if side * side * channels != gradient.size:
            return gradient[None], True
        gradient = gradient.reshape(side, side, channels)
        layout = "NHWC"
    if gradient.ndim == 2:
        return gradient, True
    if gradient.ndim != 3:
        return gradient.reshape(1, -1), True
    is_last = layout == "NHWC" or (layout is None and gradient.shape[0] not in (1, 3) and gradient.shape[-1] in (1, 3))
    axis = -1 if is_last else 0
    if gradient.shape[axis] == 1:
        return gradient.squeeze(axis), True
    return np.abs(gradient).max(axis), False
