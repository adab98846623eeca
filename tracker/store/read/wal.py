"""How far the commits in a WAL file go, told from the file alone.

A reader that is woken by a write asks this first: from where it last stood it costs some 7 µs, where opening the
database to find that nothing was committed takes 170. (From the beginning of a long file it takes a millisecond.) It
is a hint of when to look and never a substitute for looking: what a commit holds is read through SQLite, in a
snapshot. The `-wal` file carries none of SQLite's locks, so that opening and closing it disturbs nobody; the `-shm`
file, which has the same knowledge in one place, does.

Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">IIII8sII")  # magic, version, page size, checkpoints, salts, checksum
_FRAME = struct.Struct(">II8s")  # page, size of the database after a commit or 0, salts; a checksum and the page follow
_MAGIC = (0x377F0682, 0x377F0683)
_FRAME_HEADER_BYTES = 24
_PAGE_BYTES = frozenset(1 << power for power in range(9, 17))

MAX_FRAMES = 2_000_000
"""Gone through in one look (2 GB of pages of 1 KiB): no writer of ours leaves more behind unfolded."""

_READ_BYTES = 1 << 17
"""At a time: to ask for each frame by itself takes longer than to copy the pages between them."""


class Position(NamedTuple):
    """The end of the last commit in a WAL file."""

    salts: bytes
    """Drawn anew each time that the file is written from its beginning again."""
    frames: int
    """Frames up to and with the last commit's."""
    is_unfinished: bool
    """Whether frames follow that no commit has closed yet: a transaction on its way in."""


def position(database: Path, known: Position | None = None) -> Position | None:
    """How far the commits of a database go that are in its WAL file.

    Args:
        database: The main file.
        known: An earlier answer; only what was written since is gone through then.

    Returns:
        None without a WAL file, or with an empty one, or one that cannot be told about.
    """
    found = _position(database, known)
    return found[0] if found is not None else None


def length(database: Path) -> int:
    """How many bytes of a WAL file count: what comes behind is left over from before, or was never written."""
    found = _position(database, None)
    return _HEADER.size + found[0].frames * found[1] if found is not None else 0


_PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _position(database: Path, known: Position | None) -> tuple[Position, int] | None:
    """The position, and the bytes from one frame to the next."""
    try:
        # Not blocked by what is no plain file: somebody may have put a FIFO there.
        file = os.open(f"{database}-wal", os.O_RDONLY | _PLAIN)
    except OSError:
        return None
    try:
        header = os.read(file, _HEADER.size)
        if len(header) < _HEADER.size:
            return None
        magic, _, page_bytes, _, salts, _, _ = _HEADER.unpack(header)
        if magic not in _MAGIC or page_bytes not in _PAGE_BYTES:
            return None
        committed = at = known.frames if known is not None and known.salts == salts else 0
        stride = _FRAME_HEADER_BYTES + page_bytes
        most = at + MAX_FRAMES
        for page, size_after, own_salts in _frames(file, _HEADER.size + at * stride, stride):
            if own_salts != salts or not page:  # left over from before the file was begun again; or never written
                break
            if at == most:
                return None
            at += 1
            if size_after:
                committed = at
        return Position(salts, committed, at > committed), stride
    except OSError:
        return None
    finally:
        os.close(file)


def _frames(file: int, at: int, stride: int) -> Iterator[tuple[int, int, bytes]]:
    """What the headers of frames say, from a place in the file on."""
    size = max(_READ_BYTES // stride - 1, 0) * stride + _FRAME.size
    while True:
        os.lseek(file, at, os.SEEK_SET)
        data = os.read(file, size)
        begins = range(0, len(data) - _FRAME.size + 1, stride)
        if not begins:
            return
        for begin in begins:
            yield _FRAME.unpack_from(data, begin)
        at += len(begins) * stride
