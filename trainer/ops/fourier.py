"""Convolution with large filters, by Fourier transforms: a product for each frequency instead of one for each element.

The functions here are the three of `conv.py` on arrays, for stride and dilation 1. Images are laid on a circle with the
padding's zeros before them; a window that reaches past their end meets the same zeros. The spectra of real numbers have
one half that says all. Errors are a few units in the last place of an image's largest values, where sums over columns
have them relative to each window's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from trainer.ops.geometry import Geometry, Pair
from trainer.ops.layout import empty_images

# Spectra of images are made for as many at a time as fit in here, and filters whose spectra do not fit in their room
# are not convolved this way: 64 x 64 of them at 72 x 72 take 87 MB.
_IMAGES_BYTES = 16 * 1024 * 1024
_FILTERS_BYTES = 32 * 1024 * 1024

# Measured on two cores of an AMD EPYC with 18 shapes (benchmarks/convolution.py shows some): making a number of columns
# takes 0.5 ns and multiplying it 0.01 ns for each filter; a number of a transform 5 ns and a product of spectra 0.1.
_A_TRANSFORM, _A_PRODUCT, _A_MULTIPLICATION = 10, 0.2, 0.02

# They are worth it where they take less than this of what columns take, or what sums of shifted images do, which are
# faster: with 96 channels of 56 x 56 and 7 x 7 each the sums take 128 ms forward and back, transforms 113 and three
# times the memory; with 32 of 32 x 32 and 9 x 9 each 27 and 11.
_OF_COLUMNS, _OF_SUMS = 0.7, 0.4


def pays(geometry: Geometry, itemsize: int) -> bool:
    """Whether transforms take clearly less time, by what both ways have to do."""
    if geometry.stride != (1, 1) or geometry.dilation != (1, 1) or not math.prod(geometry.output_shape):
        return False
    n, c, _, _ = geometry.input_shape
    o, share, kh, kw = geometry.weight_shape
    plane = math.prod(_size(geometry))
    if o * share * plane * itemsize > _FILTERS_BYTES:
        return False
    windows = n * math.prod(geometry.output_shape[2:]) * kh * kw
    columns = windows * (c + _A_MULTIPLICATION * o * share)
    transforms = plane * (_A_TRANSFORM * (n * c + n * o + o * share) + _A_PRODUCT * n * o * share)
    return transforms < columns * (_OF_SUMS if geometry.is_depthwise else _OF_COLUMNS)


def convolve(xp: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
    """(N, O, OH, OW) of images (N, C, H, W) and filters (O, C / groups, KH, KW)."""
    filters = _of_filters(xp, weight, geometry).conj()
    y = empty_images(xp, geometry.output_shape, x.dtype)
    for part in _parts(geometry, x.dtype.itemsize):
        spectra = xp.matmul(filters, _of_images(xp, x[part], geometry, geometry.padding))
        y[part] = _images(xp, spectra, geometry, (0, 0), geometry.output_shape[2:])
    if bias is not None:
        y += bias.reshape(-1, 1, 1)
    return y


def input_gradient(xp: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
    """(N, C, H, W) from the gradient at the result (N, O, OH, OW)."""
    filters = _of_filters(xp, weight, geometry).swapaxes(-1, -2)
    x = empty_images(xp, geometry.input_shape, g.dtype)
    for part in _parts(geometry, g.dtype.itemsize):
        spectra = xp.matmul(filters, _of_images(xp, g[part], geometry, (0, 0)))
        x[part] = _images(xp, spectra, geometry, geometry.padding, geometry.input_shape[2:])
    return x


def weight_gradient(xp: Any, g: Any, x: Any, geometry: Geometry) -> Any:
    """(O, C / groups, KH, KW) from the gradient at the result (N, O, OH, OW) and the images (N, C, H, W)."""
    total: Any = 0
    for part in _parts(geometry, g.dtype.itemsize):
        grads = _of_images(xp, g[part], geometry, (0, 0)).conj()
        images = _of_images(xp, x[part], geometry, geometry.padding)
        total = total + xp.matmul(grads, images.swapaxes(-1, -2))
    planes = total.transpose(1, 2, 3, 0).reshape(*geometry.weight_shape[:2], -1)
    return _back(xp, planes, geometry, (0, 0), geometry.weight_shape[2:]).astype(g.dtype, copy=False)


def _size(geometry: Geometry) -> Pair:
    """The circle down and the one to the right: what images and the zeros before them need, made up to 2^a 3^b 5^c."""
    down, right = (
        _smooth(max(size + zeros, out))
        for size, zeros, out in zip(geometry.input_shape[2:], geometry.padding, geometry.output_shape[2:], strict=True)
    )
    return down, right


def _smooth(n: int) -> int:
    """The next number from n on without other prime factors than 2, 3 and 5, which transforms are fast for."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1


def _parts(geometry: Geometry, itemsize: int) -> Iterator[slice]:
    """Images to do at a time."""
    n, c, _, _ = geometry.input_shape
    size = (c + geometry.weight_shape[0]) * math.prod(_size(geometry)) * itemsize
    step = max(1, _IMAGES_BYTES // size)
    for start in range(0, n, step):
        yield slice(start, start + step)


def _of_filters(xp: Any, weight: Any, geometry: Geometry) -> Any:
    """(frequencies, groups, O / groups, C / groups)."""
    spectra = _spectra(xp, weight, _size(geometry))
    o, share, _ = spectra.shape
    return xp.ascontiguousarray(spectra.reshape(geometry.groups, o // geometry.groups, share, -1).transpose(3, 0, 1, 2))


def _of_images(xp: Any, images: Any, geometry: Geometry, before: Pair) -> Any:
    """(frequencies, groups, channels / groups, N) of images (N, channels, H, W) with so many zeros before them."""
    n, c, h, w = images.shape
    (down, right), groups = before, geometry.groups
    laid = xp.zeros((n, c, down + h, right + w), dtype=images.dtype)
    laid[:, :, down:, right:] = images
    spectra = _spectra(xp, laid, _size(geometry))
    return xp.ascontiguousarray(spectra.reshape(n, groups, c // groups, -1).transpose(3, 1, 2, 0))


def _spectra(xp: Any, planes: Any, size: Pair) -> Any:
    """(A, B, frequencies) of (A, B, H, W)."""
    found = xp.fft.rfft(planes, size[1], axis=3)
    if size[0] > 1:
        found = xp.fft.fft(found, size[0], axis=2)
    return found.reshape(*planes.shape[:2], -1)


def _images(xp: Any, spectra: Any, geometry: Geometry, start: Pair, shape: tuple[int, ...]) -> Any:
    """(N, channels, *shape) of spectra (frequencies, groups, channels / groups, N), from `start` on."""
    n = spectra.shape[-1]
    return _back(xp, spectra.transpose(3, 1, 2, 0).reshape(n, -1, len(spectra)), geometry, start, shape)


def _back(xp: Any, spectra: Any, geometry: Geometry, start: Pair, shape: tuple[int, ...]) -> Any:
    """The planes (A, B, *shape) of spectra (A, B, frequencies), from `start` on."""
    (top, left), (height, width), size = start, shape, _size(geometry)
    lines = spectra.reshape(*spectra.shape[:2], size[0], -1)
    if size[0] > 1:
        lines = xp.fft.ifft(lines, axis=2)
    return xp.fft.irfft(lines[:, :, top : top + height], size[1], axis=3)[..., left : left + width]
