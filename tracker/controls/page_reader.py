"""What is new in a run's `page.sqlite`: each command once, and never one that is older than this part of the run."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from functools import cached_property
from pathlib import Path

from tracker import logdir
from tracker.errors import StoreError
from tracker.store import file_system
from tracker.store.read import commands
from tracker.store.read.commands import Asked, Cursor
from tracker.store.read.run_files import RunFiles

logger = logging.getLogger("tracker")

READ_AT_ONCE = 256

REMOTE_LOOK_S = 0.5
"""Between two looks at a file on a network disk: each is a question to its server."""

MOST_NONCES = 10_000
"""Nonces that are remembered, should rows that were read come once more: a copy of the file was put back."""


class PageReader:
    """Reads the commands of a run, on one thread.

    Args:
        folder: The run's. What lies there already is old.

    Attributes:
        old: Commands from before that nobody answered; whoever takes them empties it.
    """

    def __init__(self, folder: Path) -> None:
        self.old: list[Asked] = []
        self._folder = folder
        self._path = folder / logdir.PAGE_FILE
        self._stamp: tuple[int, int, int] | None = None
        self._next_look = 0.0
        self._old_until: Cursor | None
        """Up to where the file is older than this part of the run. None: it could not be read, and all of it is."""
        try:
            self._old_until = commands.newest(folder)
        except FileNotFoundError:
            self._old_until = Cursor()
        except (StoreError, OSError):
            self._old_until = None
        self._cursor = Cursor()
        self._recent: deque[str] = deque(maxlen=MOST_NONCES)
        self._known: set[str] = set()

    def read(self, room: int, *, events: bool) -> list[Asked]:
        """What is new, in order, where the file has changed; nothing otherwise.

        Args:
            room: At most so many; the others stay for the next time.
            events: Whether those of panes too.
        """
        if room <= 0:
            return []
        stamp = self._stamp_now()
        if stamp is None or stamp == self._stamp:
            return []
        try:
            found, is_all = self._read(min(room, READ_AT_ONCE), events)
            self._stamp = stamp if is_all else None
            return found
        except OSError as error:
            logger.info("tracker: the page's file cannot be read at the moment: %s", error)
        except StoreError as error:
            self._stamp = stamp  # not again, before it is another one
            logger.warning("tracker: commands of the page cannot be read: %s", error)
        return []

    @cached_property
    def _is_remote(self) -> bool:
        """Asked at the first look: a short run ends before it, and finding out takes as long as opening a file."""
        return file_system.is_shared(self._folder)

    def _stamp_now(self) -> tuple[int, int, int] | None:
        """By what another file is told; None where there is none, or the disk is away."""
        try:
            if not self._is_remote:
                about = os.stat(self._path)
            elif time.monotonic() < self._next_look:
                return self._stamp
            else:
                # What stat() says there may be a minute old. Who opens a file asks the server.
                self._next_look = time.monotonic() + REMOTE_LOOK_S
                file = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
                try:
                    about = os.fstat(file)
                finally:
                    os.close(file)
        except OSError:
            return None
        if not about.st_size:
            return None  # as it lies there for a moment before anything is in it
        return about.st_ino, about.st_size, about.st_mtime_ns

    def _read(self, limit: int, events: bool) -> tuple[list[Asked], bool]:
        if self._old_until != Cursor():
            self._read_old()
        before = self._cursor
        rows, self._cursor = commands.asked(self._folder, before, limit, events=events)
        fresh = [row for row in rows if self._is_new(row.nonce)]
        if fresh and fresh[0].id <= before.id:  # another file than before, and perhaps one of long ago
            answered = commands.receipts(RunFiles(self._folder))
            fresh = [row for row in fresh if row.nonce not in answered]
        return fresh, len(rows) < limit

    def _read_old(self) -> None:
        """Once: what was asked before this part of the run began, and had no answer by then."""
        rows, end = commands.asked(self._folder, Cursor(), commands.MOST_COMMANDS)
        self._cursor = end if self._old_until is None else self._old_until
        self._old_until = Cursor()
        before = [row for row in rows if row.id <= self._cursor.id and self._is_new(row.nonce)]
        if not before:
            return
        try:
            answered = commands.receipts(RunFiles(self._folder))
            self.old += [row for row in before if row.nonce not in answered]
        except StoreError as error:  # who knows what was answered there
            logger.warning("tracker: what was asked of this run before is left as it is: %s", error)

    def _is_new(self, nonce: str) -> bool:
        if nonce in self._known:
            return False
        if len(self._recent) == MOST_NONCES:
            self._known.discard(self._recent[0])
        self._recent.append(nonce)
        self._known.add(nonce)
        return True
