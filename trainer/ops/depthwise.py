"""Convolution where each channel has filters of its own (groups = channels): a sum of shifted images.

There is nothing to multiply matrices for: an element of the filter meets one channel. So each element is a pass over
the pixels it meets, scaled and added, a few channels at a time so that they stay in the cache. The functions here are
the three of `conv.py` on arrays, for this case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from trainer.ops.geometry import Geometry

# Results are made for as many channels and images at a time as fit in here. Measured with 16 x 32 x 56 x 56 and 3 x 3,
# forward and both gradients: 36 ms with 64 kB, 28 with 256 kB, no better with 512.
_BLOCK_BYTES = 256 * 1024


def convolve(xp: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
    """(N, O, OH, OW) of images (N, C, H, W) and filters (O, 1, KH, KW)."""
    n, o, oh, ow = geometry.output_shape
    c = geometry.input_shape[1]
    y = xp.empty((n, c, o // c, oh, ow), dtype=x.dtype)
    filters = _filters(weight, c)
    for images, channels in _blocks(xp, geometry, x.dtype.itemsize):
        part = y[images, channels]
        product = xp.empty(part.shape, dtype=x.dtype)
        for (i, j), window in geometry.offsets(_padded(xp, x[images, channels], geometry)):
            into = part if (i, j) == (0, 0) else product
            xp.multiply(window[:, :, None], filters[channels, :, i, j, None, None], out=into)
            if into is product:
                part += product
        if bias is not None:
            part += bias.reshape(c, -1, 1, 1)[channels]
    return y.reshape(n, o, oh, ow)


def input_gradient(xp: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
    """(N, C, H, W) from the gradient at the result (N, O, OH, OW)."""
    n, c, h, w = geometry.input_shape
    ph, pw = geometry.padding
    _, o, oh, ow = geometry.output_shape
    grads = g.reshape(n, c, o // c, oh, ow)
    filters = _filters(weight, c)
    x = xp.empty((n, c, h, w), dtype=g.dtype)
    for images, channels in _blocks(xp, geometry, g.dtype.itemsize):
        part = grads[images, channels]
        padded = xp.zeros((*part.shape[:2], h + 2 * ph, w + 2 * pw), dtype=g.dtype)
        product = xp.empty((*part.shape[:2], oh, ow), dtype=g.dtype)
        for (i, j), window in geometry.offsets(padded):
            for k in range(o // c):
                xp.multiply(part[:, :, k], filters[channels, k, i, j, None, None], out=product)
                window += product
        x[images, channels] = padded[:, :, ph : ph + h, pw : pw + w]
    return x


def weight_gradient(xp: Any, g: Any, x: Any, geometry: Geometry) -> Any:
    """(O, 1, KH, KW) from the gradient at the result (N, O, OH, OW) and the images (N, C, H, W)."""
    n, o, oh, ow = geometry.output_shape
    c = geometry.input_shape[1]
    grads = g.reshape(n, c, o // c, oh, ow)
    total = xp.zeros((c, o // c, *geometry.weight_shape[2:]), dtype=g.dtype)
    for images, channels in _blocks(xp, geometry, g.dtype.itemsize):
        part = grads[images, channels]
        part = part.reshape(*part.shape[:3], oh * ow)
        met = xp.empty((*part.shape[:2], oh, ow), dtype=g.dtype)
        column = met.reshape(*part.shape[:2], oh * ow, 1)
        for (i, j), window in geometry.offsets(_padded(xp, x[images, channels], geometry)):
            met[...] = window
            total[channels, :, i, j] += xp.matmul(part, column)[..., 0].sum(0)
    return total.reshape(geometry.weight_shape)


def _filters(weight: Any, channels: int) -> Any:
    """(C, O / C, KH, KW): the filters of each channel."""
    return weight.reshape(channels, -1, *weight.shape[2:])


def _padded(xp: Any, x: Any, geometry: Geometry) -> Any:
    """x with zeros around; x itself where there is no padding."""
    ph, pw = geometry.padding
    if not ph and not pw:
        return x
    n, c, h, w = x.shape
    padded = xp.zeros((n, c, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded


def _blocks(xp: Any, geometry: Geometry, itemsize: int) -> Iterator[tuple[slice, slice]]:
    """Images and channels to do at a time: all on a GPU, which has no such cache and where each pass is a launch."""
    n, o, oh, ow = geometry.output_shape
    c = geometry.input_shape[1]
    one = max(1, o // c * oh * ow * itemsize)
    channels = c if xp is not np else min(c, max(1, _BLOCK_BYTES // one))
    images = n if xp is not np else max(1, _BLOCK_BYTES // (one * c))
    for start in range(0, n, max(1, images)):
        for first in range(0, c, channels):
            yield slice(start, start + images), slice(first, first + channels)
