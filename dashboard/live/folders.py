"""The folders of a logdir: which runs there are, gone through again only where something came or went.

What lies in a folder is as it was while the folder's own times are: a file that comes or goes changes them. To ask for
them costs 2 µs, to list a folder ten times as much. They are believed where all changes are this machine's, of a folder
that nobody has changed for a moment, and not at all where links lead out of the logdir.
"""

from __future__ import annotations

import calendar
import os
import time
from pathlib import Path
from typing import NamedTuple

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
    names: frozenset[str]
    """Of all that may tell of a change: of the segments, the page's file, and their WAL files."""


def listing_of(folder: Path, stamp: Stamp) -> Listing | None:
    """What a run's folder holds now; None where a segment is a link, which another folder's times tell of."""
    files = logdir.segment_files(folder)
    if any(path.parent != folder for path in files):
        return None
    names = os.listdir(folder) if files else []
    return Listing(stamp, tuple(files), frozenset(name for name in names if name.startswith(_TELLING)))


_TELLING = (logdir.SEGMENT_PREFIX, logdir.PAGE_FILE)


class Folders:
    """Every run's folder below a logdir, and in the mirror of event files that lie in it.

    Args:
        root: The logdir.
        mirror: The folder of copies of event files.
        known: The folders as they were at another time, by path, and the runs among them: what was `stamps` and `runs`.
    """

    def __init__(
        self, root: Path, mirror: Path | None, known: tuple[dict[str, Stamp], dict[str, Path]] | None = None
    ) -> None:
        self._root = root
        self._mirror = mirror
        self.stamps, self.runs = known or ({}, {})
        """Of every folder that was gone through, while all of them can be believed; and the runs by name."""
        self.links: list[Link] = []
        """Links to folders that were met."""
        self._names: dict[str, list[str]] = {}
        """Of the segments in each folder, where they were seen by this object."""
        self._devices: set[int] = set()
        """Of which all changes are this machine's."""

    def look(self) -> dict[str, Path]:
        """Every run's folder by name, in their order."""
        if databases.of(self._root) is not None:
            self.runs = logdir.all_run_folders(self._root, self._mirror, self.links)
            return self.runs
        places = [place for place in (self._root, self._mirror) if place is not None and place.is_dir()]
        self._devices = {os.stat(place).st_dev for place in places if is_local(place)}
        if self._is_as_before():
            return self.runs
        began, self._names = time.time(), {}
        self.links = []
        is_there = self._root.is_dir()
        self.runs = logdir.all_run_folders(self._root, self._mirror, self.links, self._names) if is_there else {}
        stamps = {folder: self.stamp_of(folder, began) for folder in self._names}
        is_believed = not self.links and all(stamps.values())
        self.stamps = {folder: stamp for folder, stamp in stamps.items() if stamp} if is_believed else {}
        return self.runs

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

    def began(self, folder: Path) -> float | None:
        """When the run in a folder began, to the second, as its first segment is called; None where unknown."""
        return min(map(_time_of, self._names.get(str(folder), ())), default=None)

    def _is_as_before(self) -> bool:
        if str(self._root) not in self.stamps or self._mirror_is_there() != (str(self._mirror) in self.stamps):
            return False
        return all(self.stamp_of(folder) == stamp for folder, stamp in self.stamps.items())

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
