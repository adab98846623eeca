"""Chunks: the points of up to eight stretches, compressed together.

Points at rest are numbers that no general compressor shortens much: it sees bytes, and those of a mantissa look like
noise. pcodec sees numbers: it finds that values are float32 within float64, multiples of 0.001 or near the one before,
and entropy-codes what is left. What else was measured stands in docs/store-format.md, under Chunks.

Source: Loncaric, Jeppesen, Zinberg: "Pcodec: Better Compression for Numerical Sequences", https://arxiv.org/abs/2502.06112
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tracker.errors import DamagedBytesError
from tracker.series.stretch import STRETCH_POINTS, Floats, Ints, Points

CHUNK_POINTS = 8 * STRETCH_POINTS
"""Of a full one. More would save 1 % of the bytes, and be lost together where a page of the file is."""


class Packed(NamedTuple):
    """The three columns of a chunk: steps, the bits of wall times as int64, values as float64."""

    steps: bytes
    wall_times: bytes
    points: bytes


def pack(points: Points) -> Packed:
    """Points as a chunk, exactly: `unpack_into` gives the same bits.

    Raises:
        ImportError: pcodec is not there.
    """
    from pcodec import ChunkConfig, standalone  # most runs are shorter than a chunk

    columns = (points.step, points.wall_time.view(np.int64), points.value)
    return Packed(*(standalone.simple_compress(np.ascontiguousarray(each), ChunkConfig()) for each in columns))


def empty(count: int) -> Points:
    """Room for so many points."""
    return Points(np.empty(count, np.int64), np.empty(count, np.float64), np.empty(count, np.float64))


def unpack_into(packed: Packed, room: Points) -> None:
    """Fills arrays with the points of a chunk, which may come from anybody: they take no more than that.

    Raises:
        DamagedBytesError: it does not hold so many points.
    """
    times: Ints = room.wall_time.view(np.int64)
    columns: tuple[Ints | Floats, ...] = (room.step, times, room.value)
    for data, column in zip(packed, columns, strict=True):
        _unpack_into(data, column)


def _unpack_into(data: bytes, column: Ints | Floats) -> None:
    from pcodec import standalone

    try:
        done = standalone.simple_decompress_into(data, column)
    except (TypeError, RuntimeError, ValueError) as error:
        raise DamagedBytesError("a chunk of points does not unpack") from error
    if done.n_processed != len(column) or not done.finished:
        raise DamagedBytesError(f"a chunk of {len(column):,} points does not hold that many")
