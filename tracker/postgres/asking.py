"""A segment of a database, asked as its file would be: what `tracker.store.read` takes for a connection to SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from tracker.postgres.questions import asked, placed
from tracker.postgres.session import ROWS_AT_ONCE, Session, filled


class Asking:
    """What a reader asks of one segment; reads only.

    Args:
        session: What it goes over.
        segment: The number of the segment.
    """

    has_checksums = True
    is_replica = False

    def __init__(self, session: Session | Within, segment: int) -> None:
        self._session = session
        self._segment = segment
        self.in_transaction = False

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        """An answer to a question, asked when its rows are wanted; errors are StoreError."""
        if sql in ("BEGIN", "COMMIT", "ROLLBACK"):
            self.in_transaction = sql == "BEGIN"
            (self._session.begin if self.in_transaction else self._session.end)(self)
            return Answer(self, "", [])
        statement, places = asked(sql, self._segment)
        return Answer(self, statement, placed(parameters, places))

    def whole(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        if self.in_transaction:
            return self._session.rows(statement, parameters)
        self._session.begin(self)
        try:
            return self._session.rows(statement, parameters)
        finally:
            self._session.end(self)

    @property
    def session(self) -> Session:
        """What it goes over, where rows can be taken bit by bit."""
        assert isinstance(self._session, Session)
        return self._session

    def close(self) -> None:
        """Lets go of it. Can be called twice."""
        self.in_transaction = False
        self._session.end(self)

    def setlimit(self, *_: int) -> None:
        """What is kept here was looked at when it came."""

    def set_progress_handler(self, *_: Any) -> None:
        """The database has its own bound of time; see `engine.PATIENCE_S`."""


class Answer:
    """Rows, as sqlite3's cursor gives them. Those of a long answer come bit by bit, where somebody takes them so."""

    def __init__(self, asking: Asking, statement: str, parameters: list[Any]) -> None:
        self._asking = asking
        self._asked = (statement, parameters)
        self._rest: list[tuple[Any, ...]] | None = [] if not statement else None
        self._portal: psycopg.ServerCursor[Any] | None = None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All that were not taken."""
        if self._portal is not None:
            return [*iter(self.fetchone, None)]
        found = self._asking.whole(*self._asked) if self._rest is None else self._rest
        self._rest = []
        return found

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next one."""
        if self._rest is None:
            self._rest = self._asking.whole(*self._asked)
        if not self._rest and self._portal is not None:
            self._rest = self._asking.session.more(self._portal, ROWS_AT_ONCE)
        return self._rest.pop(0) if self._rest else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """The next ones."""
        self._begin()
        if self._portal is None:
            found, self._rest = (self._rest or [])[:size], (self._rest or [])[size:]
            return found
        return self._asking.session.more(self._portal, size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while taken := self.fetchmany(ROWS_AT_ONCE):
            yield from taken

    def _begin(self) -> None:
        if self._rest is None:
            if self._asking.in_transaction:
                self._rest, self._portal = [], self._asking.session.portal(*self._asked)
            else:
                self._rest = self._asking.whole(*self._asked)

    @property
    def description(self) -> list[tuple[str]]:
        """The names of the columns."""
        return [(name,) for name in self._asking.session.names(*self._asked)]


class Within:
    """In place of a session: questions within a transaction that somebody else began, and ends.

    Args:
        driver: Its connection.
    """

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver

    def begin(self, _: object) -> None:
        """It has begun."""

    end = begin

    def rows(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._driver.cursor(binary=True) as cursor:
            cursor.execute(filled(self._driver, statement, parameters), prepare=False)
            return cursor.fetchall()


def as_file(asking: Asking) -> sqlite3.Connection:
    """It for readers, who ask no more of SQLite's connection than it has."""
    return asking  # type: ignore[return-value]
