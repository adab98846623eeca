"""Packer: makes blocks of records on a thread of its own, where they are logged faster than they are stored.

Not the caller: between two lines of its Ctrl-C may come, or a finalizer that waits for what is stored.
"""

from __future__ import annotations

from tracker.store.read.liveness import HEARTBEAT_S
from tracker.store.write.bell import Bell
from tracker.store.write.inbox import Inbox
from tracker.worker_thread import Worker, started


class Packer:
    """Packs what waits in an inbox, when it is asked to; the thread is started then, and ends with the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._bell = Bell()
        self._thread: Worker | None = None
        self._was_asked = False

    def ask(self) -> None:
        """Has it packed, soon; at once where no thread can be started."""
        if not self._was_asked:
            self._was_asked = True
            self._thread = started(self._run, "packer")
        if self._thread is None:
            self._inbox.pack()
        else:
            self._bell.ring()

    def _run(self) -> None:
        while not self._inbox.is_sealed:
            if self._bell.wait(HEARTBEAT_S):
                self._inbox.pack()
                self._inbox.room.ring()
