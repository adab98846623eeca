"""A damaged segment file: every row of it that stands on sound pages, told by its form and its checksum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from tracker.repair.raw_pages import MAGIC, RawPages
from tracker.series import checksums
from tracker.store import columns
from tracker.store.write import schema
from tracker.store.write.column_values import right, type_of

Row = dict[str, Any]

_TABLES = (*schema.segment_tables.sorted_tables, schema.chunks)
_WITNESSES = (schema.segment, schema.scalars, schema.sketches, schema.media)
"""Tables of which no other has as many columns, with checksums or without."""

_TYPES = {int: "integer", float: "real", str: "text", bytes: "blob"}


class DamagedRows:
    """The rows of a damaged file. Its schema is not asked: where it is broken too, ours is known.

    A record belongs to the table that has as many columns, whose types it has (of two as wide), and is taken where its
    checksum is right. In a file of before there were checksums the number of columns decides, with whether the first
    stands for the row's number: no two tables have both in common. As there is nothing else to hold such a row against,
    none is taken of a file whose head does not say that it is ours.

    Attributes:
        read: How many rows were given out, by table; who finds one to be no good takes it back with `refuse`.
        lost: How many were found and are no good.
    """

    def __init__(self, pages: RawPages) -> None:
        self._pages = pages
        self.read: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        before = sum(pages.leaves(_width(table, has_checksums=False)) for table in _WITNESSES)
        now = sum(pages.leaves(_width(table, has_checksums=True)) for table in _WITNESSES)
        is_marked = pages.head.startswith(MAGIC) and pages.head[68:72] == columns.APPLICATION_ID.to_bytes(4, "big")
        self._has_checksums = now >= before or not is_marked

    @property
    def is_replica(self) -> bool:
        """Whether the rows come from another machine: such a file has a table of one column more than ours, which only
        its own row tells where the schema is broken."""
        said = [row.values for row in self._pages.records(5)]
        return any(values[:2] == ("table", columns.ARRIVALS) for values in said) if said else self._pages.leaves(1) > 0

    def refuse(self, table: str) -> None:
        """A row that was given out does not hold what it should."""
        self.lost[table] += 1
        self.read[table] -= 1

    def of(self, table: sa.Table) -> Iterator[Row]:
        """The rows of a table that can be read and are as they were written, with values of the right types."""
        names = [column.name for column in table.columns if self._has_checksums or column.name not in columns.LATER]
        is_keyed = _is_keyed(table)
        alike = [each for each in _TABLES if self._width(each) == len(names) and _is_keyed(each) == is_keyed]
        seen: set[int] = set()
        for number, values in self._pages.records(len(names), is_keyed=is_keyed):
            if number in seen and table is not schema.scalars:  # it stands on two pages, as when a disk lost a write
                continue  # of points both are taken: which has more is seen when they are put together
            if len(alike) > 1 and table is not max(alike, key=lambda each: _likeness(each, values)):
                continue  # the checksum does not say of which table it is
            said: Row = dict.fromkeys(table.columns.keys()) | dict(zip(names, values, strict=True))
            if is_keyed:
                said[names[0]] = number
            if not self._matches(table, said):
                self.lost[table.name] += 1
                if table is not schema.segment:  # of which a wrong letter is better than nothing
                    continue
            row: Row = {column.name: right(column, said[column.name]) for column in table.columns}
            wanted = (column.name for column in table.columns if not column.nullable)
            if any(row[name] is None for name in wanted if name not in columns.LATER):
                self.lost[table.name] += 1
                continue
            seen.add(number)
            self.read[table.name] += 1
            yield row

    def names(self) -> dict[int, tuple[str, str]]:
        """Kinds and tags of series, by their numbers, as the index of them has it: also of rows that are gone. Nothing
        says whether they are as they were written; a wrong letter is better than nothing."""
        found = (values for values in self._pages.entries() if tuple(map(type, values)) == (str, str, int))
        return {number: (kind, tag) for kind, tag, number in found if kind and tag}

    def _matches(self, table: sa.Table, said: Row) -> bool:
        """Whether a row is as it was written. Those of points are looked at when they are unpacked."""
        if table is schema.blobs:
            return isinstance(said["data"], bytes) and checksums.hash_of(said["data"]) == said["hash"]
        if not self._has_checksums:
            return True
        if said["checksum"] is None:
            return False
        place = table.columns.keys().index("checksum")
        return table is schema.scalars or checksums.matches([*said.values()][: place + 1])

    def _width(self, table: sa.Table) -> int:
        return _width(table, has_checksums=self._has_checksums)


def _width(table: sa.Table, *, has_checksums: bool) -> int:
    return sum(has_checksums or column.name not in columns.LATER for column in table.columns)


def _is_keyed(table: sa.Table) -> bool:
    """Whether the first column of a table is SQLite's own number of the row."""
    first, *_ = table.columns
    return [*table.primary_key] == [first] and type_of(first) == "integer"


def _likeness(table: sa.Table, values: Sequence[Any]) -> int:
    """How many values of a record are of the type that a table has there."""
    return sum(type_of(column) == _TYPES.get(type(value)) for column, value in zip(table.columns, values, strict=False))
