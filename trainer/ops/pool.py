"""Pooling in two dimensions: the largest or the mean value of each window, or of shares of the whole image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from trainer.backend import array_module, beside
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops.geometry import Pair, pair
from trainer.ops.linalg import matmul
from trainer.ops.reduce import mean
from trainer.ops.select import masked
from trainer.tensor import Tensor


class Windows(NamedTuple):
    """How the windows lie over images of `input_shape` (N, C, H, W)."""

    kernel: Pair
    stride: Pair
    padding: Pair
    input_shape: tuple[int, ...]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(N, C, OH, OW); windows that would reach past the edge are left out."""
        n, c, *size = self.input_shape
        return n, c, *((size[i] + 2 * self.padding[i] - self.kernel[i]) // self.stride[i] + 1 for i in range(2))

    @property
    def padded_shape(self) -> tuple[int, ...]:
        n, c, h, w = self.input_shape
        return n, c, h + 2 * self.padding[0], w + 2 * self.padding[1]

    @property
    def tile(self) -> bool:
        """Whether each pixel lies in exactly one window."""
        return self.kernel == self.stride and all(
            n * k == size for n, k, size in zip(self.output_shape[2:], self.kernel, self.padded_shape[2:], strict=True)
        )

    def pad(self, xp: Any, x: Any, value: float) -> Any:
        """x with `value` around; x itself where there is no padding."""
        if self.padding == (0, 0):
            return x
        padded = xp.full(self.padded_shape, value, dtype=x.dtype)
        self.inside(padded)[...] = x
        return padded

    def inside(self, padded: Any) -> Any:
        """The images without their padding, as a view."""
        (ph, pw), (_, _, h, w) = self.padding, self.input_shape
        return padded[:, :, ph : ph + h, pw : pw + w]

    def places(self, padded: Any) -> Iterator[Any]:
        """For each place in the window, row by row: the pixels there, as a view (N, C, OH, OW)."""
        sh, sw = self.stride
        _, _, oh, ow = self.output_shape
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield padded[:, :, i : i + sh * (oh - 1) + 1 : sh, j : j + sw * (ow - 1) + 1 : sw]


class MaxPool2d(Function):
    """The largest of each window; of equal ones the first, row by row, gets the gradient. NaN wins, the last one."""

    saves = (None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, windows: Windows) -> Any:
        xp = array_module(x)
        y, *others = windows.places(windows.pad(xp, x, -math.inf))
        y = y.copy(order="K")
        if not needs[0]:
            for pixels in others:
                np.maximum(y, pixels, out=y)
            return y, ()
        # Which place won, in a byte where that is enough: it is saved until the gradient comes. The number of a later
        # place is larger, so the largest number among those that beat all before is the winner.
        winner = xp.zeros_like(y, dtype=np.uint8 if len(others) < 256 else np.int32)
        for k, pixels in enumerate(others, 1):
            beats = (pixels > y).astype(winner.dtype)
            beats *= winner.dtype.type(k)
            np.maximum(winner, beats, out=winner)
            np.maximum(y, pixels, out=y)
        if xp is not np or (y.size and np.isnan(y.max())):  # a look at the values would make a GPU wait
            for k, pixels in enumerate(windows.places(windows.pad(xp, x, -math.inf))):
                winner[pixels != pixels] = k
        return y, (winner, windows)

    @staticmethod
    def backward(g: Any, needs: Any, winner: Any, windows: Windows) -> Any:
        return (apply(Unpool, g, winner=winner, windows=windows),)


class Unpool(Function):
    """Puts each value at the place in its window that won; what meets at one pixel is summed."""

    saves = (None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, g: Any, winner: Any, windows: Windows) -> Any:
        xp = array_module(g)
        padded = xp.empty_like(winner, dtype=g.dtype, shape=windows.padded_shape)
        if not windows.tile:
            padded[...] = 0
        g = _laid(xp, g, winner)
        apart = windows.stride[0] >= windows.kernel[0] and windows.stride[1] >= windows.kernel[1]
        for k, pixels in enumerate(windows.places(padded)):
            if apart:
                pixels[...] = masked(g, winner == k)
            else:
                pixels += masked(g, winner == k)
        return windows.inside(padded), (winner, windows)

    @staticmethod
    def backward(v: Any, needs: Any, winner: Any, windows: Windows) -> Any:
        return (apply(Pick, v, winner=winner, windows=windows),)


class Pick(Function):
    """Takes from each window the value at the place that won."""

    saves = (None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, v: Any, winner: Any, windows: Windows) -> Any:
        xp = array_module(v)
        y = xp.zeros(windows.output_shape, dtype=v.dtype)
        for k, pixels in enumerate(windows.places(windows.pad(xp, v, 0.0))):
            y += masked(pixels, winner == k)
        return y, (winner, windows)

    @staticmethod
    def backward(g: Any, needs: Any, winner: Any, windows: Windows) -> Any:
        return (apply(Unpool, g, winner=winner, windows=windows),)


class AvgPool2d(Function):
    """The mean of each window, zeros of the padding counted in."""

    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, windows: Windows) -> Any:
        xp = array_module(x)
        y = xp.zeros(windows.output_shape, dtype=x.dtype)
        for pixels in windows.places(windows.pad(xp, x, 0.0)):
            y += pixels
        y /= math.prod(windows.kernel)
        return y, (windows,)

    @staticmethod
    def backward(g: Any, needs: Any, windows: Windows) -> Any:
        return (apply(Spread, g, windows=windows),)


class Spread(Function):
    """Shares each value out over its window: the gradient of the mean."""

    saves = (None,)
    fresh = True

    @staticmethod
    def forward(needs: Any, g: Any, windows: Windows) -> Any:
        xp = array_module(g)
        padded = xp.zeros(windows.padded_shape, dtype=g.dtype)
        share = g / g.dtype.type(math.prod(windows.kernel))
        for pixels in windows.places(padded):
            pixels += share
        return windows.inside(padded), (windows,)

    @staticmethod
    def backward(v: Any, needs: Any, windows: Windows) -> Any:
        return (apply(AvgPool2d, v, windows=windows),)


def max_pool2d(
    input: Tensor, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Tensor:
    """The largest value of each window of (N, C, H, W); NaN where the window holds one.

    Args:
        input: (N, C, H, W).
        kernel_size: Size of the window, one number or (height, width).
        stride: How far the window moves; None means by its own size.
        padding: Border that never wins; at most half the window.

    Returns:
        (N, C, OH, OW) with OH = (H + 2 padding - KH) // stride + 1, and OW alike.

    Raises:
        ShapeError: no images, or images smaller than the window.
        ArgumentError: padding of more than half the window.
    """
    return apply(MaxPool2d, input, windows=_windows("max_pool2d", input, kernel_size, stride, padding))


def avg_pool2d(
    input: Tensor, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Tensor:
    """The mean of each window of (N, C, H, W), padding counted as zeros; arguments and errors as for `max_pool2d`."""
    return apply(AvgPool2d, input, windows=_windows("avg_pool2d", input, kernel_size, stride, padding))


def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple[int | None, int | None]) -> Tensor:
    """The means of as many windows as asked for, which share the image out evenly: (N, C, H, W) -> (N, C, OH, OW).

    Args:
        input: (N, C, H, W).
        output_size: OH and OW, one number for both; None keeps the input's. 1 is the mean of the whole image. Where it
            does not divide the size, windows overlap by a pixel, as in PyTorch: row i is the mean of the rows from
            floor(i H / OH) up to ceil((i + 1) H / OH).

    Raises:
        ShapeError: no images, or images without pixels.
        ArgumentError: an output size below 1.
    """
    if input.ndim != 4 or not input.shape[2] or not input.shape[3]:
        problem = "adaptive_avg_pool2d: input must be a batch of images."
        raise ShapeError(sentence(problem, "(N, C, H, W), H and W at least 1", tuple(input.shape)))
    wanted = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    oh, ow = (n if out is None else out for out, n in zip(wanted, input.shape[2:], strict=True))
    if min(oh, ow) < 1:
        raise ArgumentError(sentence("adaptive_avg_pool2d: output_size counts pixels.", "at least 1", output_size))
    if (oh, ow) == (1, 1):
        return mean(input, (2, 3), True)
    rows, columns = _shares(input, input.shape[2], oh), _shares(input, input.shape[3], ow)
    return matmul(matmul(rows, input), columns.swapaxes(0, 1))


def _laid(xp: Any, values: Any, like: Any) -> Any:
    """Values in the order in memory of `like`, so that passes over both go along both: those of a `Flatten` differ."""
    if [each // values.itemsize for each in values.strides] == [each // like.itemsize for each in like.strides]:
        return values
    laid = xp.empty_like(like, dtype=values.dtype)
    laid[...] = values
    return laid


def _shares(like: Tensor, length: int, count: int) -> Any:
    """(count, length): each row averages the elements that are its share, so that a product with it pools."""
    shares = np.zeros((count, length), dtype=like.raw.dtype)
    for i in range(count):
        start, stop = i * length // count, -(-(i + 1) * length // count)
        shares[i, start:stop] = 1 / (stop - start)
    return beside(shares, like.raw)


def _windows(name: str, x: Tensor, kernel_size: int | Pair, stride: int | Pair | None, padding: int | Pair) -> Windows:
    if x.ndim != 4:
        raise ShapeError(sentence(f"{name}: input must be a batch of images.", "(N, C, H, W)", tuple(x.shape)))
    kernel = pair(kernel_size)
    windows = Windows(kernel, kernel if stride is None else pair(stride), pair(padding), tuple(x.shape))
    if any(2 * p > k for p, k in zip(windows.padding, kernel, strict=True)):
        raise ArgumentError(
            sentence(f"{name}: padding is larger than half the window.", f"at most {kernel} // 2", windows.padding)
        )
    if min(windows.output_shape[2:]) < 1:
        raise ShapeError(sentence(f"{name}: the images are smaller than the window.", kernel, tuple(x.shape[2:])))
    return windows
