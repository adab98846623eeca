"""One connection for all segments that a thread has open: a run of a thousand ranks is a thousand of them.

They are asked within one transaction, which begins with the first question and ends with the last segment that is let
go of, so that all of them stand as they stood at one moment.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy as sa

from tracker.postgres.engine import answering, driver_of, let_go

ROWS_AT_ONCE = 100
"""Of an answer that is taken row by row: about a megabyte of the largest rows of curves."""


class Session:
    """A connection of the pool, until nobody asks any more.

    Args:
        engine: Of the database.
        shown: Its address without a password.
    """

    def __init__(self, engine: sa.Engine, shown: str) -> None:
        self.shown = shown
        self._engine = engine
        self._lock = threading.RLock()
        self._pooled: Any = None
        self._driver: psycopg.Connection[Any] | None = None
        self._askers: set[object] = set()
        self._open: list[psycopg.ServerCursor[Any]] = []

    def begin(self, asker: object) -> None:
        """Somebody asks from now on."""
        with self._lock:
            self._askers.add(asker)

    def end(self, asker: object) -> None:
        """Somebody asks no more; the last one ends the transaction."""
        with self._lock:
            self._askers.discard(asker)
            if not self._askers:
                self._let_go()

    def rows(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._lock, self._asking() as driver, driver.cursor(binary=True) as cursor:
            cursor.execute(filled(driver, statement, parameters), prepare=False)
            return cursor.fetchall()

    def names(self, statement: str, parameters: list[Any]) -> list[str]:
        """The names of an answer's columns."""
        with self._lock, self._asking() as driver, driver.cursor() as cursor:
            cursor.execute(filled(driver, f"{statement} LIMIT 0", parameters), prepare=False)
            return [column.name for column in cursor.description or ()]

    def portal(self, statement: str, parameters: list[Any]) -> psycopg.ServerCursor[Any]:
        """An answer that is taken bit by bit."""
        with self._lock, self._asking() as driver:
            found = driver.cursor(name=f"answer {len(self._open)}", binary=True)
            self._open.append(found)
            found.execute(filled(driver, statement, parameters))
            return found

    def more(self, portal: psycopg.ServerCursor[Any], count: int) -> list[tuple[Any, ...]]:
        """The next rows of such an answer."""
        with self._lock, self._asking():
            return portal.fetchmany(count)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with answering(self.shown):
                if self._driver is None:
                    self._pooled, self._driver = driver_of(self._engine)
                    self._driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield self._driver
        except BaseException:
            self._let_go()  # what is asked next begins anew
            raise

    def _let_go(self) -> None:
        pooled, self._pooled = self._pooled, None
        driver, self._driver = self._driver, None
        open_ones, self._open = self._open, []
        for cursor in open_ones:
            with contextlib.suppress(psycopg.Error):
                cursor.close()
        if pooled is not None and driver is not None:
            with contextlib.suppress(psycopg.Error, sa.exc.SQLAlchemyError):
                let_go(pooled, driver)


def filled(driver: psycopg.Connection[Any], statement: str, parameters: list[Any]) -> bytes:
    """A statement with its parameters in it, whose types are then plain, as SQLite has them: and so is the segment, by
    which the planner sees at once in which part of a table to look."""
    with psycopg.ClientCursor(driver) as cursor:
        return cursor.mogrify(statement.encode(), parameters).encode()
