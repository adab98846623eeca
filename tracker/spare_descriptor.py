"""A spare file descriptor, so that a training that has none left can still begin its first run.

Most of the package is imported when that run begins, and a module cannot be read without a descriptor. One is enough:
files are read one after the other.
"""

from __future__ import annotations

import contextlib
import os

_spare: tuple[int, int] | None = None
"""The reading end of a pipe, and its inode: no other file has it, should somebody close all descriptors, as daemons
do, and open another one of the same number."""


def keep() -> None:
    """Takes one, if there is one to be had."""
    global _spare
    with contextlib.suppress(OSError):
        end, other = os.pipe()
        os.close(other)
        _spare = (end, os.fstat(end).st_ino)


def release() -> None:
    """Gives it to whatever is opened next, for good."""
    global _spare
    if _spare is not None:
        (number, inode), _spare = _spare, None
        with contextlib.suppress(OSError):
            if os.fstat(number).st_ino == inode:
                os.close(number)
