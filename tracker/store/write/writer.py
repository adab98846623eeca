"""The thread that stores what was accepted: commits soon, survives the disk, never reaches into the caller's loop."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracker.store.read.liveness import HEARTBEAT_S
from tracker.store.write.appender import Birth
from tracker.store.write.batch import Receipt
from tracker.store.write.bell import Bell
from tracker.store.write.committer import LATE_S, Committer
from tracker.store.write.encoder import Encoder
from tracker.store.write.first_calls import FirstCalls
from tracker.store.write.inbox import Inbox, SealedError
from tracker.store.write.lane import Heavy
from tracker.store.write.model_files import ModelFiles
from tracker.store.write.pace import Pace
from tracker.store.write.segment_file import SegmentFile
from tracker.worker_thread import Worker, is_ours, started

logger = logging.getLogger("tracker")

RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Pauses after a failed commit, the last one again and again: a disk that is freed is found within 2 s."""

STALL_S = 1.0
"""A commit that does not come on for so long is a disk that stands still: callers no longer wait for room."""

BEGIN_S = 1.0
"""What `tracker.init` waits for the file to be there (20 ms, mostly), so that a training that a signal ends right after
its first values has a place for them."""

FINISH_S = 4.5
"""What `finish()` gives the disk."""

LAST_S = 0.5
"""What the end of the process gives a disk that `finish()` has waited for already."""


class Writer:
    """Owns the segment file of one run in this process, and the thread that fills it.

    Args:
        folder: The run's.
        birth: What the segment says of itself.
        inbox: What is to be stored.
        let_go: Called on the writer's thread once `drop` was called.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        birth: Birth,
        inbox: Inbox,
        let_go: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = SegmentFile(folder, birth, clock)
        self.inbox = inbox
        self._let_go = let_go
        self._dropped = False
        self._encoder = Encoder(inbox, ModelFiles(folder), self.wake)
        self._first_calls = FirstCalls()
        self._committer = Committer(self._file, inbox, self._encoder, self._first_calls, clock)
        self._request = Bell()
        self._begun = threading.Event()
        self._thread: Worker | None = None
        self._turning = threading.Lock()
        self._turner: int | None = None
        self._progress = (0, 0)
        """How far the writer was when a caller last asked whether it stands still, …"""
        self._progressed = 0.0
        """… and when that was other than before."""
        self.was_waited_for = False
        """Whether somebody has waited for its end already."""

    @property
    def birth(self) -> Birth:
        """What the present file says of itself."""
        return self._file.birth

    # --- any thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the thread; where none can be started, `flush` and `finish` store instead."""
        self._thread = started(self._run, "writer")

    def start_late(self, status: str, ending: str | None) -> None:
        """Begins without threads, as the interpreter allows none any more: `store_now` stores, on the caller's."""
        self._committer.status, self._committer.ending = status, ending
        self._committer.is_late = self._encoder.is_late = True

    def wait_begun(self) -> None:
        """Returns when the file was made, or could not be, or `BEGIN_S` have passed."""
        if self._thread is not None and not is_ours():
            self._begun.wait(BEGIN_S)

    def wake(self) -> None:
        """Ends the sleep of a writer that has nothing to do; in the first calls, returns when it sleeps again."""
        self._request.ring()
        if self._first_calls.are_over:
            return
        if self._thread is None or self.is_stalled():
            self._first_calls.end()
        elif not is_ours():
            self._first_calls.count(self._request.ring)
        if not self._first_calls.are_over:
            self.inbox.rest(is_idle=True)  # the next call comes here too, whatever the writer is at

    def drop(self) -> None:
        """Nobody will log here any more. Called within a garbage collection: takes no lock, waits for nothing."""
        self._dropped = True
        self._request.ring()

    @property
    def media_bytes(self) -> int:
        """What the values that wait to be encoded take."""
        return self._encoder.n_bytes

    @property
    def files_bytes(self) -> int:
        """What those take that wait to become files."""
        return self._encoder.n_files_bytes

    def add_media(self, heavy: Heavy) -> None:
        """Queues a value to be encoded on a thread of its own, so that a large picture delays no scalar."""
        self._encoder.add(heavy)
        self._request.ring()

    def set_config(self, config: dict[str, Any]) -> None:
        """Says anew what the run was made with."""
        self._committer.config = config
        if self.inbox.is_sealed:
            raise SealedError  # said again by who comes next; twice does no harm
        self.wake()

    def add_mark(self, step: int | None, wall_time: float, kind: str, text: str, attributes: dict[str, Any]) -> None:
        """Queues a mark."""
        self._committer.add_mark((step, wall_time, kind, text, attributes))
        self.wake()

    def add_receipt(self, receipt: Receipt) -> None:
        """Queues an answer to a command; its `done` says when it is in the file."""
        self._committer.add_receipt(receipt)
        self.wake()
        if self._thread is None:
            self.store_now()

    def seal(self) -> None:
        """Takes nothing any more: whoever comes now meets a `SealedError`."""
        self.inbox.seal()
        self._encoder.seal()
        self._committer.seal()

    @property
    def closed(self) -> bool:
        """Whether everything was stored and the file let go of."""
        return self._committer.closed

    @property
    def trouble(self) -> str | None:
        """What keeps it from storing, or None."""
        return self._committer.trouble

    def waiting(self) -> Counter[str]:
        """How many values wait to be stored, by kind."""
        return self._committer.waiting()

    def is_stalled(self) -> bool:
        """Whether the disk does not take anything at the moment. A commit that comes on, as on a busy machine, is none
        that stands still, however long it takes."""
        since = self._committer.committing_since
        if self.trouble is not None or since is None:
            return self.trouble is not None
        now, progress = time.monotonic(), self._committer.progress()
        if progress > self._progress:
            self._progress, self._progressed = progress, now
        return now - max(since, self._progressed) > STALL_S

    def flush(self, timeout: float) -> bool:
        """Whether everything accepted before the call was committed, durably, within `timeout` seconds."""
        if self.closed:
            return True
        with self._committer.done:
            self._committer.asked += 1
            ticket = self._committer.asked
        self._request.ring()
        if self._must_not_wait():
            return self.closed
        if self._thread is None:
            self.store_now()
        with self._committer.done:
            return self._committer.done.wait_for(lambda: self._committer.answered >= ticket or self.closed, timeout)

    def commit(self, timeout: float) -> bool:
        """Whether everything accepted before the call was committed within `timeout` seconds: a kill takes none of it,
        a power loss may. Of a disk that takes nothing it says so within a second.

        Mostly on the caller's thread: waking the writer's, and being woken, takes as long as a small commit. Not on the
        main thread, where Ctrl-C may come between any two lines of it.
        """
        with self._committer.done:
            self._committer.wanted += 1
            ticket = self._committer.wanted
        if self.closed or self._must_not_wait():
            return self.closed
        if self._thread is None or threading.current_thread() is not threading.main_thread():
            self.store_now()
        if self._committer.kept < ticket:
            self._request.ring()
        patience = timeout if self.trouble is None else min(timeout, STALL_S)
        with self._committer.done:
            return self._committer.done.wait_for(lambda: self._committer.kept >= ticket or self.closed, patience)

    def _must_not_wait(self) -> bool:
        """Whether the caller is a finalizer on a thread that storing needs, or came in the middle of storing."""
        return is_ours() or self._turner == threading.get_ident()

    def close(self, status: str, ending: str | None) -> None:
        """Begins to end: stores what is left, says how the run ended, and lets go of the file. `wait_closed` waits."""
        self._committer.status, self._committer.ending = status, ending
        self._committer.closing = True
        self._request.ring()
        self._encoder.ring()

    def wait_closed(self, timeout: float) -> bool:
        """Whether everything was stored and the file let go of within `timeout` seconds."""
        if self._thread is None:
            deadline = time.monotonic() + timeout
            while not self.closed and time.monotonic() < deadline:
                self.store_now()
                if not self.closed and self.trouble is not None:
                    time.sleep(RETRY_S[0])
        self._wait_while_it_works(max(0.0, timeout))
        self.was_waited_for = True
        return self.closed

    def _wait_while_it_works(self, patience: float) -> None:
        """Returns when it is closed, or has stored nothing for so many seconds: what is much is waited for, what stands
        still is not. An attempt that only comes as far as one that failed before it is no progress."""
        known, made = self._committer.progress(), self._encoder.progress()
        until = time.monotonic() + patience
        with self._committer.done:
            while not self.closed and time.monotonic() < until:
                self._committer.done.wait(min(0.1, max(0.001, until - time.monotonic())))
                now, making = self._committer.progress(), self._encoder.progress()
                if now > known or making > made:
                    known, made, until = max(now, known), max(making, made), time.monotonic() + patience

    def surrender(self, timeout: float) -> Counter[str]:
        """At the end of the process, on a disk that does not take it: gives up what waits, and tries to say so in the
        file, for which there is often room: the attempts before left some in the WAL.

        Returns:
            What is lost, by kind.
        """
        self._committer.surrendered = True
        self._encoder.stop()
        lost = self.inbox.lost + self.waiting()  # before the writer counts what waits as lost
        self._request.ring()
        self.wait_closed(timeout)
        return +self.inbox.lost if self.closed else lost

    def store_now(self) -> None:
        """Stores what waits on the caller's thread."""
        if self._turner == threading.get_ident():
            return  # a finalizer in the middle of this: who is at it takes that along
        held = self._turning.acquire(timeout=LATE_S)
        if not held and self._thread is not None:
            return  # the writer's own thread is at it, on a slow disk
        self._turner = threading.get_ident()
        try:
            self._encoder.encode()
            while self._committer.turn():
                pass
        finally:
            self._turner = None
            if held:
                self._turning.release()
        if self._committer.is_late and self.trouble is not None:
            self._committer.give_up_waiting()
            logger.warning(
                "tracker: run %s: %s, at the end of the process", self.birth.run, self._committer.lost_sentence()
            )

    def abandon(self) -> None:
        """In a forked child: lets go of everything without touching it."""
        self.inbox.forget()
        self._encoder.forget()
        self.seal()
        self._file.leak()

    # --- the writer's thread -------------------------------------------------------------------------

    def _turn(self) -> bool:
        with self._turning:
            return self._committer.turn()

    def _run(self) -> None:
        pace = Pace()
        while not self.closed:
            if self._dropped:
                self._dropped = False
                self._let_go()
            began = time.monotonic()
            more, interval = pace.around(self._turn)
            if not self._begun.is_set():
                self.inbox.rest(is_idle=not self._first_calls.are_over)
                self._begun.set()
            if self.closed:
                return
            if self.trouble is not None:
                self._request.wait(RETRY_S[min(self._committer.failures, len(RETRY_S)) - 1])
                continue
            if more:
                continue
            pause = interval - (time.monotonic() - began)
            if pause > 0 and self._first_calls.are_over:
                self._request.wait(pause)
            self.inbox.rest(is_idle=True)
            self._first_calls.tell()
            # Looked at after idle was set: whoever adds something later sees idle and wakes us.
            if not (self._dropped or self._committer.has_work()):
                self._request.wait(max(0.0, self._committer.last_beat + HEARTBEAT_S - time.monotonic()))
            self.inbox.rest(is_idle=not self._first_calls.are_over)
