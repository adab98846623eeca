"""Reading ahead: what a segment holds next is read while the server takes what came before."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tracker.errors import StoreError
from tracker.store.shipment import Arrived, Shipment

FORGOTTEN_S = 10.0
"""What nobody has come for in so long gives way to another segment's."""


class Look(NamedTuple):
    """What a file held when it was looked into.

    Attributes:
        stamp: What the file was like before, see `tail.Tail.stamp`.
        shipment: The next rows.
        lacking: Series of which single points are lacking behind it.
        written: How many rows there were.
    """

    stamp: tuple[tuple[int, int], ...]
    shipment: Shipment
    lacking: frozenset[int]
    written: int


class _Begun(NamedTuple):
    path: Path
    arrived: Arrived
    look: Future[Look]
    when: float


class Ahead:
    """The next shipment of one segment, so that no more than that is held. Asked by one thread."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._begun: _Begun | None = None

    def begin(self, path: Path, arrived: Arrived, look: Callable[[], Look]) -> None:
        """Begins to look, where no other segment's look is waited for.

        Args:
            path: Of the segment.
            arrived: Where the other store will be, should it take what is on its way.
            look: Reads what it lacks then.
        """
        now = time.monotonic()
        if self._begun is not None and self._begun.path != path and now - self._begun.when < FORGOTTEN_S:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "everystep-ahead")
        self._begun = _Begun(path, arrived, self._thread.submit(look), now)

    def take(self, path: Path, arrived: Arrived) -> Look | None:
        """What was read ahead of a segment; None where nothing was, or the other store stands elsewhere."""
        if self._begun is None or self._begun.path != path:
            return None
        begun, self._begun = self._begun, None
        if begun.arrived != arrived:
            return None
        try:
            return begun.look.result()
        except (StoreError, OSError):  # whoever asks looks for themselves, and meets it
            return None

    def close(self) -> None:
        """Ends its thread; it begins anew when it is wanted."""
        self._begun = None
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            self._thread = None
