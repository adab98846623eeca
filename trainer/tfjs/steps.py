"""The steps of a forward pass without a tape, on images as they come: (N, H, W, C), float32, into arrays made before.

With the channels last, a convolution of one pixel is one product of matrices, and a row of a depthwise convolution is
one long run of numbers beside its tiled filter, whatever the number of channels. A step is bound once to the arrays it
reads and writes; what `bind` gives back computes, and makes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from trainer import autograd
from trainer.nn.module import Module
from trainer.tensor import Tensor

Pair = tuple[int, int]
Run = Callable[[], object]
Widths = Callable[[int, int], tuple[Pair, Pair]]
"""From a height and a width to what is put around: ((top, bottom), (left, right))."""

BLOCK = 32 * 1024
"""Numbers that a pass goes over before the next begins, so that they are still in the cache."""

COLUMNS = 1024 * 1024
"""Numbers of windows that are written out as columns at a time."""

_ZERO, _SIX = np.float32(0), np.float32(6)


class Room(Protocol):
    """Where a step gets the memory that it needs beside its inputs and its result."""

    def scratch(self, count: int) -> Any:
        """Numbers that every step writes over."""

    def padded(self, shape: tuple[int, ...], inside: tuple[Any, ...]) -> Any:
        """Zeros, which stay zeros outside of where the step writes; `inside` says where that is."""


class Step(Protocol):
    """One thing to do."""

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        """What computes `out` from `inputs`, as often as it is called."""


class Filters(NamedTuple):
    """A convolution with all that is folded into it.

    Attributes:
        kernel: (KH, KW, C, O); depthwise (KH, KW, C).
        bias: (O,).
        relu: The bounds that follow: None, "relu" or "relu6".
        widths: The padding.
    """

    kernel: Any
    bias: Any
    relu: str | None
    stride: Pair
    dilation: Pair
    widths: Widths


def finish(y: Any, bias: Any, relu: str | None) -> None:
    """Adds the bias and holds y within bounds, in place."""
    np.add(y, bias, out=y)
    if relu is not None:
        np.maximum(y, _ZERO, out=y)
    if relu == "relu6":
        np.minimum(y, _SIX, out=y)


class Convolution(NamedTuple):
    """Windows of a few rows at a time as columns, times the filters."""

    filters: Filters

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        (x,), f = inputs, self.filters
        n, h, w, c = x.shape
        _, oh, ow, o = out.shape
        kh, kw = f.kernel.shape[:2]
        (sh, sw), (dh, dw) = f.stride, f.dilation
        fill, padded = _padded(x, f.widths(h, w), room)
        matrix = f.kernel.reshape(-1, o)
        if (kh, kw) == (sh, sw) == (1, 1):
            columns = padded.reshape(n * h * w, c) if fill is None else None
            if columns is not None:
                return _product(columns, matrix, f, out.reshape(-1, o))
        a, b, d, e = padded.strides
        windows = np.lib.stride_tricks.as_strided(
            padded, (n, oh, ow, kh, kw, c), (a, b * sh, d * sw, b * dh, d * dw, e), writeable=False
        )
        rows = max(1, COLUMNS // (ow * kh * kw * c))
        images = min(n, max(1, rows // oh))
        rows = min(rows, oh)
        scratch = room.scratch(images * rows * ow * kh * kw * c)
        parts = []
        for first in range(0, n, images):
            for top in range(0, oh, rows):
                part = windows[first : first + images, top : top + rows]
                columns = scratch[: part.size]
                y = out[first : first + images, top : top + rows].reshape(-1, o)
                parts.append((columns.reshape(part.shape), part, _product(columns.reshape(len(y), -1), matrix, f, y)))

        def run() -> None:
            if fill is not None:
                fill()
            for columns, part, product in parts:
                np.copyto(columns, part)
                product()

        return run


class Depthwise(NamedTuple):
    """Each element of the filter times the pixels it meets, added up, a few rows at a time."""

    filters: Filters

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        (x,), f = inputs, self.filters
        n, h, w, c = x.shape
        _, oh, ow, _ = out.shape
        kh, kw, _ = f.kernel.shape
        (sh, sw), (dh, dw) = f.stride, f.dilation
        fill, planes = _planes(x, f.widths(h, w), sw, room)
        taps = np.repeat(f.kernel.reshape(kh * kw, 1, c), ow, axis=1).reshape(kh * kw, ow * c)
        bias = np.tile(f.bias, ow)
        rows = min(oh, max(1, BLOCK // (ow * c)))
        images = min(n, max(1, BLOCK // (oh * ow * c)))
        scratch = room.scratch(images * rows * ow * c)
        blocks = []
        for first in range(0, n, images):
            for top in range(0, oh, rows):
                y = out[first : first + images, top : top + rows]
                y = y.reshape(*y.shape[:2], ow * c)
                met = []
                for i in range(kh):
                    for j in range(kw):
                        begin, left = top * sh + i * dh, j * dw // sw
                        pixels = planes[
                            j * dw % sw,
                            first : first + images,
                            begin : begin + sh * (y.shape[1] - 1) + 1 : sh,
                            left : left + ow,
                        ]
                        met.append((pixels.reshape(y.shape), taps[i * kw + j]))
                blocks.append((y, scratch[: y.size].reshape(y.shape), met[0], met[1:]))

        def run() -> None:
            if fill is not None:
                fill()
            multiply, add = np.multiply, np.add
            for y, product, (pixels, tap), others in blocks:
                multiply(pixels, tap, out=y)
                for pixels, tap in others:
                    multiply(pixels, tap, out=product)
                    add(y, product, out=y)
                finish(y, bias, f.relu)

        return run


class Dense(NamedTuple):
    """A matrix over rows of features."""

    matrix: Any  # (features, units)
    filters: Filters

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        (x,) = inputs
        return _product(x.reshape(-1, x.shape[-1]), self.matrix, self.filters, out.reshape(-1, out.shape[-1]))


class Means(NamedTuple):
    """The mean of each channel."""

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        (x,) = inputs
        n, h, w, c = x.shape
        pixels, y = x.reshape(n, h * w, c), out.reshape(n, c)
        return lambda: np.mean(pixels, axis=1, out=y)


class Sum(NamedTuple):
    """All inputs added up."""

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        first, second, *others = inputs

        def run() -> None:
            np.add(first, second, out=out)
            for other in others:
                np.add(out, other, out=out)

        return run


class Same(NamedTuple):
    """The input under another shape: nothing is computed, the two share their memory."""

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        return lambda: None


class Applied(NamedTuple):
    """Whatever a module does, on views of the arrays with the channels first."""

    module: Module

    def bind(self, inputs: list[Any], out: Any, room: Room) -> Run:
        views = [_channels_first(x) for x in inputs]
        y = _channels_first(out)

        def run() -> None:
            with autograd.no_grad():
                np.copyto(y, self.module(*(Tensor(x) for x in views)).raw)

        return run


def _channels_first(x: Any) -> Any:
    return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x


def _product(x: Any, matrix: Any, filters: Filters, y: Any) -> Run:
    """y = x @ matrix, then bias and bounds over a few rows at a time."""
    rows = max(1, BLOCK // y.shape[1])
    blocks = [y[start : start + rows] for start in range(0, len(y), rows)]

    def run() -> None:
        np.matmul(x, matrix, out=y)
        for block in blocks:
            finish(block, filters.bias, filters.relu)

    return run


def _padded(x: Any, widths: tuple[Pair, Pair], room: Room) -> tuple[Run | None, Any]:
    """Images with zeros around them, and what fills them in; x itself where nothing is put around."""
    if widths == ((0, 0), (0, 0)):
        return None, x
    fill, planes = _planes(x, widths, 1, room)
    return fill, planes[0]


def _planes(x: Any, widths: tuple[Pair, Pair], step: int, room: Room) -> tuple[Run | None, Any]:
    """Padded images, their columns dealt out: plane i has the columns i, i + step, …, so that strides are none in it.

    Returns:
        What fills the planes in, and the planes (step, N, H, W / step, C).
    """
    (top, bottom), (left, right) = widths
    n, h, w, c = x.shape
    if step == 1 and not top + bottom + left + right:
        return None, x[None]
    places = []
    for i in range(step):
        first = max(0, -(-(left - i) // step))
        pixels = x[:, :, i + first * step - left :: step]
        places.append((pixels, (i, slice(None), slice(top, top + h), slice(first, first + pixels.shape[2]))))
    shape = (step, n, h + top + bottom, -(-(left + w + right) // step), c)
    planes = room.padded(shape, (widths, h, w))
    copies = [(planes[place], pixels) for pixels, place in places]

    def fill() -> None:
        for into, pixels in copies:
            np.copyto(into, pixels)

    return fill, planes
