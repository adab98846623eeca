"""A damaged segment file: every row of it that can be read, past pages that cannot."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from tracker.errors import StoreError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import journal
from tracker.store.write import schema
from tracker.store.write.column_values import right

NEAR = 4096
"""Row numbers that are tried one by one behind a page that cannot be read, before steps grow."""

Row = dict[str, Any]


@contextlib.contextmanager
def source(path: Path) -> Iterator[sqlite3.Connection]:
    """The damaged file, only ever read: in a copy where a journal lies beside it, which SQLite would have to write for,
    or what is no plain file, for which SQLite would wait."""
    with contextlib.ExitStack() as stack:
        if Path(f"{path}-journal").exists() or not _is_sound(path):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="everystep-"))
            journal.main_copy(path, Path(folder) / path.name)
            path = Path(folder) / path.name
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=ro", uri=True, timeout=2.0, isolation_level=None
        )
        stack.callback(connection.close)
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection


def _is_sound(path: Path) -> bool:
    try:
        journal.check(path)
    except StoreError:
        return False
    return True


class DamagedRows:
    """The rows of a damaged file.

    Attributes:
        read: How many rows were given out, by table; who finds one to be no good takes it back with `refuse`.
        lost: How many were found and are no good.
    """

    def __init__(self, source: sqlite3.Connection) -> None:
        self._source = source
        self.read: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def refuse(self, table: str) -> None:
        """A row that was given out does not hold what it should."""
        self.lost[table] += 1
        self.read[table] -= 1

    def of(self, table: sa.Table) -> Iterator[Row]:
        """The rows of a table that can be read and are as they were written, with values of the right types."""
        known = self._source.execute(
            "SELECT 1 FROM sqlite_master WHERE type='table' AND name=? AND rootpage>0", (table.name,)
        )
        if known.fetchone() is None:  # a view may never end
            return
        for values in self._readable(table):
            if not _matches(table, values):
                self.lost[table.name] += 1
                if table is not schema.segment:  # of which a wrong letter is better than nothing
                    continue
            row: Row | None = {}
            for column, value in zip(table.columns, values, strict=True):
                mended = right(column, value)
                if mended is None and not column.nullable and column.name not in columns.LATER:
                    self.lost[table.name] += 1
                    row = None
                    break
                row[column.name] = mended  # type: ignore[index]
            if row is not None:
                self.read[table.name] += 1
                yield row

    def _readable(self, table: sa.Table) -> Iterable[tuple[Any, ...]]:
        """Rows by their numbers, stepping over pages that cannot be read; then what an index still names."""
        known = {row[1] for row in self._source.execute(f"PRAGMA table_info({table.name})")}
        names = ", ".join(columns.asked(column.name for column in table.columns))
        if known.isdisjoint(columns.CHECKSUMS):
            names = columns.unchecked(names)
        seen: set[int] = set()
        after, tried = -(1 << 62), 0
        while tried < NEAR + 40:
            try:
                for number, *row in self._source.execute(
                    f"SELECT rowid, {names} FROM {table.name} WHERE rowid>? ORDER BY rowid",
                    (after,),
                ):
                    yield tuple(row)
                    seen.add(number)
                    after, tried = number, 0
                break
            except sqlite3.OperationalError as error:
                if "no such" in str(error):
                    return
                after, tried = _further(after, tried), tried + 1
            except sqlite3.DatabaseError:
                after, tried = _further(after, tried), tried + 1
        for index in table.indexes:
            for number in self._named(table.name, str(index.name)) - seen:
                with contextlib.suppress(sqlite3.Error):
                    query = f"SELECT {names} FROM {table.name} WHERE rowid=?"
                    yield from self._source.execute(query, (number,)).fetchall()

    def _named(self, table: str, index: str) -> set[int]:
        """The numbers of all rows, by an index of a table."""
        found: set[int] = set()
        with contextlib.suppress(sqlite3.Error):
            for (number,) in self._source.execute(f"SELECT rowid FROM {table} INDEXED BY {index}"):
                found.add(number)
        return found


def _matches(table: sa.Table, values: Sequence[Any]) -> bool:
    """Whether a row is as it was written. Those of points are looked at when they are unpacked."""
    if table is schema.scalars or "checksum" not in table.columns:
        return True
    return checksums.matches(values[: table.columns.keys().index("checksum") + 1])


def _further(after: int, tried: int) -> int:
    """The next place to look at behind one that cannot be read."""
    return max(after, 0) + (1 if tried < NEAR else 1 << (tried - NEAR))
