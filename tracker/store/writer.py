"""The thread that stores what was accepted: commits soon, survives the disk, never reaches into the caller's loop.

*Accepted* means `log()` returned, *acknowledged* that `flush()` did. Whatever the world does, accepted is
stored or counted as lost; there is no third way.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from tracker import door, logdir
from tracker.store.appender import Appender, Birth, Transaction
from tracker.store.inbox import Heavy, Inbox, Taken
from tracker.store.liveness import HEARTBEAT_S
from tracker.store.pace import Pace
from tracker.store.piecemeal import Piecemeal
from tracker.values.histogram import Histogram
from tracker.values.value import Medium, Value

logger = logging.getLogger("tracker")

RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Pauses after a failed commit, the last one again and again: a disk that is freed is found within 2 s."""

STALL_S = 1.0
"""A commit that takes longer than this is a disk that stands still: callers no longer wait for room."""

POISON_ATTEMPTS = 3
"""Failures in a row that are not the disk's, the later ones item by item, after which a batch is given up."""

FINISH_S = 4.5
"""What `finish()` gives the disk."""

STORE_ERRORS = (sqlite3.Error, SQLAlchemyError, OSError)

io_lock = threading.Lock()
"""Held by any writer while it is inside SQLite. `fork()` takes it first: a child that was forked in the
middle of a call into SQLite would inherit SQLite's own locks, held for ever by a thread that is not there."""


class Writer:
    """Owns the segment file of one run in this process, and the thread that fills it."""

    def __init__(self, folder: Path, birth: Birth, inbox: Inbox, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.birth = birth
        self.inbox = inbox
        self.status = "running"
        """What the segment says of itself; `finish` sets what it ended as."""
        self._clock = clock
        self._appender: Appender | None = None
        self._media: deque[Heavy] = deque()
        self.media_bytes = 0
        """What the values that wait to be encoded take."""
        self._media_lock = threading.Lock()
        self._marks: deque[tuple[int | None, float, str, str, dict[str, Any]]] = deque()
        self._config: dict[str, Any] | None = None
        self._request = threading.Event()
        self._done = threading.Condition()
        self._asked = self._answered = 0
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
        self._thread: threading.Thread | None = None
        self._encoder: threading.Thread | None = None
        self._encode = threading.Event()

    # --- any thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the thread; where none can be started, `flush` and `finish` store instead."""
        self._thread = _started(self._run, "everystep-writer")

    def wake(self) -> None:
        """Ends the sleep of a writer that has nothing to do."""
        self._request.set()

    def add_media(self, heavy: Heavy) -> None:
        """Queues a value to be encoded on a thread of its own, so that a large picture delays no scalar."""
        with self._media_lock:
            self.media_bytes += heavy.n_bytes
            self._media.append(heavy)
        if self._encoder is None:
            self._encoder = _started(self._run_encoder, "everystep-encoder")
        self._encode.set()

    def set_config(self, config: dict[str, Any]) -> None:
        """Says anew what the run was made with."""
        self._config = config
        self.wake()

    def add_mark(self, step: int | None, wall_time: float, kind: str, text: str, attributes: dict[str, Any]) -> None:
        """Queues a mark."""
        self._marks.append((step, wall_time, kind, text, attributes))
        self.wake()

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
        self._request.set()
        if self._thread is None:
            self._turn()
        with self._done:
            return self._done.wait_for(lambda: self._answered >= ticket or self.closed, timeout)

    def finish(self, status: str, ending: str | None, timeout: float = FINISH_S) -> bool:
        """Stores what is left, says how the run ended, and lets go of the file; whether that was done in time."""
        self.status, self._ending = status, ending
        self._closing = True
        self._request.set()
        self._encode.set()
        if self._thread is None:
            deadline = time.monotonic() + timeout
            while not self.closed and time.monotonic() < deadline:
                self._turn()
        with self._done:
            return self._done.wait_for(lambda: self.closed, timeout)

    def abandon(self) -> None:
        """In a forked child: lets go of everything without touching it."""
        if self._appender is not None:
            self._appender.leak()

    # --- the writer's thread -------------------------------------------------------------------------

    def _run(self) -> None:
        pace = Pace()
        while not self.closed:
            began = time.monotonic()
            more, interval = pace.around(self._turn)
            if self.closed:
                return
            if self.trouble is not None:
                self._request.wait(RETRY_S[min(self._failures, len(RETRY_S)) - 1])
                self._request.clear()
                continue
            if more:
                continue
            pause = interval - (time.monotonic() - began)
            if pause > 0:
                self._request.wait(pause)
            self.inbox.idle = True
            # Looked at after idle was set: whoever adds something later sees idle and wakes us.
            if self._has_work():
                self.inbox.idle = False
            else:
                self._request.wait(max(0.0, self._last_beat + HEARTBEAT_S - time.monotonic()))
                self.inbox.idle = False
            self._request.clear()

    def _has_work(self) -> bool:
        waiting = self._marks or self._config is not None
        return bool(self._asked > self._answered or self._closing or waiting or not self.inbox.is_empty())

    def _turn(self) -> bool:
        """Commits what waits; whether more waits already."""
        asked = self._asked
        encoding = bool(self._media)
        closing = self._closing and not encoding
        marks = list(self._marks)
        taken = self.inbox.take()
        beat = time.monotonic() - self._last_beat >= HEARTBEAT_S
        news = bool(taken.records or taken.heavies or marks or self._config is not None)
        if not (news or beat or closing or asked > self._answered):
            return False
        appender: Appender | None = None
        self._committing_since = time.monotonic()
        try:
            with io_lock, np.errstate(all="ignore"):  # numbers near ±1e308 are nobody's mistake
                appender = self._open()
                self._commit(appender, taken, marks, closing and taken.everything, durable=asked > self._answered)
        except Exception as error:  # noqa: BLE001 whatever it is, the thread that stores must not end
            if appender is None or _is_disk(error):  # no fault of the batch's
                self._fail(error)
            elif _is_damage(error):
                self._fail(error)
                self._leave_file("is damaged")
            elif not self._piecemeal:
                self._piecemeal = True
                return self._turn()
            else:
                self._fail(error)
                if self._failures >= POISON_ATTEMPTS:
                    self._give_up(taken, marks, error)
            return False
        finally:
            self._committing_since = None
        self._forget(taken, marks)
        self._recover()
        if taken.everything and not encoding:
            with self._done:
                self._answered = max(self._answered, asked)
                self._done.notify_all()
            if closing:
                self._close()
                return False
        return not taken.everything

    def _commit(self, appender: Appender, taken: Taken, marks: list[Any], last: bool, durable: bool) -> None:
        self._last_beat = time.monotonic()
        config = self._config
        news = bool(taken.records or taken.heavies or marks or config is not None)
        durable = (durable and (self._unsynced or news)) or last
        attempt: Transaction | None = None
        pieces: Piecemeal | None = None
        lost = self._said_lost
        try:
            with appender.transaction(durable=durable) as attempt:
                if self._piecemeal:
                    pieces = self._add_piecemeal(attempt, taken, marks, config, last)
                else:
                    self._add(attempt, taken, marks, config, last)
                state: dict[str, Any] = {"heartbeat": self._clock()}
                lost = door.dumps(self.inbox.lost + pieces.counts() if pieces is not None else self.inbox.lost)
                if lost != self._said_lost or last:
                    state["lost"] = lost
                if last:
                    ending = None if self._ending is None else door.text(self._ending)
                    state |= {"status": door.text(self.status), "ended": self._clock(), "ending": ending}
                attempt.set_state(**state)
        except STORE_ERRORS:
            # An error from COMMIT leaves open whether it happened. What is in the file decides, so that nothing
            # is stored twice.
            if attempt is None or not appender.was_committed(attempt):
                raise
        if config is not None:
            self.birth = replace(self.birth, config=config)
            if self._config is config:
                self._config = None
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

    def _add(
        self, attempt: Transaction, taken: Taken, marks: list[Any], config: dict[str, Any] | None, last: bool
    ) -> None:
        attempt.add_series(self.inbox.series_names)
        attempt.add_scalars(taken.scalars())
        for heavy in taken.heavies:
            _add_heavy(attempt, heavy)
        for mark in marks:
            attempt.add_mark(*mark)
        if config is not None:
            attempt.set_config(config)
        if last:
            attempt.fold_tails()

    def _add_piecemeal(
        self, attempt: Transaction, taken: Taken, marks: list[Any], config: dict[str, Any] | None, last: bool
    ) -> Piecemeal:
        """`_add`, item by item."""
        pieces = Piecemeal(attempt, lambda error: not (_is_disk(error) or _is_damage(error)))
        names = list(self.inbox.series_names)
        pieces.add_series(names)
        for series, points in taken.scalars():
            pieces.add_scalars(names[series - 1][1], series, points)
        for heavy in taken.heavies:
            kind, tag = names[heavy.series - 1]
            pieces.add(kind, f"{tag!r} at step {heavy.step}", _add_heavy, attempt, heavy)
        for mark in marks:
            pieces.add("mark", f"{mark[3]!r:.60} at step {mark[0]}", attempt.add_mark, *mark)
        if config is not None:
            pieces.add("config", "of configure()", attempt.set_config, config)
        if last:
            pieces.fold_tails()
        return pieces

    def _open(self) -> Appender:
        """The segment's file: made when first needed, and made anew when somebody took it away."""
        if self._appender is not None:
            try:
                stat = self._appender.path.stat()
                if (stat.st_dev, stat.st_ino) == self._appender.inode:
                    return self._appender
            except FileNotFoundError:
                pass
            self._leave_file("was removed or replaced")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._appender = Appender(logdir.segment_path(self.folder, self.birth.segment), self.birth)
        logdir.release_claim(self.folder)
        return self._appender

    def _leave_file(self, why: str) -> None:
        """Goes on in a new segment: what is in the old file stays there, as far as it can be read."""
        assert self._appender is not None
        logger.warning("tracker: %s %s while it was written; going on in a new file", self._appender.path, why)
        with contextlib.suppress(*STORE_ERRORS):
            self._appender.close()
        self._appender = None
        now = self._clock()
        segment = logdir.new_segment_id(now, self.birth.rank)
        self.birth = replace(self.birth, segment=segment, parent=self.birth.segment, created=now, reason="moved")

    def _forget(self, taken: Taken, marks: list[Any]) -> None:
        self.inbox.discard(taken)
        for _ in marks:
            self._marks.popleft()

    def _fail(self, error: BaseException) -> None:
        self._failures += 1
        if self.trouble is None:
            logger.warning(
                "tracker: run %s cannot be stored at the moment (%s); training goes on, up to 48 MB of it is kept",
                self.birth.run,
                door.text(error),
            )
        self.trouble = door.text(error) or type(error).__name__

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.warning("tracker: run %s is stored again; %s", self.birth.run, self._lost_sentence())
        self.trouble = None
        self._failures = 0

    def _give_up(self, taken: Taken, marks: list[Any], error: BaseException) -> None:
        logger.error("tracker: a batch could not be stored and is given up", exc_info=error)
        self.inbox.lose("scalar", taken.n_scalars)
        for heavy in taken.heavies:
            self.inbox.lose(self.inbox.series_names[heavy.series - 1][0], 1)
        if marks:
            self.inbox.lose("mark", len(marks))
        if self._config is not None:
            self._config = None
            self.inbox.lose("config", 1)
        self._forget(taken, marks)
        self._failures = 0
        self._piecemeal = False

    def _lost_sentence(self) -> str:
        lost = ", ".join(f"{count:,} {kind}s" for kind, count in self.inbox.lost.items() if count)
        return f"lost: {lost}" if lost else "nothing was lost"

    def _close(self) -> None:
        assert self._appender is not None
        # Stored is stored: that the file stays in WAL mode because someone reads it is no failure.
        with io_lock, contextlib.suppress(*STORE_ERRORS):
            self._appender.fold_away()
        with io_lock, contextlib.suppress(*STORE_ERRORS):
            self._appender.close()
        if any(self.inbox.lost.values()):
            logger.warning("tracker: run %s ended; %s", self.birth.run, self._lost_sentence())
        with self._done:
            self.closed = True
            self._done.notify_all()
        self._encode.set()  # the encoder looks once more, and ends

    # --- the encoder's thread ------------------------------------------------------------------------

    def _run_encoder(self) -> None:
        while not self.closed:
            self._encode.wait()
            self._encode.clear()
            while self._media:
                heavy = self._media[0]
                try:
                    encoded = _encoded(heavy.value)
                    size = sum(len(item.data) for item in encoded)
                    self.inbox.add_heavy(heavy._replace(value=encoded, n_bytes=size))
                except Exception as error:  # noqa: BLE001 one odd picture must not end the encoding of the others
                    kind, tag = self.inbox.series_names[heavy.series - 1]
                    self.inbox.lose(kind, 1)
                    said = door.text(error)
                    logger.warning("tracker: %s %r at step %d could not be encoded: %s", kind, tag, heavy.step, said)
                with self._media_lock:
                    self._media.popleft()
                    self.media_bytes -= heavy.n_bytes
                self.wake()


def _encoded(value: Value) -> list[Medium]:
    try:
        return value.encode()
    except Warning:  # raised by `python -W error`, which is about the caller's code and not about storing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return value.encode()


def _cause(error: BaseException) -> BaseException:
    """The driver's error behind SQLAlchemy's."""
    return getattr(error, "orig", None) or error


def _is_disk(error: BaseException) -> bool:
    """Whether the same batch may be stored later, when the disk is well again."""
    return isinstance(_cause(error), (OSError, sqlite3.OperationalError))


def _is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is malformed or no database: no later attempt on it will succeed."""
    return type(_cause(error)) is sqlite3.DatabaseError


def _add_heavy(transaction: Transaction, heavy: Heavy) -> None:
    if isinstance(heavy.value, Histogram):
        transaction.add_sketch(heavy.series, heavy.step, heavy.wall_time, heavy.value.sketch)
    else:
        assert not isinstance(heavy.value, Value)
        transaction.add_media(heavy.series, heavy.step, heavy.wall_time, heavy.value)


def _started(target: Callable[[], None], name: str) -> threading.Thread | None:
    thread = threading.Thread(target=target, name=f"{name}-{os.getpid()}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no more threads allowed, or the interpreter is going down
        logger.warning("tracker: no thread can be started (%s); values are stored at flush() and finish()", error)
        return None
    return thread
