"""Encoder: makes bytes of pictures, sounds and other large values on its own thread, so that none delays a scalar."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable

from tracker import coerce
from tracker.store.read.liveness import HEARTBEAT_S
from tracker.store.write.bell import Bell
from tracker.store.write.inbox import Closed, Inbox
from tracker.store.write.lane import Heavy
from tracker.store.write.model_files import ModelFiles
from tracker.values.value import Medium, Value
from tracker.worker_thread import Worker, started

logger = logging.getLogger("tracker")

LONGEST_S = 120.0
"""What `finish()` waits for one value that is being made: exporting a large model takes tens of seconds."""


class Encoder:
    """What waits to be encoded, and who does it; what was encoded goes into the inbox, in the order of the calls.

    Args:
        inbox: Where encoded values go.
        model_files: Where files that they refer to are written before.
        on_encoded: Called after each, on the thread that encoded it.

    Attributes:
        is_late: Whether the interpreter starts no thread any more: `encode` is called by who stores.
    """

    def __init__(self, inbox: Inbox, model_files: ModelFiles, on_encoded: Callable[[], None]) -> None:
        self.is_late = False
        self._inbox = inbox
        self._model_files = model_files
        self._on_encoded = on_encoded
        self._waiting: deque[Heavy] = deque()
        self._taking: deque[Heavy] = self._waiting
        self._added = self._encoded = 0
        self._files_added = self._files_encoded = 0
        self._busy_since: float | None = None
        self._lock = threading.RLock()
        self._at_work = threading.Lock()
        self._bell = Bell()
        self._thread: Worker | None = None
        self._asked_thread = False
        self._has_ended = self._was_stopped = False

    # --- any thread ----------------------------------------------------------------------------------

    def add(self, heavy: Heavy) -> None:
        """Queues a value, and starts the thread at the first.

        Raises:
            SealedError: nothing is taken any more.
        """
        with self._lock:
            if not self._asked_thread and not self.is_late:
                self._asked_thread = True
                self._thread = started(self._run, "encoder")
            self._taking.append(heavy)
            if heavy.value.has_files:
                self._files_added += heavy.n_bytes
            else:
                self._added += heavy.n_bytes
        self._bell.ring()

    @property
    def has_thread(self) -> bool:
        """Whether values are encoded without anybody calling `encode`."""
        return self._thread is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    @property
    def n_bytes(self) -> int:
        """What the values that wait take."""
        return self._added - self._encoded

    @property
    def n_files_bytes(self) -> int:
        """What those take that wait to become files."""
        return self._files_added - self._files_encoded

    def progress(self) -> int:
        """How far it has come; stands still where a disk does, and where one value takes longer than `LONGEST_S`."""
        since = self._busy_since
        busy = 0.0 if since is None else min(time.monotonic() - since, LONGEST_S)
        return self._encoded + self._files_encoded + self._model_files.written + int(10 * busy)

    def waiting(self) -> Counter[str]:
        """How many values wait, by kind."""
        return Counter(self._inbox.series_names[heavy.series - 1][0] for heavy in list(self._waiting))

    def seal(self) -> None:
        """Takes nothing any more; what waits is encoded still."""
        with self._lock:
            self._taking = Closed()

    def ring(self) -> None:
        """Has the thread look whether anything waits."""
        self._bell.ring()

    def stop(self) -> None:
        """Encodes nothing any more."""
        self._was_stopped = True

    def end(self) -> None:
        """Ends the thread."""
        self._has_ended = True
        self._bell.ring()

    def clear(self) -> None:
        """Removes what waits: it is given up."""
        self._waiting.clear()

    def forget(self) -> None:
        """In a forked child, where the thread is not: sealed, whatever held the lock."""
        self._lock = threading.RLock()
        self.seal()

    # --- the encoder's thread, or that of who stores ---------------------------------------------------

    def _run(self) -> None:
        while not self._has_ended:
            self._bell.wait(HEARTBEAT_S)
            self.encode()

    def encode(self) -> None:
        """Encodes what waits, unless another thread is at it."""
        while self._waiting and not self._was_stopped and self._at_work.acquire(blocking=False):
            try:
                self._encode_all()
            finally:
                self._at_work.release()

    def _encode_all(self) -> None:
        while self._waiting and not self._was_stopped:
            heavy = self._waiting[0]
            try:
                self._busy_since = time.monotonic()
                encoded = _encoded(heavy.value)
                self._busy_since = None
                then = self._write_files(heavy) if heavy.value.has_files else None
                size = sum(len(item.data) for item in encoded)
                self._inbox.add_encoded(heavy._replace(value=encoded, n_bytes=size, then=then))
            except Exception as error:  # noqa: BLE001 one odd picture must not end the encoding of the others
                kind, tag = self._inbox.series_names[heavy.series - 1]
                self._inbox.lose(kind, 1)
                said = coerce.text(error)
                logger.warning("tracker: %s %r at step %d could not be encoded: %s", kind, tag, heavy.step, said)
            self._busy_since = None
            with contextlib.suppress(IndexError):  # given up meanwhile
                self._waiting.popleft()
            if heavy.value.has_files:
                self._files_encoded += heavy.n_bytes
            else:
                self._encoded += heavy.n_bytes
            self._on_encoded()

    def _write_files(self, heavy: Heavy) -> Callable[[], None]:
        """Writes what a value refers to; what is to be done once the value is stored."""
        _, tag = self._inbox.series_names[heavy.series - 1]
        files = heavy.value.files()
        then = self._model_files.expect(tag, heavy.step, frozenset(files), heavy.value.keep)
        for digest, parts in files.items():
            self._model_files.write(digest, parts)
        return then


def _encoded(value: Value) -> list[Medium]:
    try:
        return value.encode()
    except Warning:  # raised by `python -W error`, which is about the caller's code and not about storing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return value.encode()
