"""What bends the line between two linear layers, and what turns logits into probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.backend import array_module
from trainer.function import OUTPUT, Function, apply
from trainer.ops.elementwise import exp
from trainer.ops.reduce import sum
from trainer.ops.select import masked
from trainer.tensor import Tensor

# `astype(..., copy=False)` below is for NumPy 1, which makes a float64 of a float32 without axes beside a number.

# The largest x whose exp does not overflow, rounded down; sigmoid(-88) is 6e-39, which nobody misses.
_EXP_LIMIT = {np.dtype(np.float16): 11, np.dtype(np.float32): 88, np.dtype(np.float64): 709}

# erf is tabled on a grid this fine up to here, beyond which it is 1 in float64.
_ERF_STEP = 1 / 64
_ERF_END = 6.0


class Relu(Function):
    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        # Between two bounds, because NumPy goes one by one through an array beside one number: 20 against 7 µs for
        # 65,536 elements. An integer has no infinity.
        y = x.clip(0, np.inf if x.dtype.kind == "f" else None).astype(x.dtype, copy=False)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (masked(g, y > 0),)


class Relu6(Function):
    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        y = x.clip(0, 6).astype(x.dtype, copy=False)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (masked(g, (y > 0) & (y < 6)),)


class LeakyRelu(Function):
    saves = (None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, slope: float) -> Any:
        positive = x > 0
        y = array_module(x).where(positive, x, x * slope).astype(x.dtype, copy=False)
        return y, (positive, slope)

    @staticmethod
    def backward(g: Any, needs: Any, positive: Any, slope: float) -> Any:
        return (masked(g, positive) + masked(g, ~positive) * slope,)


class Sigmoid(Function):
    saves = (OUTPUT,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        y = 1 / (1 + np.exp((-x).clip(-np.inf, _EXP_LIMIT[x.dtype])))
        y = y.astype(x.dtype, copy=False)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (g * (y * (1 - y)),)


class Softplus(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return np.logaddexp(x, x.dtype.type(0)), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * sigmoid(x),)


class Tanh(Function):
    saves = (OUTPUT,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        y = np.tanh(x)
        return y, (y,)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any) -> Any:
        return (g * (1 - y * y),)


class Erf(Function):
    saves = (0,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return _erf(x), (x,)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any) -> Any:
        return (g * (exp(-x * x) * (2 / math.sqrt(math.pi))),)


class Softmax(Function):
    saves = (OUTPUT, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, dim: int) -> Any:
        y = _shifted(x, dim)
        y = np.exp(y)
        y = y / y.sum(axis=dim, keepdims=True)
        return y, (y, dim)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any, dim: int) -> Any:
        return ((g - sum(g * y, dim, True)) * y,)


class LogSoftmax(Function):
    saves = (OUTPUT, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, dim: int) -> Any:
        y = _shifted(x, dim)
        if x.size:  # the logarithm of an empty sum would come with a warning
            y = y - np.log(np.exp(y).sum(axis=dim, keepdims=True))
        return y, (y, dim)

    @staticmethod
    def backward(g: Any, needs: Any, y: Any, dim: int) -> Any:
        return (g - exp(y) * sum(g, dim, True),)


def relu(x: Any) -> Tensor:
    """x where it is positive, else 0; the derivative at 0 is 0. NaN stays NaN.

    Source: Nair and Hinton 2010.
    """
    return apply(Relu, x)


def relu6(x: Any) -> Tensor:
    """x held between 0 and 6; the derivative at both is 0. NaN stays NaN.

    Source: Krizhevsky 2010; small nets of few bits like it, since the range is known.
    """
    return apply(Relu6, x)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x where it is positive, else `negative_slope` times x.

    Source: Maas et al. 2013.
    """
    return apply(LeakyRelu, x, slope=negative_slope)


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x)), between 0 and 1; no overflow at either end."""
    return apply(Sigmoid, x)


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, between -1 and 1."""
    return apply(Tanh, x)


def silu(x: Tensor) -> Tensor:
    """x * sigmoid(x).

    Source: Elfwing et al. 2017; "swish" in Ramachandran et al. 2017.
    """
    return x * sigmoid(x)


def softplus(x: Any) -> Tensor:
    """log(1 + exp(x)), a smooth relu; no overflow where x is large."""
    return apply(Softplus, x)


def erf(x: Any) -> Tensor:
    """The error function, to the last digit or two of float64."""
    return apply(Erf, x)


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """x times the chance that a standard normal value is below x.

    Args:
        approximate: "none" for the exact form by erf, "tanh" for the approximation that GPT-2 uses.

    Source: Hendrycks and Gimpel 2016.
    """
    if approximate == "tanh":
        return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


def softmax(x: Any, dim: int = -1) -> Tensor:
    """Probabilities along one axis; each slice is non-negative and sums to 1.

    Args:
        x: Logits, any shape, float dtype. The largest along `dim` is subtracted first, so 1e4 does not overflow.
        dim: Axis the probabilities run over.

    Returns:
        Same shape and dtype as `x`. A slice holding NaN is all NaN.

    Raises:
        ShapeError: `dim` is outside [-x.ndim, x.ndim).

    Source: Bridle 1990; stable form as in Goodfellow et al. 2016, section 4.1.
    """
    return apply(Softmax, x, dim=dim)


def log_softmax(x: Any, dim: int = -1) -> Tensor:
    """The logarithm of `softmax`, exact also where the probability is too small for a float."""
    return apply(LogSoftmax, x, dim=dim)


def _shifted(x: Any, dim: int) -> Any:
    """x minus the largest value along `dim`."""
    return x - x.max(axis=dim, keepdims=True) if x.size else x


def _erf(x: Any) -> Any:
    """erf of float32 by a quotient of polynomials, to six units in the last place; of float64 by a table and series."""
    if x.dtype != np.float32 or not x.ndim:
        return _erf_by_series(x)
    xp = array_module(x)
    y = xp.empty(x.shape, dtype=x.dtype)
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    for start in range(0, flat_x.size, _BLOCK):
        part = flat_x[start : start + _BLOCK].clip(-_ONE_FROM, _ONE_FROM)
        square = part * part
        above, below = (_polynomial(xp, square, each) for each in (_ERF_ABOVE, _ERF_BELOW))
        above *= part
        above /= below
        y_part = xp.clip(above, -1, 1, out=flat_y[start : start + _BLOCK])
        ends = abs(part) >= part.dtype.type(_ONE_FROM)  # the last digits are not exact, and there a 1 has to be one
        y_part[ends] = xp.sign(part[ends])
    return y


def _polynomial(xp: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """By Horner's rule, the highest power first."""
    y = x * x.dtype.type(coefficients[0])
    for each in coefficients[1:-1]:
        y += x.dtype.type(each)
        y *= x
    y += x.dtype.type(coefficients[-1])
    return y


_BLOCK = 16_384
"""Elements at a time, so that what lies between is in the cache."""

_ONE_FROM = 3.92
"""From here on erf is 1 in float32."""

# erf(x) / x as a quotient of polynomials of x^2 up to 3.92, fitted to a relative error of 1.9e-8 by weighted least
# squares, repeated with the weights of the errors (Lawson 1961).
_ERF_ABOVE = (2.05012377618e-6, 2.84876214141e-4, 3.76536247227e-3, 5.27479494025e-2, 1.9040064375e-1, 1.12837914621)
_ERF_BELOW = (3.80917482892e-5, 1.1624720353e-3, 1.49687128402e-2, 1.1410669997e-1, 5.02070919616e-1, 1.0)


def _erf_by_series(x: Any) -> Any:
    """erf by a table and the Taylor series around the nearest grid point, whose seventh term is below 1e-16."""
    xp = array_module(x)
    size = xp.minimum(abs(x), _ERF_END).astype(np.float64)
    nearest = xp.rint(xp.nan_to_num(size) / _ERF_STEP).astype(np.int64)
    centre = nearest * _ERF_STEP
    d = size - centre
    # With h(n) the Hermite polynomials, the derivatives are erf^(n+1)(c) = 2/sqrt(pi) exp(-c^2) (-1)^n h(n)(c).
    before, here = xp.zeros_like(centre), xp.ones_like(centre)
    power = d
    series = d
    for n in range(1, 7):
        before, here = here, 2 * centre * here - 2 * (n - 1) * before
        power = power * d * (-1 / (n + 1))
        series = series + power * here
    table = xp.asarray(_ERF_TABLE)
    y = table[nearest] + series * (2 / math.sqrt(math.pi)) * xp.exp(-centre * centre)
    return xp.copysign(y, x).astype(x.dtype)


_ERF_TABLE = np.array([math.erf(i * _ERF_STEP) for i in range(int(_ERF_END / _ERF_STEP) + 1)])
