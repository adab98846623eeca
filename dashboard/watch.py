"""watchdog, turned into "something happened in this folder"."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
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

from tracker.logdir import PAGE_FILE, SEGMENT_PREFIX
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
    kind = file_system.kind_of(root)
    return bool(kind) and kind not in file_system.NETWORK and not kind.startswith("fuse")


class Watch:
    """Tells which folders of a logdir are written to.

    An event only says "look": it comes with the write to the file, before SQLite has made the commit visible,
    and network file systems send none. The follower therefore looks again, and from time to time by itself.

    What is watched is a folder and not a path: one that takes its place is not, see `is_over`.
    """

    def __init__(self, root: Path, tell: Callable[[Path], None]) -> None:
        self._observer = Observer()
        self._observer.daemon = True
        self._root = root
        self._folder = _folder_at(root)
        real = root.resolve()  # links are not followed, that of the logdir itself included
        self._handler = _Handler(root, real, tell)
        self._observer.schedule(self._handler, str(real), recursive=True, event_filter=_CHANGES)

    def start(self) -> None:
        """Begins to watch.

        Raises:
            OSError: the system has no more watches to give; the follower's own looks must do then.
        """
        self._observer.start()

    @property
    def is_over(self) -> bool:
        """Whether the path leads to nothing, or to another folder than the one that is watched."""
        # A folder that is deleted and made again may have its number again (measured: on ext4 and tmpfs it has), but
        # its deletion is an event.
        return self._handler.is_deleted or _folder_at(self._root) != self._folder

    def stop(self) -> None:
        """Ends it."""
        if self._observer.is_alive():
            # Its reading thread calls it an error to find itself stopped.
            logging.getLogger("watchdog.observers.inotify").setLevel(logging.CRITICAL)
            self._observer.stop()
            self._observer.join(timeout=2.0)


def _folder_at(path: Path) -> tuple[int, int] | None:
    """Which folder a path leads to, through links."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Handler(FileSystemEventHandler):
    def __init__(self, root: Path, real: Path, tell: Callable[[Path], None]) -> None:
        self._root = root
        self._real = real
        self._say = tell
        self.is_deleted = False

    def _tell(self, path: Path) -> None:
        self._say(path if self._root == self._real else self._root / path.relative_to(self._real))

    def on_any_event(self, event: FileSystemEvent) -> None:
        # A segment is born under another name: what it is called from then on counts.
        path = Path(str(event.dest_path if event.event_type == "moved" and event.dest_path else event.src_path))
        # The shared-memory file of WAL changes with every reader's look; following it would never end.
        if path.name.endswith("-shm"):
            return
        if event.is_directory:
            self.is_deleted = self.is_deleted or (event.event_type == "deleted" and path == self._real)
            self._tell(path)
        elif path.name.startswith((SEGMENT_PREFIX, PAGE_FILE)):
            self._tell(path.parent)
