"""A batch in a few numbers: what goes into the model, what comes out, and which labels it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.backend import array_module, to_numpy
from trainer.tensor import Tensor


def of_input(inputs: Any) -> dict[str, float]:
    """input/mean, std, min and max of the first input of real numbers (numbers of words say nothing by their mean).

    `input/feature_scale` is the largest standard deviation of a feature over the batch divided by the smallest that is
    not 0. Features lie on the last axis of (N, D) and (N, T, D), channels on the second of (N, C, H, W).
    """
    x = _first(inputs)
    if x is None or not x.size:
        return {}
    found = {"input/mean": x.mean(), "input/std": x.std(), "input/min": x.min(), "input/max": x.max()}
    if x.ndim >= 2 and len(x) > 1:
        axis = 1 if x.ndim > 3 else x.ndim - 1
        if x.shape[axis] > 1:
            spread = x.std(axis=tuple(each for each in range(x.ndim) if each != axis))
            varies = spread[spread > 1e-6 * spread.max()]  # what varies by a millionth of it varies by rounding
            found["input/feature_scale"] = spread.max() / varies.min() if varies.size else 1.0
    return {tag: float(value) for tag, value in found.items()}


def of_output(output: Any) -> dict[str, float]:
    """output/mean and std; with two or more columns output/row_sum, the mean sum of a row (1 for probabilities), and
    output/constant, the share of rows that give the commonest answer."""
    y = _first(output)
    if y is None or not y.size:
        return {}
    found = {"output/mean": y.mean(), "output/std": y.std()}
    if y.ndim >= 2 and y.shape[-1] > 1:
        rows = y.reshape(-1, y.shape[-1])
        found["output/row_sum"] = rows.sum(axis=1).mean()
        if len(rows) > 1:
            found["output/constant"] = array_module(y).bincount(rows.argmax(axis=1)).max() / len(rows)
    return {tag: float(value) for tag, value in found.items()}


def of_targets(targets: Any) -> dict[str, float]:
    """Of class numbers: batch/classes, how many different ones; batch/commonest, the share of the commonest; and
    batch/label_change, the share that is equal to the one before: 1 for sorted data. Nothing for other targets."""
    y = to_numpy(targets.raw if isinstance(targets, Tensor) else targets)
    labels = y.reshape(-1)
    if labels.size < 2 or y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1):
        return {}
    if labels.dtype.kind == "f" and not ((labels == 0) | (labels == 1)).all():
        return {}
    _, counts = np.unique(labels, return_counts=True)
    return {
        "batch/classes": float(len(counts)),
        "batch/commonest": float(counts.max() / labels.size),
        "batch/label_change": float((labels[1:] == labels[:-1]).mean()),
    }


def _first(value: Any) -> Any:
    """The first array of real numbers, or of the bytes of images, in what a model is given or gives."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return next((found for each in value if (found := _first(each)) is not None), None)
    raw = value.raw if isinstance(value, Tensor) else value
    kind = getattr(getattr(raw, "dtype", None), "kind", "")
    if kind == "f" or (str(getattr(raw, "dtype", "")) == "uint8" and raw.ndim >= 3):
        return raw
    return None
