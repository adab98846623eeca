"""What has been accepted and not yet committed.

Scalars are packed at the call into records of a `lane`, one for each set of tags that is logged together.

One thread takes and discards; any thread may add. Nothing here waits for a lock that the writer holds, nor the
writer for one of the callers'.

An inbox that is *sealed* takes nothing more, and there is no moment between: what was added before the seal is in it,
and who comes after is refused.
"""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections import Counter, deque
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.store.write.bell import Bell
from tracker.store.write.lane import Heavy, Lane, LooseLane, Taken

SCALARS_LIMIT_BYTES = 32 * 1024 * 1024
"""Scalars that wait for a disk: a million of them logged one by one, 3.8 million in dictionaries of 20."""

HEAVY_LIMIT_BYTES = 128 * 1024 * 1024
"""Histograms, images and other heavy values that wait to be encoded or for a disk."""

FILES_LIMIT_BYTES = 256 * 1024 * 1024
"""Models that wait to become files; one that is larger waits alone."""

MAX_LANES = 256
"""Sets of tags with a lane of their own. A loop that never logs the same set twice uses the loose lane."""

TAKE_BYTES = 8 * 1024 * 1024
"""Records given to one commit, which bounds what its arrays take."""

TAKE_HEAVY_BYTES = 4 * 1024 * 1024
"""Heavy values given to one commit: a few hundred histograms, so that no commit takes as long as on a dead disk."""


class SealedError(Exception):
    """This inbox takes nothing any more: another one does."""


class Closed(deque[Any]):
    """A queue that refuses."""

    def append(self, item: Any) -> None:
        """Never."""
        raise SealedError


_STEP = struct.Struct("<16xq").unpack_from
"""Of a record of any lane."""


class Inbox:
    """The lanes of a run, its heavy values, and the names of its series."""

    def __init__(self, last_step: int = -1) -> None:
        self.order = itertools.count().__next__
        self.given: bytes | None = None
        """The record of the newest call that gave a step, until somebody asks where the loop stands. A step may be
        anything with an index, NumPy's integers and tensors that count in place foremost; in the record it is a number.
        (To look at a step's type in `Run.log` is 5 % of a call, to keep the record instead of the step nothing.)"""
        self._counted = last_step
        self.single: dict[str, Lane] = {}
        self.lanes: dict[tuple[str, ...], Lane] = {}
        self.loose = LooseLane(SCALARS_LIMIT_BYTES)
        self._heavies: deque[Heavy] = deque()
        self._taking: deque[Heavy] = self._heavies
        self._heavy_added = self._heavy_encoded = self._heavy_removed = 0
        self.is_sealed = False
        self.idle = False
        """True while the writer sleeps and wants to be woken by whoever adds something."""
        self.room = Bell()
        """Rung whenever something was committed, for callers that wait for room."""
        self.series: dict[tuple[str, str], int] = {}
        self.series_names: list[tuple[str, str]] = []
        self.lost: Counter[str] = Counter()
        """What found no room, or was given up, by kind."""
        # Reentrant: a finalizer or a signal handler that logs may come in the middle of a call that logs.
        self._lock = threading.RLock()
        self._stepping = threading.RLock()

    # --- any thread ----------------------------------------------------------------------------------

    def series_id(self, kind: str, tag: str) -> int:
        """The number of a series in this segment, counted from 1."""
        known = self.series.get((kind, tag))
        if known is not None:
            return known
        with self._lock:
            known = self.series.get((kind, tag))
            if known is None:
                self.series_names.append((kind, tag))
                known = len(self.series_names)
                self.series[(kind, tag)] = known
            return known

    @property
    def last_step(self) -> int:
        """Where the loop stands."""
        given = self.given
        return self._counted if given is None else int(_STEP(given)[0])

    @last_step.setter
    def last_step(self, step: int) -> None:
        self._counted, self.given = step, None

    def next_step(self) -> int:
        """One more than where the loop stands, which it moves there."""
        with self._stepping:
            if self.given is not None:
                self._counted, self.given = self.last_step, None
            self._counted += 1
            return self._counted

    def lane(self, tags: tuple[str, ...]) -> Lane:
        """The lane of a set of tags; the loose lane when there are too many sets."""
        lane = self.single.get(tags[0]) if len(tags) == 1 else self.lanes.get(tags)
        if lane is not None:
            return lane
        series = tuple(self.series_id("scalar", tag) for tag in tags)
        with self._lock:
            lane = self.single.get(tags[0]) if len(tags) == 1 else self.lanes.get(tags)
            if lane is not None:
                return lane
            if self.is_sealed:
                raise SealedError
            if len(self.lanes) + len(self.single) >= MAX_LANES:
                return self.loose
            lane = Lane(series, SCALARS_LIMIT_BYTES)
            if len(tags) == 1:
                self.single[tags[0]] = lane
            else:
                self.lanes[tags] = lane
            every = self.every_lane()
            for each in every:
                each.limit = SCALARS_LIMIT_BYTES // len(every)
            if self.is_sealed:  # by a finalizer, in the middle of this
                lane.seal()
            return lane

    def every_lane(self) -> list[Lane]:
        """All lanes, the loose one last."""
        return [*list(self.single.values()), *list(self.lanes.values()), self.loose]

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
        return not self._heavies and not any(lane.waiting for lane in self.every_lane())

    def seal(self) -> None:
        """Takes nothing any more; what waits stays until it is stored."""
        with self._lock:
            self.is_sealed = True
            for lane in self.every_lane():
                lane.seal()
            self._taking = Closed()

    def forget(self) -> None:
        """In a forked child, where no other thread is: sealed, and empty; what waited is the parent's."""
        self._lock = self._stepping = threading.RLock()
        self.seal()
        self._heavies.clear()
        for lane in self.every_lane():
            lane.waiting = bytearray()

    # --- the writer's thread -------------------------------------------------------------------------

    def waiting(self) -> Counter[str]:
        """How many values wait, by kind."""
        found: Counter[str] = Counter()
        for lane in self.every_lane():
            per_record = 1 if lane is self.loose else len(lane.series)
            found["scalar"] += len(lane.waiting) // lane.size * per_record
        for heavy in list(self._heavies):
            found[self.series_names[heavy.series - 1][0]] += 1
        return +found

    def take(self) -> Taken:
        """Copies out what waits, up to `TAKE_BYTES` of scalars and `TAKE_HEAVY_BYTES`; `discard` removes it.

        The calls of one thread keep their order across lanes: only records that were ordered before this
        moment are taken, and none that comes after one left behind.
        """
        cut = self.order()
        budget = TAKE_BYTES
        chunks: list[tuple[Lane, npt.NDArray[np.void]]] = []
        everything = True
        for lane in self.every_lane():
            buffer = lane.waiting
            waiting = len(buffer) // lane.size
            if not waiting:
                continue
            wanted = min(waiting, max(budget // lane.size, 1024))
            # A copy: an array over the buffer itself would make the callers' next append fail.
            records = np.frombuffer(buffer[: wanted * lane.size], lane.dtype)
            budget -= wanted * lane.size
            if wanted < waiting:
                everything = False
                cut = min(cut, int(records["order"][-1]) + 1)
            chunks.append((lane, records))
        kept: list[tuple[Lane, npt.NDArray[np.void]]] = []
        for lane, records in chunks:
            later = np.flatnonzero(records["order"] >= cut)
            if len(later):
                records = records[: later[0]]
            if len(records):
                kept.append((lane, records))
        heavies: list[Heavy] = []
        heavy_bytes = 0
        for heavy in itertools.islice(self._heavies, len(self._heavies)):
            if heavies and heavy_bytes + heavy.n_bytes > TAKE_HEAVY_BYTES:
                everything = False
                break
            heavies.append(heavy)
            heavy_bytes += heavy.n_bytes
        return Taken(kept, heavies, everything)

    def clear(self) -> None:
        """Removes what waits: it is given up."""
        for lane in self.every_lane():
            del lane.waiting[:]
        while self._heavies:
            self._heavy_removed += self._heavies.popleft().n_bytes

    def discard(self, taken: Taken) -> None:
        """Removes what has been stored, or given up."""
        for lane, records in taken.records:
            while True:
                try:
                    del lane.waiting[: len(records) * lane.size]
                    break
                except BufferError:  # another thread is about to seal it
                    time.sleep(0)
        for heavy in taken.heavies:
            self._heavies.popleft()
            self._heavy_removed += heavy.n_bytes
        self.room.ring()
