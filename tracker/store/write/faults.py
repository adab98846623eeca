"""Faults: whose an error is that came from storing: the disk's, the file's, or that of what was to be stored."""

from __future__ import annotations

import sqlite3

_LACKS = ("no such table", "no such column", "has no column named")
"""What SQLite says, as it does of a disk that is full, of a file whose tables are not ours."""

STORE_ERRORS = (sqlite3.Error, OSError)


def is_disk(error: BaseException) -> bool:
    """Whether the same batch may be stored later, when the disk is well again."""
    return isinstance(error, (OSError, sqlite3.OperationalError)) and not is_damage(error)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is malformed, no database or lacks tables: no later attempt will succeed."""
    return type(error) is sqlite3.DatabaseError or (
        isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in _LACKS)
    )


def is_an_items(error: BaseException) -> bool:
    """Whether it is the fault of what was to be stored, and not of where."""
    return not (is_disk(error) or is_damage(error))
