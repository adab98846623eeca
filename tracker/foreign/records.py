"""Event files record by record: a length, its checksum, that many bytes, their checksum.

A file may still be written, be cut off, or be damaged. Every sound record is given; what lies between is said;
what is not a whole record at the end is looked at again when the file has grown. No more is read, and no memory
taken, than the file really holds, whatever a length in it claims.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c
import numpy as np

BLOCK_BYTES = 4 * 1024 * 1024
"""Read at a time: some 70,000 scalars, which are handled together."""

MAX_RECORD_BYTES = 512 * 1024 * 1024
"""A longer record is taken for damage. Protobuf's own limit is 2 GiB; the largest graphs are some tens of MB."""

AT_THE_END = "bytes at the end"
"""In the words on a file that ends in no whole record."""

_HEAD = struct.Struct("<QI")
_PLAUSIBLE = re.compile(rb"(?!\0\0\0\0)....\0\0\0\0", re.DOTALL)
"""Eight bytes that are the length of a record: not 0, and below 2³²."""


@dataclass(frozen=True)
class Damage:
    """A part of a file that is no record."""

    offset: int
    n_bytes: int
    what: str

    def __str__(self) -> str:
        return f"{self.n_bytes:,} bytes at {self.offset:,} left out: {self.what}"


def masked_crc(data: bytes) -> int:
    """The checksum of event files: CRC-32C, turned by 15 bits, plus a constant."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def framed(body: bytes) -> bytes:
    """A record as it stands in a file."""
    length = struct.pack("<Q", len(body))
    return b"".join((length, struct.pack("<I", masked_crc(length)), body, struct.pack("<I", masked_crc(body))))


def opened(path: Path) -> BinaryIO:
    """A regular file for reading; anything else by that name, such as a pipe that would never answer, is refused.

    Raises:
        OSError: there is none that may be read.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(f"{path} is no regular file")
    return os.fdopen(number, "rb")


class ReplacedError(OSError):
    """A file is not the one that was read before."""


class RecordFile:
    """An event file, read from an offset to its present end, as often as it grows.

    Attributes:
        offset: Everything before it has been given, or said to be damaged.
        damage: What was left out since the file was opened.
        tail: What is at the end and no whole record, in words; empty when the file ends with one.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.damage: list[Damage] = []
        self.tail = ""

    def read(self) -> Iterator[list[bytes]]:
        """The bodies of all sound records that were not given yet, in blocks; `offset` is then after the block.

        Raises:
            OSError: the file cannot be read.
            ReplacedError: it is shorter than what was read of it.
        """
        with opened(self.path) as file:
            size = os.fstat(file.fileno()).st_size
            if size < self.offset:
                raise ReplacedError(f"{self.path} is shorter than what was read of it")
            file.seek(self.offset)
            yield from self._blocks(file.read, size)

    def part(self, offset: int, n_bytes: int) -> list[bytes]:
        """The bodies of a part of the file that was damaged before; none while it is no row of sound records.

        Raises:
            OSError: the file cannot be read.
        """
        if n_bytes > MAX_RECORD_BYTES:
            return []
        with opened(self.path) as file:
            file.seek(offset)
            data = file.read(n_bytes)
        bodies: list[bytes] = []
        return bodies if len(data) == n_bytes and _sound(data, 0, bodies) == n_bytes else []

    def _blocks(self, read: object, size: int) -> Iterator[list[bytes]]:
        assert callable(read)
        base, data, wanted = self.offset, b"", BLOCK_BYTES
        lost: tuple[int, str] | None = None
        self.tail = ""
        while True:
            more = read(max(0, min(wanted, size - base - len(data))))
            if not more:  # it was cut off while it was read
                size = base + len(data)
            data += more
            at_end = base + len(data) >= size
            at, wanted = 0, BLOCK_BYTES
            bodies: list[bytes] = []
            while True:
                if lost is None:
                    at = _sound(data, at, bodies)
                    if at == len(data):
                        break
                    what, missing = _judge(data, at, size - base - at)
                    if missing and not at_end:
                        wanted = max(wanted, missing)
                        break
                    lost = base + at, what
                    at += 1
                found, missing = _next_sound(data, at, size - base)
                if missing and not at_end:
                    at, wanted = found, max(wanted, missing)
                    break
                if missing or found < 0:
                    at = max(at, len(data) - _HEAD.size + 1)
                    break
                self.damage.append(Damage(lost[0], base + found - lost[0], lost[1]))
                at, lost = found, None
            base, data = base + at, data[at:]
            self.offset = base if lost is None else lost[0]
            if bodies:
                yield bodies
            if at_end:
                if lost is not None:
                    self.tail = f"{size - lost[0]:,} {AT_THE_END} are no record yet: {lost[1]}"
                return


def _sound(data: bytes, at: int, bodies: list[bytes]) -> int:
    """Gathers the sound records from `at` on; where the first thing begins that is none."""
    # Each line of the loop is paid once a record: lengths repeat, so that their checksums are computed once each, and
    # the bodies' checksums are compared all at once afterwards (measured: a third faster than one by one).
    lengths: dict[bytes, int] = {}
    found: list[bytes] = []
    crcs: list[int] = []
    stops: list[int] = []
    crc_of, known, keep, keep_crc, keep_stop = google_crc32c.value, lengths.get, found.append, crcs.append, stops.append
    end = len(data) - 4
    while True:
        head = data[at : at + 12]
        length = known(head)
        if length is None:
            length = _length(head)
            if length < 0:
                break
            lengths[head] = length
        stop = at + 12 + length
        if stop > end:
            break
        body = data[at + 12 : stop]
        keep(body)
        keep_crc(crc_of(body))
        keep_stop(stop)
        at = stop + 4
    if not found:
        return at
    crc = np.array(crcs, np.uint32)
    masked = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(0xA282EAD8)
    places = np.array(stops)[:, None] + np.arange(4)
    stored = np.frombuffer(data, np.uint8)[places].view("<u4")[:, 0]
    wrong = np.flatnonzero(masked != stored)
    if len(wrong):
        first = int(wrong[0])
        at = stops[first] - len(found[first]) - 12
        del found[first:]
    bodies += found
    return at


def _length(head: bytes) -> int:
    """The length that a record's head says; -1 when it is not one."""
    if len(head) < _HEAD.size:
        return -1
    length, crc = _HEAD.unpack(head)
    return length if crc == masked_crc(head[:8]) and length <= MAX_RECORD_BYTES else -1


def _judge(data: bytes, at: int, left: int) -> tuple[str, int]:
    """What is wrong at `at`, and how many bytes more would tell, if that is all.

    Args:
        data: What is in memory.
        at: Where it is no sound record.
        left: Bytes from there to the end of the file.
    """
    head = data[at : at + 12]
    if len(head) < _HEAD.size:
        return "the file ends inside the head of a record", _HEAD.size
    length, crc = _HEAD.unpack(head)
    if data.startswith(b"version https://git-lfs"):
        return "this is a pointer of Git LFS and not the file itself; fetch it with: git lfs pull", 0
    if crc != masked_crc(head[:8]):
        return "the checksum of a record's length is wrong", 0
    if length > MAX_RECORD_BYTES:
        return f"a record claims to be {length:,} bytes long", 0
    whole = length + 16
    if whole > left:
        return f"the file ends inside a record, {left:,} of {whole:,} bytes", 0
    if at + whole > len(data):
        return "", at + whole - len(data)
    return "the checksum of a record is wrong", 0


def _next_sound(data: bytes, at: int, left: int) -> tuple[int, int]:
    """Where the next sound record begins, -1 when there is none; and how many bytes more would tell."""
    while True:
        found = _PLAUSIBLE.search(data, at)
        if found is None:
            return -1, 0
        at = found.start()
        length = _length(data[at : at + 12])
        if length >= 0 and at + length + 16 <= left:
            missing = at + length + 16 - len(data)
            if missing > 0:
                return at, missing
            body = data[at + 12 : at + 12 + length]
            if masked_crc(body) == int.from_bytes(data[at + 12 + length : at + 16 + length], "little"):
                return at, 0
        at += 1
