"""How windows lie over images: sizes, strides and padding, which every operation of a convolution shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Pair = tuple[int, int]


class Geometry(NamedTuple):
    """Of one convolution: all that its result and its two gradients have in common."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    input_shape: tuple[int, ...]  # (N, C, H, W)
    weight_shape: tuple[int, ...]  # (O, C / groups, KH, KW)

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """(N, O, OH, OW)."""
        n, _, *size = self.input_shape
        o, _, *kernel = self.weight_shape
        oh, ow = (
            (size[i] + 2 * self.padding[i] - self.dilation[i] * (kernel[i] - 1) - 1) // self.stride[i] + 1
            for i in range(2)
        )
        return n, o, oh, ow

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has filters of its own and meets no other."""
        return self.groups > 1 and self.weight_shape[1] == 1

    def offsets(self, padded: Any) -> Iterator[tuple[Pair, Any]]:
        """For each element of the filter: where it is, and the pixels it meets, as a view (..., OH, OW)."""
        (sh, sw), (dh, dw) = self.stride, self.dilation
        _, _, oh, ow = self.output_shape
        _, _, kh, kw = self.weight_shape
        for i in range(kh):
            for j in range(kw):
                top, left = i * dh, j * dw
                yield (i, j), padded[..., top : top + sh * (oh - 1) + 1 : sh, left : left + sw * (ow - 1) + 1 : sw]


def pair(value: int | tuple[int, ...]) -> Pair:
    """One number for both directions, or (down, right)."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])
