"""Convolution in two dimensions, as a matrix product over unfolded windows.

The windows of a few images at a time are written out as columns and multiplied with the filters. The columns are made
again for the gradient instead of kept: they are nine times the size of the input for a 3 x 3 filter, and copying them
costs less than the product they feed. Where each channel has filters of its own, `depthwise.py` does without columns.

A convolution is linear in its input and in its filters, so its two gradients and theirs are three operations that
refer to each other: `Conv2d` (x, w -> y), `Conv2dInput` (g, w -> x) and `Conv2dWeight` (g, x -> w).
"""

from __future__ import annotations

import math
from typing import Any

from trainer.backend import array_module
from trainer.errors import ArgumentError, DTypeError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops import depthwise
from trainer.ops.geometry import Geometry, Pair, pair
from trainer.ops.reduce import sum
from trainer.tensor import Tensor

# Columns are made for as many images at a time as fit in here. Measured with 64 x 16 x 14 x 14, 3 x 3 and 32 filters,
# forward and both gradients: 9.3 ms with 0.5 MB, 7.5 with 4 MB; from 16 MB on it grows again, and so does the memory.
_WORKSPACE_BYTES = 4 * 1024 * 1024


class Conv2d(Function):
    saves = (0, 1, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
        xp = array_module(x)
        saved = x if needs[1] else None, weight if needs[0] else None, geometry
        if geometry.is_depthwise:
            return depthwise.convolve(xp, x, weight, bias, geometry), saved
        n, o, oh, ow = geometry.output_shape
        y = xp.empty((n, o, oh, ow), dtype=x.dtype)
        filters = _filters(weight, geometry)
        for part, columns in _columns(xp, x, geometry):
            pixels = xp.matmul(filters, columns).reshape(o, -1, oh, ow).swapaxes(0, 1)
            if bias is None:
                y[part] = pixels
            else:
                xp.add(pixels, bias.reshape(-1, 1, 1), out=y[part])
        return y, saved

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, weight: Any, geometry: Geometry) -> Any:
        return (
            apply(Conv2dInput, g, weight, geometry=geometry) if needs[0] else None,
            apply(Conv2dWeight, g, x, geometry=geometry) if needs[1] else None,
            sum(g, (0, 2, 3)) if needs[2] else None,
        )


class Conv2dInput(Function):
    """From the gradient at the result to the gradient at the input."""

    saves = (0, 1, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
        xp = array_module(g)
        saved = g if needs[1] else None, weight if needs[0] else None, geometry
        if geometry.is_depthwise:
            return depthwise.input_gradient(xp, g, weight, geometry), saved
        n, c, h, w = geometry.input_shape
        _, _, oh, ow = geometry.output_shape
        _, _, kh, kw = weight.shape
        ph, pw = geometry.padding
        padded = xp.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=g.dtype)
        filters = _filters(weight, geometry).swapaxes(-1, -2)
        step = _images_at_once(geometry, g.dtype.itemsize)
        for start in range(0, n, step):
            part = slice(start, start + step)
            columns = xp.matmul(filters, _by_group(g[part], geometry)).reshape(c, kh, kw, -1, oh, ow)
            for (i, j), window in geometry.offsets(padded[:, part]):
                window += columns[:, i, j]
        return padded[:, :, ph : ph + h, pw : pw + w].swapaxes(0, 1), saved

    @staticmethod
    def backward(v: Any, needs: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
        return (
            apply(Conv2d, v, weight, None, geometry=geometry) if needs[0] else None,
            apply(Conv2dWeight, g, v, geometry=geometry) if needs[1] else None,
        )


class Conv2dWeight(Function):
    """From the gradient at the result and the input to the gradient at the filters."""

    saves = (0, 1, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, g: Any, x: Any, geometry: Geometry) -> Any:
        xp = array_module(g)
        saved = g if needs[1] else None, x if needs[0] else None, geometry
        if geometry.is_depthwise:
            return depthwise.weight_gradient(xp, g, x, geometry), saved
        total: Any = 0
        for part, columns in _columns(xp, x, geometry):
            total = total + xp.matmul(_by_group(g[part], geometry), columns.swapaxes(-1, -2))
        if not x.shape[0]:
            total = xp.zeros(geometry.weight_shape, dtype=g.dtype)
        return total.reshape(geometry.weight_shape), saved

    @staticmethod
    def backward(v: Any, needs: Any, g: Any, x: Any, geometry: Geometry) -> Any:
        return (
            apply(Conv2d, x, v, None, geometry=geometry) if needs[0] else None,
            apply(Conv2dInput, g, v, geometry=geometry) if needs[1] else None,
        )


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Slides filters over images and sums the products (cross-correlation, as everyone calls convolution).

    Args:
        input: (N, C, H, W).
        weight: (O, C / groups, KH, KW).
        bias: (O,), or None.
        stride: How far a window moves, one number or (down, right).
        padding: Zeros put around the image; "same" keeps H and W at stride 1, "valid" is 0.
        dilation: Distance between the elements of a window.
        groups: Channels are split into this many groups, each with its own share of the filters.

    Returns:
        (N, O, OH, OW) with OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1, and OW alike.

    Raises:
        ShapeError: no images, another number of channels, or an image smaller than the window.
        DTypeError: `input` and `weight` are of different dtypes.
    """
    stride, dilation = pair(stride), pair(dilation)
    if isinstance(padding, str):
        padding = _named_padding(padding, weight.shape, stride, dilation)
    if input.ndim != 4:
        raise ShapeError(
            sentence(
                "conv2d: input must be a batch of images.",
                "(N, C, H, W)",
                tuple(input.shape),
                _hint_for_images(input.shape, weight.shape[1] * groups),
            )
        )
    if input.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ShapeError(
            sentence(
                f"conv2d with weight {tuple(weight.shape)} and groups={groups}: channels do not fit.",
                f"(N, {weight.shape[1] * groups}, H, W)",
                tuple(input.shape),
                "try x.permute(0, 3, 1, 2)" if input.shape[3] == weight.shape[1] * groups else None,
            )
        )
    if input.dtype != weight.dtype:
        hint = f"try input.to(trainer.{weight.dtype})"
        raise DTypeError(sentence("conv2d: input has another dtype than the weights.", weight.dtype, input.dtype, hint))
    geometry = Geometry(stride, pair(padding), dilation, groups, tuple(input.shape), tuple(weight.shape))
    if min(geometry.output_shape[2:]) < 1:
        raise ShapeError(
            sentence(
                "conv2d: the image is smaller than the window.",
                f"at least {tuple(d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True))}",
                f"{tuple(input.shape[2:])} with padding {geometry.padding}",
            )
        )
    return apply(Conv2d, input, weight, bias, geometry=geometry)


def _hint_for_images(shape: tuple[int, ...], channels: int) -> str | None:
    """What to try where images have lost an axis, or were flattened."""
    if len(shape) == 3:
        return f"try x.unsqueeze({1 if channels == 1 else 0})"
    side = math.isqrt(shape[1] // channels) if len(shape) == 2 and shape[1] else 0
    if side and side * side * channels == shape[1]:
        return f"try x.reshape({shape[0]}, {channels}, {side}, {side})"
    return None


def _named_padding(name: str, weight_shape: tuple[int, ...], stride: Pair, dilation: Pair) -> Pair:
    """The padding called "same" or "valid"."""
    if name == "valid":
        return 0, 0
    spans = [d * (k - 1) for d, k in zip(dilation, weight_shape[2:], strict=True)]
    if name != "same" or stride != (1, 1) or any(s % 2 for s in spans):
        raise ArgumentError(
            sentence(
                "conv2d: padding cannot be worked out.",
                '"valid", or "same" with stride 1 and a window of odd size',
                f"{name!r} with stride {stride} and a window of {tuple(weight_shape[2:])}",
            )
        )
    return spans[0] // 2, spans[1] // 2


def _filters(weight: Any, geometry: Geometry) -> Any:
    """(groups, O / groups, C / groups * KH * KW): one matrix a group."""
    return weight.reshape(geometry.groups, geometry.weight_shape[0] // geometry.groups, -1)


def _by_group(images: Any, geometry: Geometry) -> Any:
    """(groups, channels of a group, N * pixels) of images (N, C, H, W): all images side by side."""
    return images.swapaxes(0, 1).reshape(geometry.groups, images.shape[1] // geometry.groups, -1)


def _images_at_once(geometry: Geometry, itemsize: int) -> int:
    """How many images' columns fit in the workspace; at least one."""
    _, _, oh, ow = geometry.output_shape
    _, _, kh, kw = geometry.weight_shape
    return max(1, _WORKSPACE_BYTES // max(1, geometry.input_shape[1] * kh * kw * oh * ow * itemsize))


def _columns(xp: Any, x: Any, geometry: Geometry) -> Any:
    """For a few images at a time: which they are, and their windows as (groups, C / groups * KH * KW, n * OH * OW).

    The images of a part lie side by side, so that there is one large product for all and not a small one for each.
    """
    n, c, h, w = x.shape
    ph, pw = geometry.padding
    _, _, oh, ow = geometry.output_shape
    _, _, kh, kw = geometry.weight_shape
    step = min(n, _images_at_once(geometry, x.dtype.itemsize))
    columns = xp.empty((c, kh, kw, step, oh, ow), dtype=x.dtype)
    padded = xp.zeros((c, step, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    for start in range(0, n, step or 1):
        count = min(step, n - start)
        part = slice(start, start + count)
        padded[:, :count, ph : ph + h, pw : pw + w] = x[part].swapaxes(0, 1)
        here = columns if count == step else xp.empty((c, kh, kw, count, oh, ow), dtype=x.dtype)
        for (i, j), window in geometry.offsets(padded[:, :count]):
            here[:, i, j] = window
        yield part, here.reshape(geometry.groups, -1, count * oh * ow)
