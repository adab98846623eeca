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
from trainer.ops.elementwise import log
from trainer.ops.reduce import sum
from trainer.ops.select import clamp
from trainer.ops.shape import permute, reshape
from trainer.tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


class CrossEntropy(Function):
    """Minus the log-probability of each row's class, times the row's weight: (N, C), (N,), (N,) -> (N,), or their sum.

    The sum is part of it because a training step on small images would spend a fortieth of its time on summing apart.
    """

    saves = (0, None, None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, classes: Any, weights: Any, summed: bool) -> Any:
        top = x.max(axis=1, keepdims=True)
        total = np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top
        y = (total[:, 0] - x[array_module(x).arange(x.shape[0]), classes]) * weights
        return y.sum() if summed else y, (x, total, classes, weights)

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


class BinaryCrossEntropy(Function):
    """-(t log x + (1 - t) log(1 - x)), logarithms held above -100, so that one certain and wrong answer costs no inf.

    The gradient is (x - t) / (x (1 - x)) with the divisor held above 1e-12, as in PyTorch: finite at 0 and at 1.
    """

    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, t: Any) -> Any:
        yes, no = _bounded_logs(x)
        return -(t * yes + (1 - t) * no), (x, t)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, t: Any) -> Any:
        grad_x = g * (x - t) / clamp(x * (1 - x), min=1e-12) if needs[0] else None
        if not needs[1]:
            return grad_x, None
        yes, no = _bounded_logs(x)
        return grad_x, g * (no - yes)


def _bounded_logs(x: Any) -> tuple[Any, Any]:
    """log(x) and log(1 - x), at least -100; for arrays without NumPy's warning at 0."""
    with np.errstate(divide="ignore"):
        yes, no = log(x), log(1 - x)
    return clamp(yes, min=-100.0), clamp(no, min=-100.0)


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
        hint = "try input.unsqueeze(0) and a target of one class" if input.ndim == 1 else None
        raise ShapeError(sentence("cross_entropy: input must be logits.", "(N, C)", tuple(input.shape), hint))
    count = input.shape[1]
    if labels.shape == input.shape:
        return _against_probabilities(input, target, weight, reduction, label_smoothing)
    if labels.shape != input.shape[:1] + input.shape[2:]:
        raise ShapeError(_mismatch(input.shape, labels.shape))
    if labels.dtype.kind not in "iu":
        hint = "try target.astype('int64')" if labels.dtype.kind == "f" else None
        raise DTypeError(sentence("cross_entropy: target counts classes.", "an integer dtype", labels.dtype, hint))
    rows, places = input, labels.shape
    if input.ndim > 2:
        rows = reshape(permute(input, 0, *range(2, input.ndim), 1), -1, count)
        labels = labels.reshape(-1)
    weights, classes = _row_weights(rows.raw, labels, weight, ignore_index)
    if reduction == "mean":
        total = weights.sum()
        if array_module(total) is np:  # on a GPU it stays there: to look at it would wait for all work before it
            total = float(total) or math.nan
        weights = weights / total
    summed = reduction != "none"
    losses = apply(CrossEntropy, rows, classes, weights, summed=summed)
    if label_smoothing:
        smooth = -sum(log_softmax(rows, 1) * _class_weights(weight, rows.raw), 1) / count
        smooth = smooth * (classes == labels).astype(rows.raw.dtype)
        if reduction == "mean":
            smooth = smooth / total
        losses = (1 - label_smoothing) * losses + label_smoothing * (sum(smooth) if summed else smooth)
    if reduction == "mean" and not labels.size:
        return losses * math.nan
    return losses if summed else reshape(losses, places)


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
    if len(logits) == 3 and target == (n, c):
        hint = "classes lie on axis 1: try input.permute(0, 2, 1)"
    elif len(logits) == 3 and target == (n * c,):
        hint = f"if classes lie on the last axis, try input.reshape({n * c}, {logits[2]})"
    elif len(logits) == 3 and target == (n * logits[2],):
        hint = f"try target.reshape{places}"
    elif target == (n * c,):
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
