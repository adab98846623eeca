"""The columns of the tables, with PostgreSQL's types; the migrations make them, and a test holds both together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from tracker.postgres.rows import keeper
from tracker.store import columns
from tracker.store.shipment import Row
from tracker.store.write import schema

NAMES: dict[str, tuple[str, ...]] = {
    "segment": columns.SEGMENT, "state": columns.STATE, "series": columns.SERIES, "scalars": columns.SCALARS,
    "sketches": columns.SKETCH, "media": columns.MEDIA, "marks": columns.MARK, "receipts": columns.RECEIPT,
}  # fmt: skip
"""The columns that a row of a segment file has, by table."""

_SMALL = ("series", "level")


def _kind(column: sa.Column[Any]) -> str:
    if isinstance(column.type, sa.LargeBinary):
        return "bytea"
    if isinstance(column.type, sa.Text):
        return "text"
    if isinstance(column.type, (sa.Double, schema.Exact)):
        return "float8"
    return "int4" if column.name in _SMALL else "int8"


KINDS: dict[str, tuple[str, ...]] = {
    table: tuple(_kind(schema.segment_tables.tables[table].columns[name]) for name in names)
    for table, names in NAMES.items()
}
"""Their types."""

KEEPERS: dict[str, Callable[[int, Row], tuple[Any, ...]]] = {table: keeper(kinds) for table, kinds in KINDS.items()}
"""What makes rows of a file rows of the database."""
