"""Values of columns as they should be: told from those that are damaged, and mended where there is one way only."""

from __future__ import annotations

import json
import struct
from typing import Any

import sqlalchemy as sa

from tracker.store.write import schema

JSON_COLUMNS = {
    "run_tags": list,
    "config": dict,
    "environment": dict,
    "lost": dict,
    "attributes": dict,
    "outcome": dict,
}
"""Columns that hold JSON, and of what kind."""


def type_of(column: sa.Column[Any]) -> str:
    """SQLite's name of the type that a column's values have."""
    if isinstance(column.type, sa.LargeBinary):
        return "blob"
    if isinstance(column.type, (schema.Exact, sa.Double)):
        return "real"
    return "text" if isinstance(column.type, sa.Text) else "integer"


def right(column: sa.Column[Any], value: Any) -> Any:
    """A value as its column should have it, JSON as what it says; None where it cannot be told.

    Integers of NumPy were stored as their bytes by older versions, as steps of all that is no scalar.
    """
    kind = type_of(column)
    if value is None:
        return None
    if kind == "integer":
        return _whole(value)
    if kind == "real":
        return _real(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else None
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    wanted = JSON_COLUMNS.get(column.name)
    if wanted is None:
        return text
    return json.loads(text) if is_json(column.name, text) else wanted()


def is_json(name: str, text: Any) -> bool:
    """Whether a text is the JSON that its column should hold."""
    try:
        return isinstance(json.loads(text), JSON_COLUMNS[name])
    except (ValueError, TypeError, RecursionError):
        return False


def _whole(value: Any) -> int | None:
    if isinstance(value, bytes) and len(value) in (1, 2, 4, 8):
        found = int.from_bytes(value, "little", signed=True)
        return found if found >= 0 or len(value) == 8 else int.from_bytes(value, "little")
    try:
        found = int(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if -(2**63) <= found < 2**63 else None


def _real(value: Any) -> float | None:
    if isinstance(value, bytes):
        sizes = {4: "<f", 8: "<d"}
        return float(struct.unpack(sizes[len(value)], value)[0]) if len(value) in sizes else None
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return None
