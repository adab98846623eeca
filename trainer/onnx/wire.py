"""The wire format of protocol buffers, written: a message is its fields by number.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

Parts = list[bytes | memoryview]
"""What follows each other in a file; weights are not copied into it before the file is put together."""

_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_SIGNED = 1 << 64  # a number below zero is written as if it were unsigned, of 64 bits


def message(fields: Mapping[int, Any]) -> Parts:
    """A message.

    Args:
        fields: By number. A whole number, a float (of 32 bits), a text, bytes, another message, or a list of one of
            these for a field that is repeated; None is left out.
    """
    return [part for number, value in fields.items() for each in _each(value) for part in _field(number, each)]


def size_of(parts: Parts) -> int:
    """How many bytes."""
    return sum(len(part) for part in parts)


class Message(tuple[bytes | memoryview, ...]):
    """A message that is the value of a field."""

    __slots__ = ()


def inner(fields: Mapping[int, Any]) -> Message:
    """A message within another."""
    return Message(message(fields))


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _field(number: int, value: Any) -> Parts:
    if isinstance(value, int):
        return [_varint(number << 3 | _VARINT) + _varint(value % _SIGNED)]
    if isinstance(value, float):
        return [_varint(number << 3 | _FIXED32) + struct.pack("<f", value)]
    if isinstance(value, str):
        value = value.encode()
    parts = list(value) if isinstance(value, Message) else [value]
    return [_varint(number << 3 | _BYTES) + _varint(size_of(parts)), *parts]


def _varint(value: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
