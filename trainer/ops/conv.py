"""Convolution in two dimensions, as a matrix product over unfolded windows, or as what takes less time for its shape.

The windows are written out as columns and multiplied with the filters, as many at a time as there is room for. Columns
are nine times the size of the input for a 3 x 3 filter, so only where all of them fit in the workspace are they kept
for the gradient at the filters; otherwise they are made again. Three do without columns: `fourier.py` for large
filters, `winograd.py` for 3 x 3 between many channels, `depthwise.py` where each channel has filters of its own.
`_instead` is the rule. Results lie in memory as `layout.py` says.

A convolution is linear in its input and in its filters, so its two gradients and theirs are three operations that
refer to each other: `Conv2d` (x, w -> y), `Conv2dInput` (g, w -> x) and `Conv2dWeight` (g, x -> w).
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np

from trainer.backend import array_module
from trainer.errors import ArgumentError, DTypeError, ShapeError, sentence
from trainer.function import Function, apply
from trainer.ops import depthwise, fourier, winograd
from trainer.ops.geometry import Geometry, Pair, pair
from trainer.ops.layout import empty_images, memory_order
from trainer.ops.reduce import sum
from trainer.tensor import Tensor

# Columns are made for as many pixels at a time as fit in here, and kept where all fit, so this is also what a layer may
# add to the memory of a step. With 64 x 16 x 14 x 14, 3 x 3 and 32 filters they take 7 MB.
_WORKSPACE_BYTES = 8 * 1024 * 1024


class Conv2d(Function):
    saves = (0, 1, None, None)
    fresh = True

    @staticmethod
    def forward(needs: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
        xp = array_module(x)
        saved = x if needs[1] else None, weight if needs[0] else None, geometry
        y = _without_columns("convolve", xp, geometry, x, weight, bias)
        if y is not None:
            return y, (*saved, None)
        filters = _filters(weight, geometry)
        if bias is not None:  # meets a row of ones
            filters = xp.concatenate([filters, bias.reshape(geometry.groups, -1, 1)], 2)
        y = empty_images(xp, geometry.output_shape, x.dtype)
        pixels, padded = _by_group(y, geometry), _padded(xp, x, geometry)
        parts = _parts(geometry, x.dtype.itemsize)
        for part in parts:
            columns = _columns(xp, padded, geometry, part, bias is not None)
            xp.matmul(filters, columns, out=pixels[..., _pixels(part, geometry)])
        return y, (*saved, columns if needs[1] and len(parts) == 1 else None)

    @staticmethod
    def backward(g: Any, needs: Any, x: Any, weight: Any, geometry: Geometry, columns: Any) -> Any:
        by_input = apply(Conv2dInput, g, weight, geometry=geometry) if needs[0] else None
        if columns is not None and needs[1] and not isinstance(g, Tensor):
            by_filters, by_bias = _from_columns(g, columns, geometry)
            return by_input, by_filters, by_bias if needs[2] else None
        return (
            by_input,
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
        found = _without_columns("input_gradient", xp, geometry, g, weight)
        if found is not None:
            return found, saved
        n, c, h, w = geometry.input_shape
        _, _, kh, kw = weight.shape
        ph, pw = geometry.padding
        lines = memory_order(n)
        filters, grads = _filters(weight, geometry).swapaxes(-1, -2), _by_group(g, geometry)
        padded = empty_images(xp, (n, c, h + 2 * ph, w + 2 * pw), g.dtype)
        padded[...] = 0
        for part in _parts(geometry, g.dtype.itemsize):
            columns = xp.matmul(filters, grads[..., _pixels(part, geometry)])
            for (i, j), window in geometry.offsets(padded):
                met = window.transpose(lines)[:, part]
                met += columns.reshape(c, kh, kw, *met.shape[1:])[:, i, j]
        return padded[:, :, ph : ph + h, pw : pw + w], saved

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
        found = _without_columns("weight_gradient", xp, geometry, g, x)
        if found is not None:
            return found, saved
        grads, padded = _by_group(g, geometry).swapaxes(-1, -2), _padded(xp, x, geometry)
        total: Any = 0
        for part in _parts(geometry, x.dtype.itemsize):
            columns = _columns(xp, padded, geometry, part, False)
            total = total + xp.matmul(columns, grads[:, _pixels(part, geometry)])
        return total.swapaxes(-1, -2).reshape(geometry.weight_shape), saved

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


def _instead(xp: Any, geometry: Geometry, dtype: Any) -> ModuleType | None:
    """What computes it without columns, by shape and dtype alone: the same model has the same bits each time."""
    if xp is np and dtype in (np.float32, np.float64):  # what they take is known of NumPy
        for module in (fourier, winograd):
            if module.pays(geometry, dtype.itemsize):
                return module
    return depthwise if geometry.is_depthwise else None


def _without_columns(name: str, xp: Any, geometry: Geometry, of: Any, *others: Any) -> Any:
    """The result of a function of `_instead`; None where there is none.

    A transform spreads what is not finite over a tile or an image. It belongs into the windows that hold it, and there
    columns, or depthwise sums, leave it.
    """
    module = _instead(xp, geometry, of.dtype)
    if module is fourier or module is winograd:
        with np.errstate(all="ignore"):
            found = getattr(module, name)(xp, of, *others, geometry)
            flat = found.ravel(order="K")
            if np.isfinite(flat @ flat):
                return found
        module = depthwise if geometry.is_depthwise else None
    return None if module is None else getattr(module, name)(xp, of, *others, geometry)


def _filters(weight: Any, geometry: Geometry) -> Any:
    """(groups, O / groups, C / groups * KH * KW): one matrix a group."""
    return weight.reshape(geometry.groups, geometry.weight_shape[0] // geometry.groups, -1)


def _padded(xp: Any, x: Any, geometry: Geometry) -> Any:
    """Images with zeros around, in the order of `memory_order`."""
    n, c, h, w = x.shape
    ph, pw = geometry.padding
    padded = empty_images(xp, (n, c, h + 2 * ph, w + 2 * pw), x.dtype)
    if ph or pw:
        padded[...] = 0
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded


def _by_group(images: Any, geometry: Geometry) -> Any:
    """(groups, channels of a group, pixels) of images (N, C, H, W), in the order of `memory_order`."""
    n, c, h, w = images.shape
    return images.transpose(memory_order(n)).reshape(geometry.groups, c // geometry.groups, n * h * w)


def _parts(geometry: Geometry, itemsize: int) -> list[slice]:
    """What to do at a time, so that the columns fit in the workspace: slices of the axis next to the channels.

    That is lines of pixels or images; there is at least one part, of at least one of them.
    """
    count = geometry.output_shape[memory_order(geometry.output_shape[0])[1]]
    _, share, kh, kw = geometry.weight_shape
    size = geometry.groups * share * kh * kw * _pixels(slice(0, 1), geometry).stop * itemsize
    step = max(1, _WORKSPACE_BYTES // max(1, size))
    return [slice(start, min(count, start + step)) for start in range(0, max(1, count), step)]


def _pixels(part: slice, geometry: Geometry) -> slice:
    """Which of the results' pixels a part holds."""
    _, _, *others = (geometry.output_shape[axis] for axis in memory_order(geometry.output_shape[0]))
    return slice(part.start * math.prod(others), part.stop * math.prod(others))


def _columns(xp: Any, padded: Any, geometry: Geometry, part: slice, with_ones: bool) -> Any:
    """The windows of a part, (groups, C / groups * KH * KW, pixels), and below them a row of ones for a bias.

    The images lie side by side, so that there is one large product for all and not a small one for each.
    """
    lines = memory_order(len(padded))
    groups, (_, share, kh, kw) = geometry.groups, geometry.weight_shape
    pixels = _pixels(part, geometry)
    columns = xp.empty((groups, share * kh * kw + with_ones, pixels.stop - pixels.start), dtype=padded.dtype)
    columns[:, share * kh * kw :] = 1
    for (i, j), window in geometry.offsets(padded):
        met = window.transpose(lines)[:, part]
        met = met.reshape(groups, share, *met.shape[1:])
        columns[:, : share * kh * kw].reshape(groups, share, kh, kw, *met.shape[2:])[:, :, i, j] = met
    return columns


def _from_columns(g: Any, columns: Any, geometry: Geometry) -> tuple[Any, Any]:
    """The gradients at the filters and at the bias (O,), which met the row of ones; without one the second is empty."""
    total = array_module(g).matmul(columns, _by_group(g, geometry).swapaxes(-1, -2))
    count = math.prod(geometry.weight_shape[1:])
    return total[:, :count].swapaxes(-1, -2).reshape(geometry.weight_shape), total[:, count:].reshape(-1)
