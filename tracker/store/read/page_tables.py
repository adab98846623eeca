"""What is said of a run or a logdir on the page, to be asked by SQL wherever it stands: in a file, or in a database.

Of a database its rows are put into a scratch of SQLite's own: they are few, and who asks knows no difference.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from tracker import databases, logdir
from tracker.store.read import read_only
from tracker.store.run_page import PageRows

Stamp = tuple[int, ...]

_MAKE = (
    "CREATE TABLE properties (key TEXT PRIMARY KEY, value TEXT NOT NULL, wall_time REAL NOT NULL)",
    "CREATE TABLE commands (id INTEGER PRIMARY KEY, nonce TEXT NOT NULL UNIQUE, wall_time REAL NOT NULL, "
    "name TEXT NOT NULL, value TEXT NOT NULL, expected TEXT, author TEXT)",
)
_FILL = ("INSERT INTO properties VALUES (?, ?, ?)", "INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?)")
_ROWS = ("SELECT key, value, wall_time FROM properties", "SELECT * FROM commands")


@contextlib.contextmanager
def opened(folder: Path, patience_s: float) -> Iterator[read_only.Connection]:
    """The tables `properties` and `commands` of a folder, as they stand at this moment.

    Args:
        folder: The run's, or the logdir.
        patience_s: What reading a file may take of SQLite's time.

    Raises:
        StoreError: the file is not ours, or damaged; or the database does not answer.
        OSError: the file cannot be opened. FileNotFoundError: there is none.
    """
    path, inside = folder / logdir.PAGE_FILE, databases.of(folder)
    if inside is None:
        with read_only.snapshot(path, patience_s) as connection:
            yield connection
        return
    rows = PageRows(*inside[0].page(inside[1].as_posix()))
    with contextlib.closing(scratch(rows)) as connection, read_only.reading(path):
        yield connection


def scratch(rows: PageRows) -> read_only.Connection:
    """The tables with these rows in them, of the caller's own."""
    made = sqlite3.connect("", isolation_level=None, factory=read_only.Connection)
    for statement in _MAKE:
        made.execute(statement)
    for statement, each in zip(_FILL, rows, strict=True):
        made.executemany(statement, each)
    return made


def rows_of(connection: sqlite3.Connection) -> PageRows:
    """What such tables hold."""
    return PageRows(*(connection.execute(statement).fetchall() for statement in _ROWS))


def size_of(connection: sqlite3.Connection) -> int:
    """Bytes of them, as they would be in a file."""
    (pages,), (size,) = (connection.execute(f"PRAGMA page_{what}").fetchone() for what in ("count", "size"))
    return int(pages) * int(size)


def stamps(folders: Collection[Path]) -> dict[Path, Stamp | None]:
    """What changes when something is said of a run, by its folder; None of one of which nothing ever was.

    Of a file it is two calls to the system, of all runs of a database one question.

    Raises:
        StoreError: a database does not answer.
    """
    found: dict[Path, Stamp | None] = {}
    inside = {folder: place for folder in folders if (place := databases.of(folder)) is not None}
    for database in {place[0].root: place[0] for place in inside.values()}.values():
        runs = {rest.as_posix(): folder for folder, (other, rest) in inside.items() if other is database}
        versions = database.versions(runs)
        found |= {folder: (versions[run],) if run in versions else None for run, folder in runs.items()}
    return found | {folder: _stamp(folder / logdir.PAGE_FILE) for folder in folders if folder not in inside}


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
