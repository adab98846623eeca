"""Passes on what a training prints and sends a copy back: a small process of its own, run as a script.

A process, so that what was printed reaches the terminal even when the training is killed in the next moment, and so
that its children may go on printing after it has ended. It ends when the last of them has.

Usage: tee.py COPY (IN OUT)...   file descriptors; the streams are numbered in their order.
A copy is a frame: one byte for the stream, four for the length (big-endian), the bytes. An empty
one says that all that was printed before this process began has been passed on.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
from collections import deque

CHUNK = 1 << 16
COPY_BYTES = 1 << 24
"""What waits to be copied to a training that is too busy to take it; beyond that the copy has a gap."""


def main(words: list[str]) -> None:
    """Passes on until all inputs have ended."""
    copy, *numbers = map(int, words)
    streams = list(zip(numbers[::2], numbers[1::2], strict=True))
    for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)  # it ends with what it listens to, not before

    def resized(*_: object) -> None:
        for source, target in streams:
            _same_size(source, target)

    signal.signal(signal.SIGWINCH, resized)
    os.set_blocking(copy, False)
    waiting: deque[bytes] = deque()
    with selectors.DefaultSelector() as selector:
        for number, (source, target) in enumerate(streams):
            selector.register(source, selectors.EVENT_READ, (number, target))
        open_streams = len(streams)
        copying, has_begun = True, False
        while open_streams:
            for key, _ in selector.select(None if has_begun else 0):
                if key.fd == copy:
                    copying = _copy(copy, waiting)
                    if not copying or not waiting:
                        selector.unregister(copy)
                    continue
                number, target = key.data
                try:
                    data = os.read(key.fd, CHUNK)
                except OSError:  # how a pseudo-terminal says that its last writer has gone
                    data = b""
                if not data:
                    selector.unregister(key.fd)
                    open_streams -= 1
                    continue
                _write(target, data)
                if copying and sum(map(len, waiting)) < COPY_BYTES:
                    waiting.append(bytes([number]) + len(data).to_bytes(4, "big") + data)
                    if copy not in selector.get_map():
                        selector.register(copy, selectors.EVENT_WRITE)
            if not has_begun:
                has_begun = True
                waiting.append(bytes(5))
                if copy not in selector.get_map():
                    selector.register(copy, selectors.EVENT_WRITE)
    os.set_blocking(copy, True)
    if copying:
        _copy(copy, waiting)


def _write(target: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody reads the output any more: then it is for the copy alone
        while data:
            data = data[os.write(target, data) :]


def _copy(copy: int, waiting: deque[bytes]) -> bool:
    """Sends what the pipe takes; False when nobody reads it any more."""
    try:
        while waiting:
            sent = os.write(copy, waiting[0])
            if sent < len(waiting[0]):
                waiting[0] = waiting[0][sent:]
            else:
                waiting.popleft()
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _same_size(source: int, target: int) -> None:
    import fcntl
    import termios

    with contextlib.suppress(OSError):
        fcntl.ioctl(source, termios.TIOCSWINSZ, fcntl.ioctl(target, termios.TIOCGWINSZ, bytes(8)))


if __name__ == "__main__":
    main(sys.argv[1:])
