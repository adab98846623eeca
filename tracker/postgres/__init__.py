"""Runs in a PostgreSQL database: the rows of segment files, many segments in one place.

Needs `pip install 'everystep[postgres]'`; nothing of it is imported before a database is asked for.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tracker.errors import MissingPackageError, message

_NEEDED = ("psycopg", "alembic")


def open_to_read(address: str) -> Path:
    """Opens a database that holds runs, and gives the path that stands for it; see `tracker.databases`.

    Raises:
        LogdirError: it is no address of one, it does not answer, or there are no tables.
        NewerSchemaError: a newer everystep made them.
        MissingPackageError: what speaks with it is not installed.
    """
    return _opened(address, for_writing=False)


def open_to_write(address: str) -> Path:
    """The same, of one that rows are to be added to: its tables are made where there are none.

    Raises:
        LogdirError: it is no address of one, or it does not answer.
        NewerSchemaError: a newer everystep made its tables.
        MissingPackageError: what speaks with it is not installed.
    """
    return _opened(address, for_writing=True)


def shown(address: str) -> str:
    """An address as it may be shown, of a database that could be spoken with here; the network is not asked.

    Raises:
        LogdirError: it is no address of one.
        MissingPackageError: what speaks with it is not installed.
    """
    for name in _NEEDED:
        if find_spec(name) is None:
            raise _missing(name)
    from tracker.postgres import address as addresses

    return addresses.shown(addresses.parsed(address))


def _opened(address: str, *, for_writing: bool) -> Path:
    try:
        from tracker.postgres.opened import opened
    except ImportError as error:
        raise _missing(str(error)) from error
    return opened(address, for_writing=for_writing).root


def _missing(what: str) -> MissingPackageError:
    return MissingPackageError(
        message(
            "Runs in a PostgreSQL database need packages that are not installed.",
            got=what,
            hint="pip install 'everystep[postgres]'",
        )
    )
