"""The operations as methods of a tensor: x.sum() for sum(x)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

# Not `from trainer import ops`: the operations need Tensor, which needs this class. They are there when a method runs.
import trainer

if TYPE_CHECKING:
    from trainer.tensor import Tensor

Dims = int | Sequence[int] | None


class TensorMethods:
    """Arguments and results are those of the function of the same name in `trainer`."""

    __slots__ = ()

    def abs(self: Any) -> Tensor:
        return trainer.ops.abs_(self)

    def exp(self: Any) -> Tensor:
        return trainer.ops.exp(self)

    def log(self: Any) -> Tensor:
        return trainer.ops.log(self)

    def sqrt(self: Any) -> Tensor:
        return trainer.ops.sqrt(self)

    def sin(self: Any) -> Tensor:
        return trainer.ops.sin(self)

    def cos(self: Any) -> Tensor:
        return trainer.ops.cos(self)

    def pow(self: Any, exponent: Any) -> Tensor:
        return trainer.ops.pow(self, exponent)

    def matmul(self: Any, other: Any) -> Tensor:
        return trainer.ops.matmul(self, other)

    def relu(self: Any) -> Tensor:
        return trainer.ops.relu(self)

    def sigmoid(self: Any) -> Tensor:
        return trainer.ops.sigmoid(self)

    def tanh(self: Any) -> Tensor:
        return trainer.ops.tanh(self)

    def softmax(self: Any, dim: int = -1) -> Tensor:
        return trainer.ops.softmax(self, dim)

    def log_softmax(self: Any, dim: int = -1) -> Tensor:
        return trainer.ops.log_softmax(self, dim)

    def clamp(self: Any, min: Any = None, max: Any = None) -> Tensor:
        return trainer.ops.clamp(self, min, max)

    def masked_fill(self: Any, mask: Any, value: Any) -> Tensor:
        return trainer.ops.masked_fill(self, mask, value)

    def sum(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.sum(self, dim, keepdim)

    def mean(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.mean(self, dim, keepdim)

    def var(self: Any, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        return trainer.ops.var(self, dim, correction, keepdim)

    def std(self: Any, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        return trainer.ops.std(self, dim, correction, keepdim)

    def max(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return trainer.ops.max(self, dim, keepdim)

    def min(self: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        return trainer.ops.min(self, dim, keepdim)

    def amax(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.amax(self, dim, keepdim)

    def amin(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.amin(self, dim, keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.argmax(self, dim, keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.argmin(self, dim, keepdim)

    def logsumexp(self: Any, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
        return trainer.ops.logsumexp(self, dim, keepdim)

    def norm(self: Any) -> Tensor:
        return trainer.ops.norm(self)

    def all(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.all_(self, dim, keepdim)

    def any(self: Any, dim: Dims = None, keepdim: bool = False) -> Tensor:
        return trainer.ops.any_(self, dim, keepdim)

    def reshape(self: Any, *shape: Any) -> Tensor:
        return trainer.ops.reshape(self, *shape)

    view = reshape

    def flatten(self: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        return trainer.ops.flatten(self, start_dim, end_dim)

    def permute(self: Any, *dims: Any) -> Tensor:
        return trainer.ops.permute(self, *dims)

    def transpose(self: Any, dim0: int, dim1: int) -> Tensor:
        return trainer.ops.transpose(self, dim0, dim1)

    def squeeze(self: Any, dim: int | None = None) -> Tensor:
        return trainer.ops.squeeze(self, dim)

    def unsqueeze(self: Any, dim: int) -> Tensor:
        return trainer.ops.unsqueeze(self, dim)

    def expand(self: Any, *shape: Any) -> Tensor:
        return trainer.ops.expand(self, *shape)

    def split(self: Any, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        return trainer.ops.split(self, split_size, dim)

    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        return trainer.ops.chunk(self, chunks, dim)

    def clone(self: Any) -> Tensor:
        return trainer.ops.clone(self)

    def contiguous(self: Any) -> Tensor:
        """This tensor: every operation takes memory in any order."""
        return self  # type: ignore[no-any-return]

    def dim(self: Any) -> int:
        return self.ndim  # type: ignore[no-any-return]

    def t(self: Any) -> Tensor:
        return trainer.ops.transpose(self, 0, 1)

    def unbind(self: Any, dim: int = 0) -> tuple[Tensor, ...]:
        return tuple(trainer.ops.squeeze(part, dim) for part in trainer.ops.split(self, 1, dim))

    def expand_as(self: Any, other: Tensor) -> Tensor:
        return trainer.ops.expand(self, other.shape)

    def view_as(self: Any, other: Tensor) -> Tensor:
        return trainer.ops.reshape(self, other.shape)

    def square(self: Any) -> Tensor:
        return trainer.ops.mul(self, self)

    def reciprocal(self: Any) -> Tensor:
        return trainer.ops.div(1.0, self)

    def rsqrt(self: Any) -> Tensor:
        return trainer.ops.div(1.0, trainer.ops.sqrt(self))

    def neg(self: Any) -> Tensor:
        return trainer.ops.neg(self)

    def add(self: Any, other: Any) -> Tensor:
        return trainer.ops.add(self, other)

    def sub(self: Any, other: Any) -> Tensor:
        return trainer.ops.sub(self, other)

    def mul(self: Any, other: Any) -> Tensor:
        return trainer.ops.mul(self, other)

    def div(self: Any, other: Any) -> Tensor:
        return trainer.ops.div(self, other)

    def mm(self: Any, other: Any) -> Tensor:
        return trainer.ops.matmul(self, other)

    bmm = mm

    def isnan(self: Any) -> Tensor:
        return self != self  # type: ignore[no-any-return]

    def isfinite(self: Any) -> Tensor:
        return trainer.ops.abs_(self.detach()) < float("inf")  # type: ignore[no-any-return]

    # Changed in place; what that means while gradients are recorded is said in `ops/inplace.py`.

    def add_(self: Any, other: Any) -> Tensor:
        self += other
        return self  # type: ignore[no-any-return]

    def sub_(self: Any, other: Any) -> Tensor:
        self -= other
        return self  # type: ignore[no-any-return]

    def mul_(self: Any, other: Any) -> Tensor:
        self *= other
        return self  # type: ignore[no-any-return]

    def div_(self: Any, other: Any) -> Tensor:
        self /= other
        return self  # type: ignore[no-any-return]

    def copy_(self: Any, other: Any) -> Tensor:
        self[...] = other
        return self  # type: ignore[no-any-return]

    def fill_(self: Any, value: Any) -> Tensor:
        self[...] = value
        return self  # type: ignore[no-any-return]

    def zero_(self: Any) -> Tensor:
        self[...] = 0
        return self  # type: ignore[no-any-return]
