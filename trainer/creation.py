"""Tensors from nothing: zeros, ones, ranges, random numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from trainer.backend import DEFAULT_DTYPE, as_array, generator, module_of, to_device
from trainer.errors import ArgumentError, CheckpointError, sentence
from trainer.ops.select import masked
from trainer.tensor import Tensor


class _Drafts(threading.local):
    """How many more tensors may be drafted in this thread; None where tensors are made in earnest."""

    left: int | None = None


_drafts = _Drafts()


@contextmanager
def drafted(at_most: int) -> Iterator[None]:
    """Inside, zeros, ones and `full` have a shape and the memory of one number, and no first value is drawn.

    For a model whose weights come from a file: what the file says of shapes costs nothing until the weights prove it,
    and a training that loads a model draws the same random numbers as one that does not.

    Raises:
        CheckpointError: inside, when more than `at_most` tensors are asked for.
    """
    before, _drafts.left = _drafts.left, at_most
    try:
        yield
    finally:
        _drafts.left = before


def drafting() -> bool:
    """Whether tensors are only drafted at present."""
    return _drafts.left is not None


def tensor(data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`; otherwise as `Tensor`."""
    raw = data.raw if isinstance(data, Tensor) else data
    return Tensor(as_array(raw, dtype).copy(), device=device, requires_grad=requires_grad)


def from_numpy(array: Any) -> Tensor:
    """A tensor that looks into the memory of a NumPy array."""
    return Tensor(array)


def full(size: Any, fill_value: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of shape `size` with one value everywhere."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    value = as_array(fill_value, dtype)
    return Tensor(_filled(shape, value, value.dtype, device), requires_grad=requires_grad)


def zeros(*size: Any, dtype: Any = DEFAULT_DTYPE, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return Tensor(_filled(_sizes(size), 0, dtype, device), requires_grad=requires_grad)


def ones(*size: Any, dtype: Any = DEFAULT_DTYPE, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return Tensor(_filled(_sizes(size), 1, dtype, device), requires_grad=requires_grad)


def zeros_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and on the device of `input`, in its dtype unless another is given."""
    return zeros(input.shape, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


def ones_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and on the device of `input`, in its dtype unless another is given."""
    return ones(input.shape, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = DEFAULT_DTYPE, device: str = "cpu") -> Tensor:
    """Ones on the diagonal of an (n, m) matrix of zeros."""
    return Tensor(module_of(device).eye(n, m, dtype=dtype))


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None, device: str = "cpu") -> Tensor:
    """Numbers from `start` (0 when only one number is given) up to but without `end`; int64 or float32."""
    first, last = (0, start) if end is None else (start, end)
    if dtype is None:
        dtype = np.int64 if all(isinstance(v, int) for v in (first, last, step)) else DEFAULT_DTYPE
    return Tensor(module_of(device).arange(first, last, step, dtype=dtype))


def linspace(start: float, end: float, steps: int, dtype: Any = DEFAULT_DTYPE, device: str = "cpu") -> Tensor:
    """`steps` numbers at equal distance, from `start` to `end`, both included."""
    return Tensor(module_of(device).linspace(start, end, steps, dtype=dtype))


def rand(*size: Any, dtype: Any = DEFAULT_DTYPE, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Random numbers, uniform in [0, 1). Drawn on the CPU, so that one seed gives the same on every device."""
    raw = generator().random(_sizes(size)).astype(dtype)
    return Tensor(to_device(raw, device), requires_grad=requires_grad)


def randn(*size: Any, dtype: Any = DEFAULT_DTYPE, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Random numbers, normal with mean 0 and variance 1. Drawn on the CPU, like `rand`."""
    raw = np.asarray(generator().standard_normal(_sizes(size))).astype(dtype)
    return Tensor(to_device(raw, device), requires_grad=requires_grad)


def randint(low: int, high: int, size: Any, device: str = "cpu") -> Tensor:
    """Random integers in [low, high), int64."""
    if high <= low:
        raise ArgumentError(sentence("randint: there is nothing to draw from.", "low < high", f"[{low}, {high})"))
    return Tensor(to_device(generator().integers(low, high, size=size), device))


def randperm(n: int) -> Tensor:
    """The numbers 0 to n - 1 in random order, int64."""
    return Tensor(generator().permutation(n))


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """`input` with zeros above a diagonal of its last two axes; 0 is the main one, larger ones lie above it."""
    return masked(input, _lower(input, diagonal))


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """`input` with zeros below a diagonal of its last two axes."""
    return masked(input, ~_lower(input, diagonal - 1))


def _lower(x: Tensor, diagonal: int) -> Any:
    return module_of(x.device).tri(*x.shape[-2:], k=diagonal, dtype=bool)


def _filled(shape: tuple[int, ...], value: Any, dtype: Any, device: str) -> Any:
    """An array with one value everywhere; zeros as the system hands them out, which costs nothing before their use."""
    if _drafts.left is not None:
        return _draft(shape, value, dtype)
    xp = module_of(device)
    return xp.zeros(shape, dtype=dtype) if type(value) is int and value == 0 else xp.full(shape, value, dtype=dtype)


def _draft(shape: tuple[int, ...], value: Any, dtype: Any) -> Any:
    """One number seen as an array of any shape."""
    if not _drafts.left:
        raise CheckpointError(sentence("there are more parameters than weights.", "a weight for each", shape))
    _drafts.left -= 1
    return np.lib.stride_tricks.as_strided(np.full((), value, dtype), shape, (0,) * len(shape))


def _sizes(size: tuple[Any, ...]) -> tuple[int, ...]:
    """(2, 3), ((2, 3),) and ([2, 3],) all as (2, 3)."""
    return tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
