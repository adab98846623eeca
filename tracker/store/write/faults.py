"""Faults: whose an error is that came from storing: the disk's, the file's, or that of what was to be stored."""

from __future__ import annotations

import sqlite3

STORE_ERRORS = (sqlite3.Error, OSError)


def is_disk(error: BaseException) -> bool:
    """Whether the same batch may be stored later, when the disk is well again."""
    return isinstance(error, (OSError, sqlite3.OperationalError))


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is malformed or no database: no later attempt on it will succeed."""
    return type(error) is sqlite3.DatabaseError


def is_an_items(error: BaseException) -> bool:
    """Whether it is the fault of what was to be stored, and not of where."""
    return not (is_disk(error) or is_damage(error))
