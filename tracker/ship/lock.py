"""One shipper on a machine for a logdir and a server, however many runs begin one: held by the system, which lets go of
it whatever becomes of the process."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import IO


def place_of(root: Path, address: str) -> Path:
    """The lock's file, in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    said = b"\0".join((os.fsencode(os.path.realpath(root)), address.encode("utf-8", "surrogatepass")))
    return Path(base) / "everystep" / "ship" / f"{hashlib.blake2b(said, digest_size=8).hexdigest()}.lock"


def ask(root: Path, address: str) -> None:
    """Notes that a run wants to be sent: who is about to let go of the lock looks for that once more.

    Raises:
        OSError: the user's cache folder cannot be written.
    """
    place = place_of(root, address)
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "ab"):
        os.utime(place, ns=(now := time.time_ns(), now))


def asked(root: Path, address: str) -> int:
    """When a run last wanted it, as a number that is another one afterwards."""
    try:
        return os.stat(place_of(root, address)).st_mtime_ns
    except OSError:
        return 0


def taken(root: Path, address: str) -> IO[bytes] | None:
    """The lock, until it is closed; None where another process has it.

    Raises:
        OSError: the user's cache folder cannot be written.
    """
    return held(place_of(root, address))


def held(place: Path) -> IO[bytes] | None:
    """The lock that is a file of the user's cache, until it is closed; None where another process has it.

    Raises:
        OSError: its folder cannot be written.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = open(place, "ab")  # noqa: SIM115 held while the shipper lives
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):  # a file system that knows no locks
            raise
        return None
    return handle


def is_free(root: Path, address: str) -> bool:
    """Whether nobody has it at this moment."""
    with contextlib.suppress(OSError):
        handle = taken(root, address)
        if handle is None:
            return False
        handle.close()
    return True
