"""The writing connection of a segment; `read_only` is the one to read it by.

The rule that everything rests on: a file has one writing connection, in the process that made it, and that
connection alone checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a WAL file that two connections checkpoint
at the same moment, and most Pythons are linked to such a build.

It is the driver's own, and not SQLAlchemy's: to make an engine takes longer than to make a file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from tracker.store import columns, file_system
from tracker.store.write import statements

_PAGE_SIZE = f"PRAGMA page_size={columns.PAGE_BYTES}"

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""To what a WAL file that has grown behind a slow reader is cut back once it has been folded in."""

FOLD_BYTES = 4 * 1024 * 1024
"""The size of a WAL file from which a commit folds it in. SQLite counts pages, and thinks of larger ones."""


def create(path: Path, fill: Callable[[sqlite3.Connection], None], *, replaces: bool = False) -> sqlite3.Connection:
    """Makes a segment's file and opens its only writing connection.

    The file is made under another name and renamed when it is whole, so that no reader, and no death of this process,
    ever sees one half made.

    Args:
        path: Its final name.
        fill: Puts in the first rows, in the transaction that makes the tables.
        replaces: Whether a file that is there gives way to it.

    Raises:
        FileExistsError: the file is there. A segment is written by the process that made it, never again.
        OSError, sqlite3.Error: what the disk says.
    """
    if not replaces and path.exists():
        raise FileExistsError(f"{path} is there already")
    unborn = path.with_name(f".{path.name}.unborn")
    _remove(unborn)  # of one who was killed at this
    wanted = "TRUNCATE" if file_system.is_shared(path) else "WAL"
    try:
        tables = _tables()
        if tables is None:
            _fill_on_disk(unborn, fill, wanted)
        else:
            _write(unborn, _filled(tables, fill), wanted)
        (unborn.replace if replaces else unborn.rename)(path)
    except BaseException:
        _remove(unborn)
        raise
    try:
        return _opened(path, wanted)
    except BaseException:
        if not replaces:
            _remove(path)  # who tries again must not take it for somebody else's
        raise


def _opened(path: Path, journal: str) -> sqlite3.Connection:
    connection = reopen(path)
    try:
        _choose_journal(connection, journal)
    except BaseException:
        connection.close()
        raise
    return connection


def _filled(tables: bytes, fill: Callable[[sqlite3.Connection], None]) -> bytes:
    """A file with its first rows, made in memory: the disk is then asked for one thing only."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(tables)
        connection.execute("BEGIN IMMEDIATE")
        fill(connection)
        connection.execute("COMMIT")
        return bytes(connection.serialize())


def _fill_on_disk(path: Path, fill: Callable[[sqlite3.Connection], None], wanted: str) -> None:
    with contextlib.closing(reopen(path)) as connection:  # closing folds its WAL in: one file changes its name
        connection.execute(_PAGE_SIZE)
        _choose_journal(connection, wanted)
        connection.execute("BEGIN IMMEDIATE")
        _make_tables(connection)
        fill(connection)
        connection.execute("COMMIT")


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in statements.each_of(statements.TABLES):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={columns.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={columns.PLAIN_VERSION}")


@lru_cache(maxsize=1)
def _tables() -> bytes | None:
    """A segment without rows, as SQLite makes it: once a process, since to make the tables takes longer than all else
    that a short run stores. None where this Python (3.10) cannot say it."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        if not hasattr(connection, "serialize"):
            return None
        connection.execute(_PAGE_SIZE)
        _make_tables(connection)
        return bytes(connection.serialize())


def _write(path: Path, tables: bytes, journal: str) -> None:
    """Writes such a file, of the mode that it is going to be in (at 18 and 19, https://www.sqlite.org/fileformat2.html):
    to change it afterwards takes a journal. A power loss undoes none of it once it has its name."""
    left = memoryview(tables[:18] + bytes(2 * [2 if journal == "WAL" else 1]) + tables[20:])
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o644)
    try:
        while left:  # not by `open`, which is no more when the last finalizers log
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            os.unlink(f"{path}{ending}")


def reopen(path: Path) -> sqlite3.Connection:
    """Opens the file of a segment whose rows come from elsewhere. Whoever wrote it before must be gone.

    It begins no transaction of its own. One that reads first and then writes fails at once, whatever the busy timeout
    (SQLITE_BUSY_SNAPSHOT): each is begun with IMMEDIATE, which waits its turn.
    """
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA mmap_size=0")  # a failing disk is then an error code, not a SIGBUS
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA synchronous=NORMAL")  # survives the death of the process; flush() syncs
        connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint={FOLD_BYTES // columns.PAGE_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _choose_journal(connection: sqlite3.Connection, wanted: str) -> None:
    # Only the answer says what was granted: a file system without shared memory refuses WAL silently.
    granted = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
    if granted.upper() != "WAL":
        connection.execute("PRAGMA journal_mode=TRUNCATE")


@contextlib.contextmanager
def transaction(driver: sqlite3.Connection) -> Iterator[None]:
    """Everything that is done within it, or nothing."""
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield
        driver.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            driver.execute("ROLLBACK")
        raise
