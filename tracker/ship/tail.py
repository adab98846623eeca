"""The tail of one segment: what of its file another store has, and what it lacks."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from tracker import logdir
from tracker.ship.ahead import Ahead, Look
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.server import RefusedRowsError
from tracker.store import columns
from tracker.store.read import copied, read_only, shipping
from tracker.store.read.copied import Origin
from tracker.store.shipment import FIRST_BYTES, MOST_BYTES, Arrived

_ENDING = columns.STATE.index("ending")

CLOCK_TICK_NS = 50_000_000
"""More than a tick of the clock of a file system of this machine."""

REST_S = 2.0
"""A file to which nothing was added for so long may have no writer any more: all of it is sent."""

Stamp = tuple[tuple[int, int], ...]


class Tail:
    """One segment here.

    Args:
        path: Its file.

    Attributes:
        origin: What it says of itself; None until that was read.
        behind: Rows that the other store lacks, as of the last look; None before the first one.
        is_done: Whether the segment has ended and all of it is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.segment = logdir.segment_id(path)
        self.origin: Origin | None = None
        self.behind: int | None = None
        self.is_done = False
        self._beside: Tail | None = None
        self._arrived: Arrived | None = None
        self._stamp: Stamp | None = None
        self._lacking: frozenset[int] | None = None
        """Series of which single points were left out there; None before that is known."""
        self._fresh: frozenset[str] | None = None
        self._rested_since = 0.0

    @property
    def beside(self) -> Tail | None:
        """Of a copy that a fork took along: the fork's own segment, beside which it lies here and there."""
        return self._beside

    @beside.setter
    def beside(self, other: Tail | None) -> None:
        if other is not self._beside:
            self._beside, self._arrived, self._stamp, self.is_done = other, None, None, False
            self._lacking = None

    @property
    def _beside_segment(self) -> str | None:
        return None if self._beside is None else self._beside.segment

    @property
    def is_known_there(self) -> bool:
        """Whether the other store has some of it."""
        return self._arrived is not None and (self._arrived.cursor > 0 or self._arrived.is_whole)

    def stamp(self) -> Stamp:
        """What changes with every commit: the size and time of a file and of its WAL."""
        found = []
        for name in (self.path, f"{self.path}-wal"):
            try:
                stat = os.stat(name)
                found.append((stat.st_size, stat.st_mtime_ns))
            except OSError:
                found.append((-1, 0))
        return tuple(found)

    def has_news(self, fresh: frozenset[str] | None = None) -> bool:
        """Whether the file may hold something that was not sent and is wanted; a look at its size and times.

        Args:
            fresh: As of `send`.
        """
        waits = self.origin is None or (self._beside is not None and not self._beside.is_known_there)
        if self.is_done or waits:
            return False
        if self.stamp() != self._stamp:
            return True
        return bool(self._lacking) and (fresh != self._fresh or time.monotonic() - self._rested_since > REST_S)

    def send(self, server: Elsewhere, fresh: frozenset[str] | None = None, ahead: Ahead | None = None) -> int:
        """Sends the next rows, as many as go into one shipment; how many that was.

        Args:
            server: Where to.
            fresh: The tags of which single points are wanted; None for all. Once nothing was written for some seconds
                those of the others are sent too.
            ahead: What reads the rows that follow these while the server takes them.

        Raises:
            StoreError: the file cannot be read.
            FileNotFoundError: it is gone.
            UnreachableError, ForbiddenError, RefusedRowsError: what the server says.
        """
        if not logdir.is_segment_id(self.segment):
            raise RefusedRowsError("no writer calls a segment so")
        if self._arrived is None:
            self._arrived = server.arrived(self.segment, self._beside_segment)
            self.is_done = self._arrived.is_whole
            if self.is_done:
                self.behind = 0
                return 0
        now = time.monotonic()
        if self.stamp() != self._stamp:
            self._rested_since = now
        wanted = None if now - self._rested_since > REST_S else fresh
        is_known = wanted is None and self._lacking == frozenset()  # what the rows were read for, then as now
        look = ahead.take(self.path, self._arrived) if ahead is not None and is_known else None
        before, shipment, lacking, written = look or self._look(self._arrived, wanted, self._lacking)
        if self._beside is None and str(shipment.state[_ENDING]).startswith(copied.ENDING):
            self._stamp = before  # whose it is, is known once the fork has a segment of its own
            return 0
        try:
            is_followed = shipment.upto < written
            if is_followed and wanted is None and ahead is not None:
                expected = shipment.brings(self._arrived)
                ahead.begin(self.path, expected, partial(self._look, expected, None, lacking))
            self._arrived = server.send(self.segment, shipment, self._beside_segment, is_followed=is_followed)
        except BaseException:
            self._arrived = self._lacking = None  # what became of it only the server knows
            raise
        self._lacking, self._fresh = lacking, fresh
        if self._arrived.cursor != shipment.upto:
            self._lacking = None  # it stands elsewhere, and this was not taken
        self.behind = max(0, written - self._arrived.cursor)
        if self.behind == 0 and self._arrived.cursor == shipment.upto:
            # Two commits in one tick of the file system's clock look alike: what is so new is looked at again.
            self._stamp = None if _is_young(before) else before
        self.is_done = self._arrived.is_whole
        return shipment.upto - shipment.after

    def _look(self, arrived: Arrived, wanted: frozenset[str] | None, lacking: frozenset[int] | None) -> Look:
        stamp = self.stamp()
        most = MOST_BYTES if arrived.cursor else FIRST_BYTES
        with read_only.snapshot(self.path) as connection:
            shipment, lacking = shipping.wanted(connection, arrived, wanted, lacking, most)
            return Look(stamp, shipment, lacking, shipping.rows_written(connection))


def _is_young(stamp: Stamp) -> bool:
    return time.time_ns() - max(changed for _, changed in stamp) < CLOCK_TICK_NS
