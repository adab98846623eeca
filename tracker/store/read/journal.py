"""What lies beside a database, looked at before SQLite is: whether it may be let near, and a copy where it may not.

SQLite trusts the files beside a database. A rollback journal whose last record names a *super-journal* has it unlink
whatever file that name is of; one that is a FIFO holds it for ever. Ours are plain files, and no journal of ours names
another (nothing here is ever attached), so that all else is refused by name.

Between the look and SQLite's own opening the files can be exchanged by whoever may write to the folder meanwhile; a
database that is rolled back, and one that is changed (`rewritten`), is therefore a private copy, looked at once more
where nobody else can reach it.

Source: https://www.sqlite.org/fileformat2.html#the_rollback_journal, https://www.sqlite.org/atomiccommit.html
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tracker import logdir
from tracker.errors import DamagedStoreError, NotAStoreError
from tracker.store.read import wal

BESIDE = ("-wal", "-journal", "-shm")
_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""At the beginning of a rollback journal; and at its very end where it names a super-journal."""

SLACK_BYTES = 1 << 20
"""Of a journal beyond the pages of its database: headers, and each record's own few bytes."""

_CAREFULLY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened that may be a link or a FIFO by now."""

LARGEST_COPY_BYTES = 1 << 30
"""Of a file that can be read only as a copy. What is larger is left to `viz doctor --repair`."""


def check(path: Path) -> None:
    """That SQLite may open a database, as far as it is told by what lies there.

    Raises:
        FileNotFoundError: it is not there.
        NotAStoreError: it is no plain file.
        DamagedStoreError: something beside it is no plain file, or is a journal that is none of ours.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        # A link too: reading what it leads to makes files beside that, wherever it is.
        raise NotAStoreError(path, "this is no plain file")
    for ending in BESIDE:
        beside = f"{path}{ending}"
        try:
            found = os.lstat(beside)
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(found.st_mode):
            raise DamagedStoreError(path, f"what lies beside it as {os.path.basename(beside)} is no plain file")
        if ending != "-journal" or not found.st_size:
            continue
        if found.st_size > 2 * os.stat(path).st_size + SLACK_BYTES:
            raise DamagedStoreError(path, "its journal is larger than all that it could restore; it is not used")
        if _names_another(beside):
            raise DamagedStoreError(
                path, "its journal names a file of its own to be deleted, which none of everystep does; it is not used"
            )


def _names_another(journal: str) -> bool:
    """Whether a rollback journal ends in the name of a super-journal."""
    try:
        with open(os.open(journal, _CAREFULLY), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size < len(_MAGIC):
                return False
            file.seek(size - len(_MAGIC))
            # A journal shorter than its own header too: SQLite has nothing to play back then, and unlinks all the same.
            # One that is the magic and nothing else names nothing.
            return file.read(len(_MAGIC)) == _MAGIC and size > len(_MAGIC)
    except OSError as error:
        # Its writer has committed meanwhile. On a network file system that is met after opening, too.
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return False
        raise


@contextmanager
def recovered_copy(path: Path) -> Iterator[Path]:
    """A private copy of a database whose journal has been played back, or whose WAL file will be; gone afterwards.

    What was opened meanwhile stays readable.

    Raises:
        DamagedStoreError: as `check`, or it is too large to be copied.
        OSError, sqlite3.Error: it cannot be copied, or not be recovered.
    """
    # Here and below: a database is copied once in a blue moon, and who only reads need not wait for these.
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="everystep-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / path.name
        if path.stat().st_size > LARGEST_COPY_BYTES:
            raise DamagedStoreError(path, "its writer was killed in an odd moment; mend it with: viz doctor --repair")
        _copy_all(path, made)
        connection = sqlite3.connect(made, timeout=2.0, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
        yield made


UNFINISHED = ".unborn"
"""In the names of the folders in which a database is rewritten, and of files that are half made."""


@contextmanager
def rewritten(path: Path) -> Iterator[Path]:
    """A private copy of a database to be changed, its journal or WAL file played back; it takes the place of the
    original when the block ends well, whole and at once, and nothing of the original is ever opened for writing.

    Of a database that is not there yet, or is empty, the copy is not there yet. The caller sees to it that nobody else
    writes the original meanwhile.

    Raises:
        NotAStoreError, DamagedStoreError: as `check`.
        OSError, sqlite3.Error: it cannot be copied, not be recovered, or the folder not be written.
    """
    import shutil
    from tempfile import TemporaryDirectory

    # In the same folder, for the renaming; `mkdtemp` makes it so that nobody else can put anything into it.
    with TemporaryDirectory(prefix=f".{path.name}{UNFINISHED}-", dir=path.parent) as folder:
        made = Path(folder) / "copy"
        is_there = os.path.lexists(path) and os.lstat(path).st_size > 0
        if is_there:
            check(path)
            _copy_all(path, made)
            connection = sqlite3.connect(made, timeout=2.0, isolation_level=None)
            try:
                connection.execute("PRAGMA trusted_schema=OFF")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()
            if any(os.path.lexists(f"{path}{ending}") for ending in BESIDE):
                # First as it is: to play what lies beside it back once more changes nothing in it, should we be killed
                # between the two; over what is changed it must not be played back.
                recovered = Path(folder) / "recovered"
                shutil.copyfile(made, recovered)
                _put(recovered, path)
                for ending in BESIDE:
                    with suppress(FileNotFoundError):
                        os.unlink(f"{path}{ending}")
        yield made
        _put(made, path)


def forget_unfinished(path: Path) -> None:
    """Removes what `rewritten` left of this file where its process was killed: folders untouched for long."""
    import shutil

    with suppress(OSError):
        for left in path.parent.glob(f".{path.name}{UNFINISHED}-*"):
            about = os.lstat(left)
            if stat.S_ISDIR(about.st_mode) and time.time() - about.st_mtime > logdir.STALE_CLAIM_S:
                shutil.rmtree(left, ignore_errors=True)


def _put(ready: Path, path: Path) -> None:
    """Puts a copy in the place of a file, with that one's owner and permissions, when it is whole on the disk."""
    with suppress(FileNotFoundError):
        about = os.lstat(path)
        os.chmod(ready, stat.S_IMODE(about.st_mode))
        if hasattr(os, "chown"):
            with suppress(PermissionError):  # not root, and the file is another's
                os.chown(ready, about.st_uid, about.st_gid)
    with ready.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(ready, path)


def _copy_all(path: Path, made: Path) -> None:
    """Copies a database and what lies beside it to where nobody else can reach it, and looks at that.

    Raises:
        NotAStoreError, DamagedStoreError: as `check`.
        OSError: it cannot be copied.
    """
    _copy_beginning(path, made, os.lstat(path).st_size)
    for ending, most in (("-journal", LARGEST_COPY_BYTES), ("-wal", wal.length(path))):
        with suppress(FileNotFoundError):
            _copy_beginning(Path(f"{path}{ending}"), Path(f"{made}{ending}"), most)
    check(made)  # what was copied is what counts, not what was looked at before


def _copy_beginning(source: Path, target: Path, most: int) -> None:
    """Copies a file as far as it counts: a sparse one of 20 GB must not fill a disk. What is no plain file is not."""
    with open_plain(source) as read, target.open("wb") as written:
        left = most
        while left > 0:
            piece = read.read(min(left, 1 << 20))
            if not piece:
                break
            written.write(piece)
            left -= len(piece)


def open_plain(path: Path) -> BinaryIO:
    """A file opened for reading, without waiting for a FIFO's writer and without following a link.

    Raises:
        NotAStoreError: it is no plain file.
        OSError: it cannot be opened, or is a link.
    """
    file = os.fdopen(os.open(path, _CAREFULLY), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise NotAStoreError(path, "this is no plain file")
