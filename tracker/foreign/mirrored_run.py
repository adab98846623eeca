"""One run of TensorBoard's files and its copy in the cache: what is new in the files goes into the copy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from tracker import logdir
from tracker.errors import StoreError, TrackerError
from tracker.foreign import event_files, whole_files
from tracker.foreign.event_files import Copied, EventFileCopy, is_beside_a_run
from tracker.foreign.records import AT_THE_END, ReplacedError
from tracker.foreign.whole_files import SETTLE_S, WholeCopy, is_whole
from tracker.store.read import read_only, segments
from tracker.store.read.left_out import why

IDLE_S = 600.0
"""A file that was not written to for so long is taken for finished; PyTorch's writer writes every two minutes."""

WORLD = (OSError, sqlite3.Error, TrackerError)


class MirroredRun:
    """What is read for one run, and its copy."""

    def __init__(self, source: str, name: str, folder: Path) -> None:
        self.source = source
        self.name = name
        self.folder = folder
        self.is_live = False
        self.has_failed = False
        self.paths: list[Path] = []
        self.unread: dict[Path, str] = {}
        self._copies: dict[Path, EventFileCopy | WholeCopy] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}

    def take(self, paths: Iterable[Path]) -> None:
        """Begins with these files."""
        self.paths = sorted(paths)
        self.unread, self.has_failed = {}, False
        self._copies, self._stamps = {}, {}

    def fits(self) -> bool:
        """Whether what the cache has was read from these files, and folded away by who read it."""
        known = set()
        for path in self.paths:
            with contextlib.suppress(OSError):
                known.add(f"source {whole_files.identity(path) if is_whole(path) else event_files.identity(path)}")
        for path in logdir.segment_files(self.folder):
            try:
                with contextlib.closing(read_only.connect(path)) as connection:
                    segment = segments.read(connection, path)
                    read = {row[0] for row in connection.execute("SELECT nonce FROM receipts")}
            except (StoreError, sqlite3.Error, FileNotFoundError):
                return False
            if segment is None or segment.said_status == "running" or not read <= known:
                return False
        return True

    def is_lost(self) -> bool:
        """Whether somebody emptied the cache meanwhile."""
        written = [copy.written for copy in self._copies.values() if copy.written is not None]
        return any(not path.exists() for path in written)

    def follow(self, now: float, tell: Callable[[Path, str], None]) -> None:
        """Copies what is new of each source that changed. One that cannot be read does not stop the others.

        Raises:
            ReplacedError: a file is not the one that was copied.
        """
        self.is_live = False
        for path in self.paths:
            try:
                copied = self._whole(path, now) if is_whole(path) else self._grown(path, now)
            except FileNotFoundError:
                continue  # the next walk sees that it is gone
            except ReplacedError:
                raise
            except sqlite3.Error:
                raise
            except Exception as error:  # noqa: BLE001 a file may hold anything; what it was is told, and the others go on
                self.unread[path], self.has_failed = why(error), True
                tell(path, self.unread[path])
                continue
            copy = self._copies.get(path)
            if copied.warnings and copy is not None and copy.is_empty:
                self.unread[path] = copied.warnings[0]
            else:
                self.unread.pop(path, None)
            for each in copied.warnings:
                # A record that is being written is not whole yet.
                if not (self.is_live and not is_whole(path) and AT_THE_END in each):
                    tell(path, each)

    def _whole(self, path: Path, now: float) -> Copied:
        copy = self._copies.get(path)
        if copy is None:
            copy = self._copies[path] = whole_files.copy_of(path, self.folder, self.name)
        assert isinstance(copy, WholeCopy)
        copied = copy.update(settled=now - SETTLE_S)
        self.is_live = self.is_live or not copy.is_settled
        if copy.is_less:
            raise ReplacedError(f"{path} has less than before")
        return copied

    def _grown(self, path: Path, now: float) -> Copied:
        stat = path.stat()
        idle = now - stat.st_mtime > IDLE_S
        self.is_live = self.is_live or not idle
        copy = self._copies.get(path)
        before = self._stamps.get(path, (stat.st_ino, -1))
        if before[0] != stat.st_ino or stat.st_size < before[1]:
            raise ReplacedError(f"{path} is another file than before")
        copied = Copied()
        if stat.st_size != before[1]:
            if copy is None:
                if stat.st_size and is_beside_a_run(path):
                    self._stamps[path] = (stat.st_ino, stat.st_size)
                    return copied
                copy = self._copies[path] = EventFileCopy(path, self.folder, self.name)
            copied = copy.update()
            self._stamps[path] = (stat.st_ino, stat.st_size)
        if idle and copy is not None:
            copy.close()
        return copied

    def close(self) -> None:
        """Folds the copies away."""
        for copy in self._copies.values():
            with contextlib.suppress(*WORLD):
                copy.close()
