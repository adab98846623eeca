"""One shipper on a machine for a logdir and a server, however many runs begin one: held by the system, which lets go of
it whatever becomes of the process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import IO


def place_of(root: Path, address: str) -> Path:
    """The lock's file, in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    said = b"\0".join((os.fsencode(os.path.realpath(root)), address.encode("utf-8", "surrogatepass")))
    return Path(base) / "everystep" / "ship" / f"{hashlib.blake2b(said, digest_size=8).hexdigest()}.lock"


def taken(root: Path, address: str) -> IO[bytes] | None:
    """The lock, until it is closed; None where another process has it.

    Raises:
        OSError: the user's cache folder cannot be written.
    """
    place = place_of(root, address)
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = open(place, "ab")  # noqa: SIM115 held while the shipper lives
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
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
