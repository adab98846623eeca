"""The file of a segment that was written elsewhere: rows arrive in shipments, each of which is taken whole or not."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.series import checksums
from tracker.series.chunk import CHUNK_POINTS
from tracker.series.stretch import STRETCH_POINTS
from tracker.store import columns
from tracker.store.read import journal, read_only, shipping
from tracker.store.shipment import NUMBERED, Arrived, CursorError, Row, Shipment
from tracker.store.write import arriving_order, at_rest, packing, schema
from tracker.store.write.arriving_rows import check
from tracker.store.write.connection import create, reopen, transaction

_INSERTS = {table.name: schema.insert(table) for table in schema.segment_tables.sorted_tables}
_SERIES = schema.insert(schema.series, columns.SERIES[:-1])
_LATE = schema.insert(schema.scalars, instead="OR IGNORE")
_CAME_LATE = f"UPDATE {columns.ARRIVALS} SET late=late+?"
_RECEIPT = schema.insert(schema.receipts, instead="OR REPLACE")
_BLOB = "INSERT INTO blobs (rowid, hash, data) VALUES (?, ?, ?)"
_COVERED = "DELETE FROM scalars WHERE series=? AND level=0 AND n>=? AND n<?"
_LAST_STEP = columns.SCALARS.index("last_step")
_LOGGED = "UPDATE series SET logged=? WHERE id=?"
_WRITTEN = "SELECT written FROM state"
_SEGMENT = f"SELECT {', '.join(columns.SEGMENT)} FROM segment"
_REWRITE_SEGMENT = f"UPDATE segment SET {'=?, '.join(columns.SEGMENT)}=?"
_REWRITE_STATE = f"UPDATE state SET {'=?, '.join(columns.STATE)}=?"


class Replica:
    """The only writer of a segment file whose rows come from elsewhere. Not for two threads at a time.

    Args:
        path: Its file; made with the first shipment.

    Raises:
        DamagedBytesError: the file is there and was written by a run on this machine.
        NotAStoreError, DamagedStoreError: what is there is no plain file, or what lies beside it is none of ours.
        OSError, sqlite3.Error: what the disk says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._driver: sqlite3.Connection | None = None
        self.arrived = Arrived()
        self._is_saved = False
        """Whether the file is what was saved of a damaged one, and gives way to what arrives."""
        self._inode: int | None = None
        if os.path.lexists(path):
            journal.check(path)
            self._driver = reopen(path)
            self._is_saved = self._is_of_damaged()
            if self._is_saved:
                self.close()
            else:
                self.arrived = self._look()
                self._inode = os.stat(path).st_ino

    def is_in_place(self) -> bool:
        """Whether the file that is held is the one that lies there: none is held, or it was not moved or replaced."""
        try:
            return self._driver is None or os.stat(self.path).st_ino == self._inode
        except FileNotFoundError:
            return False

    def _is_of_damaged(self) -> bool:
        assert self._driver is not None
        if not self._driver.execute(f"SELECT 1 FROM sqlite_master WHERE name='{columns.ARRIVALS}'").fetchone():
            raise DamagedBytesError("this segment was written here, by a run on this machine")
        return bool(self._driver.execute(f"SELECT late FROM {columns.ARRIVALS}").fetchone() == (columns.SAVED,))

    def _look(self) -> Arrived:
        assert self._driver is not None
        (segment,) = self._driver.execute("SELECT checksum FROM segment").fetchone()
        written, status = self._driver.execute("SELECT written, status FROM state").fetchone()
        (series,) = self._driver.execute("SELECT coalesce(max(id), 0) FROM series").fetchone()
        (contents,) = self._driver.execute("SELECT coalesce(max(rowid), 0) FROM blobs").fetchone()
        return Arrived(written, segment, series, contents, is_whole=status != "running")

    def take(self, shipment: Shipment, *, is_followed: bool = False) -> Arrived:
        """Takes what arrived, all of it or nothing; where the store is then.

        Args:
            shipment: The rows.
            is_followed: Whether who sends has more to send at once. It becomes durable with that, which saves a third
                of the time; should the machine lose its power before, the cursor is where it was, too.

        Raises:
            CursorError: it goes on from somewhere else.
            DamagedBytesError: it is not what a writer writes.
            OSError, sqlite3.Error: what the disk says; nothing was taken.
        """
        if shipment.after != self.arrived.cursor:
            raise CursorError(self.arrived)
        check(shipment, self.arrived)
        try:
            if self._driver is None:
                self._begin(shipment)
            else:
                with _transaction(self._driver, is_durable=not is_followed):
                    self._add(self._driver, shipment)
        except sqlite3.IntegrityError as error:
            raise DamagedBytesError(f"its rows contradict those that are here ({error})") from error
        self.arrived = self._look()
        return self.arrived

    def _begin(self, shipment: Shipment) -> None:
        """Makes the file with what arrived first in it: until that is found in order, none is to be seen."""
        if shipment.segment is None:
            raise CursorError(self.arrived)
        first, state = shipment.segment, (0, *shipment.state[1:-1])

        def fill(driver: sqlite3.Connection) -> None:
            driver.execute(_INSERTS["segment"], first)
            driver.execute(_INSERTS["state"], checksums.with_checksum(_running(state)))
            driver.execute(f"CREATE TABLE {columns.ARRIVALS} (late INTEGER NOT NULL)")
            driver.execute(f"INSERT INTO {columns.ARRIVALS} VALUES (0)")
            self._add(driver, shipment)

        made = [*takewhile(lambda folder: not folder.exists(), self.path.parents)]
        _make_folder(self.path.parent)
        try:
            self._driver = create(self.path, fill, replaces=self._is_saved)
        except BaseException:
            with contextlib.suppress(OSError):  # others lie there meanwhile
                for folder in made:
                    folder.rmdir()
            raise
        self._is_saved = False
        self._inode = os.stat(self.path).st_ino

    def _add(self, driver: sqlite3.Connection, shipment: Shipment) -> None:
        if driver.execute(_WRITTEN).fetchone() != (shipment.after,):
            raise CursorError(self._look())
        if shipment.segment is not None:
            if unchanging(driver.execute(_SEGMENT).fetchone()) != unchanging(shipment.segment):
                raise DamagedBytesError("what it says of itself is not what it said")
            driver.execute(_REWRITE_SEGMENT, shipment.segment)
        driver.executemany(_SERIES, shipment.series)
        # A stretch stands for points that lay there before it, alone or in one that was shorter.
        driver.executemany(_COVERED, ((row[1], row[3], row[3] + row[4]) for row in shipment.scalars if covers(row)))
        if shipment.late:
            driver.executemany(_LATE, shipment.late)
            driver.execute(_CAME_LATE, (len(shipment.late),))
        driver.executemany(_BLOB, shipment.blobs)
        for table in NUMBERED:
            driver.executemany(_RECEIPT if table == "receipts" else _INSERTS[table], shipment.rows(table))
        if shipment.logged is not None:
            driver.executemany(_LOGGED, ((logged, series) for series, logged in shipment.logged))
        driver.execute(_REWRITE_STATE, shipment.state)
        arriving_order.check(driver, shipment)
        for _, series, level, n, count, *_ in shipment.scalars:
            if level == 0 and count == STRETCH_POINTS and (n + count) % CHUNK_POINTS == 0:
                packing.pack(driver, series, n + count - CHUNK_POINTS, n + count)

    def close(self) -> None:
        """Lets go of the file, folded into one where all of it is here. Can be called twice."""
        if self._driver is None:
            return
        if self.arrived.is_whole:
            with contextlib.suppress(sqlite3.Error):
                at_rest.settle(self._driver)
            with contextlib.suppress(sqlite3.Error):
                self._driver.execute("PRAGMA busy_timeout=100")
                self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._driver.execute("PRAGMA journal_mode=DELETE")
        self._driver.close()
        self._driver = None


def written_out(source: Path, target: Path) -> None:
    """Writes a segment into a new file, row by row as it stands where it is, with all that is checked of what arrives.

    Args:
        source: The segment: a file, or what stands for one in a database.
        target: The file.

    Raises:
        StoreError: it is not what a writer writes, or cannot be read.
        OSError, sqlite3.Error: what the disk says.
    """
    taker = Replica(target)
    try:
        while not taker.arrived.is_whole:
            with read_only.snapshot(source) as connection:
                shipment = shipping.behind(connection, taker.arrived)
            if not says_more(shipment):
                break
            taker.take(shipment)
    finally:
        taker.close()


def says_more(shipment: Shipment) -> bool:
    """Whether a shipment says anything but that the writer lives."""
    return shipment.upto > shipment.after or bool(shipment.segment or shipment.series or shipment.logged is not None)


def covers(row: Row) -> bool:
    """Whether a row is a stretch, which may be of a single point."""
    return bool(row[2] == 0 and row[_LAST_STEP] is not None)


def unchanging(row: Row) -> Row:
    """What a row of `segment` says once and for all: all but `config`, and so the checksum."""
    return tuple(value for name, value in zip(columns.SEGMENT, row, strict=True) if name not in ("config", "checksum"))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DamagedBytesError(f"its run can have no folder here: {error.filename} is a file") from error


def _running(state: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row of `state`, without its checksum, of a segment of which nothing is here yet."""
    said = dict(zip(columns.STATE[:-1], state, strict=True))
    return tuple({**said, "status": "running", "ended": None, "ending": None}.values())


@contextlib.contextmanager
def _transaction(driver: sqlite3.Connection, *, is_durable: bool) -> Iterator[None]:
    driver.execute(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")  # it syncs the WAL of before, too
    with transaction(driver):
        yield
