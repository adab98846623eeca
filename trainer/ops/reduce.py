"""Many numbers into few: sums, means, extremes, along some axes or all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.backend import DEFAULT_DTYPE, array_module
from trainer.errors import ShapeError, sentence
from trainer.function import OUTPUT, Function, apply, apply_unrecorded
from trainer.ops.elementwise import exp, log, sqrt
from trainer.ops.select import masked
from trainer.ops.shape import axis, expand, reshape
from trainer.tensor import Tensor

Dims = int | Sequence[int] | None


class Extremes(NamedTuple):
    """What `max` and `min` along an axis give: the values, and where along the axis they were found first."""

    values: Tensor
    indices: Tensor


class Sum(Function):
    saves = (None, None)

    @staticmethod
    def forward(needs: Any, x: Any, dim: Dims, keepdim: bool) -> Any:
        axes = tuple(dim) if isinstance(dim, Sequence) else dim
        y = x.sum(axis=axes, keepdims=keepdim)
        return y, (x.shape, _kept_shape(x.shape, axes))

    @staticmethod
    def backward(g: Any, needs: Any, shape: tuple[int, ...], kept: tuple[int, ...]) -> Any:
        return (expand(reshape(g, kept), shape),)


class Mean(Function):
    """NaN over nothing, without NumPy's warning."""

    saves = (None, None)

    @staticmethod
    def forward(needs: Any, x: Any, dim: Dims, keepdim: bool) -> Any:
        axes = tuple(dim) if isinstance(dim, Sequence) else dim
        total = x.sum(axis=axes, keepdims=keepdim)
        kept = _kept_shape(x.shape, axes)
        count = _count(x.shape, kept)
        if total.dtype.kind != "f":
            total = total.astype(DEFAULT_DTYPE)
        return total / total.dtype.type(count) if count else total * total.dtype.type(math.nan), (x.shape, kept)

    @staticmethod
    def backward(g: Any, needs: Any, shape: tuple[int, ...], kept: tuple[int, ...]) -> Any:
        return (expand(reshape(g / (_count(shape, kept) or 1), kept), shape),)


class Extreme(Function):
    """The largest or smallest value; equal ones share the gradient."""

    saves = (0, OUTPUT, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, dim: Dims, keepdim: bool, largest: bool) -> Any:
        axes = tuple(dim) if isinstance(dim, Sequence) else dim
        kept = _kept_shape(x.shape, axes)
        if not _count(x.shape, kept):
            raise _of_nothing("amax" if largest else "amin", x)
        y = x.max(axis=axes, keepdims=keepdim) if largest else x.min(axis=axes, keepdims=keepdim)
        return y, (x, y, kept)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, y: Any, kept: tuple[int, ...]) -> Any:
        raw_x, raw_y = (x.raw, y.raw) if isinstance(x, Tensor) else (x, y)
        chosen = raw_x == raw_y.reshape(kept)
        dims = tuple(i for i, n in enumerate(kept) if n != x.shape[i])
        ties = chosen.sum(axis=dims, keepdims=True).astype(x.dtype)
        return (masked(expand(reshape(g, kept) / ties, x.shape), chosen),)


class TakeAlong(Function):
    """The values at `indices` along one axis; `indices` has length 1 there."""

    saves = (None, None, None)

    @staticmethod
    def forward(needs: Any, x: Any, indices: Any, dim: int) -> Any:
        return array_module(x).take_along_axis(x, indices, axis=dim), (indices, dim, x.shape)

    @staticmethod
    def backward(g: Any, needs: Any, indices: Any, dim: int, shape: tuple[int, ...]) -> Any:
        places = np.arange(shape[dim]).reshape([-1 if i == dim % len(shape) else 1 for i in range(len(shape))])
        if array_module(indices) is not np:
            places = array_module(indices).asarray(places)
        return masked(expand(g, shape), indices == places), None


class ArgMax(Function):
    @staticmethod
    def forward(needs: Any, x: Any, dim: int | None, keepdim: bool) -> Any:
        return _position("argmax", x, dim, keepdim), ()


class ArgMin(Function):
    @staticmethod
    def forward(needs: Any, x: Any, dim: int | None, keepdim: bool) -> Any:
        return _position("argmin", x, dim, keepdim), ()


class All(Function):
    @staticmethod
    def forward(needs: Any, x: Any, dim: Dims, keepdim: bool) -> Any:
        return x.all(axis=dim, keepdims=keepdim), ()


class Any_(Function):
    name = "any"

    @staticmethod
    def forward(needs: Any, x: Any, dim: Dims, keepdim: bool) -> Any:
        return x.any(axis=dim, keepdims=keepdim), ()


def sum(x: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The sum along `dim`, or of everything; 0 over nothing."""
    return apply(Sum, x, dim=dim, keepdim=keepdim)


def mean(x: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The mean along `dim`, or of everything; NaN over nothing."""
    return apply(Mean, x, dim=dim, keepdim=keepdim)


def amax(x: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The largest value along one or several axes; equal ones share the gradient. NaN where there is one."""
    return apply(Extreme, x, dim=dim, keepdim=keepdim, largest=True)


def amin(x: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The smallest value along one or several axes; equal ones share the gradient. NaN where there is one."""
    return apply(Extreme, x, dim=dim, keepdim=keepdim, largest=False)


def max(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest value of all; with `dim`, the largest along it and where it was found first, as `Extremes`."""
    return amax(x) if dim is None else _along(x, argmax(x, dim, True), dim, keepdim)


def min(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest value of all; with `dim`, the smallest along it and where it was found first, as `Extremes`."""
    return amin(x) if dim is None else _along(x, argmin(x, dim, True), dim, keepdim)


def argmax(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest value is along `dim`, or in the flattened tensor; the first of equal ones."""
    return apply_unrecorded(ArgMax, x, dim=dim, keepdim=keepdim)


def argmin(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest value is along `dim`, or in the flattened tensor; the first of equal ones."""
    return apply_unrecorded(ArgMin, x, dim=dim, keepdim=keepdim)


def var(x: Any, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The variance along `dim`: squared distances from the mean, summed and divided by (count - correction).

    Args:
        correction: 1 for the unbiased estimate from a sample, 0 for the variance of these values themselves.

    Returns:
        NaN or inf where count <= correction.
    """
    centred = x - mean(x, dim, True)
    total = sum(centred * centred, dim, keepdim)
    count = _count(x.shape, _kept_shape(x.shape, dim)) - correction
    return total / count if count > 0 else total * math.nan


def std(x: Any, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The square root of `var`."""
    return sqrt(var(x, dim, correction, keepdim))


def logsumexp(x: Any, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
    """log of the sum of exp along `dim`, shifted by the largest value so that 1e4 does not overflow."""
    raw = x.raw if isinstance(x, Tensor) else x
    axes = tuple(dim) if isinstance(dim, Sequence) else dim
    top = raw.max(axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    y = log(sum(exp(x - top), dim, True)) + top
    return y if keepdim else reshape(y, sum(raw, dim).shape)


def norm(x: Any) -> Tensor:
    """The Euclidean length: the root of the sum of squares."""
    return sqrt(sum(x * x))


def all_(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every value along `dim` is true."""
    return apply_unrecorded(All, x, dim=dim, keepdim=keepdim)


def any_(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether some value along `dim` is true."""
    return apply_unrecorded(Any_, x, dim=dim, keepdim=keepdim)


def _along(x: Tensor, indices: Tensor, dim: int, keepdim: bool) -> Extremes:
    """The values at `indices`, and the indices, with or without the axis."""
    values = apply(TakeAlong, x, indices.raw, dim=dim)
    if keepdim:
        return Extremes(values, indices)
    shape = values.shape[: dim % x.ndim] + values.shape[dim % x.ndim + 1 :]
    return Extremes(reshape(values, shape), reshape(indices, shape))


def _position(name: str, raw: Any, dim: int | None, keepdim: bool) -> Any:
    find = getattr(array_module(raw), name)
    if not (raw.size if dim is None else raw.shape[axis(name, dim, raw)]):
        raise _of_nothing(name, raw)
    if dim is None:
        return find(raw)
    where = find(raw, axis=axis(name, dim, raw))
    return array_module(raw).expand_dims(where, dim) if keepdim else where


def _of_nothing(name: str, x: Any) -> ShapeError:
    problem = f"{name}: there is none among no values."
    return ShapeError(sentence(problem, "at least one value", f"shape {tuple(x.shape)}"))


def _kept_shape(shape: tuple[int, ...], dim: Dims) -> tuple[int, ...]:
    """`shape` with length 1 along the axes that are summed."""
    if dim is None:
        return (1,) * len(shape)
    axes = {d % (len(shape) or 1) for d in ((dim,) if isinstance(dim, int) else dim)}
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _count(shape: tuple[int, ...], kept: tuple[int, ...]) -> int:
    """How many elements go into each result."""
    return math.prod(n for n, k in zip(shape, kept, strict=True) if k == 1)
