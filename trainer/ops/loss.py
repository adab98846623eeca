"""Cross entropy in one step from logits: nothing overflows, and no array of probabilities is kept.

The checks of targets are here as well, because most first trainings fail on them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.backend import Array, array_module, as_array, beside
from trainer.errors import ArgumentError, DTypeError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops.activation import log_softmax, softmax
from trainer.ops.reduce import sum
from trainer.ops.shape import permute, reshape
from trainer.tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


class CrossEntropy(Function):
    """Minus the log-probability of each row's class, times the row's weight: (N, C), (N,), (N,) -> (N,)."""

    saves = (0, None, None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, classes: Any, weights: Any) -> Any:
        top = x.max(axis=1, keepdims=True)
        total = np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top
        y = (total[:, 0] - x[array_module(x).arange(x.shape[0]), classes]) * weights
        return y, (x, total, classes, weights)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, total: Any, classes: Any, weights: Any) -> Any:
        xp = array_module(classes)
        if isinstance(g, Tensor):
            chosen = (classes[:, None] == xp.arange(x.shape[1])).astype(x.dtype)
            return (softmax(x, 1) - chosen) * reshape(g * weights, -1, 1), None, None
        grad = np.exp(x - total)
        grad[xp.arange(x.shape[0]), classes] -= 1
        grad *= (g * weights)[:, None]
        return grad, None, None


def cross_entropy(
    input: Tensor,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """How surprised a model that gives `input` is by `target`, in nats.

    Args:
        input: Logits (N, C), or (N, C, d1, ...) for a class at every place.
        target: Class numbers (N,) or (N, d1, ...), integers in [0, C); or of the shape of `input`, one-hot rows or
            probabilities. A tensor or a NumPy array.
        weight: (C,) how much each class counts, or None.
        ignore_index: A class number that counts nothing, such as padding.
        reduction: "mean" over what counts, "sum", or "none" for a loss of every row.
        label_smoothing: Share of the probability spread over all classes, in [0, 1].

    Returns:
        A number, or the shape of the class numbers with reduction="none". NaN for the mean over nothing.

    Raises:
        ShapeError: target and logits do not belong together.
        DTypeError: class numbers given as floats.
        ArgumentError: a class outside [0, C), or an unknown reduction.

    Source: Goodfellow et al. 2016, section 6.2.2; label smoothing: Szegedy et al. 2016.
    """
    check_reduction(reduction)
    labels = target.raw if isinstance(target, Tensor) else beside(as_array(target), input.raw)
    if input.ndim < 2:
        raise ShapeError(sentence("cross_entropy: input must be logits.", "(N, C)", tuple(input.shape)))
    count = input.shape[1]
    if labels.shape == input.shape:
        return _against_probabilities(input, target, weight, reduction, label_smoothing)
    if labels.shape != input.shape[:1] + input.shape[2:]:
        raise ShapeError(_mismatch(input.shape, labels.shape))
    if labels.dtype.kind not in "iu":
        hint = "try target.astype('int64')" if labels.dtype.kind == "f" else None
        raise DTypeError(sentence("cross_entropy: target counts classes.", "an integer dtype", labels.dtype, hint))
    rows = input
    if input.ndim > 2:
        rows = reshape(permute(input, 0, *range(2, input.ndim), 1), -1, count)
        labels = labels.reshape(-1)
    weights, classes = _row_weights(rows.raw, labels, weight, ignore_index)
    if label_smoothing:
        smooth = -sum(log_softmax(rows, 1) * _class_weights(weight, rows.raw), 1) / count
        smooth = smooth * (classes == labels).astype(rows.raw.dtype)
        losses = (1 - label_smoothing) * apply(CrossEntropy, rows, classes, weights) + label_smoothing * smooth
    else:
        losses = apply(CrossEntropy, rows, classes, weights)
    if reduction == "none":
        return reshape(losses, target.shape)
    return sum(losses) / float(weights.sum() or math.nan) if reduction == "mean" else sum(losses)


def check_reduction(reduction: str) -> None:
    """Raises ArgumentError for a reduction that is none."""
    if reduction not in REDUCTIONS:
        raise ArgumentError(sentence("reduction is unknown.", " or ".join(map(repr, REDUCTIONS)), repr(reduction)))


def _against_probabilities(input: Tensor, target: Any, weight: Any, reduction: str, label_smoothing: float) -> Tensor:
    """Cross entropy with a distribution, or a one-hot row, for each row of logits."""
    if not isinstance(target, Tensor):
        target = Tensor(target, device=input.device)
    target = target.to(input.dtype)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[1]
    if weight is not None:
        shape = (-1,) + (1,) * (input.ndim - 2)
        target = target * _class_weights(weight, input.raw).reshape(shape)
    losses = -sum(log_softmax(input, 1) * target, 1)
    if reduction == "none":
        return losses
    return sum(losses) / (losses.numel() or math.nan) if reduction == "mean" else sum(losses)


def _row_weights(x: Array, labels: Array, weight: Any, ignore_index: int) -> tuple[Array, Array]:
    """How much each row counts, and its class; ignored rows count 0 and get class 0.

    Classes out of range are looked for on the CPU only: on a GPU the look would wait for all work before it.
    """
    xp = array_module(x)
    ignored = labels == ignore_index
    classes = xp.where(ignored, 0, labels)
    if xp is np and classes.size and not 0 <= classes.min() <= classes.max() < x.shape[1]:
        raise ArgumentError(
            sentence(
                "cross_entropy: target names a class that input has no logit for.",
                f"0 to {x.shape[1] - 1}",
                f"{classes.min()} to {classes.max()}",
                "try labels that start at 0, or a last layer with more outputs",
            )
        )
    weights = (~ignored).astype(x.dtype)
    if weight is not None:
        weights = weights * _class_weights(weight, x)[classes]
    return weights, classes


def _class_weights(weight: Any, like: Array) -> Any:
    """The weights of the classes as an array, or 1."""
    if weight is None:
        return like.dtype.type(1)
    return beside(as_array(weight.raw if isinstance(weight, Tensor) else weight, like.dtype), like)


def _mismatch(logits: tuple[int, ...], target: tuple[int, ...]) -> str:
    """What to say when target and logits do not belong together, with the fix for the well-known cases."""
    n, c = logits[:2]
    places = logits[:1] + logits[2:]
    hint = None
    if target == (n * c,):
        hint = f"if target is one-hot, try target.reshape({n}, {c})"
    elif len(logits) == 2 and len(target) == 2 and target[0] * target[1] == n:
        hint = f"try target.reshape(-1), which is ({n},)"
    elif len(target) == 1 and target[0] != n and n and target[0] % n == 0:
        hint = (
            f"{target[0] // n} labels a row: for a class at every place, logits are (N, C, {target[0] // n}) "
            f"and target (N, {target[0] // n})"
        )
    elif len(logits) == 2 and len(target) == 2 and target[0] == n:
        hint = f"one-hot rows have as many columns as there are logits, {c}"
    return sentence(
        "cross_entropy: target does not belong to these logits.",
        f"{places} class numbers, or {logits} one-hot or probabilities",
        f"logits {tuple(logits)}, target {tuple(target)}",
        hint,
    )
