"""Normalising: values brought to mean 0 and variance 1 along some axes, then scaled and shifted, in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.mutation import mutations
from trainer.ops.elementwise import sqrt
from trainer.ops.reduce import mean
from trainer.ops.shape import reshape
from trainer.tensor import Tensor


class Normalize(Function):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance over `dims`, weight and bias broadcast.

    What is saved is x and two numbers for each slice; the normalised values are made again for the gradient.
    """

    saves = (0, 1, None, None, None, None)

    @staticmethod
    def forward(
        needs: Any,
        x: Any,
        weight: Any,
        bias: Any,
        dims: tuple[int, ...],
        eps: float,
        observe: Callable[[Any, Any], None] | None = None,
    ) -> Any:
        average = x.mean(axis=dims, keepdims=True)
        y = x - average
        variance = (y * y).mean(axis=dims, keepdims=True)
        scale = 1 / (variance + x.dtype.type(eps)) ** 0.5
        y *= scale
        if weight is not None:
            y *= weight
        if bias is not None:
            y += bias
        if observe is not None:
            observe(average, variance)
        return y, (x, weight, average, scale, dims, eps)

    @staticmethod
    def backward(
        g: Any, needs: Any, x: Any, weight: Any, average: Any, scale: Any, dims: tuple[int, ...], eps: float
    ) -> Any:
        if isinstance(g, Tensor):
            average = mean(x, dims, True)
            scale = 1 / sqrt(mean((x - average) ** 2, dims, True) + eps)
        normal = (x - average) * scale
        grad_x = None
        if needs[0]:
            part = g if weight is None else g * weight
            grad_x = scale * (part - mean(part, dims, True) - normal * mean(part * normal, dims, True))
        return grad_x, g * normal if needs[1] else None, g


class ScaleShift(Function):
    """x * scale + shift, both broadcast: what is left of normalising once mean and variance are known."""

    saves = (0, 1)

    @staticmethod
    def forward(needs: Any, x: Any, scale: Any, shift: Any) -> Any:
        y = x * scale
        y += shift
        return y, (x if needs[1] else None, scale if needs[0] else None)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, scale: Any) -> Any:
        return g * scale if needs[0] else None, g * x if needs[1] else None, g


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each sample brought to mean 0 and variance 1 over its last axes.

    Args:
        input: (..., *normalized_shape).
        normalized_shape: Lengths of the axes to normalise over.
        weight, bias: Scale and shift of shape `normalized_shape`, or None.
        eps: Added to the variance, so that a constant sample gives zeros.

    Raises:
        ShapeError: `input` does not end in `normalized_shape`.

    Source: Ba et al. 2016.
    """
    tail = tuple(normalized_shape)
    if tuple(input.shape[-len(tail) :]) != tail:
        expected = "(..., " + ", ".join(map(str, tail)) + ")"
        raise ShapeError(sentence("layer_norm: input ends in other lengths.", expected, tuple(input.shape)))
    return apply(Normalize, input, weight, bias, dims=tuple(range(-len(tail), 0)), eps=eps)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel brought to mean 0 and variance 1 over the batch, or by the running statistics.

    Args:
        input: (N, C) or (N, C, ...).
        running_mean, running_var: (C,), changed in place when training; None to do without.
        weight, bias: (C,) scale and shift, or None.
        training: Use the batch's statistics and update the running ones; otherwise use the running ones.
        momentum: Share of the new statistics in the running ones.
        eps: Added to the variance.

    Raises:
        ShapeError: no channels axis.
        ArgumentError: one value a channel, which has no variance; or no statistics at all.

    Source: Ioffe and Szegedy 2015. The running variance is the unbiased one, the batch's own the biased, as there.
    """
    if input.ndim < 2:
        raise ShapeError(sentence("batch_norm: input has no channels.", "(N, C, ...)", tuple(input.shape)))
    by_channel = (1, -1) + (1,) * (input.ndim - 2)
    scale = None if weight is None else reshape(weight, by_channel)
    shift = None if bias is None else reshape(bias, by_channel)
    if not training and running_mean is not None and running_var is not None:
        slope = 1 / sqrt(reshape(running_var, by_channel) + eps)
        slope = slope if scale is None else slope * scale
        start = -reshape(running_mean, by_channel) * slope
        return apply(ScaleShift, input, slope, start if shift is None else start + shift)
    count = input.numel() // max(1, input.shape[1])
    if count < 2:
        raise ArgumentError(
            sentence("batch_norm: the variance of one value a channel is not defined.", "at least 2", count)
        )

    def observe(average: Any, variance: Any) -> None:
        for running, new in ((running_mean, average), (running_var, variance * (count / (count - 1)))):
            if running is not None:
                mutations.note(running.data)
                running.data[...] += momentum * (new.reshape(-1) - running.data)

    return apply(
        Normalize,
        input,
        scale,
        shift,
        dims=(0, *range(2, input.ndim)),
        eps=eps,
        observe=observe if training else None,
    )
