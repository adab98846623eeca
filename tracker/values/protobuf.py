"""The wire format of protocol buffers, read without the classes of their messages.

Bytes of other programs may be anything: what is no message is said to be none, and nothing is read beyond its end.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracker.errors import DamagedBytesError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_FIXED = {FIXED64: 8, FIXED32: 4}


def fields(data: bytes | memoryview) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a message: a whole number, or the bytes of anything longer.

    Raises:
        DamagedBytesError: it is no message, or not a whole one.
    """
    for number, kind, place in spans(data, 0, len(data)):
        yield number, varint(data, place.start)[0] if kind == VARINT else data[place]


def spans(data: bytes | memoryview, at: int, stop: int) -> Iterator[tuple[int, int, slice]]:
    """(number, wire type, place of its content) of each field of a message that lies between two places.

    Raises:
        DamagedBytesError: as `fields`.
    """
    while at < stop:
        key, at = varint(data, at)
        kind, begin = key & 7, at
        if kind == VARINT:
            _, at = varint(data, at)
        elif kind == BYTES:
            length, begin = varint(data, at)
            at = begin + length
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise DamagedBytesError(f"there is no wire type {kind}")
        if at > stop:
            raise DamagedBytesError("a field ends after its message")
        yield key >> 3, kind, slice(begin, at)


def varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """A whole number of up to 64 bits, and where it ends.

    Raises:
        DamagedBytesError: it goes on beyond the end, or beyond 64 bits.
    """
    value = shift = 0
    try:
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 63:
                raise DamagedBytesError("a number of more than 64 bits")
    except IndexError:
        raise DamagedBytesError("a number that is cut off") from None
