"""What lies beside a database, looked at before SQLite is: whether it may be let near, and a copy where it may not.

SQLite trusts the files beside a database. A rollback journal whose last record names a *super-journal* has it unlink
whatever file that name is of; one that is a FIFO holds it for ever. Ours are plain files, and no journal of ours names
another (nothing here is ever attached), so that all else is refused by name.

Between the look and SQLite's own opening the files can be exchanged by whoever may write to the folder while we read;
what is rolled back is therefore a private copy, looked at once more where nobody else can reach it.

Source: https://www.sqlite.org/fileformat2.html#the_rollback_journal, https://www.sqlite.org/atomiccommit.html
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tracker.errors import DamagedStoreError, NotAStoreError
from tracker.store import wal

BESIDE = ("-wal", "-journal", "-shm")
_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""At the beginning of a rollback journal; and at its very end where it names a super-journal."""

SLACK_BYTES = 1 << 20
"""Of a journal beyond the pages of its database: headers, and each record's own few bytes."""

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
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(journal, flags)
    try:
        size = os.fstat(file).st_size
        if size < len(_MAGIC):
            return False
        os.lseek(file, size - len(_MAGIC), os.SEEK_SET)
        # A journal shorter than its own header too: SQLite has nothing to play back then, and unlinks all the same. One
        # that is the magic and nothing else names nothing.
        return os.read(file, len(_MAGIC)) == _MAGIC and size > len(_MAGIC)
    finally:
        os.close(file)


@contextmanager
def recovered_copy(path: Path) -> Iterator[Path]:
    """A private copy of a database whose journal has been played back, or whose WAL file will be; gone afterwards.

    What was opened meanwhile stays readable.

    Raises:
        DamagedStoreError: as `check`, or it is too large to be copied.
        OSError, sqlite3.Error: it cannot be copied, or not be recovered.
    """
    with TemporaryDirectory(prefix="everystep-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / path.name
        if path.stat().st_size > LARGEST_COPY_BYTES:
            raise DamagedStoreError(path, "its writer was killed in an odd moment; mend it with: viz doctor --repair")
        shutil.copyfile(path, made)
        for ending, most in (("-journal", LARGEST_COPY_BYTES), ("-wal", wal.length(path))):
            source = Path(f"{path}{ending}")
            if source.exists():
                _copy_beginning(source, Path(f"{made}{ending}"), most)
        check(made)  # what was copied is what counts, not what was looked at before
        connection = sqlite3.connect(made, timeout=2.0, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
        yield made


def _copy_beginning(source: Path, target: Path, most: int) -> None:
    """Copies a file as far as it counts: a sparse one of 20 GB must not fill a disk."""
    with source.open("rb") as read, target.open("wb") as written:
        left = most
        while left > 0:
            piece = read.read(min(left, 1 << 20))
            if not piece:
                break
            written.write(piece)
            left -= len(piece)
