"""Commits: what waits becomes rows, a turn at a time; what fails is tried again, item by item if need be, and counted.

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
from typing import Any

import numpy as np

from tracker import coerce
from tracker.store.read.liveness import HEARTBEAT_S
from tracker.store.write.appender import Appender
from tracker.store.write.batch import Batch, Mark, Receipt
from tracker.store.write.encoder import Encoder
from tracker.store.write.failed_batch import Piecemeal
from tracker.store.write.faults import STORE_ERRORS, is_an_items, is_damage, is_disk
from tracker.store.write.first_calls import FirstCalls
from tracker.store.write.inbox import HEAVY_LIMIT_BYTES, SCALARS_LIMIT_BYTES, Closed, Inbox
from tracker.store.write.segment_file import SegmentFile
from tracker.store.write.transaction import Transaction

logger = logging.getLogger("tracker")

POISON_ATTEMPTS = 3
"""Failures in a row that are not the disk's, the later ones item by item, after which a batch is given up."""

LATE_S = 1.0
"""What a caller waits for another one who stores, after threads have ended: that one may have been ended within."""

io_lock = threading.Lock()
"""Held by any writer while it is inside SQLite. `fork()` takes it first: a child that was forked in the
middle of a call into SQLite would inherit SQLite's own locks, held for ever by a thread that is not there."""


class Committer:
    """Stores what waits. For one thread at a time, but for `waiting`, `progress`, and what says so below.

    Args:
        file: Where it is stored.
        inbox: What waits.
        encoder: What waits to be encoded.
        first_calls: Told how many calls are in the file.
        clock: Seconds since the epoch.

    Attributes:
        status: What the segment says of itself; `close` of the writer sets what it ended as, and `ending`.
        config: What the run says anew that it was made with; None when that is in the file. Any thread sets it.
        closing: Whether to end once everything is stored.
        closed: Whether it has ended.
        surrendered: Whether what waits is given up.
        is_late: Whether the interpreter starts no thread any more.
        asked: How many times `flush` was called, and `answered`, how many of these are done; both under `done`.
        trouble: What keeps it from storing, or None; `failures`, how many times in a row.
        committing_since: When the present commit began, on the monotonic clock.
        last_beat: When something was written last, on the same.
    """

    def __init__(
        self, file: SegmentFile, inbox: Inbox, encoder: Encoder, first_calls: FirstCalls, clock: Callable[[], float]
    ) -> None:
        self.file, self.inbox = file, inbox
        self._encoder, self._first_calls, self._clock = encoder, first_calls, clock
        self._marks: deque[Mark] = deque()
        self._taking_marks: deque[Mark] = self._marks
        self._receipts: deque[Receipt] = deque()
        self._taking_receipts: deque[Receipt] = self._receipts
        self.status = "running"
        self.ending: str | None = None
        self.config: dict[str, Any] | None = None
        self.closing = self.closed = self.surrendered = self.is_late = False
        self.done = threading.Condition()
        self.asked = self.answered = 0
        self.wanted = self.kept = 0
        self.trouble: str | None = None
        self.failures = 0
        self.committing_since: float | None = None
        self.last_beat = 0.0
        self._commits = 0
        self._attempt: Transaction | None = None
        self._piecemeal = False
        """Whether what waits is stored item by item: it could not be stored whole."""
        self._unsynced = False
        self._said_lost = "{}"

    def add_mark(self, mark: Mark) -> None:
        """Queues a mark. Any thread calls it.

        Raises:
            SealedError: nothing is taken any more.
        """
        self._taking_marks.append(mark)

    def add_receipt(self, receipt: Receipt) -> None:
        """Queues a receipt. Any thread calls it.

        Raises:
            SealedError: nothing is taken any more.
        """
        self._taking_receipts.append(receipt)

    def seal(self) -> None:
        """Takes no mark and no receipt any more."""
        self._taking_marks = Closed()
        self._taking_receipts = Closed()

    def waiting(self) -> Counter[str]:
        """How many values wait to be stored, by kind."""
        found = self.inbox.waiting() + self._encoder.waiting()
        found["mark"] += len(self._marks)
        found["receipt"] += len(self._receipts)
        return +found

    def has_work(self) -> bool:
        """Whether a turn would do anything."""
        waiting = self._marks or self._receipts or self.config is not None
        asked = self.asked > self.answered or self.wanted > self.kept
        return bool(asked or self.closing or waiting or not self.inbox.is_empty())

    def progress(self) -> tuple[int, int]:
        """How many commits were made, and how far the present one is; both stand still when the disk does."""
        attempt = self._attempt
        return self._commits, 0 if attempt is None else attempt.next_id + attempt.registered

    def turn(self) -> bool:
        """Commits what waits; whether more waits already. Whatever it meets is tried again: who stores must not end."""
        try:
            return self._turn()
        except Exception as error:  # noqa: BLE001 and not at the disk, or the turn had told what it is
            self._fail(error)
            return False

    def _turn(self) -> bool:
        if self.surrendered:
            self.give_up_waiting()
        if not self._encoder.has_thread:
            self._encoder.encode()
        asked, wanted, calls = self.asked, self.wanted, self._first_calls.counted
        encoding = not self._encoder.is_empty
        closing = self.closing and not encoding
        marks, receipts = list(self._marks), list(self._receipts)
        taken = self.inbox.take()
        batch = Batch(taken, marks, self.config, self.inbox.series_names, receipts)
        beat = time.monotonic() - self.last_beat >= HEARTBEAT_S
        if not (batch or beat or closing or asked > self.answered):
            self._first_calls.committed(calls)
            if wanted > self.kept and not encoding:
                self._tell(self.answered, wanted)
            return False
        appender: Appender | None = None
        self.committing_since = time.monotonic()
        try:
            with self._at_the_disk(), np.errstate(all="ignore"):  # numbers near ±1e308 are nobody's mistake
                self.last_beat = time.monotonic()
                # A folder that was deleted comes back for what is logged, not for a heartbeat, a reading or an end.
                if not self.file.was_taken_away() or batch.is_of_the_loop():
                    is_new = self.file.appender is None  # such a file says itself that its writer lives
                    appender = self.file.open()
                    if batch or closing or asked > self.answered or self.is_late or not is_new:
                        durable = asked > self.answered
                        self._commit(appender, batch, last=closing and taken.everything, durable=durable)
        except Exception as error:  # noqa: BLE001 whatever it is, a later attempt may store it
            if appender is None or is_disk(error):  # no fault of the batch's
                self._fail(error)
            elif is_damage(error):
                self._fail(error)
                self.file.leave("is damaged")
            elif not self._piecemeal:
                self._piecemeal = True
                return self._turn()
            else:
                self._fail(error)
                if self.failures >= POISON_ATTEMPTS:
                    self._give_up(batch, error)
            return False
        finally:
            self.committing_since = None
        self._forget(batch, is_stored=True)
        self._recover()
        if taken.everything and not encoding:
            self._first_calls.committed(calls)
            self._tell(asked, wanted)
            if closing:
                self._close()
                return False
        return not taken.everything

    def _tell(self, asked: int, wanted: int) -> None:
        with self.done:
            self.answered, self.kept = max(self.answered, asked), max(self.kept, wanted)
            self.done.notify_all()

    def _commit(self, appender: Appender, batch: Batch, *, last: bool, durable: bool) -> None:
        durable = (durable and (self._unsynced or bool(batch))) or (last and not appender.is_synced_at_end)
        folds = last and not self.surrendered  # there is room for a word at most
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
                if last or self.is_late:
                    ending = None if self.ending is None else coerce.text(self.ending)
                    state |= {"status": coerce.text(self.status), "ended": self._clock(), "ending": ending}
                attempt.set_state(**state)
        except STORE_ERRORS:
            # An error from COMMIT leaves open whether it happened. What is in the file decides, so that nothing
            # is stored twice.
            if attempt is None or not appender.was_committed(attempt):
                raise
        if batch.config is not None:
            self.file.birth = replace(self.file.birth, config=batch.config)
            if self.config is batch.config:
                self.config = None
        if pieces is None:
            for heavy in batch.taken.heavies:
                if heavy.then is not None:
                    heavy.then()
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
                self.file.birth.run,
                pieces.sentence(),
            )

    def _forget(self, batch: Batch, *, is_stored: bool) -> None:
        self.inbox.discard(batch.taken)
        for _ in batch.marks:
            self._marks.popleft()
        for receipt in batch.receipts:
            self._receipts.popleft()
            receipt.is_stored = is_stored
            receipt.done.set()

    def _fail(self, error: BaseException) -> None:
        self.failures += 1
        self._first_calls.end()  # nobody waits for a disk that does not take it
        if self.trouble is None:
            logger.warning(
                "tracker: run %s cannot be stored at the moment (%s); training goes on, up to %d MB of it are kept",
                self.file.birth.run,
                coerce.text(error),
                (SCALARS_LIMIT_BYTES + HEAVY_LIMIT_BYTES) >> 20,
            )
        self.trouble = coerce.text(error) or type(error).__name__

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.warning("tracker: run %s is stored again; %s", self.file.birth.run, self.lost_sentence())
        self.trouble = None
        self.failures = 0

    def _give_up(self, batch: Batch, error: BaseException) -> None:
        logger.error("tracker: a batch could not be stored and is given up", exc_info=error)
        for kind, count in batch.counts().items():
            self.inbox.lose(kind, count)
        if self.config is batch.config:
            self.config = None
        self._forget(batch, is_stored=False)
        self.failures = 0
        self._piecemeal = False

    def give_up_waiting(self) -> None:
        """Counts what waits as lost."""
        for kind, count in self.waiting().items():
            self.inbox.lose(kind, count)
        self._encoder.clear()
        self._marks.clear()
        while self._receipts:
            self._receipts.popleft().done.set()
        self.config = None
        self.inbox.clear()

    @contextlib.contextmanager
    def _at_the_disk(self) -> Iterator[None]:
        # When threads are being ended, one of them may have been with the lock in its hand.
        held = io_lock.acquire(timeout=LATE_S if self.is_late else -1)
        try:
            yield
        finally:
            if held:
                io_lock.release()

    def lost_sentence(self) -> str:
        lost = ", ".join(f"{count:,} {kind}s" for kind, count in self.inbox.lost.items() if count)
        return f"lost: {lost}" if lost else "nothing was lost"

    def _close(self) -> None:
        with self._at_the_disk():
            self.file.close()
        if any(self.inbox.lost.values()):
            logger.warning("tracker: run %s ended; %s", self.file.birth.run, self.lost_sentence())
        with self.done:
            self.closed = True
            self.done.notify_all()
        self._first_calls.end()
        self._encoder.end()
