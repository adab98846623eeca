"""Files of runs in a database, as they lie in the user's cache: called by their hash, fetched when first asked for."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tracker.errors import DamagedBytesError

MOST_BYTES = 8 << 30
"""That are kept, of which those go that nobody has asked for the longest."""

USED_S = 3600.0
"""What was asked for so lately stays all the same: somebody may be about to open it."""


def path_of(name: str, digest: str) -> Path:
    """Where a file lies once it was fetched; its name ends as it does in the run."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "everystep" / "files" / f"{digest}{PurePosixPath(name).suffix}"


def has(path: Path, size: int) -> bool:
    """Whether it is there; then it is one that was just asked for, about."""
    try:
        known = os.stat(path)
        if known.st_size == size and time.time() - known.st_mtime > USED_S / 2:
            os.utime(path)  # not each time: who knows a file by its times would read it again
    except OSError:
        return False
    return known.st_size == size


def put(path: Path, digest: str, pieces: Iterable[bytes]) -> None:
    """Puts a file there, whole or not at all.

    Raises:
        DamagedBytesError: it does not match its hash.
        OSError: what the disk says.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    found = hashlib.sha256()
    try:
        with open(partial, "xb") as file:
            for piece in pieces:
                found.update(piece)
                file.write(piece)
        if found.hexdigest() != digest:
            raise DamagedBytesError("what the database has of it does not match its hash")
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _tidy(path.parent)


def _tidy(folder: Path) -> None:
    """Lets go of what was not asked for the longest, beyond what is kept; also of what a killed process left."""
    there = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                stat = entry.stat(follow_symlinks=False)
                there.append((stat.st_mtime, stat.st_size, entry.path))
    left, now = sum(size for _, size, _ in there), time.time()
    for when, size, path in sorted(there):
        if left <= MOST_BYTES or now - when < USED_S:
            return
        with contextlib.suppress(OSError):
            os.unlink(path)
        left -= size
