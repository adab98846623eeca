"""What is said of runs on the page: the rows of their `page.sqlite`, in the tables `properties` and `commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from tracker.errors import DamagedBytesError
from tracker.postgres.engine import hold_run
from tracker.postgres.rows import keepable
from tracker.store.run_page import RunPage
from tracker.store.write import page_merge

_PROPERTIES = 'SELECT key, value, wall_time FROM properties WHERE place = %s ORDER BY key COLLATE "C"'
_COMMANDS = "SELECT nonce, wall_time, name, value, expected, author FROM commands WHERE place = %s ORDER BY id"
_NEWEST = "SELECT coalesce(max(id), 0) FROM commands WHERE place = %s"
_COMMAND = (
    "INSERT INTO commands (place, id, nonce, wall_time, name, value, expected, author) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_FORGET = "DELETE FROM properties WHERE place = %s AND key = %s"
_PROPERTY = "INSERT INTO properties (place, key, value, wall_time) VALUES (%s, %s, %s, %s)"


def read(driver: psycopg.Connection[Any], run: str) -> RunPage:
    """What is said of a run."""
    return RunPage(driver.execute(_PROPERTIES, (run,)).fetchall(), driver.execute(_COMMANDS, (run,)).fetchall())


def merge(driver: psycopg.Connection[Any], run: str, folder: Path, page: RunPage) -> bool:
    """Takes over what is new of what is said elsewhere, within a transaction; whether anything was.

    Args:
        driver: A connection, in a transaction.
        run: The run.
        folder: The path that stands for it.
        page: What is said elsewhere.

    Raises:
        DamagedBytesError: no database keeps such a text.
    """
    hold_run(driver, run)
    words, orders = page_merge.news(folder, read(driver, run), page)
    try:
        newest = driver.execute(_NEWEST, (run,)).fetchone()
        assert newest is not None
        for number, row in enumerate(orders, newest[0] + 1):
            driver.execute(_COMMAND, (run, number, *map(_kept, row)))
        for key, (when, value) in words.items():
            driver.execute(_FORGET, (run, _kept(key)))
            if value is not None:
                driver.execute(_PROPERTY, (run, _kept(key), _kept(value), when))
    except UnicodeEncodeError as error:
        raise DamagedBytesError("what it says of the run holds half a character") from error
    return bool(words or orders)


def _kept(value: Any) -> Any:
    return keepable(value) if isinstance(value, str) else value
