"""Layers that keep the largest or the mean value of each window, and one that puts zeros around images."""

from __future__ import annotations

from trainer import functional as F
from trainer.nn.module import Module
from trainer.ops.geometry import Pair
from trainer.tensor import Tensor


class _Pool2d(Module):
    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pool2d):
    """The largest value of each window: (N, C, H, W) -> (N, C, OH, OW); see `functional.max_pool2d`."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """The mean of each window: (N, C, H, W) -> (N, C, OH, OW); see `functional.avg_pool2d`."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding)


class AdaptiveAvgPool2d(Module):
    """The means of an even share of each image: (N, C, H, W) -> (N, C, OH, OW); see `functional.adaptive_avg_pool2d`.

    `AdaptiveAvgPool2d(1)` is what ends many networks: the mean of each channel.
    """

    def __init__(self, output_size: int | tuple[int | None, int | None]) -> None:
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class ZeroPad2d(Module):
    """Zeros around images, (left, right, top, bottom) of them or as many on each side; see `functional.pad`."""

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        self.padding = (padding,) * 4 if isinstance(padding, int) else tuple(padding)

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.padding)

    def extra_repr(self) -> str:
        return f"{self.padding}"
