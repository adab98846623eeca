"""Console: what the process prints, kept in pieces, while it goes where it always went.

The two file descriptors are taken over, so that a CUDA library's words are kept as a `print` is, and given back at
the end. A terminal stays one: progress bars ask it for its width and get the same answer. Where Python's own streams
are not on those descriptors (notebooks, pytest) their `write` is listened to as well.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.machine.record import Record
from tracker.values.value import Medium, Value
from tracker.worker_thread import Worker

logger = logging.getLogger("tracker")

PIECE_S = 1.0
"""What is printed reaches the store within this."""

PIECE_BYTES = 1 << 16
LIMIT_BYTES = 64 << 20
"""Of what one process prints: a loop that prints without end must not fill the disk."""

STOP_S = 1.0
BEGIN_S = 4.0
"""What the process that passes the output on is given to begin: on a busy machine that may be when all was printed."""

HELPER_S = 0.2
"""What the process that passes the output on is given to end, so that no zombie stays of it."""

STREAMS = ("stdout", "stderr")
TEE = Path(__file__).with_name("tee.py")

_OVERWRITTEN = re.compile(rb"(?:[^\n\r]*\r)+(?=[^\n\r])")
"""What a progress bar wrote and overwrote on the same line."""

Observe = Callable[[Mapping[str, float | Value]], None]


class Console:
    """Keeps what is printed from `start` to `stop`.

    Args:
        observe: Takes the pieces.
        tag: What they are kept under.
    """

    def __init__(self, observe: Observe, tag: str) -> None:
        self._observe = observe
        self._tag = tag
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, bytes]] = []
        self._kept = 0
        self._stopped = threading.Event()
        self._originals: dict[int, int] = {}
        """File descriptor by what it was before it was taken over: a duplicate."""
        self._taken: dict[int, tuple[int, int]] = {}
        """What is on the descriptor since: device and inode, to know it by."""
        self._sources: list[int] = []
        self._helper: subprocess.Popen[bytes] | None = None
        self._copy: int | None = None
        self._passes_on = threading.Event()
        """Whether the process that passes the output on has come to what is printed now, or has ended."""
        self._wrapped: list[tuple[Any, Any]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins; when the system does not allow it, says so once and goes on without."""
        _flush()
        if os.name == "posix":
            try:
                self._take_over()
            except Exception as error:  # noqa: BLE001 output that is not kept must not cost a training its log
                logger.warning("tracker: what is printed by libraries is not kept: %s", error)
                self._give_back()
        for number, stream in enumerate((sys.stdout, sys.stderr)):
            if stream is not None and not _is_on(stream, number + 1, self._originals):
                self._listen(stream, number)
        self._spawn(self._store, "console")

    def stop(self) -> None:
        """Gives the outputs back and keeps what is left."""
        if self._stopped.is_set():
            return
        _flush()
        for stream, listener in self._wrapped:
            if getattr(stream, "__dict__", {}).get("write") is listener:
                del stream.write
        self._give_back()
        for thread in self._threads:
            if thread.name.startswith("everystep-copy"):
                self._passes_on.wait(BEGIN_S)
                thread.join(STOP_S)  # ends when nobody else prints there: a child of ours may
        self._stopped.set()
        for thread in self._threads:
            if not thread.name.startswith("everystep-copy"):
                thread.join(STOP_S)
        self._close()

    def leave_to_parent(self) -> None:
        """In a forked child: its prints go where they always went, and are not kept."""
        for stream, listener in self._wrapped:
            if getattr(stream, "__dict__", {}).get("write") is listener:
                del stream.write
        self._give_back()
        self._close()

    # --- file descriptors ----------------------------------------------------------------------------

    def _take_over(self) -> None:
        pairs: list[int] = []
        ends: list[tuple[int, int]] = []
        for number in (1, 2):
            try:
                self._originals[number] = os.dup(number)
            except OSError:
                continue  # closed by whoever started us
            source, end = _channel(self._originals[number])
            self._sources.append(source)
            ends.append((number, end))
            pairs += [source, self._originals[number]]
        self._copy, copy_end = os.pipe()
        try:
            self._helper = subprocess.Popen(  # noqa: S603 our own script
                [sys.executable, "-I", "-S", str(TEE), str(copy_end), *map(str, pairs)],
                pass_fds=[copy_end, *pairs], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            os.close(copy_end)
        for number, end in ends:
            os.dup2(end, number)
            os.close(end)
            stat = os.fstat(number)
            self._taken[number] = (stat.st_dev, stat.st_ino)
        self._spawn(self._read_copies, "copy")

    def _give_back(self) -> None:
        for number, (device, inode) in self._taken.items():
            with contextlib.suppress(OSError):
                stat = os.fstat(number)
                if (stat.st_dev, stat.st_ino) == (device, inode):  # else somebody else's by now, to be left alone
                    os.dup2(self._originals[number], number)
        self._taken = {}

    def _close(self) -> None:
        for end in (*self._sources, *self._originals.values(), *([] if self._copy is None else [self._copy])):
            with contextlib.suppress(OSError):
                os.close(end)
        self._sources, self._originals, self._copy = [], {}, None
        if self._helper is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._helper.wait(HELPER_S)
            # One that still serves a child of ours outlives us, as it should: no warning about it.
            self._helper.returncode = self._helper.returncode if self._helper.returncode is not None else 0

    def _read_copies(self) -> None:
        assert self._copy is not None
        with contextlib.suppress(OSError, ValueError), os.fdopen(os.dup(self._copy), "rb") as frames:
            while head := frames.read(5):
                if size := int.from_bytes(head[1:], "big"):
                    self._add(head[0], frames.read(size))
                else:
                    self._passes_on.set()
        self._passes_on.set()
        if self._taken:
            # The helper was killed (out of memory). What it left is passed on, and nobody waits for a full pipe.
            logger.warning("tracker: what is printed is not kept any more: the process that passes it on has ended")
            originals = list(self._originals.values())
            self._give_back()
            for source, original in zip(self._sources, originals, strict=True):
                os.set_blocking(source, False)
                with contextlib.suppress(OSError):
                    while data := os.read(source, PIECE_BYTES):
                        os.write(original, data)

    # --- Python's streams ----------------------------------------------------------------------------

    def _listen(self, stream: Any, number: int) -> None:
        write = stream.write

        def listener(text: Any) -> Any:
            result = write(text)
            if isinstance(text, str):
                self._add(number, coerce.text(text, LIMIT_BYTES).encode())
            return result

        with contextlib.suppress(AttributeError):  # a stream of fixed parts
            stream.write = listener
            self._wrapped.append((stream, listener))

    # --- storing -------------------------------------------------------------------------------------

    def _add(self, number: int, data: bytes) -> None:
        with self._lock:
            if self._kept > LIMIT_BYTES:
                return
            self._kept += len(data)
            if self._kept > LIMIT_BYTES:
                data = f"\n… more than {LIMIT_BYTES >> 20} MB were printed; the rest is not kept\n".encode()
            if self._waiting and self._waiting[-1][0] == number and len(self._waiting[-1][1]) < PIECE_BYTES:
                self._waiting[-1] = (number, self._waiting[-1][1] + data)
            else:
                self._waiting.append((number, data))

    def _store(self) -> None:
        last = False
        while not last:
            last = self._stopped.wait(PIECE_S)
            with self._lock:
                waiting, self._waiting = self._waiting, []
            if not waiting:
                continue
            now = time.time()
            items = [
                Medium("text/plain", {"stream": STREAMS[number], "wall_time": now}, _OVERWRITTEN.sub(b"\r", data))
                for number, data in waiting
            ]
            try:
                self._observe({self._tag: Record("console", items)})
            except Exception as error:  # noqa: BLE001 as above
                logger.warning("tracker: what is printed is not kept: %s", error)

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = Worker(target, name)
        thread.start()
        self._threads.append(thread)


def _channel(original: int) -> tuple[int, int]:
    """(read end, write end): a terminal of the same size in place of a terminal, a pipe in place of anything else."""
    if not os.isatty(original):
        return os.pipe()
    import fcntl
    import pty
    import termios
    import tty

    source, end = pty.openpty()
    tty.setraw(end)
    fcntl.ioctl(end, termios.TIOCSWINSZ, fcntl.ioctl(original, termios.TIOCGWINSZ, bytes(8)))
    return source, end


def _is_on(stream: Any, number: int, taken: Mapping[int, int]) -> bool:
    try:
        return bool(stream.fileno() == number and number in taken)
    except (OSError, ValueError, AttributeError):
        return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
