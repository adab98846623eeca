"""What is said of runs on the page: the rows of their `page.sqlite`, in the tables `properties` and `commands`.

Each change has a number of its own in `pages`, by which who looks sees that there was one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from tracker.postgres.engine import hold_run
from tracker.postgres.rows import keepable
from tracker.store.run_page import PageRows

_PROPERTIES = 'SELECT key, value, wall_time FROM properties WHERE place = %s ORDER BY key COLLATE "C"'
_COMMANDS = "SELECT id, nonce, wall_time, name, value, expected, author FROM commands WHERE place = %s ORDER BY id"
_FORGET = (
    "DELETE FROM properties WHERE place = %s AND key = ANY (%s)",
    "DELETE FROM commands WHERE place = %s AND id = ANY (%s)",
)
_ADD = (
    "INSERT INTO properties (place, key, value, wall_time) VALUES (%s, %s, %s, %s)",
    "INSERT INTO commands (place, id, nonce, wall_time, name, value, expected, author) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
)
_VERSIONS = "SELECT place, version FROM pages WHERE place = ANY (%s)"
_CHANGED = (
    "INSERT INTO pages (place, version) VALUES (%s, nextval('page_versions')) "
    "ON CONFLICT (place) DO UPDATE SET version = excluded.version"
)


def read(driver: psycopg.Connection[Any], run: str) -> PageRows:
    """What is said of a run."""
    return PageRows(*(driver.execute(statement, (run,)).fetchall() for statement in (_PROPERTIES, _COMMANDS)))


def versions(driver: psycopg.Connection[Any], runs: Collection[str]) -> dict[str, int]:
    """The number of the last change of what is said of each of some runs, where something ever was."""
    return dict(driver.execute(_VERSIONS, ([*runs],)).fetchall())


class Change:
    """What is said of a run, while one changes it: nobody else does until the transaction ends.

    Args:
        driver: A connection, in a transaction.
        run: The run.

    Attributes:
        rows: As they stand; what is put in their place is what `keep` keeps.
    """

    def __init__(self, driver: psycopg.Connection[Any], run: str) -> None:
        hold_run(driver, run)
        self._driver = driver
        self._run = run
        self._before = read(driver, run)
        self.rows: tuple[list[Any], list[Any]] = self._before

    def keep(self) -> bool:
        """Keeps them; whether they are others than before."""
        is_news = False
        for forget, add, before, after in zip(_FORGET, _ADD, self._before, self.rows, strict=True):
            old, new = ({row[0]: tuple(row) for row in rows} for rows in (before, after))
            gone = [_kept(key) for key, row in old.items() if new.get(key) != row]
            come = [(self._run, *map(_kept, row)) for key, row in new.items() if old.get(key) != row]
            if gone:
                self._driver.execute(forget, (self._run, gone))
            with self._driver.cursor() as cursor:
                cursor.executemany(add, come)
            is_news |= bool(gone or come)
        if is_news:
            self._driver.execute(_CHANGED, (self._run,))
        return is_news


def _kept(value: Any) -> Any:
    return keepable(value) if isinstance(value, str) else value
