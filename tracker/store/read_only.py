"""One way to open a segment for reading. Without SQLAlchemy, which a reader need not wait for (0.1 s to import)."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tracker.errors import DamagedBytesError, DamagedStoreError, NewerSchemaError, NotAStoreError, StoreError
from tracker.store import columns


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection to a segment, checked to be ours.

    Readers are many and short-lived (a logdir has thousands of segments), so they are driver connections:
    measured, 80 µs against 470 µs with an engine of their own.

    Raises:
        NotAStoreError: the file is something else.
        NewerSchemaError: a newer everystep wrote it.
        DamagedStoreError: it is ours but cannot be read.
        FileNotFoundError: it is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no segment {path}")
    connection, (application, version) = _identified(path)
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


@contextlib.contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A segment as it stands at this moment, for one question: the file is let go of after it.

    One snapshot serves all that is asked; a fold in between moves rows.

    Raises:
        StoreError: it is not ours, or some of it cannot be read, in whatever way that was met.
        FileNotFoundError: it is not there.
    """
    connection = connect(path)
    try:
        connection.execute("BEGIN")
        yield connection
    except (sqlite3.Error, DamagedBytesError) as error:
        raise explain(error, path) from error
    finally:
        connection.close()


def copy(path: Path, target: Path, ending: str) -> None:
    """Copies a segment, whole as of this moment, although its writer may go on; the copy says it was stopped.

    Raises:
        NotAStoreError, NewerSchemaError, DamagedStoreError: as `connect`.
        OSError: the copy cannot be made.
    """
    unborn = target.with_name(f".{target.name}.unborn")
    source = connect(path)
    try:
        with contextlib.closing(sqlite3.connect(unborn, isolation_level=None)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            made.execute(
                "UPDATE state SET status='stopped', ended=heartbeat, ending=? WHERE status='running'", (ending,)
            )
        unborn.rename(target)
    except sqlite3.Error as error:
        unborn.unlink(missing_ok=True)
        raise OSError(f"{path} cannot be copied to {target}: {error}") from error
    finally:
        source.close()


def _identified(path: Path) -> tuple[sqlite3.Connection, tuple[int, int]]:
    """A connection of careful settings, with the file's application id and schema version."""
    for attempt in ("as it is", "recovered"):
        connection = _connect_read_only(path)
        try:
            for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")  # the file is locked once for the three: a quarter of what opening it costs
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("COMMIT")
            return connection, (application, version)
        except sqlite3.OperationalError as error:
            connection.close()
            if attempt == "recovered" or "readonly" not in str(error):
                raise explain(error, path) from error
            _roll_back(path)
        except sqlite3.Error as error:
            connection.close()
            if path.stat().st_size == 0:
                raise unbegun(path) from error
            raise NotAStoreError(path, f"this is not an everystep run ({error})") from error
    raise AssertionError("one of the two attempts returns or raises")


def _roll_back(path: Path) -> None:
    """Undoes what a writer had begun when it was killed in the one moment that a reader cannot see past.

    While a file changes its journal mode (at its birth, at `finish()`), what it was before stands in a journal that
    SQLite plays back only for a connection that may write. It does so if no living process holds the file.
    """
    # The folder cannot be written, and so the file not be mended: what follows says so.
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(path, timeout=2.0, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if os.access(path.parent, os.W_OK):
        return _read_only(path, "mode=ro")
    # WAL needs its shared-memory file, which cannot be made here. Nothing is in the WAL: the main file is all there
    # is, and nobody writes it. Something is, or a journal is left: a copy is read, with them.
    beside = [Path(f"{path}{ending}") for ending in ("-wal", "-journal")]
    if not any(file.exists() and file.stat().st_size for file in beside):
        return _read_only(path, "immutable=1")
    folder = Path(tempfile.mkdtemp(prefix="everystep-"))
    try:
        for file in [path, *beside]:
            if file.exists():
                shutil.copyfile(file, folder / file.name)
        _roll_back(folder / path.name)
        connection = _read_only(folder / path.name, "mode=ro")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what is open stays readable


def _read_only(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{options}",
        uri=True,
        timeout=2.0,
        isolation_level=None,
        check_same_thread=False,
    )


def unbegun(path: Path) -> StoreError:
    """The store's own error for a file that holds no segment yet."""
    return NotAStoreError(path, "the file is empty; its writer has not begun, or was stopped before it could")


def explain(error: Exception, path: Path) -> StoreError:
    """The store's own error for what was met while a segment was read."""
    return DamagedStoreError(path, f"part of this file cannot be read ({error}); try: viz doctor")
