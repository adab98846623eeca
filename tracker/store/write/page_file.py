"""page.sqlite: what users say of a run or a logdir in the page, in a file that no run's writer knows.

Each change is written twice in one transaction: as what holds now (`properties`) and as what was asked for and when
(`commands`). Such a file may come from anybody, so that it is changed in a private copy which takes its place
(`journal.rewritten`): it holds notes and views, some kilobytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker import logdir
from tracker.errors import NotAStoreError, PageChangeError, StoreError, message
from tracker.store import columns
from tracker.store.read import journal, read_only
from tracker.store.write import schema

MAX_VALUE_BYTES = 200_000

BUSY_S = 2.0
"""So long another server that changes the same file is waited for. A change takes milliseconds."""


def set_property(folder: Path, key: str, value: Any) -> None:
    """Sets a property of a folder's file; None takes it away.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    text = json.dumps(value)
    if len(text) > MAX_VALUE_BYTES or len(key) > 500:
        raise PageChangeError(message("That is too long to keep.", expected=f"{MAX_VALUE_BYTES:,} characters"))
    now = time.time()
    path = folder / logdir.PAGE_FILE
    try:
        with _alone(path), journal.rewritten(path) as copy:
            if copy.exists():
                read_only.connect(copy).close()  # what it would do once it is written to
            engine = sa.create_engine(f"sqlite:///{copy}", poolclass=sa.pool.NullPool)
            with engine.begin() as connection:
                schema.page_tables.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA application_id={columns.APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version={columns.SCHEMA_VERSION}")
                connection.execute(
                    sa.insert(schema.commands).values(
                        nonce=secrets.token_hex(16), wall_time=now, name=key, value=text, expected=None, author=None
                    )
                )
                connection.execute(sa.delete(schema.properties).where(schema.properties.c.key == key))
                if value is not None:
                    connection.execute(sa.insert(schema.properties).values(key=key, value=text, wall_time=now))
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, StoreError) as error:
        why = error.why if isinstance(error, StoreError) else error
        raise PageChangeError(message(f"{path} cannot be written: {why}")) from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While a page's file is changed: of two servers one waits for the other.

    The lock is on the file itself, which is another one after each change: it is ours when it still lies there.

    Raises:
        NotAStoreError: it is no plain file.
        PageChangeError: another process changes it and does not come to an end.
    """
    if os.name != "posix":
        yield
        return
    end = time.monotonic() + BUSY_S
    while True:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise NotAStoreError(path, "this is no plain file")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise NotAStoreError(path, "this is no plain file")
            if _locked(handle) and _is_at(handle, path):
                yield
                return
        finally:
            os.close(handle)  # which lets go of the lock, as the death of a process does
        if time.monotonic() > end:
            raise PageChangeError(message("Another server is changing this.", hint="Try again soon."))
        time.sleep(0.01)


def _locked(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        return True
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False
