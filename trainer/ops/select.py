"""Choosing between values: where, masks, bounds, the larger and the smaller."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.backend import array_module, as_array, beside
from trainer.function import Function, apply, apply_pair
from trainer.promotion import promoted
from trainer.tensor import Tensor

_BITS = {np.dtype(np.float16): np.int16, np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}


class Masked(Function):
    """x where the mask is true and exactly 0 elsewhere, also where x is inf or NaN, which x * mask would spread.

    Done on the bits, because `where` is slow on a random mask: 0.24 against 3.0 ms for 800,000 elements.
    """

    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, mask: Any) -> Any:
        bits = _BITS.get(x.dtype)
        if bits is None:
            return x * mask, (mask,)
        ones = mask.astype(bits)
        if ones.shape != x.shape or not x.shape:
            return (x.view(bits) & -ones).view(x.dtype), (mask,)
        np.negative(ones, out=ones)
        ones &= x.view(bits)
        return ones.view(x.dtype), (mask,)

    @staticmethod
    def backward(g: Any, needs: Any, mask: Any) -> Any:
        return masked(g, mask), None


class Where(Function):
    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, condition: Any, a: Any, b: Any) -> Any:
        condition = condition.astype(bool, copy=False)
        return array_module(condition).where(condition, a, b), (condition,)

    @staticmethod
    def backward(g: Any, needs: Any, condition: Any) -> Any:
        return None, masked(g, condition) if needs[1] else None, masked(g, ~condition) if needs[2] else None


class Maximum(Function):
    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.maximum(a, b), (a, b)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any) -> Any:
        shared = masked(g, a == b) * 0.5
        return masked(g, a > b) + shared, masked(g, b > a) + shared


class Minimum(Function):
    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.minimum(a, b), (a, b)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any) -> Any:
        shared = masked(g, a == b) * 0.5
        return masked(g, a < b) + shared, masked(g, b < a) + shared


class Clamp(Function):
    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, low: Any, high: Any) -> Any:
        inside = x == x
        if low is not None:
            inside &= x >= low
        if high is not None:
            inside &= x <= high
        # NumPy 1 makes a float64 of a float32 without axes beside a number.
        return array_module(x).clip(x, low, high).astype(x.dtype, copy=False), (inside,)

    @staticmethod
    def backward(g: Any, needs: Any, inside: Any) -> Any:
        return (masked(g, inside),)


def masked(x: Any, mask: Any) -> Tensor:
    """x where `mask` is true, exactly 0 elsewhere; `mask` broadcasts to the shape of x."""
    return apply(Masked, x, mask)


def masked_fill(x: Tensor, mask: Any, value: Any) -> Tensor:
    """`value` where `mask` is true, x elsewhere."""
    return where(mask, value, x)


def where(condition: Any, input: Any, other: Any) -> Tensor:
    """`input` where `condition` is true, `other` elsewhere, all three broadcast."""
    if isinstance(input, Tensor) or isinstance(other, Tensor):
        input, other = promoted(input, other)
        # `where` is no arithmetic: it would make a float64 of a Python number.
        if not isinstance(input, Tensor):
            input = other.raw.dtype.type(input)
        elif not isinstance(other, Tensor):
            other = input.raw.dtype.type(other)
    if not isinstance(condition, Tensor):
        condition = as_array(condition)
        tensor = next((x for x in (input, other) if isinstance(x, Tensor)), None)
        condition = condition if tensor is None else beside(condition, tensor.raw)
    return apply(Where, condition, input, other)


def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two, broadcast; NaN where either is. Equal values share the gradient."""
    return apply_pair(Maximum, input, other)


def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two, broadcast; NaN where either is. Equal values share the gradient."""
    return apply_pair(Minimum, input, other)


def clamp(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """x held between `min` and `max`; the gradient passes where x is inside, the bounds included."""
    return apply(Clamp, x, low=min, high=max)
