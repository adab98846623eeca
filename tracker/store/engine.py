"""One way to open a segment for writing, one to open it for reading.

The rule that everything rests on: a file has one writing connection, in the process that made it, and that
connection alone checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a WAL file that two connections checkpoint
at the same moment, and most Pythons are linked to such a build.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from tracker.errors import DamagedBytesError, DamagedStoreError, NewerSchemaError, NotAStoreError, StoreError
from tracker.store import schema

# File systems on which several machines, or a machine and its guests, share a folder without sharing memory:
# WAL needs shared memory between its users, so that there the rollback journal is used.
NETWORK_FILE_SYSTEMS = frozenset(
    "9p afs beegfs ceph cifs fuse fuse.sshfs fuse.gcsfuse fuse.s3fs fuseblk glusterfs gpfs lustre ncpfs nfs nfs4 "
    "orangefs pvfs2 smb smb2 smb3 smbfs virtiofs".split()
)

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""To what a WAL file that has grown behind a slow reader is cut back once it has been folded in."""


def create(path: Path, fill: Callable[[sa.Connection], None]) -> sa.Engine:
    """Makes a segment's file and opens its only writing connection.

    The file is made under another name and renamed when it is whole, so that no reader, and no death of this process,
    ever sees one half made.

    Args:
        path: Its final name.
        fill: Puts in the first rows, in the transaction that makes the tables.

    Raises:
        FileExistsError: the file is there. A segment is written by the process that made it, never again.
        OSError, sqlite3.Error, sqlalchemy.exc.SQLAlchemyError: what the disk says.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    unborn = _unborn(path)
    try:
        engine = _writing_engine(unborn)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            _choose_journal(driver, path)
            connection.rollback()
        with engine.begin() as connection:
            schema.segment_tables.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={schema.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={schema.SCHEMA_VERSION}")
            fill(connection)
        engine.dispose()  # folds its WAL in: the name that is changed is that of one file
        unborn.rename(path)
    except BaseException:
        with contextlib.suppress(UnboundLocalError):
            engine.dispose()
        for ending in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                os.unlink(f"{unborn}{ending}")
        raise
    return _writing_engine(path)


def _unborn(path: Path) -> Path:
    return path.with_name(f".{path.name}.unborn")


def copy(path: Path, target: Path, ending: str) -> None:
    """Copies a segment, whole as of this moment, although its writer may go on; the copy says it was stopped.

    Raises:
        NotAStoreError, NewerSchemaError, DamagedStoreError: as `open_reader`.
        OSError: the copy cannot be made.
    """
    unborn = _unborn(target)
    source = open_reader(path)
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


def _writing_engine(path: Path) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level=None: the driver starts no transaction of its own; we begin each with IMMEDIATE.
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA mmap_size=0")  # a failing disk is then an error code, not a SIGBUS
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA synchronous=NORMAL")  # survives the death of the process; flush() syncs
        connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: sa.Connection) -> None:
    # A deferred transaction that reads first and then writes fails at once, whatever the busy timeout
    # (SQLITE_BUSY_SNAPSHOT); an immediate one waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _choose_journal(connection: sqlite3.Connection, path: Path) -> None:
    wanted = "TRUNCATE" if file_system(path) in NETWORK_FILE_SYSTEMS else "WAL"
    # Only the answer says what was granted: a file system without shared memory refuses WAL silently.
    granted = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
    if granted.upper() != "WAL":
        connection.execute("PRAGMA journal_mode=TRUNCATE")


def file_system(path: Path) -> str:
    """The kind of the file system that holds `path`, as the mount table names it; empty where unknown."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split(" ")[4].encode().decode("unicode_escape", "replace")
        inside = target == mount or target.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, right.split(" ")[0]
    return kind


def open_reader(path: Path) -> sqlite3.Connection:
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
    if application != schema.APPLICATION_ID:
        connection.close()
        if application == 0 and version == 0 and path.stat().st_size < 4096:
            raise unbegun(path)
        raise NotAStoreError(path, "this is another program's SQLite database, not an everystep run")
    if version > schema.SCHEMA_VERSION:
        connection.close()
        raise NewerSchemaError(
            path,
            f"written by a newer everystep (schema {version}, this one reads up to {schema.SCHEMA_VERSION}); "
            "update with: pip install -U everystep",
        )
    return connection


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A segment as it stands at this moment, for one question: the file is let go of after it.

    One snapshot serves all that is asked; a fold in between moves rows.

    Raises:
        StoreError: it is not ours, or some of it cannot be read, in whatever way that was met.
        FileNotFoundError: it is not there.
    """
    connection = open_reader(path)
    try:
        connection.execute("BEGIN")
        yield connection
    except (sqlite3.Error, DamagedBytesError) as error:
        raise explain(error, path) from error
    finally:
        connection.close()


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
        f"file:{quote(str(path))}?{options}", uri=True, timeout=2.0, isolation_level=None, check_same_thread=False
    )


def unbegun(path: Path) -> StoreError:
    """The store's own error for a file that holds no segment yet."""
    return NotAStoreError(path, "the file is empty; its writer has not begun, or was stopped before it could")


def explain(error: Exception, path: Path) -> StoreError:
    """The store's own error for what was met while a segment was read."""
    return DamagedStoreError(path, f"part of this file cannot be read ({error}); try: viz doctor")
