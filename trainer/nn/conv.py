"""Layers that slide filters over images."""

from __future__ import annotations

import math

from trainer import creation
from trainer import functional as F
from trainer.errors import ArgumentError, sentence
from trainer.nn import init
from trainer.nn.module import Module, Parameter
from trainer.ops.geometry import Pair, pair
from trainer.tensor import Tensor


class Conv2d(Module):
    """Filters over images: (N, in_channels, H, W) -> (N, out_channels, OH, OW).

    Sizes and arguments are those of `functional.conv2d`. Weights and bias start uniform in +-1/sqrt(fan_in), as in
    PyTorch, with fan_in = in_channels / groups * KH * KW.

    Attributes:
        weight: (out_channels, in_channels / groups, KH, KW).
        bias: (out_channels,), or None.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        device: str = "cpu",
    ) -> None:
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(
                sentence(
                    "Conv2d: groups must divide the channels.",
                    f"a divisor of {in_channels} and {out_channels}",
                    groups,
                )
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        bound = 1 / math.sqrt(max(1, math.prod(shape[1:])))
        self.weight = Parameter(init.uniform_(creation.zeros(shape, device=device), -bound, bound))
        self.bias = (
            Parameter(init.uniform_(creation.zeros(out_channels, device=device), -bound, bound)) if bias else None
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        parts += [f"{name}={getattr(self, name)!r}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(parts) + ("" if self.bias is not None else ", bias=False")
