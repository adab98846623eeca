"""The thread that stores what was accepted: commits soon, survives the disk, never reaches into the caller's loop.

*Accepted* means `log()` returned, *acknowledged* that `flush()` did. Whatever the world does, accepted is
stored or counted as lost; there is no third way.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tracker import coerce
from tracker.store.read.liveness import HEARTBEAT_S
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.batch import Batch, Mark
from tracker.store.write.bell import Bell
from tracker.store.write.encoder import Encoder
from tracker.store.write.failed_batch import Piecemeal
from tracker.store.write.faults import STORE_ERRORS, is_an_items, is_damage, is_disk
from tracker.store.write.first_calls import FirstCalls
from tracker.store.write.inbox import HEAVY_LIMIT_BYTES, SCALARS_LIMIT_BYTES, Closed, Heavy, Inbox, SealedError
from tracker.store.write.pace import Pace
from tracker.store.write.segment_file import SegmentFile
from tracker.store.write.transaction import Transaction
from tracker.worker_thread import Worker, is_ours, started

logger = logging.getLogger("tracker")

RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Pauses after a failed commit, the last one again and again: a disk that is freed is found within 2 s."""

STALL_S = 1.0
"""A commit that takes longer than this is a disk that stands still: callers no longer wait for room."""

POISON_ATTEMPTS = 3
"""Failures in a row that are not the disk's, the later ones item by item, after which a batch is given up."""

BEGIN_S = 1.0
"""What `tracker.init` waits for the file to be there (20 ms, mostly), so that a training that a signal ends right after
its first values has a place for them."""

FINISH_S = 4.5
"""What `finish()` gives the disk."""

LAST_S = 0.5
"""What the end of the process gives a disk that `finish()` has waited for already."""

LATE_S = 1.0
"""What a caller waits for another one who stores, after threads have ended: that one may have been ended within."""

io_lock = threading.Lock()
"""Held by any writer while it is inside SQLite. `fork()` takes it first: a child that was forked in the
middle of a call into SQLite would inherit SQLite's own locks, held for ever by a thread that is not there."""


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
        self.status = "running"
        """What the segment says of itself; `finish` sets what it ended as."""
        self._clock = clock
        self._let_go = let_go
        self._dropped = False
        self._encoder = Encoder(inbox, self.wake)
        self._first_calls = FirstCalls()
        self._marks: deque[Mark] = deque()
        self._taking_marks: deque[Mark] = self._marks
        self._config: dict[str, Any] | None = None
        self._request = Bell()
        self._begun = threading.Event()
        self._done = threading.Condition()
        self._asked = self._answered = 0
        self._commits = 0
        self._attempt: Transaction | None = None
        self._closing = False
        self._ending: str | None = None
        self.closed = False
        self.trouble: str | None = None
        """What keeps it from storing, or None."""
        self._failures = 0
        self._piecemeal = False
        """Whether what waits is stored item by item: it could not be stored whole."""
        self._committing_since: float | None = None
        self._unsynced = False
        self._last_beat = 0.0
        self._said_lost = "{}"
        self._thread: Worker | None = None
        self._is_late = False
        self._turning = threading.Lock()
        self._turner: int | None = None
        self._surrendered = False
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
        self.status, self._ending = status, ending
        self._is_late = self._encoder.is_late = True

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
            self.inbox.idle = True  # the next call comes here too, whatever the writer is at

    def drop(self) -> None:
        """Nobody will log here any more. Called within a garbage collection: takes no lock, waits for nothing."""
        self._dropped = True
        self._request.ring()

    @property
    def media_bytes(self) -> int:
        """What the values that wait to be encoded take."""
        return self._encoder.n_bytes

    def add_media(self, heavy: Heavy) -> None:
        """Queues a value to be encoded on a thread of its own, so that a large picture delays no scalar."""
        self._encoder.add(heavy)
        self._request.ring()

    def set_config(self, config: dict[str, Any]) -> None:
        """Says anew what the run was made with."""
        self._config = config
        if self.inbox.is_sealed:
            raise SealedError  # said again by who comes next; twice does no harm
        self.wake()

    def add_mark(self, step: int | None, wall_time: float, kind: str, text: str, attributes: dict[str, Any]) -> None:
        """Queues a mark."""
        self._taking_marks.append((step, wall_time, kind, text, attributes))
        self.wake()

    def seal(self) -> None:
        """Takes nothing any more: whoever comes now meets a `SealedError`."""
        self.inbox.seal()
        self._encoder.seal()
        self._taking_marks = Closed()

    def waiting(self) -> Counter[str]:
        """How many values wait to be stored, by kind."""
        found = self.inbox.waiting() + self._encoder.waiting()
        found["mark"] += len(self._marks)
        return +found

    def is_stalled(self) -> bool:
        """Whether the disk does not take anything at the moment."""
        since = self._committing_since
        return self.trouble is not None or (since is not None and time.monotonic() - since > STALL_S)

    def flush(self, timeout: float) -> bool:
        """Whether everything accepted before the call was committed, durably, within `timeout` seconds."""
        if self.closed:
            return True
        with self._done:
            self._asked += 1
            ticket = self._asked
        self._request.ring()
        if is_ours():
            return self.closed  # a finalizer, on a thread that storing needs
        if self._thread is None:
            self.store_now()
        with self._done:
            return self._done.wait_for(lambda: self._answered >= ticket or self.closed, timeout)

    def close(self, status: str, ending: str | None) -> None:
        """Begins to end: stores what is left, says how the run ended, and lets go of the file. `wait_closed` waits."""
        self.status, self._ending = status, ending
        self._closing = True
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
        known, until = self._progress(), time.monotonic() + patience
        with self._done:
            while not self.closed and time.monotonic() < until:
                self._done.wait(min(0.1, max(0.001, until - time.monotonic())))
                now = self._progress()
                if now > known:
                    known, until = now, time.monotonic() + patience

    def _progress(self) -> tuple[int, int]:
        """How many commits were made, and how far the present one is; both stand still when the disk does."""
        attempt = self._attempt
        return self._commits, 0 if attempt is None else attempt.next_id + attempt.registered

    def surrender(self, timeout: float) -> Counter[str]:
        """At the end of the process, on a disk that does not take it: gives up what waits, and tries to say so in the
        file, for which there is often room: the attempts before left some in the WAL.

        Returns:
            What is lost, by kind.
        """
        self._surrendered = True
        self._encoder.stop()
        lost = self.inbox.lost + self.waiting()  # before the writer counts what waits as lost
        self._request.ring()
        self.wait_closed(timeout)
        return +self.inbox.lost if self.closed else lost

    def store_now(self) -> None:
        """Stores what waits on the caller's thread, where there is no other."""
        if self._turner == threading.get_ident():
            return  # a finalizer in the middle of this: who is at it takes that along
        held = self._turning.acquire(timeout=LATE_S)
        self._turner = threading.get_ident()
        try:
            self._encoder.encode()
            while self._turn():
                pass
        finally:
            self._turner = None
            if held:
                self._turning.release()
        if self._is_late and self.trouble is not None:
            self._give_up_waiting()
            logger.warning("tracker: run %s: %s, at the end of the process", self.birth.run, self._lost_sentence())

    def abandon(self) -> None:
        """In a forked child: lets go of everything without touching it."""
        self.inbox.forget()
        self._encoder.forget()
        self.seal()
        self._file.leak()

    # --- the writer's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        pace = Pace()
        while not self.closed:
            if self._dropped:
                self._dropped = False
                self._let_go()
            began = time.monotonic()
            more, interval = pace.around(self._turn)
            if not self._begun.is_set():
                self.inbox.idle = not self._first_calls.are_over
                self._begun.set()
            if self.closed:
                return
            if self.trouble is not None:
                self._request.wait(RETRY_S[min(self._failures, len(RETRY_S)) - 1])
                continue
            if more:
                continue
            pause = interval - (time.monotonic() - began)
            if pause > 0 and self._first_calls.are_over:
                self._request.wait(pause)
            self.inbox.idle = True
            self._first_calls.tell()
            # Looked at after idle was set: whoever adds something later sees idle and wakes us.
            if not self._has_work():
                self._request.wait(max(0.0, self._last_beat + HEARTBEAT_S - time.monotonic()))
            self.inbox.idle = not self._first_calls.are_over

    def _has_work(self) -> bool:
        waiting = self._marks or self._config is not None or self._dropped
        return bool(self._asked > self._answered or self._closing or waiting or not self.inbox.is_empty())

    def _turn(self) -> bool:
        """Commits what waits; whether more waits already."""
        if self._surrendered:
            self._give_up_waiting()
        if not self._encoder.has_thread:
            self._encoder.encode()
        asked, calls = self._asked, self._first_calls.counted
        encoding = not self._encoder.is_empty
        closing = self._closing and not encoding
        marks = list(self._marks)
        taken = self.inbox.take()
        batch = Batch(taken, marks, self._config, self.inbox.series_names)
        beat = time.monotonic() - self._last_beat >= HEARTBEAT_S
        if not (batch or beat or closing or asked > self._answered):
            self._first_calls.committed(calls)
            return False
        appender: Appender | None = None
        self._committing_since = time.monotonic()
        try:
            with self._at_the_disk(), np.errstate(all="ignore"):  # numbers near ±1e308 are nobody's mistake
                self._last_beat = time.monotonic()
                # A folder that was deleted comes back for what is logged, not for a heartbeat, a reading or an end.
                if not self._file.was_taken_away() or batch.is_of_the_loop():
                    appender = self._file.open()
                    self._commit(appender, batch, last=closing and taken.everything, durable=asked > self._answered)
        except Exception as error:  # noqa: BLE001 whatever it is, the thread that stores must not end
            if appender is None or is_disk(error):  # no fault of the batch's
                self._fail(error)
            elif is_damage(error):
                self._fail(error)
                self._file.leave("is damaged")
            elif not self._piecemeal:
                self._piecemeal = True
                return self._turn()
            else:
                self._fail(error)
                if self._failures >= POISON_ATTEMPTS:
                    self._give_up(batch, error)
            return False
        finally:
            self._committing_since = None
        self._forget(batch)
        self._recover()
        if taken.everything and not encoding:
            self._first_calls.committed(calls)
            with self._done:
                self._answered = max(self._answered, asked)
                self._done.notify_all()
            if closing:
                self._close()
                return False
        return not taken.everything

    def _commit(self, appender: Appender, batch: Batch, *, last: bool, durable: bool) -> None:
        durable = (durable and (self._unsynced or bool(batch))) or last
        folds = last and not self._surrendered  # there is room for a word at most
        attempt: Transaction | None = None
        pieces: Piecemeal | None = None
        lost = self._said_lost
        try:
            with appender.transaction(durable=durable) as attempt:
                self._attempt = attempt
                if self._piecemeal:
                    pieces = batch.add_piecemeal_to(attempt, is_an_items, last=folds)
                else:
                    batch.add_to(attempt, last=folds)
                state: dict[str, Any] = {"heartbeat": self._clock()}
                lost = coerce.dumps(self.inbox.lost + pieces.counts() if pieces is not None else self.inbox.lost)
                if lost != self._said_lost or last:
                    state["lost"] = lost
                if last or self._is_late:
                    ending = None if self._ending is None else coerce.text(self._ending)
                    state |= {"status": coerce.text(self.status), "ended": self._clock(), "ending": ending}
                attempt.set_state(**state)
        except STORE_ERRORS:
            # An error from COMMIT leaves open whether it happened. What is in the file decides, so that nothing
            # is stored twice.
            if attempt is None or not appender.was_committed(attempt):
                raise
        if batch.config is not None:
            self._file.birth = replace(self.birth, config=batch.config)
            if self._config is batch.config:
                self._config = None
        self._commits += 1
        self._attempt = None
        self._said_lost = lost
        self._unsynced = not durable
        self._piecemeal = False
        if pieces is not None and pieces.refused:
            for kind, count in pieces.counts().items():
                self.inbox.lose(kind, count)
            logger.warning(
                "tracker: run %s: %s could not be stored and is lost; everything else is stored",
                self.birth.run,
                pieces.sentence(),
            )

    def _forget(self, batch: Batch) -> None:
        self.inbox.discard(batch.taken)
        for _ in batch.marks:
            self._marks.popleft()

    def _fail(self, error: BaseException) -> None:
        self._failures += 1
        self._first_calls.end()  # nobody waits for a disk that does not take it
        if self.trouble is None:
            logger.warning(
                "tracker: run %s cannot be stored at the moment (%s); training goes on, up to %d MB of it are kept",
                self.birth.run,
                coerce.text(error),
                (SCALARS_LIMIT_BYTES + HEAVY_LIMIT_BYTES) >> 20,
            )
        self.trouble = coerce.text(error) or type(error).__name__

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.warning("tracker: run %s is stored again; %s", self.birth.run, self._lost_sentence())
        self.trouble = None
        self._failures = 0

    def _give_up(self, batch: Batch, error: BaseException) -> None:
        logger.error("tracker: a batch could not be stored and is given up", exc_info=error)
        for kind, count in batch.counts().items():
            self.inbox.lose(kind, count)
        if self._config is batch.config:
            self._config = None
        self._forget(batch)
        self._failures = 0
        self._piecemeal = False

    def _give_up_waiting(self) -> None:
        """Counts what waits as lost."""
        for kind, count in self.waiting().items():
            self.inbox.lose(kind, count)
        self._encoder.clear()
        self._marks.clear()
        self._config = None
        self.inbox.clear()

    @contextlib.contextmanager
    def _at_the_disk(self) -> Iterator[None]:
        # When threads are being ended, one of them may have been with the lock in its hand.
        held = io_lock.acquire(timeout=LATE_S if self._is_late else -1)
        try:
            yield
        finally:
            if held:
                io_lock.release()

    def _lost_sentence(self) -> str:
        lost = ", ".join(f"{count:,} {kind}s" for kind, count in self.inbox.lost.items() if count)
        return f"lost: {lost}" if lost else "nothing was lost"

    def _close(self) -> None:
        with self._at_the_disk():
            self._file.close()
        if any(self.inbox.lost.values()):
            logger.warning("tracker: run %s ended; %s", self.birth.run, self._lost_sentence())
        with self._done:
            self.closed = True
            self._done.notify_all()
        self._first_calls.end()
        self._encoder.end()
