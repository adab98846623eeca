"""The pages of a database file, read without SQLite: every record that stands on sound ones, whichever others are not.

SQLite finds a row from above, so that one broken page of a tree hides all that hangs below it. But a leaf says by
itself what stands on it, and names the overflow pages of what is longer: no tree is walked here, every leaf is looked
at. To which table a record belongs, and whether it is as it was written, is for who asks to tell.

A file may hold anything, on purpose too. Nothing is made of what a record claims to be before that is there; a chain of
overflow pages is as long as its record says, and no longer than the file; and all chains together are followed for so
many pages as the file has twice, whichever go in a circle. What is looked at in one go is one record.

Source: https://www.sqlite.org/fileformat.html
"""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tracker.errors import StoreError
from tracker.store import columns
from tracker.store.read import journal, wal

PAGE_SIZES = (columns.PAGE_BYTES, 4096)
"""Of which ours have one, where the file does not say it."""

HEAD_BYTES = 100
"""What the first page begins with, before its own records."""

MAGIC = b"SQLite format 3\0"

MOST_COLUMNS = 32
"""No table of ours has more."""

_LEAF = 0x0D
_INDEX = {0x02: 4, 0x0A: 0}
"""Pages of an index, and how many bytes stand before each of its records."""
_WHOLE_BYTES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""Of a value by its serial type, up to 9."""
_REAL, _ONE, _TEXT = 7, 9, 13


_Leaves = dict[int, list[tuple[int, int]]]


class Record(NamedTuple):
    """A row as it is kept; a column that stands for the row's number is NULL."""

    number: int
    values: tuple[Any, ...]


class _Cell(NamedTuple):
    """What a leaf has of a record: its first bytes, and where the others lie."""

    number: int
    types: list[int]
    begin: int
    """Of the first value."""
    size: int
    """Of the whole record."""
    held: bytes
    overflow: int
    """The first page of the others, or 0."""


class RawPages:
    """A database file with what was committed to its WAL file, and without its free pages.

    Args:
        path: The file; it is only read.

    Attributes:
        head: Its first 100 bytes.

    Raises:
        NotAStoreError: it is no plain file.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with contextlib.ExitStack() as stack:
            self._file = self._wal = stack.enter_context(journal.open_plain(path))
            self._page_bytes = _page_bytes(self._file.read(HEAD_BYTES))
            self._in_wal: dict[int, int] = {}
            last = 0
            with contextlib.suppress(OSError, StoreError, struct.error):  # it is none, or has gone
                last = self._take_wal(path, stack)
            if self._page_bytes:
                self._lay_out(self._page_bytes, last)
            else:  # read with pages of another size, hardly anything in a file is a record
                self._lay_out(max(PAGE_SIZES, key=lambda size: self._lay_out(size, last)), last)
            self._opened = stack.pop_all()

    def _lay_out(self, page_bytes: int, last: int) -> int:
        """Finds the leaves, where pages are so long; how many records begin on them.

        Args:
            page_bytes: Of a page.
            last: How many pages the last commit in the WAL file left, or 0.
        """
        self._page_bytes = page_bytes
        in_file = -(-self._file.seek(0, 2) // page_bytes)
        last = last or in_file
        behind = sorted(number for number in self._in_wal if in_file < number <= last)
        self._count = in_file + len(self._in_wal)
        first = self._page(1)
        self.head = first[:HEAD_BYTES]
        is_sound = self.head.startswith(MAGIC)
        self._usable = page_bytes - (self.head[20] if is_sound and len(first) > HEAD_BYTES else 0)
        self._pages = [range(1, min(in_file, last) + 1), behind]
        self._gone = self._free() if is_sound else frozenset()
        self._leaves, records = self._found_leaves()
        return records

    def _take_wal(self, path: Path, stack: contextlib.ExitStack) -> int:
        """Notes where pages lie that were committed since the file was last written; how many the last commit left."""
        committed, last = wal.position(path), 0
        if committed is None or not committed.frames:
            return 0
        self._wal = stack.enter_context(journal.open_plain(Path(f"{path}-wal")))
        self._page_bytes = int.from_bytes(self._wal.read(12)[8:], "big")
        for frame in range(committed.frames):
            at = 32 + frame * (24 + self._page_bytes)
            self._wal.seek(at)
            number, pages = struct.unpack(">II", self._wal.read(8))
            self._in_wal[number] = at + 24
            last = pages or last
        return last

    def close(self) -> None:
        """Lets go of the file."""
        self._opened.close()

    def leaves(self, columns: int) -> int:
        """How many leaves have records of so many columns."""
        return len(self._leaves.get(columns, ()))

    def records(self, columns: int, *, is_keyed: bool = False) -> Iterator[Record]:
        """The records of so many columns that are whole, by their numbers as far as leaves are sound.

        Args:
            columns: How many.
            is_keyed: Only those whose first column stands for the row's number, or only the others.
        """
        steps = iter(range(2 * self._count))
        for _, page in self._leaves.get(columns, ()):
            for cell in self._cells(page):
                if len(cell.types) == columns and (cell.types[0] == 0) == is_keyed:
                    whole = self._whole(cell, steps)
                    if whole is not None:
                        yield Record(cell.number, tuple(_values(cell, whole)))

    def entries(self) -> Iterator[tuple[Any, ...]]:
        """What indexes hold, as far as their pages are sound: some columns of a row, and last its number."""
        steps = iter(range(2 * self._count))
        for number in self._used():
            page = self._page(number)[: self._usable]
            if len(page) < 12 or page[0] not in _INDEX:
                continue
            before = _INDEX[page[0]]
            for place in _places(page, 8 + before):
                with contextlib.suppress(IndexError):
                    cell = self._cell(page, place + before, is_entry=True)
                    whole = self._whole(cell, steps) if cell is not None else None
                    if cell is not None and whole is not None:
                        yield tuple(_values(cell, whole))

    def _used(self) -> Iterator[int]:
        """The pages that are not free."""
        return (number for number in itertools.chain(*self._pages) if number not in self._gone)

    def _page(self, number: int) -> bytes:
        """A page; less of the one that the file ends in, and nothing of one that is not there or that the disk lost."""
        at = self._in_wal.get(number)
        file = self._file if at is None else self._wal
        try:
            file.seek((number - 1) * self._page_bytes if at is None else at)
            return file.read(self._page_bytes)
        except OSError:
            return b""

    def _free(self) -> frozenset[int]:
        """Pages of which the file says that what is on them is gone; none where it contradicts itself in that."""
        number, said = struct.unpack_from(">II", self.head.ljust(HEAD_BYTES, b"\0"), 32)
        found: set[int] = set()
        while number and len(found) < said <= self._count:
            page = self._page(number)
            count = int.from_bytes(page[4:8], "big")
            if number in found or 8 + 4 * count > len(page):
                return frozenset()
            found.update((number, *struct.unpack_from(f">{count}I", page, 8)))
            number = int.from_bytes(page[:4], "big")
        return frozenset(found) if len(found) == said and not number else frozenset()

    def _found_leaves(self) -> tuple[_Leaves, int]:
        """The leaves that have records of so many columns: the number of the first, and the page. All records."""
        found: _Leaves = defaultdict(list)
        records = 0
        for page in self._used():
            firsts: dict[int, int] = {}
            for cell in self._cells(page):
                firsts.setdefault(len(cell.types), cell.number)
                records += 1
            for count, first in firsts.items():
                found[count].append((first, page))
        for leaves in found.values():
            leaves.sort()
        return found, records

    def _cells(self, number: int) -> Iterator[_Cell]:
        page = self._page(number)[: self._usable]
        at = HEAD_BYTES if number == 1 else 0
        if len(page) < at + 8 or page[at] != _LEAF:
            return
        for place in _places(page, at + 8, at):
            with contextlib.suppress(IndexError):  # it begins behind the page's end
                cell = self._cell(page, place)
                if cell is not None:
                    yield cell

    def _cell(self, page: bytes, at: int, *, is_entry: bool = False) -> _Cell | None:
        """A cell of a leaf, or of an index, which has no number of its own; None where it is not one.

        Raises:
            IndexError: it does not end within the page.
        """
        size, at = _varint(page, at)
        number, at = (0, at) if is_entry else _varint(page, at)
        local = self._local(size, (self._usable - 12) * 64 // 255 - 23 if is_entry else self._usable - 35)
        if size > local + self._count * self._usable or at + local > len(page):
            return None
        held = page[at : at + local]
        overflow = int.from_bytes(page[at + local : at + local + 4], "big") if local < size else 0
        end, place = _varint(held, 0)
        types: list[int] = []
        while place < end and len(types) < MOST_COLUMNS:
            each, place = _varint(held, place)
            if each in (10, 11):  # nobody's
                return None
            types.append(each)
        if not types or place != end or end + sum(map(_bytes_of, types)) != size:
            return None
        return _Cell(number - (number >> 63 << 64), types, end, size, held, overflow)

    def _local(self, size: int, held: int) -> int:
        """How many bytes of a record stand on its page, which holds so many of one."""
        if size <= held:
            return size
        least = (self._usable - 12) * 32 // 255 - 23
        most = least + (size - least) % (self._usable - 4)
        return most if most <= held else least

    def _whole(self, cell: _Cell, steps: Iterator[int]) -> bytes | None:
        """All bytes of a record, or None where pages of it are not what they should be."""
        parts, left, number = [cell.held], cell.size - len(cell.held), cell.overflow
        while left:
            if not number or next(steps, None) is None:
                return None
            page = self._page(number)[: self._usable]
            part = page[4 : 4 + left]
            if len(part) < min(left, self._usable - 4):
                return None
            parts.append(part)
            left -= len(part)
            number = int.from_bytes(page[:4], "big")
        return None if number else b"".join(parts)


def _places(page: bytes, begin: int, at: int = 0) -> Iterable[int]:
    """Where the cells of a page lie, which says so from a place on, and how many they are behind its own begin."""
    count = min(int.from_bytes(page[at + 3 : at + 5], "big"), (len(page) - begin) // 2)
    return dict.fromkeys(struct.unpack_from(f">{count}H", page, begin))


def _page_bytes(head: bytes) -> int:
    """Of a page of the file, or 0 where its head does not say it."""
    said = int.from_bytes(head[16:18], "big") if head.startswith(MAGIC) else 0
    said = 1 << 16 if said == 1 else said
    return said if said >= 512 and said.bit_count() == 1 else 0


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number of one to nine bytes, without a sign; where the next begins.

    Raises:
        IndexError: the bytes end before it.
    """
    found = 0
    for place in range(at, at + 8):
        byte = data[place]
        found = found << 7 | byte & 0x7F
        if byte < 0x80:
            return found, place + 1
    return found << 8 | data[at + 8], at + 9


def _bytes_of(kind: int) -> int:
    return _WHOLE_BYTES[kind] if kind < len(_WHOLE_BYTES) else (kind - 12) // 2


def _values(cell: _Cell, whole: bytes) -> Iterator[Any]:
    at = cell.begin
    for kind in cell.types:
        data = whole[at : (at := at + _bytes_of(kind))]
        if kind >= _TEXT and kind % 2:
            yield data.decode("utf-8", "backslashreplace")
        elif kind > _ONE:
            yield data
        elif kind == _REAL:
            yield struct.unpack(">d", data)[0]
        elif data:
            yield int.from_bytes(data, "big", signed=True)
        else:
            yield kind - 8 if kind else None
