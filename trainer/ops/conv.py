"""Convolution in two dimensions, as a matrix product over unfolded windows.

The windows are written out as columns and multiplied with the filters, a few images at a time. Columns are nine times
the size of the input for a 3 x 3 filter, so only where those of all images fit in the workspace are they kept for the
gradient at the filters; otherwise they are made again. Where each channel has filters of its own, `depthwise.py` does
without columns.

Results are laid out in memory channel by channel, (C, N, H, W), and shown as (N, C, H, W): so products are written
where they stay and read where they are, and what works on elements in between keeps the layout.

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

# Columns are made for as many images at a time as fit in here, and kept where all fit, so this is also what a layer may
# add to the memory of a step. Measured with 64 x 16 x 14 x 14, 3 x 3 and 32 filters, whose columns take 7 MB: making
# them takes 0.5 ms of the 1.1 of the forward, and without them the gradient at the filters takes 0.7.
_WORKSPACE_BYTES = 8 * 1024 * 1024


class Conv2d(Function):
    saves = (0, 1, None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
        xp = array_module(x)
        saved = x if needs[1] else None, weight if needs[0] else None, geometry
        if geometry.is_depthwise:
            return depthwise.convolve(xp, x, weight, bias, geometry), (*saved, None)
        n, o, oh, ow = geometry.output_shape
        filters = _filters(weight, geometry)
        if bias is not None:  # meets a row of ones
            filters = xp.concatenate([filters, bias.reshape(geometry.groups, -1, 1)], 2)
        y = xp.empty((o, n, oh, ow), dtype=x.dtype)
        pixels = _by_group(y.swapaxes(0, 1), geometry)
        columns = None
        parts = _parts(geometry, x.dtype.itemsize)
        for part in parts:
            columns = _columns(xp, x[part], geometry, bias is not None)
            xp.matmul(filters, columns, out=pixels[..., part.start * oh * ow : part.stop * oh * ow])
        return y.swapaxes(0, 1), (*saved, columns if needs[1] and len(parts) == 1 else None)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, weight: Any, geometry: Geometry, columns: Any) -> Any:
        return (
            apply(Conv2dInput, g, weight, geometry=geometry) if needs[0] else None,
            apply(Conv2dWeight, g, x, geometry=geometry, columns=columns) if needs[1] else None,
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
        return (_summed_along_rows if geometry.stride == (1, 1) else _summed_in_windows)(xp, g, weight, geometry), saved

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
    def forward(needs: Any, g: Any, x: Any, geometry: Geometry, columns: Any = None) -> Any:
        """`columns` are those of all of x, where they were kept, with a row of ones below or not."""
        xp = array_module(g)
        saved = g if needs[1] else None, x if needs[0] else None, geometry
        if geometry.is_depthwise:
            return depthwise.weight_gradient(xp, g, x, geometry), saved
        total: Any = 0
        for part in [slice(None)] if columns is not None else _parts(geometry, x.dtype.itemsize):
            met = _columns(xp, x[part], geometry, False) if columns is None else columns
            total = total + xp.matmul(met, _by_group(g[part], geometry).swapaxes(-1, -2))
        total = total[:, : math.prod(geometry.weight_shape[1:])].swapaxes(-1, -2)
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


def _parts(geometry: Geometry, itemsize: int) -> list[slice]:
    """Images to do at a time, so that their columns fit in the workspace; at least one part."""
    n, _, oh, ow = geometry.output_shape
    _, _, kh, kw = geometry.weight_shape
    step = max(1, _WORKSPACE_BYTES // max(1, geometry.input_shape[1] * kh * kw * oh * ow * itemsize))
    return [slice(start, min(n, start + step)) for start in range(0, max(1, n), step)]


def _columns(xp: Any, x: Any, geometry: Geometry, with_ones: bool) -> Any:
    """The windows of images, (groups, C / groups * KH * KW, N * OH * OW), and below them a row of ones for a bias.

    The images lie side by side, so that there is one large product for all and not a small one for each.
    """
    n, c, h, w = x.shape
    ph, pw = geometry.padding
    _, _, oh, ow = geometry.output_shape
    _, share, kh, kw = geometry.weight_shape
    padded = x.swapaxes(0, 1)
    if ph or pw:
        padded = xp.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
        padded[:, :, ph : ph + h, pw : pw + w] = x.swapaxes(0, 1)
    padded = padded.reshape(geometry.groups, share, *padded.shape[1:])
    columns = xp.empty((geometry.groups, share * kh * kw + with_ones, n * oh * ow), dtype=x.dtype)
    columns[:, share * kh * kw :] = 1
    windows = columns[:, : share * kh * kw].reshape(geometry.groups, share, kh, kw, n, oh, ow)
    for (i, j), window in geometry.offsets(padded):
        windows[:, :, i, j] = window
    return columns


def _summed_along_rows(xp: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
    """The gradient at the input (N, C, H, W) for windows that move by one pixel.

    An element of the filter then moves all pixels equally far, so its share of the gradient is added as one long row of
    all images and not line by line (measured as above: 1.0 instead of 1.8 ms). All rows have one border on the left, as
    wide as the padding, and all images one at the top: what reaches past an edge ends in the border of the next.
    """
    n, c, h, w = geometry.input_shape
    (ph, pw), (dh, dw) = geometry.padding, geometry.dilation
    _, o, oh, ow = geometry.output_shape
    _, _, kh, kw = geometry.weight_shape
    height, width = max(h + ph, oh), max(w + pw, ow)
    size = height * width
    spread = xp.zeros((o, n, height, width), dtype=g.dtype)
    spread[:, :, :oh, :ow] = g.swapaxes(0, 1)
    spread = _by_group(spread.swapaxes(0, 1), geometry)
    filters = _filters(weight, geometry).swapaxes(-1, -2)
    total = xp.zeros((c, n * size + (kh - 1) * dh * width + (kw - 1) * dw), dtype=g.dtype)
    for part in _parts(geometry, g.dtype.itemsize):
        start, stop = part.start * size, part.stop * size
        columns = xp.matmul(filters, spread[..., start:stop]).reshape(c, kh, kw, stop - start)
        for i in range(kh):
            for j in range(kw):
                moved = i * dh * width + j * dw
                total[:, start + moved : stop + moved] += columns[:, i, j]
    images = total[:, : n * size].reshape(c, n, height, width)
    return images[:, :, ph : ph + h, pw : pw + w].swapaxes(0, 1)


def _summed_in_windows(xp: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
    """The gradient at the input (N, C, H, W) for windows that move by any step."""
    n, c, h, w = geometry.input_shape
    ph, pw = geometry.padding
    _, _, oh, ow = geometry.output_shape
    _, _, kh, kw = geometry.weight_shape
    filters = _filters(weight, geometry).swapaxes(-1, -2)
    total = xp.zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=g.dtype)
    for part in _parts(geometry, g.dtype.itemsize):
        columns = xp.matmul(filters, _by_group(g[part], geometry)).reshape(c, kh, kw, -1, oh, ow)
        for (i, j), window in geometry.offsets(total[:, part]):
            window += columns[:, i, j]
    return total[:, :, ph : ph + h, pw : pw + w].swapaxes(0, 1)
