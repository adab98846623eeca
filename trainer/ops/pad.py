"""Something put around an array: zeros around images, so that windows reach past the edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.backend import array_module
from trainer.errors import ArgumentError, sentence
from trainer.function import Function, apply
from trainer.ops.index import getitem
from trainer.tensor import Tensor


class Pad(Function):
    saves = (None,)

    @staticmethod
    def forward(needs: Any, x: Any, widths: tuple[tuple[int, int], ...], value: float) -> Any:
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
        inside = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
        y = array_module(x).full(shape, value, dtype=x.dtype)
        y[inside] = x
        return y, (inside,)

    @staticmethod
    def backward(g: Any, needs: Any, inside: tuple[slice, ...]) -> Any:
        return (getitem(g, inside),)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """`input` with `value` around it.

    Args:
        input: Any shape.
        pad: How much before and after the last axis, then the one before it, and so on: (left, right, top, bottom)
            around images.
        mode: "constant" alone.
        value: What is put around.

    Raises:
        ArgumentError: another mode, an odd number of widths, more than there are axes, or one below 0.
    """
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad) - 1, 2)]
    if mode != "constant":
        raise ArgumentError(sentence("pad: mode is unknown.", '"constant"', repr(mode)))
    if len(pad) % 2 or len(pairs) > input.ndim or min((min(p) for p in pairs), default=0) < 0:
        expected = f"two numbers of at least 0 for each of up to {input.ndim} axes, the last axis first"
        raise ArgumentError(sentence("pad: widths do not fit the input.", expected, tuple(pad)))
    widths = ((0, 0),) * (input.ndim - len(pairs)) + tuple(reversed(pairs))
    return apply(Pad, input, widths=widths, value=value)
