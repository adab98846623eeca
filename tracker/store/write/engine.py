"""One way to open a segment for writing; `read_only` is the one to open it for reading.

The rule that everything rests on: a file has one writing connection, in the process that made it, and that
connection alone checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a WAL file that two connections checkpoint
at the same moment, and most Pythons are linked to such a build.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from tracker.store import columns, file_system
from tracker.store.write import schema

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""To what a WAL file that has grown behind a slow reader is cut back once it has been folded in."""


def create(path: Path, fill: Callable[[sa.Connection], None], *, replaces: bool = False) -> sa.Engine:
    """Makes a segment's file and opens its only writing connection.

    The file is made under another name and renamed when it is whole, so that no reader, and no death of this process,
    ever sees one half made.

    Args:
        path: Its final name.
        fill: Puts in the first rows, in the transaction that makes the tables.
        replaces: Whether a file that is there gives way to it.

    Raises:
        FileExistsError: the file is there. A segment is written by the process that made it, never again.
        OSError, sqlite3.Error, sqlalchemy.exc.SQLAlchemyError: what the disk says.
    """
    if not replaces and path.exists():
        raise FileExistsError(f"{path} is there already")
    unborn = path.with_name(f".{path.name}.unborn")
    _remove(unborn)  # of one who was killed at this
    try:
        engine = _writing_engine(unborn)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            _choose_journal(driver, path)
            connection.rollback()
        with engine.begin() as connection:
            schema.segment_tables.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={columns.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={columns.SCHEMA_VERSION}")
            fill(connection)
        engine.dispose()  # folds its WAL in: the name that is changed is that of one file
        (unborn.replace if replaces else unborn.rename)(path)
    except BaseException:
        with contextlib.suppress(UnboundLocalError):
            engine.dispose()
        _remove(unborn)
        raise
    return _writing_engine(path)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            os.unlink(f"{path}{ending}")


def reopen(path: Path) -> sa.Engine:
    """Opens the file of a segment whose rows come from elsewhere. Whoever wrote it before must be gone."""
    return _writing_engine(path)


def _writing_engine(path: Path) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level=None: the driver starts no transaction of its own; we begin each with IMMEDIATE.
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA mmap_size=0")  # a failing disk is then an error code, not a SIGBUS
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA synchronous=NORMAL")  # survives the death of the process; flush() syncs
        connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        return connection

    # The module is given, or it would be imported: no import succeeds in the interpreter's last moments, and a
    # finalizer that logs there begins a file.
    engine = sa.create_engine("sqlite://", module=sqlite3, creator=connect, poolclass=StaticPool)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: sa.Connection) -> None:
    # A deferred transaction that reads first and then writes fails at once, whatever the busy timeout
    # (SQLITE_BUSY_SNAPSHOT); an immediate one waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _choose_journal(connection: sqlite3.Connection, path: Path) -> None:
    wanted = "TRUNCATE" if file_system.is_shared(path) else "WAL"
    # Only the answer says what was granted: a file system without shared memory refuses WAL silently.
    granted = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
    if granted.upper() != "WAL":
        connection.execute("PRAGMA journal_mode=TRUNCATE")
