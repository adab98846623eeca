"""What is new in a run's `page.sqlite`: each command once, and never one that is older than this part of the run."""

from __future__ import annotations

import logging
import os
from collections import deque
from pathlib import Path

from tracker import logdir
from tracker.errors import StoreError
from tracker.store.read import commands
from tracker.store.read.commands import Asked
from tracker.store.read.run_files import RunFiles

logger = logging.getLogger("tracker")

READ_AT_ONCE = 256

MOST_NONCES = 10_000
"""Nonces that are remembered, should rows that were read before come once more: a copy of the file that was put back."""


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
        self._stamp: tuple[int, int, int] | None = None
        self._cursor: int | None
        """The row up to which the file was read; None while it could not be read, when all of it counts as old."""
        try:
            self._cursor = commands.asked(folder, 1 << 62, 1)[1]
        except FileNotFoundError:
            self._cursor = 0
        except (StoreError, OSError):
            self._cursor = None
        self._old_until = self._cursor
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
        try:
            about = os.stat(self._folder / logdir.PAGE_FILE)
        except OSError:
            return []  # there is none, or the disk is away
        stamp = (about.st_ino, about.st_size, about.st_mtime_ns)
        if stamp == self._stamp:
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

    def _read(self, limit: int, events: bool) -> tuple[list[Asked], bool]:
        if self._old_until != 0:
            self._read_old()
        rows, newest = commands.asked(self._folder, self._cursor or 0, limit, events=events)
        if newest < (self._cursor or 0):  # another file than before: what was read of that one is known by its nonce
            rows, newest = commands.asked(self._folder, 0, limit, events=events)
        is_all = len(rows) < limit
        self._cursor = newest if is_all else rows[-1].id
        fresh = []
        for row in rows:
            if row.nonce not in self._known:
                self._remember(row.nonce)
                fresh.append(row)
        return fresh, is_all

    def _read_old(self) -> None:
        """Once: what was asked before this part of the run began, and had no answer by then."""
        rows, newest = commands.asked(self._folder, 0, commands.MOST_COMMANDS)
        until = newest if self._old_until is None else self._old_until
        answered = commands.receipts(RunFiles(self._folder))
        for row in rows:
            if row.id <= until:
                self._remember(row.nonce)
                if row.nonce not in answered:
                    self.old.append(row)
        self._cursor, self._old_until = until, 0

    def _remember(self, nonce: str) -> None:
        if len(self._recent) == MOST_NONCES:
            self._known.discard(self._recent[0])
        self._recent.append(nonce)
        self._known.add(nonce)
