"""Sketches as bytes: how a histogram's buckets, or another program's bins, lie in a file."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError
from tracker.series.sketch import Floats, Ints, Sketch

FORM_LOG = 1
"""Buckets as in `sketch`: index and count of each."""

FORM_GIVEN = 2
"""Edges and counts as another program gave them, kept as they are; read as log buckets, over which each of its bins
is spread evenly."""


def pack(sketch: Sketch) -> bytes:
    """The buckets as bytes: zlib over the number of buckets, the index deltas and the counts.

    Of `FORM_GIVEN`: zlib over the edges and then the counts, float64.
    Layout of `FORM_LOG` before zlib, little-endian: uint32 number of buckets, uint8 bytes a count, then the first index
    and the differences to the next ones as int32, then the counts.
    """
    if sketch.given is not None:
        return zlib.compress(np.concatenate(sketch.given).astype("<f8").tobytes(), 1)
    widest = int(sketch.counts.max()) if len(sketch.counts) else 0
    width = 1 if widest < 1 << 8 else 2 if widest < 1 << 16 else 4 if widest < 1 << 32 else 8
    head = np.array([len(sketch.buckets)], "<u4").tobytes() + bytes([width])
    deltas = np.diff(sketch.buckets, prepend=np.int32(0)).astype("<i4")
    return zlib.compress(head + deltas.tobytes() + sketch.counts.astype(f"<u{width}").tobytes(), 1)


def unpack(buckets: bytes) -> tuple[npt.NDArray[np.int32], Ints]:
    """(index, counts) of what `pack` made.

    Raises:
        DamagedBytesError: the bytes are not what `pack` makes, or claim more than 65,536 buckets.
    """
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(buckets, 5 + 65536 * 12)  # a bomb stops here
    except zlib.error as error:
        raise DamagedBytesError("these bytes are no sketch") from error
    length = int.from_bytes(raw[:4], "little")
    width = raw[4] if len(raw) > 4 else 0
    if length > 65536 or width not in (1, 2, 4, 8) or len(raw) != 5 + length * (4 + width):
        raise DamagedBytesError("these bytes are no sketch")
    index = np.cumsum(np.frombuffer(raw, "<i4", length, 5), dtype=np.int32)
    return index, np.frombuffer(raw, f"<u{width}", length, 5 + 4 * length).astype(np.int64)


MAX_GIVEN_BYTES = 16 << 20
"""A million bins of another program; what claims more is damaged."""


def unpack_given(packed: bytes) -> tuple[Floats, Floats]:
    """(edges, counts) of a sketch of `FORM_GIVEN`.

    Raises:
        DamagedBytesError: the bytes are no such sketch.
    """
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(packed, MAX_GIVEN_BYTES)
    except zlib.error as error:
        raise DamagedBytesError("these bytes are no histogram") from error
    if len(raw) % 16 != 8:
        raise DamagedBytesError("these bytes are no histogram")
    numbers = np.frombuffer(raw, "<f8")
    bins = len(numbers) // 2
    return numbers[: bins + 1], numbers[bins + 1 :]
