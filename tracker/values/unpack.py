"""Bytes that were stored, unpacked and parsed within bounds: what is small in a file stays small in memory.

A file may come from anybody, and 0.3 MB can be made to unpack to 300 and to be parsed to 7,000. A bound on the whole
alone would be no help, as a trace of a million events is 120 MB of JSON; so both bounds go by what lies in the file.
Parsers here are linear, so that a bound on bytes and on tokens is one on time.
"""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

from tracker.errors import DamagedBytesError, message

ZLIB, GZIP = 15, 31
"""How it is packed."""


class Bounds(NamedTuple):
    """How much may come out of stored bytes."""

    bytes_free: int
    """So many bytes in any case,"""
    bytes_each: int
    """and so many more for each stored byte,"""
    bytes_most: int
    """but never more than these."""
    values_free: int
    """Values in JSON likewise: each takes up to 72 bytes in memory, however short it is."""
    values_each: int

    def n_bytes(self, stored: int) -> int:
        """How many bytes may come out of so many."""
        return min(self.bytes_most, self.bytes_free + self.bytes_each * stored)

    def n_values(self, stored: int) -> int:
        """How many values may."""
        return self.values_free + self.values_each * stored


TEXTS = Bounds(4 << 20, 64, 1 << 30, 250_000, 4)
"""Of graphs and traces. Measured on real ones: 5 to 26 bytes and 0.4 to 1.8 values come out of each stored byte; zlib
reaches 1,032 bytes, and sixty million empty objects are 200 values a byte. A trace of a million events is 120 MB, and
350 where a profiler noted much of each."""

NUMBERS = Bounds(256 << 20, 0, 256 << 20, 8_000_000, 0)
"""Of tables and figures, which may well be a million times the same number."""

_WINDOW = 1 << 20


def unpacked(data: bytes, what: str, bounds: Bounds = TEXTS, how: int = ZLIB) -> bytes:
    """The bytes as they were before they were packed; where their end was cut off, as far as they go.

    Args:
        data: As they are stored.
        what: What it is, for the sentence: "graph".
        bounds: How much may come out.
        how: `ZLIB` or `GZIP`.

    Raises:
        DamagedBytesError: they are not packed so, or would be too many.
    """
    most = bounds.n_bytes(len(data))
    decoder = zlib.decompressobj(how)
    parts, size = [], 0
    try:
        while not decoder.eof:
            part = decoder.decompress(data, _WINDOW)
            data = decoder.unconsumed_tail
            size += len(part)
            if size > most:
                raise DamagedBytesError(
                    message(
                        f"This {what} is too large: a mistake or an attack.",
                        expected=f"at most {most >> 20} MB unpacked, for what is stored of it",
                        got="more",
                    )
                )
            parts.append(part)
            if not data and not part:
                break
    except zlib.error as error:
        raise DamagedBytesError(message(f"This {what} cannot be unpacked: it is damaged.", got=str(error))) from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parsed(text: bytes, what: str, bounds: Bounds = TEXTS, stored: int | None = None) -> Any:
    """The values in JSON.

    Args:
        text: The JSON.
        what: What it is, for the sentence.
        bounds: How many values there may be.
        stored: How many bytes are stored of it; unless it is said, the text itself is, and pays for its values.

    Raises:
        DamagedBytesError: it is none, has too many values, or is nested too deeply.
    """
    check_values(text, what, bounds, stored)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of over 4,300 digits, and no UTF-8, are ValueErrors too
        raise DamagedBytesError(message(f"This {what} cannot be read: it is damaged.", got=_short(error))) from error


def check_values(text: bytes, what: str, bounds: Bounds = TEXTS, stored: int | None = None) -> None:
    """That JSON has not too many values; arguments and errors as `parsed`."""
    most = bounds.n_values(len(text) if stored is None else stored)
    if len(text) <= 2 * most:  # a value and what stands before it take two bytes: there is nothing to count
        return
    # Each value but the first follows a comma, or is the first in something.
    count = text.count(b",") + text.count(b"[") + text.count(b"{")
    if count > most:
        raise DamagedBytesError(
            message(
                f"This {what} is too large: a mistake or an attack.",
                expected=f"at most {most:,} values, for what is stored of it",
                got=f"{count:,}",
            )
        )


def unpacked_json(data: bytes, what: str, bounds: Bounds = TEXTS) -> Any:
    """The values in JSON that was packed by zlib; errors as `unpacked` and `parsed`."""
    return parsed(unpacked(data, what, bounds), what, bounds, len(data))


def _short(error: BaseException) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
