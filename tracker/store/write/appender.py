"""One segment file while it is written: made, added to in transactions, folded into one plain file at its end."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker import coerce
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read.liveness import Writer
from tracker.store.write import at_rest, statements
from tracker.store.write.connection import FOLD_PAGES, create
from tracker.store.write.transaction import Transaction, Written

_SEGMENT = statements.insert("segment", columns.SEGMENT)
_STATE = statements.insert("state", columns.STATE)


@dataclass(frozen=True)
class Birth:
    """What a segment says of itself once and for all."""

    segment: str
    run: str
    parent: str | None
    fork_step: int | None
    reason: str
    rank: int | None
    created: float
    writer: Writer
    library: str
    group: str | None
    tags: Sequence[str]
    notes: str
    config: Mapping[str, Any]
    environment: Mapping[str, Any]


class Appender:
    """The only writer of one segment file. Not for two threads at a time.

    Args:
        path: Where the file is made.
        birth: What it says of itself.
        first: Adds what is in it from its first moment on.
    """

    def __init__(self, path: Path, birth: Birth, first: Callable[[Transaction], None] | None = None) -> None:
        self.path = path
        self._first = first
        state = {
            "written": 0, "heartbeat": birth.created, "status": "running", "ended": None, "ending": None, "lost": "{}",
        }  # fmt: skip
        self._written = Written(_header(birth), state)
        self._driver = create(path, self._fill)
        stat = path.stat()
        self.inode = (stat.st_dev, stat.st_ino)
        self.is_synced_at_end = self._driver.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        """Whether `fold_away` has what was committed before outlast a power loss."""
        self._is_unwritten = self.is_synced_at_end
        if self._is_unwritten:
            # SQLite syncs the head of a WAL with its first commit, as old frames may lie behind it. None do behind this
            # one, and a commit that is not durable need not wait for the disk. Nothing is folded before the next one.
            self._driver.execute("PRAGMA wal_autocheckpoint=0")
            self._driver.execute("PRAGMA synchronous=OFF")

    def _fill(self, driver: sqlite3.Connection) -> None:
        """The two rows that every segment has from its first moment, and what else it is to have then."""
        driver.execute(_SEGMENT, checksums.with_checksum(tuple(self._written.header.values())))
        driver.execute(_STATE, checksums.with_checksum(tuple(self._written.state.values())))
        if self._first is not None:
            transaction = Transaction(driver, self._written)
            self._first(transaction)
            transaction.write_state()
            self._written.take(transaction)
            self._first = None

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Transaction]:
        """All that is added within is committed together, or none of it.

        Args:
            durable: Commit so that a power loss does not undo it, nor any commit before it.
        """
        transaction = Transaction(self._driver, self._written)
        if durable:
            self._driver.execute("PRAGMA synchronous=FULL")
        try:
            self._driver.execute("BEGIN IMMEDIATE")
            try:
                yield transaction
                transaction.write_state()
                self._driver.execute("COMMIT")
            except BaseException:
                # After some errors (a full disk) SQLite has rolled back itself, and after an error of the disk it
                # may not be able to; what is in the file then decides.
                with contextlib.suppress(sqlite3.Error):
                    self._driver.execute("ROLLBACK")
                raise
        finally:
            if durable or self._is_unwritten:
                self._driver.execute("PRAGMA synchronous=NORMAL")
            if self._is_unwritten:
                self._is_unwritten = False
                self._driver.execute(f"PRAGMA wal_autocheckpoint={FOLD_PAGES}")
        self._written.take(transaction)

    def was_committed(self, transaction: Transaction) -> bool:
        """Whether a transaction whose COMMIT reported an error is in the file nevertheless."""
        written = self._driver.execute("SELECT written FROM state").fetchone()[0]
        if written < transaction.next_id - 1 or transaction.next_id == self._written.next_id:
            return False
        self._written.take(transaction)
        return True

    def settle(self) -> None:
        """Leaves the file as small as a moment allows; see `at_rest`."""
        if self._written.is_folded:
            at_rest.settle(self._driver)

    def fold_away(self) -> None:
        """Folds the WAL into the file and leaves WAL mode, so that a read-only disk can hold the file. The WAL is
        synced before, whether it can be folded or not.

        A reader that has the file open makes leaving impossible; the WAL is then left empty, which reads as well.
        """
        self._driver.execute("PRAGMA busy_timeout=100")
        is_folded = False
        try:
            is_folded = self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        finally:
            if not is_folded and self.is_synced_at_end:
                self._sync_wal()
        if is_folded:
            # All is synced by now. What changes lies in the first hundred bytes of a page, which a kill or a power loss
            # leaves as they were or as they are to be: a journal beside it would be a file more to make and to remove.
            self._driver.execute("PRAGMA synchronous=OFF")
        self._driver.execute("PRAGMA journal_mode=MEMORY")

    def _sync_wal(self) -> None:
        """Not for the file itself: who closes it by another descriptor takes SQLite's locks away."""
        file = os.open(f"{self.path}-wal", os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def leak(self) -> None:
        """In a forked child: keeps the parent's connection for ever. Closing it here, as the end of the interpreter
        otherwise would, could remove the parent's WAL; SQLite's rule is not to touch it at all."""
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._driver))

    def close(self) -> None:
        """Lets go of the file. Can be called twice."""
        self._driver.close()


def _header(birth: Birth) -> dict[str, Any]:
    """The row of `segment`, without its checksum."""
    values = (
        birth.segment, birth.run, birth.parent, birth.fork_step, birth.reason, birth.rank, birth.created,
        birth.writer.host, birth.writer.machine, birth.writer.pid, birth.writer.pid_started, birth.library,
        birth.group, coerce.dumps(list(birth.tags)), birth.notes, coerce.dumps(birth.config),
        coerce.dumps(birth.environment),
    )  # fmt: skip
    return dict(zip(columns.SEGMENT[:-1], values, strict=True))
