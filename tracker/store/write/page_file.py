"""What users say of a run or a logdir in the page: in a database its rows, in a folder `page.sqlite`, a file that no
run's writer knows.

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
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from tracker import coerce, databases, logdir
from tracker.errors import NotAStoreError, PageChangeError, StoreError, message
from tracker.store import columns
from tracker.store.read import journal, page_tables, read_only
from tracker.store.run_page import PageRows
from tracker.store.write import schema

MAX_VALUE_BYTES = 200_000
MAX_KEY = 500
MAX_NONCE = 200

TRIM_BYTES = 1 << 20
"""Of a page's file, from where on what was asked for long ago is left out: each change copies all of it."""

KEPT, KEPT_BYTES, KEPT_ASKED = 1_000, 4 << 20, 5_000
"""Changes of the page and events of panes that are kept, the newest, and characters of them; and commands of controls,
five times as many as a run takes from here before it answers. What it answered stands in its own files."""

COMMAND = schema.insert(schema.commands, ("nonce", "wall_time", "name", "value", "expected", "author"))
PROPERTY = schema.insert(schema.properties)

_LATER = "SELECT id FROM commands WHERE name {} GLOB 'control:*' ORDER BY id DESC LIMIT 1 OFFSET {}"
_TRIM = (
    f"DELETE FROM commands WHERE name NOT GLOB 'control:*' AND id<=({_LATER.format('NOT', KEPT)})",
    f"DELETE FROM commands WHERE name GLOB 'control:*' AND id<=({_LATER.format('', KEPT_ASKED)})",
    "DELETE FROM commands WHERE id IN (SELECT id FROM (SELECT id, sum(length(value)) OVER (ORDER BY id DESC) AS size "
    f"FROM commands WHERE name NOT GLOB 'control:*') WHERE size>{KEPT_BYTES})",
)

BUSY_S = 2.0
"""So long another server that changes the same file is waited for. A change takes milliseconds."""


def set_property(folder: Path, key: str, value: Any) -> None:
    """Sets a property of a folder's file; None takes it away.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    text = _bounded(key, json.dumps(value))
    now = time.time()
    with changing(folder) as connection:
        connection.execute(COMMAND, (secrets.token_hex(16), now, key, text, None, None))
        connection.execute("DELETE FROM properties WHERE key=?", (key,))
        if value is not None:
            connection.execute(PROPERTY, (key, text, now))


def add_command(folder: Path, nonce: str, name: str, value: Any, expected: Any, author: str | None) -> bool:
    """Asks something of the run in a folder; its process finds it there, and answers in its own file.

    Args:
        folder: The run's.
        nonce: Names this command, 1 to 200 characters that whoever asks makes up. The same once more is the same
            command: nothing is asked twice.
        name: `control:` and the name of a control or an action; or `event:` and the id of a pane.
        value: What is asked for, JSON values.
        expected: What the control has now, as far as who asks knows; None for whatever it has.
        author: Who asks, if that is known.

    Returns:
        Whether it was new.

    Raises:
        PageChangeError: some of it is too large, or the file cannot be written.
    """
    row = command_row(nonce, name, value, expected, author)
    try:
        with changing(folder) as connection:
            if not insert_command(connection, row):
                raise _KnownError  # which leaves the file as it is
    except _KnownError:
        return False
    return True


def command_row(nonce: str, name: str, value: Any, expected: Any, author: str | None) -> tuple[Any, ...]:
    """What `insert_command` takes, and the errors of `add_command`, before any file is looked at."""
    text = _bounded(name, coerce.dumps(value))
    before = None if expected is None else _bounded(author or "", coerce.dumps(expected))
    if not (isinstance(nonce, str) and 1 <= len(nonce) <= MAX_NONCE):
        raise PageChangeError(message("A command needs a name of its own.", expected=f"1 to {MAX_NONCE} characters"))
    nonce, author = coerce.text(nonce), None if author is None else coerce.text(author, MAX_KEY)
    return nonce, time.time(), coerce.text(name), text, before, author


def insert_command(connection: sqlite3.Connection, row: tuple[Any, ...]) -> bool:
    """Asks it in a file that is being changed; whether its nonce was new."""
    if connection.execute("SELECT 1 FROM commands WHERE nonce=?", row[:1]).fetchone() is not None:
        return False
    connection.execute(COMMAND, row)
    return True


class _KnownError(Exception):
    """A command of this nonce is there."""


def _bounded(key: str, text: str) -> str:
    if len(text) > MAX_VALUE_BYTES or len(key) > MAX_KEY:
        raise PageChangeError(message("That is too long to keep.", expected=f"{MAX_VALUE_BYTES:,} characters"))
    return text


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[sqlite3.Connection]:
    """What is said of a run or a logdir, in a transaction; it is kept when the block ends well.

    Raises:
        PageChangeError: the file cannot be written, or the database does not answer.
    """
    inside = databases.of(folder)
    if inside is None:
        with changed(folder / logdir.PAGE_FILE) as connection:
            yield connection
        return
    try:
        with (
            inside[0].changing(inside[1].as_posix()) as page,
            contextlib.closing(page_tables.scratch(PageRows(*page.rows))) as connection,
        ):
            yield connection
            _trim(connection, page_tables.size_of(connection))
            page.rows = page_tables.rows_of(connection)
    except (sqlite3.Error, StoreError) as error:
        raise PageChangeError(message(f"This cannot be kept: {error}")) from error


def size_of(folder: Path) -> int:
    """Bytes of what is said there, by which it is trimmed.

    Raises:
        StoreError, OSError: it cannot be read.
    """
    if databases.of(folder) is None:
        return os.stat(folder / logdir.PAGE_FILE).st_size
    with page_tables.opened(folder, BUSY_S) as connection:
        return page_tables.size_of(connection)


def _trim(connection: sqlite3.Connection, size: int) -> None:
    for statement in _TRIM if size > TRIM_BYTES else ():
        connection.execute(statement)


@contextlib.contextmanager
def changed(path: Path, tables: sa.MetaData = schema.page_tables) -> Iterator[sqlite3.Connection]:
    """A copy of a page's file in a transaction; it takes the file's place when the block ends well.

    Args:
        path: Of the file.
        tables: That are made where they are not there.

    Raises:
        PageChangeError: the file cannot be written.
    """
    try:
        journal.forget_unfinished(path)
        with alone(path), journal.rewritten(path) as copy:
            if copy.exists():
                read_only.connect(copy).close()  # what it would do once it is written to
            with writing(copy, tables) as connection:
                yield connection
                if tables is schema.page_tables:
                    _trim(connection, copy.stat().st_size)
    except (sqlite3.Error, OSError, StoreError, UnicodeDecodeError) as error:  # SQLite may cite what is no text
        why = error.why if isinstance(error, StoreError) else error
        hint = "" if isinstance(error, OSError) else "Find out more, and mend it: viz doctor --repair"
        raise PageChangeError(message(f"{path} cannot be written: {why}", hint=hint)) from error


@contextlib.contextmanager
def writing(copy: Path, tables: sa.MetaData = schema.page_tables) -> Iterator[sqlite3.Connection]:
    """A file that nobody else sees, in a transaction, with the tables in it."""
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        # It is on the disk before it is put in place: SQLite's own care of it was four waits for the disk more
        # (measured: 130 ms instead of 20 beside a busy disk).
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        for statement in _made(tables):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={columns.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={columns.PLAIN_VERSION}")
        yield connection
        connection.execute("COMMIT")


@lru_cache(maxsize=2)
def _made(tables: sa.MetaData) -> tuple[str, ...]:
    """The statements that make the tables where they are not there."""
    made = (sa.schema.CreateTable(table, if_not_exists=True) for table in tables.sorted_tables)
    return tuple(str(each.compile(dialect=sqlite.dialect())).strip() for each in made)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
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
