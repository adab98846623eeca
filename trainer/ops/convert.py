"""The same numbers in another dtype, on another device, or in memory of their own."""

from __future__ import annotations

from typing import Any

from trainer.backend import device_of, to_device
from trainer.function import Function, apply
from trainer.tensor import Tensor


class Cast(Function):
    saves = (None,)

    @staticmethod
    def forward(needs: Any, x: Any, dtype: Any) -> Any:
        return x.astype(dtype), (x.dtype,)

    @staticmethod
    def backward(g: Any, needs: Any, dtype: Any) -> Any:
        return (cast(g, dtype),)


class Move(Function):
    saves = (None,)

    @staticmethod
    def forward(needs: Any, x: Any, device: str) -> Any:
        return to_device(x, device), (device_of(x),)

    @staticmethod
    def backward(g: Any, needs: Any, device: str) -> Any:
        return (move(g, device),)


class Clone(Function):
    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return x.copy(), ()

    @staticmethod
    def backward(g: Any, needs: Any) -> Any:
        return (g,)


def cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype; the gradient comes back in the first. A tensor of integers has no gradient."""
    if dtype.kind != "f" and isinstance(x, Tensor):
        x = x.detach()
    return apply(Cast, x, dtype=dtype)


def move(x: Any, device: str) -> Tensor:
    """x on another device; the gradient comes back to the first."""
    return apply(Move, x, device=device)


def clone(x: Tensor) -> Tensor:
    """A copy that the gradient passes through."""
    return apply(Clone, x)
