"""Convolution with 3 x 3 filters by Winograd's F(2 x 2, 3 x 3): four results for sixteen products instead of 36.

Y = A [(G w G') * (B d B')] A' for each tile d of 4 x 4 pixels, which gives 2 x 2 results; the product in the middle is
one of matrices for each of the 16 places, over all channels and tiles. The transforms are products with the Kronecker
squares of A, B and G: passes over the elements for each of their sums would take longer than what is saved.

The functions here are the three of `conv.py` on arrays, for stride and dilation 1. Errors are those of sums over
columns: in float32 with 64 to 256 channels 4e-6 to 1.3e-5 beside results of up to 21, where columns have 7e-6 to 1e-5.
F(4 x 4, 3 x 3) would take a tenth less time and have errors of ten to twenty times that.

Source: Winograd 1980; Lavin and Gray 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from trainer.ops.geometry import Geometry
from trainer.ops.layout import as_images, empty_images, memory_order

_A = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
_B = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])

# Tiles are transformed for as many at a time as fit in here: as columns are.
_WORKSPACE_BYTES = 4 * 1024 * 1024

# With fewer channels the transforms take as long as what they save, and with fewer tiles those of the filters do.
# Measured on two cores of an AMD EPYC, forward: 0.7 of the time of columns with 64 channels of 56 x 56 and 128 of
# 16 x 16, 0.84 with 32 of 32 x 32, and 1.04 with 16 to 32 of 14 x 14.
_CHANNELS = 64
_TILES = 256


def pays(geometry: Geometry, itemsize: int) -> bool:
    """Whether this takes clearly less time than columns."""
    n, c, _, _ = geometry.input_shape
    o, share, *kernel = geometry.weight_shape
    return (
        kernel == [3, 3]
        and geometry.stride == geometry.dilation == (1, 1)
        and max(geometry.padding) <= 2
        and share == c >= _CHANNELS
        and o >= _CHANNELS
        and n * math.prod(_tiles(geometry)) >= _TILES
    )


def convolve(xp: Any, x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
    """(N, O, OH, OW) of images (N, C, H, W) and filters (O, C, 3, 3)."""
    a, b, g = (_square(xp, each, x.dtype) for each in (_A, _B, _G))
    o, c, _, _ = geometry.weight_shape
    filters = (g @ xp.ascontiguousarray(weight.reshape(o * c, 9).T)).reshape(16, o, c)
    padded = _padded(xp, x, geometry)
    y = empty_images(xp, geometry.output_shape, x.dtype)
    for block in _blocks(geometry, x.dtype.itemsize):
        products = xp.matmul(filters, _transformed(xp, b, padded, 4, block, geometry))
        found = a @ products.reshape(16, -1)
        if bias is not None:
            found.reshape(4, o, -1)[...] += bias.reshape(-1, 1)
        _put(found, y, block, geometry)
    return y


def input_gradient(xp: Any, g: Any, weight: Any, geometry: Geometry) -> Any:
    """(N, C, H, W) from the gradient at the result (N, O, OH, OW): a convolution with the filters turned round."""
    (ph, pw), (o, c, _, _) = geometry.padding, geometry.weight_shape
    turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    back = geometry._replace(padding=(2 - ph, 2 - pw), input_shape=geometry.output_shape, weight_shape=(c, o, 3, 3))
    return convolve(xp, g, turned, None, back)


def weight_gradient(xp: Any, g: Any, x: Any, geometry: Geometry) -> Any:
    """(O, C, 3, 3) from the gradient at the result (N, O, OH, OW) and the images (N, C, H, W)."""
    a, b, filters = (_square(xp, each, x.dtype) for each in (_A, _B, _G))
    padded, grads = _padded(xp, x, geometry), _even(xp, g, geometry)
    total: Any = 0
    for block in _blocks(geometry, x.dtype.itemsize):
        tiles = _transformed(xp, b, padded, 4, block, geometry)
        total = total + xp.matmul(_transformed(xp, a.T, grads, 2, block, geometry), tiles.swapaxes(-1, -2))
    return (filters.T @ total.reshape(16, -1)).T.reshape(geometry.weight_shape)


def _square(xp: Any, matrix: Any, dtype: Any) -> Any:
    """The matrix that does to the elements of a tile, row by row, what `matrix` does to its rows and its columns."""
    return xp.asarray(np.kron(matrix, matrix), dtype=dtype)


def _tiles(geometry: Geometry) -> tuple[int, int]:
    """How many tiles there are down and to the right."""
    return -(-geometry.output_shape[2] // 2), -(-geometry.output_shape[3] // 2)


def _padded(xp: Any, x: Any, geometry: Geometry) -> Any:
    """Images with zeros around, up to the end of the last tiles."""
    (n, c, h, w), (ph, pw), (down, right) = x.shape, geometry.padding, _tiles(geometry)
    padded = empty_images(xp, (n, c, 2 * down + 2, 2 * right + 2), x.dtype)
    padded[...] = 0
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded


def _even(xp: Any, g: Any, geometry: Geometry) -> Any:
    """The gradient at the result with zeros below and to the right where the last tiles reach past its end."""
    (n, o, h, w), (down, right) = g.shape, _tiles(geometry)
    if (h, w) == (2 * down, 2 * right):
        return g
    even = empty_images(xp, (n, o, 2 * down, 2 * right), g.dtype)
    even[...] = 0
    even[:, :, :h, :w] = g
    return even


def _blocks(geometry: Geometry, itemsize: int) -> Iterator[tuple[slice, slice]]:
    """Images and rows of tiles to do at a time; all images where they lie innermost."""
    n, c, _, _ = geometry.input_shape
    down, right = _tiles(geometry)
    row = 16 * (c + geometry.weight_shape[0]) * right * itemsize
    images = n if memory_order(n)[-1] == 0 else max(1, _WORKSPACE_BYTES // (row * down))
    rows = max(1, _WORKSPACE_BYTES // (row * images))
    for start in range(0, n, images):
        for top in range(0, down, rows):
            yield slice(start, min(n, start + images)), slice(top, min(down, top + rows))


def _transformed(xp: Any, matrix: Any, images: Any, side: int, block: tuple[slice, slice], geometry: Geometry) -> Any:
    """(16, channels, tiles): `matrix` times the elements of each tile of side x side pixels, which begin two apart."""
    (part, rows), right = block, _tiles(geometry)[1]
    order = memory_order(geometry.input_shape[0])
    top, stop = 2 * rows.start, 2 * rows.stop - 1
    met = [
        images[part, :, top + i : stop + i : 2, j : 2 * right - 1 + j : 2].transpose(order)
        for i in range(side)
        for j in range(side)
    ]
    tiles = xp.empty((side * side, *met[0].shape), dtype=images.dtype)
    for tile, pixels in zip(tiles, met, strict=True):
        tile[...] = pixels
    return (matrix @ tiles.reshape(side * side, -1)).reshape(16, images.shape[1], -1)


def _put(found: Any, y: Any, block: tuple[slice, slice], geometry: Geometry) -> None:
    """Writes the results of a block, (4, O * tiles), to where they belong; what lies past the end is left out."""
    part, rows = block
    for k in range(4):
        place = y[part, :, 2 * rows.start + k // 2 : 2 * rows.stop : 2, k % 2 :: 2]
        order = memory_order(geometry.input_shape[0])
        shape = [place.shape[0], place.shape[1], rows.stop - rows.start, _tiles(geometry)[1]]
        values = as_images(found[k].reshape([shape[axis] for axis in order]), geometry.input_shape[0])
        place[...] = values[:, :, : place.shape[2], : place.shape[3]]
