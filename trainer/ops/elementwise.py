"""Arithmetic and the elementary functions, element by element, each operation with its derivatives beside it.

A derivative has the shape of the result; where an input was broadcast, the tape sums it back to the input's shape.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.backend import DEFAULT_DTYPE, array_module
from trainer.function import OUTPUT, Function, apply, apply_pair, apply_unrecorded
from trainer.tensor import Tensor

_FLOAT64 = np.dtype(np.float64)


class Add(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return a + b, ()

    @staticmethod
    def backward(g: Any, needs: Any) -> Any:
        return g, g


class Sub(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return a - b, ()

    @staticmethod
    def backward(g: Any, needs: Any) -> Any:
        return g, -g if needs[1] else None


class Mul(Function):
    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return a * b, (a if needs[1] else None, b if needs[0] else None)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any) -> Any:
        return g * b if needs[0] else None, g * a if needs[1] else None


class Div(Function):
    saves = (0, 1)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        y = a / b
        if y.dtype is _FLOAT64 and _FLOAT64 not in (getattr(a, "dtype", None), getattr(b, "dtype", None)):
            y = y.astype(DEFAULT_DTYPE)  # NumPy divides integers in float64
        return y, (a if needs[1] else None, b)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any) -> Any:
        grad_a = g / b
        return grad_a, -grad_a * (a / b) if needs[1] else None


class Pow(Function):
    """a ** b. Where a is 0 the derivative for b is 0 if b >= 0; where b is 0 the derivative for a is 0."""

    saves = (0, 1, OUTPUT)
    fresh = True

    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        y = a**b
        return y, (a, b, y if needs[1] else None)

    @staticmethod
    def backward(g: Any, needs: Any, a: Any, b: Any, y: Any) -> Any:
        grad_a = grad_b = None
        if needs[0]:
            if not isinstance(b, (int, float)):
                grad_a = g * (b * a ** (b - 1 + (b == 0)))
            elif b == 2:
                grad_a = g * (2 * a)
            else:
                grad_a = g * (b * a ** (b - 1)) if b else g * 0
        if needs[1]:
            if isinstance(a, (int, float)):
                grad_b = g * (y * (math.log(a) if a > 0 else 0.0 if a == 0 else math.nan))
            else:
                grad_b = g * (y * log(a + ((a == 0) & (b >= 0))))
        return grad_a, grad_b


class Neg(Function):
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return -x, ()

    @staticmethod
    def backward(g: Any, needs: Any) -> Any:
        return (-g,)


class Abs(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return abs(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * sign(x),)


class Exp(Function):
    saves = (OUTPUT,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        y = array_module(x).exp(x)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (g * y,)


class Log(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return array_module(x).log(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g / x,)


class Log1p(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return array_module(x).log1p(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g / (1 + x),)


class Sqrt(Function):
    saves = (OUTPUT,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        y = array_module(x).sqrt(x)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (g / (2 * y),)


class Sin(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return array_module(x).sin(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * cos(x),)


class Cos(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return array_module(x).cos(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (-g * sin(x),)


class Sign(Function):
    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return np.sign(x), ()


class Invert(Function):
    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return ~x, ()


class Equal(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.equal(a, b), ()


class NotEqual(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.not_equal(a, b), ()


class Less(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.less(a, b), ()


class LessEqual(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.less_equal(a, b), ()


class Greater(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.greater(a, b), ()


class GreaterEqual(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.greater_equal(a, b), ()


class BitwiseAnd(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.bitwise_and(a, b), ()


class BitwiseOr(Function):
    @staticmethod
    def forward(needs: Any, a: Any, b: Any) -> Any:
        return np.bitwise_or(a, b), ()


def add(a: Any, b: Any) -> Tensor:
    """a + b, broadcast."""
    return apply_pair(Add, a, b)


def sub(a: Any, b: Any) -> Tensor:
    """a - b, broadcast."""
    return apply_pair(Sub, a, b)


def mul(a: Any, b: Any) -> Tensor:
    """a * b, broadcast."""
    return apply_pair(Mul, a, b)


def div(a: Any, b: Any) -> Tensor:
    """a / b, broadcast; integers give float32."""
    return apply_pair(Div, a, b)


def pow(a: Any, b: Any) -> Tensor:
    """a ** b, broadcast; NaN where a is negative and b no whole number."""
    return apply_pair(Pow, a, b)


def neg(x: Tensor) -> Tensor:
    """-x."""
    return apply(Neg, x)


def abs_(x: Tensor) -> Tensor:
    """The size of x without its sign; the derivative at 0 is 0."""
    return apply(Abs, x)


def exp(x: Tensor) -> Tensor:
    """e to the power of x; inf above 88.7 in float32 and 709.7 in float64."""
    return apply(Exp, x)


def log(x: Tensor) -> Tensor:
    """The natural logarithm; -inf at 0, NaN below, each with NumPy's warning."""
    return apply(Log, x)


def log1p(x: Tensor) -> Tensor:
    """log(1 + x), exact where x is tiny."""
    return apply(Log1p, x)


def sqrt(x: Tensor) -> Tensor:
    """The square root; its derivative at 0 is inf."""
    return apply(Sqrt, x)


def sin(x: Tensor) -> Tensor:
    """The sine of an angle in radians."""
    return apply(Sin, x)


def cos(x: Tensor) -> Tensor:
    """The cosine of an angle in radians."""
    return apply(Cos, x)


def sign(x: Any) -> Any:
    """-1, 0 or 1; a constant where gradients are concerned."""
    return apply_unrecorded(Sign, x)


def compare(op: type[Function], a: Any, b: Any) -> Any:
    """Bools from comparing element by element; NotImplemented for what cannot be compared, such as None."""
    return NotImplemented if b is None or isinstance(b, str) else apply_unrecorded(op, a, b)


def invert(x: Tensor) -> Tensor:
    """Not x, of bools; the bits the other way round, of integers."""
    return apply_unrecorded(Invert, x)
