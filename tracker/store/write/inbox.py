"""What has been accepted and not yet committed.

The numbers of a call are a record at the end of one list, so that all calls keep their order. Any thread appends; our
own ones put a block in place of many records, and remove it when it is stored. Nothing here waits for a lock that the
writer holds, nor the writer for one of the callers'.

An inbox that is *sealed* takes nothing more, and there is no moment between: the seal is an entry of that list, and
what stands behind it was refused, as whoever added it sees.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Any

from tracker.store.write.bell import Bell
from tracker.store.write.lane import Block, Heavy, Record, Taken

SCALARS_LIMIT_BYTES = 32 * 1024 * 1024
"""Scalars that wait for a disk: a million of them logged one by one, 3.8 million in dictionaries of 20."""

HEAVY_LIMIT_BYTES = 128 * 1024 * 1024
"""Histograms, images and other heavy values that wait to be encoded or for a disk."""

FILES_LIMIT_BYTES = 256 * 1024 * 1024
"""Models that wait to become files; one that is larger waits alone."""

MAX_LANES = 256
"""Sets of tags that are logged together and have a lane. A loop that never logs the same set twice logs each number by
itself."""

TAKE_BYTES = 4 * 1024 * 1024
"""Records given to one commit, whose arrays take three times that."""

TAKE_HEAVY_BYTES = 4 * 1024 * 1024
"""Heavy values given to one commit: a few hundred histograms, so that no commit takes as long as on a dead disk."""


class SealedError(Exception):
    """This inbox takes nothing any more: another one does."""


class Closed(deque[Any]):
    """A queue that refuses."""

    def append(self, item: Any) -> None:
        """Never."""
        raise SealedError


class _Seal:
    """The last entry of what waits."""


_SEAL = _Seal()

UNPACKED = 16_384
"""Calls whose records wait as Python's objects, at 150 bytes each, before somebody is asked to pack them, and
`UNPACKED_NUMBERS`, numbers of such records."""

UNPACKED_NUMBERS = 524_288

RECORD_BYTES = 32
"""Of a single number, packed."""


class Inbox:
    """The records of a run, its heavy values, and the names of its series.

    Attributes:
        pending: Blocks, then records, then nothing or the seal.
        single: By tag, the lane of what is logged alone; `lanes`, by tags, of those that are logged together, whose
            series are in `wide`. Both are empty once it is sealed.
        last_step: Where the loop stands.
        idle: True while the writer sleeps and wants to be woken by whoever adds something, and once it is sealed.
        wake: Wakes the writer.
        long: The length of `pending` from which on `has_room` is asked whether so many numbers more are taken.
    """

    def __init__(self, last_step: int = -1) -> None:
        self.pending: list[Any] = []
        self.single: dict[str, int] = {}
        self.lanes: dict[tuple[str, ...], int] = {}
        self.wide: list[tuple[int, ...]] = []
        self.last_step = last_step
        self.is_sealed = False
        self.idle = False
        self.wake: Callable[[], None] = _nobody
        self.has_room: Callable[[int], bool] = _always
        self.unpacked = min(UNPACKED, SCALARS_LIMIT_BYTES // RECORD_BYTES)
        """Records that may wait as they are, of the longest lane."""
        self.long = self.unpacked
        self._heavies: deque[Heavy] = deque()
        self._taking: deque[Heavy] = self._heavies
        self._heavy_added = self._heavy_encoded = self._heavy_removed = 0
        self.room = Bell()
        """Rung whenever something was committed, for callers that wait for room."""
        self.series: dict[tuple[str, str], int] = {}
        self.series_names: list[tuple[str, str]] = []
        self.lost: Counter[str] = Counter()
        """What found no room, or was given up, by kind."""
        # Reentrant: a finalizer or a signal handler that logs may come in the middle of a call that logs.
        self._lock = threading.RLock()
        self._stepping = threading.RLock()
        self._changing = threading.RLock()
        """Held by who changes what is in `pending` already: the writer, the packer."""
        self._packing: int | None = None  # the thread that packs

    # --- any thread ----------------------------------------------------------------------------------

    def series_id(self, kind: str, tag: str) -> int:
        """The number of a series in this segment, counted from 1."""
        known = self.series.get((kind, tag))
        if type(known) is int:
            return known
        with self._lock:
            return _numbered(self.series, self.series_names, (kind, tag), (kind, tag), first=1)

    def next_step(self) -> int:
        """One more than where the loop stands, which it moves there."""
        with self._stepping:
            self.last_step = step = self.last_step + 1
            return step

    def lane(self, tags: tuple[str, ...]) -> int | None:
        """The lane of a set of tags; None when there are too many sets.

        Raises:
            SealedError: nothing is taken any more.
        """
        lane = self._known(tags)
        if lane is not None:
            return lane
        series = tuple(self.series_id("scalar", tag) for tag in tags)
        with self._lock:
            lane = self._known(tags)
            if self.is_sealed:
                raise SealedError
            if lane is not None:
                return lane
            if len(tags) == 1:
                lane = self.single[tags[0]] = -series[0]
            elif len(self.wide) < MAX_LANES:
                lane = _numbered(self.lanes, self.wide, tags, series)
                self.unpacked = min(self.unpacked, max(16, UNPACKED_NUMBERS // len(tags)))
                self.long = min(self.long, self.unpacked)
            return lane

    def _known(self, tags: tuple[str, ...]) -> int | None:
        found = self.single.get(tags[0]) if len(tags) == 1 else self.lanes.get(tags)
        return found if type(found) is int else None

    def add(self, records: list[Record]) -> None:
        """Takes the numbers of a call.

        Raises:
            SealedError: nothing is taken any more.
        """
        self.pending += records  # all at once: before the seal, or behind it
        if self.idle and not self.attend(records[0]):
            raise SealedError

    def attend(self, record: Record) -> bool:
        """After a record was added while this was idle: wakes the writer. False where it came too late."""
        if self.is_sealed:
            entries = self.pending[:]
            behind = entries[entries.index(_SEAL) :] if _SEAL in entries else ()
            return not any(each is record for each in behind)
        self.rest(is_idle=False)
        self.wake()
        return True

    def rest(self, *, is_idle: bool) -> None:
        """Says whether the writer wants to be woken."""
        self.idle = is_idle
        if self.is_sealed:
            self.idle = True

    def size(self) -> tuple[int, int]:
        """What the numbers that wait take, packed (at least, of records that are not), and how many such records."""
        found = blocks = 0
        for entry in self.pending:
            if type(entry) is not Block:
                break
            found, blocks = found + entry.n_bytes, blocks + 1
        records = len(self.pending) - blocks
        return found + RECORD_BYTES * records, records

    def add_heavy(self, heavy: Heavy) -> None:
        """Queues a heavy value.

        Raises:
            SealedError: nothing is taken any more.
        """
        with self._lock:
            self._taking.append(heavy)
            self._heavy_added += heavy.n_bytes

    def add_encoded(self, heavy: Heavy) -> None:
        """Queues a heavy value that was accepted before, sealed or not. For one thread, which waits for no lock."""
        self._heavies.append(heavy)
        self._heavy_encoded += heavy.n_bytes

    @property
    def heavy_bytes(self) -> int:
        """What the heavy values take."""
        return self._heavy_added + self._heavy_encoded - self._heavy_removed

    def lose(self, kind: str, count: int) -> None:
        """Counts what could not be kept."""
        with self._lock:
            self.lost[kind] += count

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        first = self.pending[:1]
        return not self._heavies and (not first or first[0] is _SEAL)

    def seal(self) -> None:
        """Takes nothing any more; what waits stays until it is stored."""
        with self._lock:
            if self.is_sealed:
                return
            self.is_sealed = True
            self.idle = True  # before the seal: who adds behind it looks then
            self.single, self.lanes = {}, {}
            self._taking = Closed()
            self.pending.append(_SEAL)

    def forget(self) -> None:
        """In a forked child, where no other thread is: sealed, and empty; what waited is the parent's."""
        self._lock = self._stepping = self._changing = threading.RLock()
        self.seal()
        self._heavies.clear()
        del self.pending[: self.pending.index(_SEAL)]

    # --- our own threads -----------------------------------------------------------------------------

    def pack(self) -> None:
        """Puts a block in place of the records that wait; what comes meanwhile is left."""
        with self._changing:
            if self.packs_here():
                return  # a finalizer or a signal handler logs in the middle of it: the places are known already
            self._packing = threading.get_ident()
            try:
                entries = self.pending[:]
                end = entries.index(_SEAL) if self.is_sealed and _SEAL in entries else len(entries)
                first = next((place for place in range(end) if type(entries[place]) is not Block), end)
                if first < end:
                    self.pending[first:end] = self._packed(entries[first:end])
                self.long = first + 1 + self.unpacked
            finally:
                self._packing = None

    def packs_here(self) -> bool:
        """Whether the caller stands in the middle of packing: then it waits for nobody who packs."""
        return self._packing == threading.get_ident()

    def _packed(self, records: list[Record]) -> list[Block]:
        try:
            return [Block(records)]
        except Exception:  # noqa: BLE001 something that can be added to a float, and is none
            if len(records) > 1:
                return [block for record in records for block in self._packed([record])]
            self.lose("scalar", len(records[0]) - 3)
            return []

    # --- the writer's thread -------------------------------------------------------------------------

    def waiting(self) -> Counter[str]:
        """How many values wait, by kind."""
        found: Counter[str] = Counter()
        for entry in self.pending[:]:
            if entry is _SEAL:
                break
            found["scalar"] += entry.n_scalars if type(entry) is Block else len(entry) - 3
        for heavy in self._heavies.copy():
            found[self.series_names[heavy.series - 1][0]] += 1
        return +found

    def take(self) -> Taken:
        """What waits, up to `TAKE_BYTES` of scalars and `TAKE_HEAVY_BYTES`, which stays until `discard` removes it."""
        self.pack()
        blocks: list[Block] = []
        n_bytes = 0
        everything = True
        for entry in self.pending[:]:
            if type(entry) is not Block:
                break
            if blocks and n_bytes + entry.n_bytes > TAKE_BYTES:
                everything = False
                break
            blocks.append(entry)
            n_bytes += entry.n_bytes
        heavies: list[Heavy] = []
        heavy_bytes = 0
        for heavy in self._heavies.copy():  # in one go: to go through it while others add to it is an error
            if heavies and heavy_bytes + heavy.n_bytes > TAKE_HEAVY_BYTES:
                everything = False
                break
            heavies.append(heavy)
            heavy_bytes += heavy.n_bytes
        return Taken(blocks, self.wide, heavies, everything)

    def clear(self) -> None:
        """Removes what waits: it is given up."""
        with self._changing:
            entries = self.pending[:]
            del self.pending[: entries.index(_SEAL) if _SEAL in entries else len(entries)]
        while self._heavies:
            self._heavy_removed += self._heavies.popleft().n_bytes

    def discard(self, taken: Taken) -> None:
        """Removes what has been stored, or given up."""
        with self._changing:
            del self.pending[: len(taken.blocks)]
        for heavy in taken.heavies:
            self._heavies.popleft()
            self._heavy_removed += heavy.n_bytes
        self.room.ring()


def _nobody() -> None:
    """Wakes no writer."""


def _always(count: int) -> bool:
    """There is room."""
    return True


def _numbered(numbers: dict[Any, Any], rows: list[Any], key: Hashable, row: Any, first: int = 0) -> int:
    """The number of a row, which is added for a key that has none; for who holds the lock.

    Also where a signal handler, or a finalizer, adds one in the middle of it, of this key or of another: to add a row
    is one call in C, which nothing comes between, and where it came to lie is looked for.
    """
    new = numbers.setdefault(key, [row])
    if type(new) is int:
        return new
    with contextlib.suppress(IndexError):  # added already, in between
        rows.extend(map(list.pop, (new,)))
    place = len(rows) - 1
    while rows[place] != row:
        place -= 1
    numbers[key] = place + first
    return place + first
