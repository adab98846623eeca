"""watchdog, turned into "something happened in this folder"."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tracker.foreign.folders import is_known
from tracker.logdir import ALERTS_FOLDER, PAGE_FILE, SEGMENT_PREFIX
from tracker.store import file_system

# What readers do, ourselves among them, is not among these, so that the system does not even say it: each look would
# bring a dozen events of its own.
_CHANGES: list[type[FileSystemEvent]] = [
    FileModifiedEvent, FileCreatedEvent, FileDeletedEvent, FileMovedEvent,
    DirCreatedEvent, DirDeletedEvent, DirMovedEvent,
]  # fmt: skip


# A folder that is made while its parent is gone through is met twice, and watched once all the same.
warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)


def is_local(root: Path) -> bool:
    """Whether this machine alone writes to a folder, so that every change of it is an event; False where unknown."""
    return file_system.kind_of(root) in file_system.LOCAL


def observer() -> BaseObserver:
    """What watches folders, begun.

    Raises:
        OSError: the system has none to give.
    """
    made = Observer()
    made.daemon = True
    made.start()
    return made


class Watch:
    """Tells which folders of a logdir are written to.

    An event only says "look": it comes with the write to the file, before SQLite has made the commit visible,
    and network file systems send none. The poller therefore looks again, and from time to time by itself.

    What is watched is a folder and not a path: one that takes its place is not, see `is_over`. Nor is what lies behind
    links in it: each that is followed has a watch of its own, by the path of the link.

    Args:
        root: The folder, or a link to it.
        tell: Told the folders, by paths that begin with `root`.
        observer: What watches; one serves all watches.
        hear: Called when something came that may be of another program's.

    Raises:
        OSError: the system has no more watches to give; the poller's own looks must do then.
    """

    def __init__(
        self, root: Path, tell: Callable[[Path], None], observer: BaseObserver, hear: Callable[[], None] = lambda: None
    ) -> None:
        self._observer = observer
        self._root = root
        self._folder = _folder_at(root)
        real = os.path.realpath(root)  # watchdog follows no link, that of the logdir itself included
        self._handler = _Handler(root, Path(real), tell, hear)
        self._watched = observer.schedule(self._handler, real, recursive=True, event_filter=_CHANGES)

    @property
    def is_over(self) -> bool:
        """Whether the path leads to nothing, or to another folder than the one that is watched."""
        # A folder that is deleted and made again may have its number again (measured: on ext4 and tmpfs it has), but
        # its deletion is an event.
        return self._handler.is_deleted or _folder_at(self._root) != self._folder

    def stop(self) -> None:
        """Ends it."""
        # Its reading thread calls it an error to find itself stopped.
        logging.getLogger("watchdog.observers.inotify").setLevel(logging.CRITICAL)
        self._observer.unschedule(self._watched)


def _folder_at(path: Path) -> tuple[int, int] | None:
    """Which folder a path leads to, through links."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_passed_over(path: Path) -> bool:
    # The shared-memory file of WAL changes with every reader's look; following it would never end.
    return path.name.endswith("-shm") or ALERTS_FOLDER in path.parts


class _Handler(FileSystemEventHandler):
    def __init__(self, root: Path, real: Path, tell: Callable[[Path], None], hear: Callable[[], None]) -> None:
        self._root = root
        self._real = real
        self._say = tell
        self._hear = hear
        self.is_deleted = False
        self._run_of = lru_cache(maxsize=1024)(self._folder_of_a_run)

    def _tell(self, path: Path) -> None:
        self._say(self._below_root(path))

    def _below_root(self, path: Path) -> Path:
        return path if self._root == self._real else self._root / path.relative_to(self._real)

    def _folder_of_a_run(self, written: str | bytes) -> Path | None:
        """The folder of the run that a file is of; None of any other file."""
        path = Path(os.fsdecode(written))
        is_a_runs = path.name.startswith((SEGMENT_PREFIX, PAGE_FILE)) and not _is_passed_over(path)
        return self._below_root(path.parent) if is_a_runs else None

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type == "modified" and not event.is_directory:  # most, and a run is written to again and again
            folder = self._run_of(event.src_path)
            if folder is not None:
                self._say(folder)
            return
        # A segment is born under another name: what it is called from then on counts.
        path = Path(str(event.dest_path if event.event_type == "moved" and event.dest_path else event.src_path))
        if _is_passed_over(path):
            return
        has_come = event.event_type in ("created", "moved")
        if has_come and (event.is_directory or is_known(path.name) or path.is_symlink()):
            self._hear()
        if event.is_directory:
            self.is_deleted = self.is_deleted or (event.event_type == "deleted" and path == self._real)
            self._tell(path)
        elif path.name.startswith((SEGMENT_PREFIX, PAGE_FILE)):
            self._tell(path.parent)
        elif has_come and path.is_symlink():  # perhaps to runs
            self._tell(path)
