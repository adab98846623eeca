"""The gate between callers and the writer: takes values into the inbox, and holds whoever is faster than the disk.

A caller waits only for a disk that is at work. One that stands still is not waited for: what finds no room then is
counted as lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tracker.machine.record import Record
from tracker.store.inbox import HEAVY_LIMIT_BYTES, Heavy, Inbox, Lane
from tracker.store.writer import Writer
from tracker.values.histogram import Histogram
from tracker.values.value import Value

ROOM_S = 0.01
"""How long a caller that is faster than the disk waits before it looks again."""


class Gate:
    """The way into an inbox; any thread may take it."""

    def __init__(self, inbox: Inbox, writer: Writer) -> None:
        self._inbox = inbox
        self._writer = writer
        self._closed = False

    def close(self) -> None:
        """Lets nobody wait any more: the run is over."""
        self._closed = True

    def add(
        self, numbers: Mapping[str, float], others: Iterable[tuple[str, Value]], step: int, wall_time: float
    ) -> None:
        """Takes what one call logged: its numbers, and its values of other kinds."""
        inbox = self._inbox
        if numbers:
            lane = inbox.lane(tuple(numbers))
            if lane is inbox.loose:
                for tag, value in numbers.items():
                    record = lane.pack(inbox.order(), wall_time, step, inbox.series_id("scalar", tag), value)
                    if len(lane.buffer) <= lane.limit or self.has_room(lane):
                        lane.buffer.extend(record)
            elif len(lane.buffer) <= lane.limit or self.has_room(lane):
                lane.buffer.extend(lane.pack(inbox.order(), wall_time, step, *numbers.values()))
        for tag, other in others:
            self._add_heavy(tag, other, step, wall_time)
        if inbox.idle:
            inbox.idle = False
            self._writer.wake()

    def has_room(self, lane: Lane) -> bool:
        """Waits for a disk that is slower than the caller; gives up, and counts, when it stands still."""
        while len(lane.buffer) > lane.limit:
            if self._writer.is_stalled() or self._closed:
                self._inbox.lose("scalar", 1 if lane is self._inbox.loose else len(lane.series))
                return False
            self._wait_for_room()
        return True

    def _add_heavy(self, tag: str, value: Value, step: int, wall_time: float) -> None:
        heavy = Heavy(self._inbox.series_id(value.kind, tag), wall_time, step, value, value.n_bytes)
        while self._inbox.heavy_bytes + self._writer.media_bytes > HEAVY_LIMIT_BYTES:
            # Heavy values are the first to go: a disk that stands still must keep its room for numbers.
            if self._writer.is_stalled() or self._closed:
                self._inbox.lose(value.kind, 1)
                return
            self._wait_for_room()
        if isinstance(value, Histogram):
            self._inbox.add_heavy(heavy)
        elif isinstance(value, Record):  # encoded already
            self._inbox.add_heavy(heavy._replace(value=value.encode()))
        else:
            self._writer.add_media(heavy)

    def _wait_for_room(self) -> None:
        self._inbox.room.clear()
        self._writer.wake()
        self._inbox.room.wait(ROOM_S)
