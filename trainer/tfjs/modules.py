"""What Keras has and PyTorch does not, as modules: padding by the size of the image, and joints between layers.

Images are (N, C, H, W) here as everywhere in the trainer; the axes that Keras names are those of (N, H, W, C), and
where elements are put in a row, that is the order. `shape_after` says what becomes of a sample, in Keras' order too.
"""

from __future__ import annotations

import math
from typing import Any

from trainer import creation
from trainer import functional as F
from trainer.nn.module import Module
from trainer.ops.shape import cat
from trainer.tensor import Tensor
from trainer.tfjs.words import Shape

Pair = tuple[int, int]


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> Pair:
    """How much TensorFlow's SAME puts before and behind an axis: ceil(size / stride) windows, the odd one behind."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class SamePad2d(Module):
    """What SAME puts around images for windows of a size, stride and dilation; `value` is what."""

    def __init__(self, kernel_size: Pair, stride: Pair, dilation: Pair = (1, 1), value: float = 0.0) -> None:
        self.kernel_size = kernel_size
        self.stride = stride
        self.dilation = dilation
        self.value = value

    def widths(self, height: int, width: int) -> tuple[Pair, Pair]:
        """((top, bottom), (left, right)) for images of a size."""
        (kh, kw), (sh, sw), (dh, dw) = self.kernel_size, self.stride, self.dilation
        return same_padding(height, kh, sh, dh), same_padding(width, kw, sw, dw)

    def forward(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.widths(*x.shape[2:])
        return F.pad(x, (left, right, top, bottom), value=self.value) if top + bottom + left + right else x

    def shape_after(self, shape: Shape) -> Shape:
        if shape[0] is None or shape[1] is None:
            return None, None, shape[2]
        (top, bottom), (left, right) = self.widths(shape[0], shape[1])
        return shape[0] + top + bottom, shape[1] + left + right, shape[2]

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


class SameAvgPool2d(Module):
    """The mean of each window under SAME, of the pixels that are there: padding does not count, as in TensorFlow."""

    def __init__(self, kernel_size: Pair, stride: Pair) -> None:
        self.pad = SamePad2d(kernel_size, stride)
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        ones = creation.ones(1, 1, *x.shape[2:], dtype=x.dtype, device=x.device)
        means, shares = (F.avg_pool2d(self.pad(each), self.kernel_size, self.stride) for each in (x, ones))
        return means / shares

    def shape_after(self, shape: Shape) -> Shape:
        h, w = (None if n is None else -(-n // s) for n, s in zip(shape[:2], self.stride, strict=True))
        return h, w, shape[2]

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


class Reshaped(Module):
    """Elements in Keras' order under another shape, without the batch; -1 is what is left over."""

    def __init__(self, target: tuple[int, ...]) -> None:
        self.target = target

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 4:
            x = x.permute(0, 2, 3, 1)
        x = x.reshape(x.shape[0], *self.shape_after(x.shape[1:]))
        return x.permute(0, 3, 1, 2) if x.ndim == 4 else x

    def shape_after(self, shape: Shape) -> Shape:
        known = math.prod(n for n in self.target if n != -1)
        total = None if None in shape else math.prod(n or 0 for n in shape)
        return tuple(n if n != -1 else None if total is None else total // max(1, known) for n in self.target)

    def extra_repr(self) -> str:
        return f"{self.target}"


class Added(Module):
    """The sum of all inputs."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = first + other
        return first

    def shape_after(self, *shapes: Shape) -> Shape:
        """The largest length of each axis: one that is 1 is repeated."""
        return tuple(None if None in lengths else max(n or 0 for n in lengths) for lengths in zip(*shapes, strict=True))


class Concatenated(Module):
    """All inputs along an axis behind the batch, counted as Keras does: 0 is the first of (H, W, C)."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        dim = (2, 3, 1)[self.axis] if inputs[0].ndim == 4 else self.axis + 1
        return cat(inputs, dim)

    def shape_after(self, *shapes: Shape) -> Shape:
        lengths: list[Any] = [shape[self.axis] for shape in shapes]
        total = None if None in lengths else sum(lengths)
        return (*shapes[0][: self.axis], total, *shapes[0][self.axis + 1 :])

    def extra_repr(self) -> str:
        return f"axis={self.axis}"
