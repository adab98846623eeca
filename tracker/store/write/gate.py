"""The gate between callers and the writer: takes values into the inbox, and holds whoever is faster than the disk.

A caller waits only for a disk that is at work. One that stands still is not waited for: what finds no room then is
counted as lost.
"""

from __future__ import annotations

import time

from tracker.machine.record import Record
from tracker.store.write import inbox as inboxes
from tracker.store.write import lane as lanes
from tracker.store.write.inbox import FILES_LIMIT_BYTES, HEAVY_LIMIT_BYTES, Inbox
from tracker.store.write.lane import Heavy
from tracker.store.write.packer import Packer
from tracker.store.write.writer import Writer
from tracker.values.histogram import Histogram
from tracker.values.value import Value
from tracker.worker_thread import is_ours

ROOM_S = 0.01
"""How long a caller that is faster than the disk waits before it looks again."""

LONGEST = 2
"""So many times the records of which the packer is told, a caller waits for it: both want the same core, and who goes
on meanwhile only has more packed at once."""

PACKER_S = 1.0
"""The longest that it waits: whatever holds the packer up, a training goes on."""


class Gate:
    """The way into an inbox; any thread may take it."""

    def __init__(self, inbox: Inbox, writer: Writer) -> None:
        self._inbox = inbox
        self._writer = writer
        self._packer = Packer(inbox)
        inbox.wake, inbox.has_room = writer.wake, self.has_room

    def add(self, numbers: dict[str, float], others: list[tuple[str, Value]], step: int, wall_time: float) -> None:
        """Takes what one call logged: its numbers, and its values of other kinds. Both are empty then.

        Raises:
            SealedError: another inbox takes it; what this one took is no longer in `numbers` and `others`.
        """
        inbox = self._inbox
        if numbers:
            lane = inbox.lane(tuple(numbers))
            records: list[lanes.Record]
            if lane is None:
                number_of = inbox.series_id
                records = [(-number_of("scalar", tag), wall_time, step, value) for tag, value in numbers.items()]
            else:
                records = [(lane, wall_time, step, *numbers.values())]
            if len(inbox.pending) <= inbox.long or self.has_room(len(numbers)):
                inbox.add(records)
            numbers.clear()
        has_others = bool(others)
        while others:
            self._add_heavy(*others[0], step, wall_time)
            del others[0]
        if has_others and inbox.idle:  # of numbers the inbox has told, and each call is counted once
            inbox.rest(is_idle=False)
            self._writer.wake()

    def has_room(self, count: int) -> bool:
        """Packs what waits, and waits for a disk that is slower than the caller; gives up, and counts, when that stands
        still.

        Args:
            count: How many numbers are to be added.
        """
        inbox = self._inbox
        while inbox.size()[0] > inboxes.SCALARS_LIMIT_BYTES:
            if self._writer.is_stalled():
                inbox.lose("scalar", count)
                return False
            if is_ours() or inbox.packs_here():
                return True  # a finalizer that logs, on the very thread that would make room
            self._wait_for_room()
        self._packer.ask()
        until = time.monotonic() + PACKER_S
        while self._is_ahead() and time.monotonic() < until:
            inbox.room.wait(ROOM_S)
        inbox.long = len(inbox.pending) + inbox.unpacked
        return True

    def _is_ahead(self) -> bool:
        """Whether the caller should wait for the packer. Blocks do not count: they wait for the disk."""
        inbox = self._inbox
        may_wait = not (inbox.is_sealed or is_ours() or inbox.packs_here())
        return may_wait and inbox.size()[1] > LONGEST * inbox.unpacked

    def _add_heavy(self, tag: str, value: Value, step: int, wall_time: float) -> None:
        heavy = Heavy(self._inbox.series_id(value.kind, tag), wall_time, step, value, value.n_bytes)
        while self._is_full(value):
            # Heavy values are the first to go: a disk that stands still must keep its room for numbers.
            if self._writer.is_stalled():
                self._inbox.lose(value.kind, 1)
                return
            if is_ours():
                break
            self._wait_for_room()
        if isinstance(value, Histogram):
            self._inbox.add_heavy(heavy)
        elif isinstance(value, Record):  # encoded already
            self._inbox.add_heavy(heavy._replace(value=value.encode()))
        else:
            self._writer.add_media(heavy)

    def _is_full(self, value: Value) -> bool:
        """Whether a value would wait in vain. One with files has room of its own, so that no picture waits for it."""
        if value.has_files:
            return self._writer.files_bytes > FILES_LIMIT_BYTES
        return self._inbox.heavy_bytes + self._writer.media_bytes > HEAVY_LIMIT_BYTES

    def _wait_for_room(self) -> None:
        self._writer.wake()
        self._inbox.room.wait(ROOM_S)
