"""What travels between server and worker: a JSON head, then the bytes that it speaks of, as they are.

A message is two lengths (of the head, of all parts), the head with the lengths of the parts, and the parts. Arrays are
told by dtype and shape in the head and travel as they lie in memory; texts travel as a JSON list.
"""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

LENGTHS = struct.Struct("<IQ")

MOST_HEAD_BYTES = 64 << 20

Part = bytes | bytearray | memoryview


def packed(head: Mapping[str, Any], parts: Sequence[Part] = ()) -> list[Part]:
    """A message, in pieces to be written one after the other."""
    sizes = [len(part) for part in parts]
    text = orjson.dumps({**head, "sizes": sizes})
    return [LENGTHS.pack(len(text), sum(sizes)) + text, *parts]


def lengths(start: bytes | memoryview) -> tuple[int, int]:
    """How long head and parts are, from the first `LENGTHS.size` bytes of a message.

    Raises:
        ValueError: that cannot be.
    """
    head, parts = LENGTHS.unpack(start)
    if head > MOST_HEAD_BYTES:
        raise ValueError(f"a head of {head:,} bytes")
    return head, parts


def opened(text: bytes | memoryview, body: memoryview) -> tuple[dict[str, Any], list[memoryview]]:
    """The head and the parts of a message."""
    head = orjson.loads(text)
    parts, at = [], 0
    for size in head.pop("sizes"):
        parts.append(body[at : at + size])
        at += size
    return head, parts


def received(line: socket.socket) -> tuple[dict[str, Any], list[memoryview]] | None:
    """The next message, waited for; None where the other side has ended."""
    start = _exactly(line, LENGTHS.size)
    if start is None:
        return None
    head, parts = lengths(start)
    text = _exactly(line, head)
    body = _exactly(line, parts)
    return None if text is None or body is None else opened(text, body)


def _exactly(line: socket.socket, size: int) -> memoryview | None:
    into = memoryview(bytearray(size))
    at = 0
    while at < size:
        taken = line.recv_into(into[at:])
        if not taken:
            return None
        at += taken
    return into


def told(array: npt.NDArray[Any]) -> tuple[dict[str, Any], Part]:
    """An array as the head tells of it, and as a part."""
    if array.dtype.kind in "OSU":
        return {"dtype": "text", "shape": array.shape}, orjson.dumps(array.ravel().tolist())
    array = np.asarray(array, order="C")
    return {"dtype": array.dtype.str, "shape": array.shape}, array.reshape(-1).view(np.uint8).data


def array_of(said: Mapping[str, Any], part: Part) -> npt.NDArray[Any]:
    """The array of which a head tells; it lies where the part does.

    Raises:
        ValueError: it is none.
    """
    shape = tuple(said["shape"])
    if said["dtype"] == "text":
        texts = np.empty(math.prod(shape), object)
        texts[:] = orjson.loads(part)
        return texts.reshape(shape)
    return np.frombuffer(part, said["dtype"]).reshape(shape)
