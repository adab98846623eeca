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

from tracker.foreign.record_bodies import Bodies
from tracker.foreign.record_places import places

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

    def read(self) -> Iterator[Bodies]:
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

    def part(self, offset: int, n_bytes: int) -> Bodies:
        """The bodies of a part of the file that was damaged before; none while it is no row of sound records.

        Raises:
            OSError: the file cannot be read.
        """
        if n_bytes > MAX_RECORD_BYTES:
            return Bodies(b"")
        with opened(self.path) as file:
            file.seek(offset)
            data = file.read(n_bytes)
        bodies = Bodies(data)
        return bodies if len(data) == n_bytes and _sound(bodies, data, 0) == n_bytes else Bodies(b"")

    def _blocks(self, read: object, size: int) -> Iterator[Bodies]:
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
            bodies = Bodies(data)
            while True:
                if lost is None:
                    at = _sound(bodies, data, at)
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


def _sound(bodies: Bodies, data: bytes, at: int) -> int:
    """Adds the sound records of some bytes from `at` on; where the first thing begins that is none."""
    # The bodies' checksums are computed and compared all at once.
    starts = places(bodies, data, at, _length) + 12
    at = int(starts[-1]) - 12
    found = bodies.with_places(starts[:-1], np.diff(starts) - 16)
    crc = found.checksums()
    masked = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(0xA282EAD8)
    wrong = np.flatnonzero(masked != found.words_behind())
    if len(wrong):
        at = int(found.starts[wrong[0]]) - 12
        found = found[: int(wrong[0])]
    bodies.add(found)
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
