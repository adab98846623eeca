"""An event file while it is written: each record whole or not at all, in the system's hands as soon as it is added."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger("tracker")

WAITING_BYTES = 16_000_000
"""What is kept for a disk that takes nothing, until it does; what comes beyond that is lost, and counted."""

BATCH_BYTES = 256_000
"""What an export writes at once: a call to the system a record (1 µs, and 1 to see that the file is there) is for those
that a kill must not lose."""

RETRY_S = 1.0
"""How long a file that could not be written is left alone."""

_BINARY = getattr(os, "O_BINARY", 0)  # Windows translates the ends of lines without it

_open: weakref.WeakSet[GrowingFile] = weakref.WeakSet()


class GrowingFile:
    """A file that records are appended to, from any thread and from signal handlers.

    Of a patient file a record is one call to the system: nothing waits in memory, where a kill would lose it, a writer
    that is dropped would forget it and a forked child would write it a second time. After `close()`, in a forked child
    and when somebody has deleted the file, the next record opens another one: no two processes ever write into one.

    Args:
        folder: Where it lies; made if it is not there.
        suffix: At the end of its name.
        head: What the first record is, given the time in seconds.
        patient: Whether a disk that takes nothing is waited for, as in a training, and not an error.

    Attributes:
        path: The file, or the one that was written last.

    Raises:
        OSError: the file cannot be made or written, unless `patient`.
    """

    def __init__(self, folder: Path, suffix: str, head: Callable[[float], bytes], *, patient: bool = False) -> None:
        self.folder = folder
        self.path = folder
        self._suffix, self._head, self._patient = suffix, head, patient
        self._file: int | None = None
        self._closer: weakref.finalize[[int], GrowingFile] | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = self._lost = 0
        self._again = 0.0
        self._lock = threading.RLock()  # a signal handler that logs may come while its own thread holds it
        with self._lock:
            self._drain(anew=True)
        _open.add(self)

    def add(self, record: bytes) -> None:
        """Appends a record. Of a patient file it waits for a later one when the disk does not take it now."""
        with self._lock:
            if self._patient and self._waiting_bytes > WAITING_BYTES:
                self._lost += 1
            else:
                self._waiting.append(record)
                self._waiting_bytes += len(record)
            if self._patient:
                if not self._again or time.monotonic() >= self._again:
                    self._drain()
            elif self._waiting_bytes > BATCH_BYTES:
                self._drain()

    def flush(self) -> None:
        """Gives the system what a full disk kept waiting; it has all else."""
        with self._lock:
            self._drain()

    def close(self) -> None:
        """Ends the file. Can be called twice."""
        with self._lock:
            self._drain()
            self._end()
            lost, self._lost = self._lost + len(self._waiting), 0
            self._waiting.clear()
            self._waiting_bytes, self._again = 0, 0.0
        if lost:
            logger.warning("tracker: %d events are lost to the event files in %s", lost, self.folder)

    def leave_to_parent(self) -> None:
        """In a forked child: the file is the parent's, and what waits for it too."""
        self._lock = threading.RLock()
        self._waiting.clear()
        self._waiting_bytes = self._lost = 0
        self._end()

    def _drain(self, anew: bool = False) -> None:
        """Writes what waits, as far as the disk takes it."""
        record = None
        try:
            if self._waiting and self._file is not None and not os.fstat(self._file).st_nlink:
                self._end()  # it was deleted
            if self._file is None and (anew or self._waiting):
                self._begin()
            if not self._patient and self._waiting:
                record = b"".join(self._waiting)
                self._waiting.clear()
                self._waiting_bytes = 0
                self._write(record)
            while self._waiting:
                # Out of the queue first: what an exception of the caller's (Ctrl-C) ends here is never written twice.
                record = self._waiting.popleft()
                self._waiting_bytes -= len(record)
                self._write(record)
                record = None
            self._again = 0.0
        except OSError as error:
            if not self._patient:
                raise
            if record is not None:
                self._waiting.appendleft(record)
                self._waiting_bytes += len(record)
            if not self._again:
                logger.warning(
                    "tracker: an event file in %s cannot be written (%s); it is tried again", self.folder, error
                )
            self._again = time.monotonic() + RETRY_S

    def _begin(self) -> None:
        """Opens another file and writes its head."""
        self.folder.mkdir(parents=True, exist_ok=True)
        begun, number = time.time(), 0
        while True:
            # Two writers of one second in one folder must not share a file: TensorBoard reads each to its end.
            name = f"events.out.tfevents.{int(begun):010}.{socket.gethostname()}.{os.getpid()}.{number}{self._suffix}"
            with contextlib.suppress(FileExistsError):
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | _BINARY
                self._file = os.open(self.folder / name, flags, 0o666)
                break
            number += 1
        self.path = self.folder / name
        self._closer = weakref.finalize(self, os.close, self._file)
        self._closer.atexit = False  # an exit handler may still log, and the system closes it anyway
        try:
            self._write(self._head(begun))
        except OSError:
            self._end()  # a file without a head is none
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise

    def _write(self, record: bytes) -> None:
        """Appends wholly or not at all: behind half a record TensorBoard reads nothing."""
        assert self._file is not None
        rest = memoryview(record)
        before = -1
        try:
            while rest:
                written = os.write(self._file, rest)
                if written < len(rest) and before < 0:
                    before = os.fstat(self._file).st_size - written
                rest = rest[written:]
        except OSError:
            if before >= 0:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, before)
            raise

    def _end(self) -> None:
        if self._closer is not None:
            self._closer()
        self._file = self._closer = None


def _after_fork_in_child() -> None:
    for file in list(_open):
        file.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
