"""What the page was told: names, tags, notes and colours of runs, saved views.

All of it lies in files of the dashboard's own (`page.sqlite`, beside a run's segments and at the top of the logdir), so
that no writer's file is touched. Each change is written twice in one transaction: as what holds now (`properties`) and
as what was asked for and when (`commands`).

Such a file may come from anybody, so that it is changed in a private copy which takes its place (`journal.rewritten`):
it holds notes and views, some kilobytes.
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

from tracker import logdir
from tracker.errors import NotAStoreError, StoreError, TrackerError, message
from tracker.store.read import journal, read_only

RUN_KEYS: dict[str, type] = {"name": str, "tags": list, "note": str, "colour": int}
"""What can be said of a run, and what it is."""

MAX_VALUE_BYTES = 200_000

BUSY_S = 2.0
"""So long another server that changes the same file is waited for. A change takes milliseconds."""

PATIENCE_S = 1.0
"""What reading such a file may take of SQLite's time."""


class PageChangeError(TrackerError, ValueError):
    """A change that cannot be made; the message says why."""


def read(folder: Path) -> dict[str, Any]:
    """The properties in a folder's file; none without one, or when it cannot be read."""
    path = folder / logdir.PAGE_FILE
    try:
        with read_only.snapshot(path, PATIENCE_S) as connection:
            rows = connection.execute("SELECT key, value FROM properties").fetchall()
            return {str(key): json.loads(value) for key, value in rows}
    except (StoreError, OSError):
        # There is none; or a half-made file, or one of another program: the runs themselves are none the worse for it.
        return {}


def write(folder: Path, key: str, value: Any) -> None:
    """Sets a property; None takes it away.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    import sqlalchemy as sa

    from tracker.store import columns
    from tracker.store.write import schema

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


def check(key: Any, value: Any) -> None:
    """That a run can be said to have this.

    Raises:
        PageChangeError: it cannot.
    """
    if key not in RUN_KEYS:
        raise PageChangeError(message(f"A run has no {key!r}.", expected=" | ".join(RUN_KEYS)))
    if value is not None and (not isinstance(value, RUN_KEYS[key]) or isinstance(value, bool)):
        raise PageChangeError(
            message(f"{key} cannot be {value!r}.", expected=RUN_KEYS[key].__name__, got=type(value).__name__)
        )
    if isinstance(value, list) and not all(isinstance(tag, str) for tag in value):
        raise PageChangeError(message("tags are texts.", got=value))
