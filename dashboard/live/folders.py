"""The folders of a logdir: which runs there are, gone through again only where something came or went.

What lies in a folder is as it was while the folder's own times are: a file that comes or goes changes them. To ask for
them costs 2 µs, to list a folder ten times as much. They are believed where all changes are this machine's, of a folder
that nobody has changed for a moment, and not at all where links lead out of the logdir.
"""

from __future__ import annotations

import calendar
import contextlib
import os
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dashboard.live.file_watch import is_local
from tracker import databases, logdir
from tracker.walk import Link

Stamp = tuple[int, ...]

YOUNG_S = 2.0
"""A folder that was changed so lately may change once more within the same tick of the clock of its times."""


class Listing(NamedTuple):
    """What a run's folder held."""

    stamp: Stamp
    """Of the folder; see `folders`."""
    files: tuple[Path, ...]
    """The segments."""
    names: Collection[str]
    """Of all that may tell of a change: of the segments, the page's file, and their WAL files."""


def listing_of(folder: Path, stamp: Stamp) -> Listing | None:
    """What a run's folder holds now; None where a segment is a link, which another folder's times tell of."""
    files = logdir.segment_files(folder)
    if any(path.parent != folder for path in files):
        return None
    names = os.listdir(folder) if files else []
    return Listing(stamp, tuple(files), few(name for name in names if name.startswith(_TELLING)))


def few(names: Iterable[str]) -> Collection[str]:
    """Names, as they are held of very many folders: those of one or two files need no set of 200 bytes."""
    held = tuple(map(sys.intern, sorted(names)))
    return held if len(held) <= _FEW else frozenset(held)


_FEW = 4

_TELLING = (logdir.SEGMENT_PREFIX, logdir.PAGE_FILE)


class KnownFolders(NamedTuple):
    """The folders of a logdir as they were at another time."""

    runs: dict[str, str]
    """The paths of runs by their names."""
    paths: list[str]
    """Of every folder that was gone through; nothing where they cannot all be believed."""
    stamps: npt.NDArray[np.int64]
    """Of each of them: a row of four numbers, see `Stamp`."""


NO_FOLDERS = KnownFolders({}, [], np.empty((0, 4), np.int64))


class Folders:
    """Every run's folder below a logdir, and in the mirror of event files that lie in it.

    Args:
        root: The logdir.
        mirror: The folder of copies of event files.
        known: The folders as they were at another time.
    """

    def __init__(self, root: Path, mirror: Path | None, known: KnownFolders = NO_FOLDERS) -> None:
        self._root = root
        self._mirror = mirror
        self.known = known
        """The folders as of the last look."""
        self.links: list[Link] = []
        """Links to folders that were met."""
        self._names: dict[str, list[str]] = {}
        """Of the segments in each folder, where they were seen by this object."""
        self._devices: set[int] = set()
        """Of which all changes are this machine's."""

    def look(self) -> dict[str, str]:
        """The path of every run's folder by name, in their order."""
        if databases.of(self._root) is not None:
            found = logdir.all_run_folders(self._root, self._mirror, self.links)
            self.known = NO_FOLDERS._replace(runs={name: str(folder) for name, folder in found.items()})
            return self.known.runs
        places = [place for place in (self._root, self._mirror) if place is not None and place.is_dir()]
        self._devices = {os.stat(place).st_dev for place in places if is_local(place)}
        if self._is_as_before():
            return self.known.runs
        began, self._names = time.time(), {}
        self.links = []
        is_there = self._root.is_dir()
        found = logdir.all_run_folders(self._root, self._mirror, self.links, self._names) if is_there else {}
        runs = {name: str(folder) for name, folder in found.items()}
        stamps = [] if self.links else [self.stamp_of(folder, began) for folder in self._names]
        self.known = NO_FOLDERS._replace(runs=runs)
        if stamps and all(stamps):
            with contextlib.suppress(OverflowError):  # some file systems number folders beyond 63 bits
                self.known = KnownFolders(runs, list(self._names), np.array(stamps, np.int64))
        return runs

    def stamp_of(self, folder: str | Path, listed: float | None = None) -> Stamp | None:
        """What is as before while a folder holds what it did; None where that cannot be told.

        Args:
            folder: Its path.
            listed: When listing it began; None where that is still to come.
        """
        try:
            found = os.stat(folder)
        except OSError:
            return None
        if found.st_dev not in self._devices or max(found.st_mtime, found.st_ctime) > (listed or time.time()) - YOUNG_S:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns

    def began(self) -> dict[str, float]:
        """When the run in each folder that was seen began, to the second, as its first segment is called."""
        return {folder: min(map(_time_of, names)) for folder, names in self._names.items() if names}

    def forget_began(self) -> None:
        """Lets go of what only new runs are asked for."""
        self._names = {}

    def _is_as_before(self) -> bool:
        _, paths, stamps = self.known
        if str(self._root) not in paths or self._mirror_is_there() != (str(self._mirror) in paths):
            return False
        if not self._devices.issuperset(np.unique(stamps[:, 0]).tolist()):
            return False
        try:
            for path, (device, node, modified, changed) in zip(paths, stamps.tolist(), strict=True):
                found = os.stat(path)
                if (found.st_mtime_ns, found.st_ctime_ns) != (modified, changed):
                    return False
                if (found.st_dev, found.st_ino) != (device, node):
                    return False
        except OSError:
            return False
        return True

    def _mirror_is_there(self) -> bool:
        return self._mirror is not None and self._mirror.is_dir()


def _time_of(segment: str) -> float:
    """When a segment began, out of its file's name; 0 for one that is called otherwise."""
    digits = segment[len(logdir.SEGMENT_PREFIX) :][:15].replace("T", "")
    try:
        parts = (int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2)))
        return float(calendar.timegm((*parts, 0, 0, 0)))
    except (ValueError, OverflowError):
        return 0.0
