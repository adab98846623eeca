"""Stamps of segment files: whether one changed, and whether more is on its way, told without opening it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tracker import databases
from tracker.logdir import is_segment, segment_id

SETTLED_S = 0.5
"""A file not written for so long has nothing in it that is not visible yet: a commit can be seen only a moment
after the write that wakes us, and a look in between must not be taken for the last one."""


ONE_FILE = 4
"""Numbers in the stamp of a segment that has no WAL file beside it."""


def is_settled(path: Path) -> bool:
    """Whether nothing of a segment can be on its way."""
    newest = 0.0
    for ending in ("", "-wal"):
        with contextlib.suppress(OSError):
            newest = max(newest, os.stat(f"{path}{ending}").st_mtime)
    return time.time() - newest > SETTLED_S


def stamp_of(path: Path, names: Collection[str] | None = None) -> tuple[Any, ...]:
    """What changes when a segment does: a look costs two calls to the system instead of opening the file.

    The time of the last change (ctime) is the system's own: a copy that was given the old size and time is not taken
    for what it replaced.

    Args:
        path: Its file.
        names: What lies in its folder, where that is known: others are not asked for.
    """
    inside = databases.of(path)
    if inside is not None:
        return inside[0].stamp(inside[1].parent.as_posix(), segment_id(path) if is_segment(path.name) else "")
    found: list[int] = []
    for ending in ("", "-wal"):
        if names is not None and f"{path.name}{ending}" not in names:
            continue
        with contextlib.suppress(OSError):
            stat = os.stat(f"{path}{ending}")
            found += [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return tuple(found)
