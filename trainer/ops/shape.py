"""The same numbers in another arrangement: reshaped, permuted, spread out, summed back, put together.

Where the memory allows it, the result looks into the input's memory, as in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trainer.backend import array_module
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops.index import getitem
from trainer.promotion import common_dtype
from trainer.tensor import Tensor


class Reshape(Function):
    saves = (None,)
    view = True

    @staticmethod
    def forward(needs: Any, x: Any, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape), (x.shape,)

    @staticmethod
    def backward(g: Any, needs: Any, shape: tuple[int, ...]) -> Any:
        return (reshape(g, shape),)


class Permute(Function):
    saves = (None,)
    view = True

    @staticmethod
    def forward(needs: Any, x: Any, dims: tuple[int, ...]) -> Any:
        return x.transpose(dims), (dims,)

    @staticmethod
    def backward(g: Any, needs: Any, dims: tuple[int, ...]) -> Any:
        return (permute(g, sorted(range(len(dims)), key=lambda i: dims[i] % len(dims))),)


class Expand(Function):
    """Repeats along axes of length 1 and new leading axes, without copying."""

    view = True

    @staticmethod
    def forward(needs: Any, x: Any, shape: tuple[int, ...]) -> Any:
        return array_module(x).broadcast_to(x, shape), ()

    @staticmethod
    def backward(g: Any, needs: Any) -> Any:
        return (g,)  # the tape sums it back


class SumTo(Function):
    """Undoes broadcasting: sums the axes that were repeated."""

    saves = (None,)

    @staticmethod
    def forward(needs: Any, x: Any, shape: tuple[int, ...]) -> Any:
        was = x.shape
        extra = x.ndim - len(shape)
        if extra < 0:
            x, extra = x.reshape((1,) * -extra + was), 0
        repeated = (i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1)
        dims = (*range(extra), *repeated)
        return (x.sum(axis=dims, keepdims=True) if dims else x).reshape(shape), (was,)

    @staticmethod
    def backward(g: Any, needs: Any, shape: tuple[int, ...]) -> Any:
        return (expand(g, shape),)


class Cat(Function):
    saves = (None, None)

    @staticmethod
    def forward(needs: Any, *arrays: Any, dim: int) -> Any:
        y = array_module(arrays[0]).concatenate(arrays, axis=dim)
        return y, (dim % y.ndim, [x.shape[dim] for x in arrays])

    @staticmethod
    def backward(g: Any, needs: Any, dim: int, lengths: list[int]) -> Any:
        before = (slice(None),) * dim
        grads = []
        start = 0
        for need, length in zip(needs, lengths, strict=True):
            grads.append(getitem(g, (*before, slice(start, start + length))) if need else None)
            start += length
        return tuple(grads)


def reshape(x: Any, *shape: Any) -> Tensor:
    """x with its elements in the same order under another shape; one length may be -1, which is then worked out."""
    return apply(Reshape, x, shape=_sizes(shape))


def permute(x: Any, *dims: Any) -> Tensor:
    """x with its axes in the order `dims`."""
    return apply(Permute, x, dims=_sizes(dims))


def transpose(x: Any, dim0: int, dim1: int) -> Tensor:
    """x with two axes exchanged."""
    first, second = axis("transpose", dim0, x), axis("transpose", dim1, x)
    dims = list(range(x.ndim))
    dims[first], dims[second] = second, first
    return apply(Permute, x, dims=tuple(dims))


def expand(x: Any, *shape: Any) -> Tensor:
    """x repeated to `shape` without copying; -1 keeps the length of an axis."""
    sizes = _sizes(shape)
    if -1 in sizes:
        extra = len(sizes) - x.ndim
        sizes = tuple(x.shape[i - extra] if n == -1 else n for i, n in enumerate(sizes))
    return apply(Expand, x, shape=sizes)


def sum_to(x: Any, shape: tuple[int, ...]) -> Tensor:
    """x summed over the axes along which `shape` was broadcast to its shape."""
    return apply(SumTo, x, shape=shape)


def squeeze(x: Tensor, dim: int | None = None) -> Tensor:
    """x without its axes of length 1, or without axis `dim` if that has length 1."""
    if dim is None:
        return reshape(x, tuple(n for n in x.shape if n != 1))
    at = axis("squeeze", dim, x)
    return reshape(x, x.shape[:at] + x.shape[at + 1 :]) if x.shape[at] == 1 else x


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """x with a new axis of length 1 at position `dim`."""
    at = axis("unsqueeze", dim, x, new=1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """x with the axes from `start_dim` to `end_dim`, both included, as one."""
    if x.ndim == 0:
        return reshape(x, (1,))
    start, end = axis("flatten", start_dim, x), axis("flatten", end_dim, x)
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def cat(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """Tensors put one after the other along an axis that is there; all other axes must agree.

    Raises:
        ShapeError: nothing to put together, or another axis differs.
    """
    if len(tensors) == 0:
        raise ShapeError(sentence("cat: there is nothing to put together.", "at least one tensor", "none"))
    shapes = [tuple(t.shape) for t in tensors]
    rank = len(shapes[0])
    at = axis("cat", dim, tensors[0]) if rank else 0
    if rank == 0 or any(len(s) != rank or s[:at] + s[at + 1 :] != shapes[0][:at] + shapes[0][at + 1 :] for s in shapes):
        raise ShapeError(
            sentence(
                f"cat: only axis {dim} may differ between the tensors.",
                f"like the first, {shapes[0]}",
                ", ".join(map(str, shapes)),
                "try stack(...) to join along a new axis" if rank == 0 else None,
            )
        )
    return apply(Cat, *_of_one_dtype(tensors), dim=dim)


def stack(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """Tensors of one shape put together along a new axis at position `dim`.

    Raises:
        ShapeError: nothing to put together, or another shape.
    """
    shapes = [tuple(t.shape) for t in tensors]
    if len(set(shapes)) != 1:
        got = ", ".join(map(str, shapes)) or "none"
        raise ShapeError(sentence("stack: the tensors must have one shape.", "at least one, all alike", got))
    return cat([unsqueeze(t, dim) for t in tensors], dim)


def split(x: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """x cut along an axis, into pieces of one length (the last may be shorter) or of the lengths given."""
    at = axis("split", dim, x)
    total = x.shape[at]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 1:
            raise ArgumentError(sentence("split: the pieces have a length.", ">= 1", step))
        lengths = [min(step, total - start) for start in range(0, total, step)] or [0]
    else:
        lengths = list(split_size_or_sections)
        if sum(lengths) != total:
            raise ShapeError(sentence("split: the lengths do not add up.", f"a sum of {total}", lengths))
    pieces = []
    start = 0
    for length in lengths:
        pieces.append(getitem(x, (slice(None),) * at + (slice(start, start + length),)))
        start += length
    return tuple(pieces)


def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """x cut along an axis into `chunks` pieces of equal length; the last may be shorter."""
    return split(x, max(1, -(-x.shape[axis("chunk", dim, x)] // chunks)), dim)


def axis(name: str, dim: int, x: Any, new: int = 0) -> int:
    """`dim` counted from the first axis, for an operation on x that makes `new` axes; ShapeError when it is outside."""
    ndim: int = x.ndim + new
    if not -ndim <= dim < ndim:
        raise ShapeError(sentence(f"{name}: axis {dim} is not there.", f"in [{-ndim}, {ndim})", f"shape {x.shape}"))
    return dim % ndim


def _sizes(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """(2, 3), ((2, 3),) and ([2, 3],) all as (2, 3)."""
    return tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes


def _of_one_dtype(tensors: Sequence[Any]) -> Sequence[Any]:
    """Tensors as they are when their dtypes agree, otherwise all in the dtype that arithmetic would give."""
    dtype = tensors[0].dtype
    if all(t.dtype == dtype for t in tensors):
        return tensors
    dtype = common_dtype(tensors)
    return [t.to(dtype) if isinstance(t, Tensor) else t.astype(dtype) for t in tensors]
