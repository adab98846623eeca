"""Runs in a PostgreSQL database: the rows of segment files, many segments in one place.

Needs `pip install 'everystep[postgres]'`; nothing of it is imported before a database is asked for.
"""

from __future__ import annotations

from pathlib import Path

from tracker.errors import MissingPackageError, message


def open_to_read(address: str) -> Path:
    """Opens a database that holds runs, and gives the path that stands for it; see `tracker.databases`.

    Raises:
        LogdirError: it is no address of one, it does not answer, or there are no tables.
        NewerSchemaError: a newer everystep made them.
        MissingPackageError: what speaks with it is not installed.
    """
    try:
        from tracker.postgres.opened import opened
    except ImportError as error:
        raise MissingPackageError(
            message(
                "Runs in a PostgreSQL database need packages that are not installed.",
                got=str(error),
                hint="pip install 'everystep[postgres]'",
            )
        ) from error
    return opened(address).root
