"""One way to open a segment for reading. Without SQLAlchemy, which a reader need not wait for (0.1 s to import).

A segment may come from anybody: it was mailed, or lies in a folder that others write to. Whatever is met in one is a
`StoreError` of that file. Three things bound what it can do, so that no reading takes much longer than ours would:

- what lies beside it is looked at first (`journal`), and nothing is opened for writing;
- its schema is real tables and indexes and nothing else. A view, a virtual table or a computed column under the name of
  a table of ours would run what its author wrote, without end if that is what he wants. Of tables there is only what
  lies in the file, and our statements name no others, so that an authorizer would have nothing left to refuse;
- a deadline on SQLite's own clock, and a limit on how long one value may be.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from tracker import databases
from tracker.errors import (
    DamagedBytesError,
    DamagedStoreError,
    NewerSchemaError,
    NotAStoreError,
    StoreError,
    TrackerError,
)
from tracker.logdir import segment_id
from tracker.store import columns, file_system
from tracker.store.read import journal, said_schema, state_row

STEPS_BETWEEN_LOOKS = 50_000
"""Of SQLite's machine, between two looks at the clock: about a millisecond."""

PATIENCE_S = 30.0
"""How long SQLite may compute for one question to one file. What computes for so long is nobody's curve."""

LONGEST_VALUE_BYTES = 192 << 20
"""More than any value that is logged takes (`inbox.HEAVY_LIMIT_BYTES`, which bounds all that wait together)."""

LONGEST_SAID_BYTES = 4 << 20
"""Of one value where only what a file says of itself is asked for, and the names and ends of its series."""


class Connection(sqlite3.Connection):
    """A connection to a segment, which may be one of before there were checksums: there they read as NULL."""

    has_checksums = True
    is_replica = False
    """Whether its rows come from another machine (`tracker.store.shipment`)."""
    has_chunks = False
    """Whether points of it lay in chunks when it was opened (`chunks`)."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return super().execute(sql if self.has_checksums else columns.unchecked(sql), parameters)


def connect(path: Path, patience_s: float = PATIENCE_S, longest_bytes: int = LONGEST_VALUE_BYTES) -> Connection:
    """A read-only connection to a segment, checked to be ours.

    Readers are many and short-lived (a logdir has thousands of segments), so they are driver connections:
    measured, 90 µs against 470 µs with an engine of their own.

    Args:
        path: The segment's file.
        patience_s: After so many seconds from now whatever SQLite computes for this connection ends with an error.
        longest_bytes: A longer value is an error too (from Python 3.11 on).

    Raises:
        NotAStoreError: the file is something else.
        NewerSchemaError: a newer everystep wrote it.
        DamagedStoreError: it is ours but cannot be read.
        FileNotFoundError: it is not there.
    """
    inside = databases.of(path)
    if inside is not None:
        database, (place, name) = inside[0], (inside[1].parent.as_posix(), inside[1].name)
        return cast(Connection, database.connect(place, segment_id(name), path))
    if not os.path.lexists(path):
        raise FileNotFoundError(f"there is no segment {path}")
    with reading(path):  # SQLite's error may cite words that are no text
        connection, (application, version) = _identified(path, time.monotonic() + patience_s)
    _limit_length(connection, longest_bytes)
    if application != columns.APPLICATION_ID:
        connection.close()
        if application == 0 and version == 0 and path.stat().st_size < 4096:
            raise unbegun(path)
        raise NotAStoreError(path, "this is another program's SQLite database, not an everystep run")
    if version > columns.SCHEMA_VERSION:
        connection.close()
        raise NewerSchemaError(
            path,
            f"written by a newer everystep (schema {version}, this one reads up to {columns.SCHEMA_VERSION}); "
            "update with: pip install -U everystep",
        )
    return connection


def bound(
    connection: sqlite3.Connection, patience_s: float = PATIENCE_S, longest_bytes: int = LONGEST_VALUE_BYTES
) -> None:
    """The same for the next question to a file that stays open: its time begins anew."""
    _limit_length(connection, longest_bytes)
    _limit_time(connection, time.monotonic() + patience_s)


def _limit_length(connection: sqlite3.Connection, longest_bytes: int) -> None:
    if hasattr(connection, "setlimit"):  # Python 3.11
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest_bytes)


def _limit_time(connection: sqlite3.Connection, deadline: float) -> None:
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)


@contextlib.contextmanager
def snapshot(
    path: Path, patience_s: float = PATIENCE_S, longest_bytes: int = LONGEST_VALUE_BYTES
) -> Iterator[Connection]:
    """A segment as it stands at this moment, for one question: the file is let go of after it.

    One snapshot serves all that is asked; a fold in between moves rows.

    Raises:
        StoreError: it is not ours, or some of it cannot be read, in whatever way that was met.
        FileNotFoundError: it is not there.
    """
    connection = connect(path, patience_s, longest_bytes)
    try:
        with reading(path):
            connection.execute("BEGIN")
            yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """While something is made of what a file holds: what it does not bear is that file's error and nobody else's.

    Raises:
        StoreError: some of it cannot be read, in whatever way that was met.
    """
    try:
        yield
    except DamagedBytesError as error:
        raise explain(error, path) from error
    except (TrackerError, FileNotFoundError):
        raise
    except _HOSTILE as error:
        raise explain(error, path) from error


_HOSTILE = (sqlite3.Error, Warning, ValueError, TypeError, LookupError, ArithmeticError, AttributeError,
            RecursionError, MemoryError, BufferError, struct.error, zlib.error, PermissionError)  # fmt: skip
"""What a value of another type, size or depth than ours has is met as."""


def copy(path: Path, target: Path, ending: str | None) -> None:
    """Copies a segment, whole as of this moment, although its writer may go on.

    Args:
        path: Its file.
        target: Where to; a file that lies there gives way.
        ending: Why the copy was stopped, which it then says; None for one that says what the original does.

    Raises:
        NotAStoreError, NewerSchemaError, DamagedStoreError: as `connect`.
        OSError: the copy cannot be made.
    """
    unborn = target.with_name(f".{target.name}.unborn")
    unborn.unlink(missing_ok=True)
    source = connect(path)
    try:
        with contextlib.closing(sqlite3.connect(unborn, isolation_level=None)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            said = {} if ending is None else state_row.read(made)
            if said.get("status") == "running":
                state_row.rewrite(made, status="stopped", ended=said["heartbeat"], ending=ending)
        unborn.replace(target)
    except sqlite3.Error as error:
        unborn.unlink(missing_ok=True)
        raise OSError(f"{path} cannot be copied to {target}: {error}") from error
    finally:
        source.close()


def _identified(path: Path, deadline: float) -> tuple[Connection, tuple[int, int]]:
    """A connection of careful settings, with the file's application id and schema version.

    Not every file system that machines share keeps its locks: a file may be met there in the middle of a commit, when
    it looks damaged for that moment.
    """
    for wait_s in (0.01, 0.05, 0.2):
        try:
            return _identified_now(path, deadline)
        except StoreError as error:
            if not isinstance(error.__cause__, sqlite3.DatabaseError) or not file_system.is_shared(path):
                raise
        time.sleep(wait_s)
    return _identified_now(path, deadline)


def _identified_now(path: Path, deadline: float) -> tuple[Connection, tuple[int, int]]:
    try:
        journal.check(path)
        if not os.stat(path).st_size:
            raise unbegun(path)  # and not shown to SQLite, which removes what lies beside a database of no pages
        if os.access(path.parent, os.W_OK):
            return _looked_into(_read_only(path, "mode=ro"), path, deadline)
        # WAL needs its shared-memory file, which cannot be made here. Nothing is in the WAL: the main file is all there
        # is, and nobody writes it. Something is, or a journal is left: a copy is read, with them.
        if not any(_is_filled(f"{path}{ending}") for ending in ("-wal", "-journal")):
            return _looked_into(_read_only(path, "immutable=1"), path, deadline)
    except sqlite3.OperationalError as error:
        # While a file changes its journal mode (at its birth, at `finish()`), what it was before stands in a journal
        # that SQLite plays back only for a connection that may write: if its writer was killed just then.
        if "readonly" not in str(error):
            raise explain(error, path) from error
    except sqlite3.Error as error:
        raise _no_segment(path, error) from error
    try:
        with journal.recovered_copy(path) as copy:
            return _looked_into(_read_only(copy, "mode=ro"), path, deadline)
    except sqlite3.OperationalError as error:
        raise explain(error, path) from error
    except sqlite3.Error as error:
        raise _no_segment(path, error) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedStoreError(path, f"it can be read only as a copy, which cannot be made ({error})") from error


def _is_filled(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def _looked_into(connection: Connection, path: Path, deadline: float) -> tuple[Connection, tuple[int, int]]:
    """The connection, bounded, once its schema was found to be tables."""
    try:
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            connection.execute(f"PRAGMA {pragma}")
        _limit_length(connection, LONGEST_SAID_BYTES)  # the words of a schema are few
        _limit_time(connection, deadline)
        connection.execute("BEGIN")  # the file is locked once for the three: a quarter of what opening it costs
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        entries = tuple(connection.execute(said_schema.QUESTION).fetchall())
        connection.execute("COMMIT")
        if application == columns.APPLICATION_ID:  # others are told what they are
            said = said_schema.said(entries)
            if said.wrong is not None:
                raise DamagedStoreError(path, said.wrong)
            connection.has_checksums, connection.is_replica = said.has_checksums, said.is_replica
            connection.has_chunks = said.has_chunks
        return connection, (application, version)
    except BaseException:
        connection.close()
        raise


def _no_segment(path: Path, error: Exception) -> StoreError:
    if path.stat().st_size == 0:
        return unbegun(path)
    return NotAStoreError(path, f"this is not an everystep run ({error})")


def _read_only(path: Path, options: str) -> Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{options}",
        uri=True,
        timeout=2.0,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )


def unbegun(path: Path) -> StoreError:
    """The store's own error for a file that holds no segment yet."""
    return NotAStoreError(path, "the file is empty; its writer has not begun, or was stopped before it could")


def explain(error: BaseException, path: Path) -> StoreError:
    """The store's own error for what was met while a segment was read."""
    if databases.of(path) is None and not os.access(path, os.R_OK):
        return DamagedStoreError(path, "no permission to read this file")
    if "interrupted" in str(error):
        return DamagedStoreError(path, "reading this file takes longer than any run does; it is not read")
    return DamagedStoreError(
        path, f"part of this file cannot be read ({str(error)[:200] or type(error).__name__}); try: viz doctor"
    )
