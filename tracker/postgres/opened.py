"""A database that was opened: its runs for readers, and what takes rows into it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker import databases, logdir
from tracker.errors import LogdirError, StoreError, message
from tracker.postgres import address, migrate
from tracker.postgres.asking import Asking, as_file
from tracker.postgres.engine import answering, engine_of
from tracker.postgres.replica import PgReplica
from tracker.postgres.session import Session

_SEGMENTS = sa.text("SELECT id FROM segment WHERE place = :place ORDER BY created, id")
_PLACES = sa.text("SELECT DISTINCT place FROM segment")
_STAMPS = sa.text(
    "SELECT place, id, segment, written, heartbeat, state.checksum FROM segment JOIN state USING (segment) "
    "ORDER BY place, created, id"
)
_NUMBER = sa.text("SELECT segment FROM segment WHERE place = :place AND id = :id")

Glimpse = dict[str, dict[str, tuple[object, ...]]]
"""By run and segment, what changes when it does."""


class PgStore:
    """A database that holds runs.

    Args:
        url: Its address.
        for_writing: Makes its tables, or brings them up to date.

    Attributes:
        root: The path that stands for it.

    Raises:
        LogdirError: it does not answer, or there are no tables and it is not for writing.
        NewerSchemaError: a newer everystep made them.
    """

    def __init__(self, url: sa.URL, *, for_writing: bool = False) -> None:
        self.root = address.place(url)
        self.shown = address.shown(url)
        self.engine = engine_of(url)
        self._plain = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._numbers: dict[tuple[str, str], int] = {}
        self._mine = threading.local()
        try:
            with answering(self.shown):
                (migrate.migrate if for_writing else migrate.check)(self.engine, self.shown)
        except StoreError as error:
            self.engine.dispose()
            if type(error) is not StoreError:
                raise
            raise LogdirError(message(f"The database {self.shown} cannot be opened.", got=error.why)) from None
        except BaseException:
            self.engine.dispose()
            raise

    def runs(self) -> list[str]:
        """The names of its runs."""
        return [*self._glimpsed()] if self._has_glimpsed else [*self._rows(_PLACES)]

    def segments(self, run: str) -> list[str]:
        """The segments of a run, by name, oldest first; none where there is no such run."""
        if self._has_glimpsed:
            return [*self._glimpsed().get(run, ())]
        return [*self._rows(_SEGMENTS, place=run)]

    def stamp(self, run: str, segment: str) -> tuple[object, ...]:
        """What changes when a segment does; nothing where it is not there."""
        return self._glimpsed().get(run, {}).get(segment, ())

    @contextlib.contextmanager
    def glimpse(self) -> Iterator[None]:
        """While this thread looks at all of it: which segments there are and how they stand is asked once."""
        outer: Glimpse | None = getattr(self._mine, "glimpse", None)
        self._mine.glimpse = self._glimpsed()
        try:
            yield
        finally:
            self._mine.glimpse = outer

    def connect(self, run: str, segment: str, path: Path) -> sqlite3.Connection:
        """What answers the questions that readers ask a segment's file.

        Raises:
            FileNotFoundError: it is not there.
            StoreError: the database does not answer.
        """
        number = self._numbers.get((run, segment))
        if number is None:
            found = self._rows(_NUMBER, place=run, id=segment)
            if not found:
                raise FileNotFoundError(f"there is no segment {path}")
            number = self._numbers[run, segment] = found[0]  # which no other ever has
        return as_file(Asking(self._session(), number))

    def replica(self, run: str, segment: str) -> PgReplica:
        """What takes rows of a segment that was written elsewhere.

        Args:
            run: The run that it is shown under.
            segment: Its name.

        Raises:
            RunNameError: no run can be called so.
            StoreError: the database does not answer.
        """
        return PgReplica(self.engine, self.shown, logdir.check_run_name(run), segment)

    def path(self, run: str, segment: str) -> Path:
        """The path that stands for a segment."""
        return logdir.segment_path(self.root / run, segment)

    def close(self) -> None:
        """Lets go of all connections that nobody uses."""
        self.engine.dispose()

    @property
    def _has_glimpsed(self) -> bool:
        return getattr(self._mine, "glimpse", None) is not None

    def _glimpsed(self) -> Glimpse:
        if self._has_glimpsed:
            return self._mine.glimpse  # type: ignore[no-any-return]
        found: Glimpse = {}
        with answering(self.shown), self._plain.connect() as connection:
            for place, segment, *stamp in connection.execute(_STAMPS):
                found.setdefault(place, {})[segment] = tuple(stamp)
        return found

    def _rows(self, query: sa.TextClause, **words: str) -> list[Any]:
        """The first column of an answer."""
        with answering(self.shown), self._plain.connect() as connection:
            return [*connection.scalars(query, words)]

    def _session(self) -> Session:
        """That of this thread."""
        found: Session | None = getattr(self._mine, "session", None)
        if found is None:
            found = self._mine.session = Session(self.engine, self.shown)
        return found


_stores: dict[str, PgStore] = {}
_lock = threading.Lock()


def opened(text: str, *, for_writing: bool = False) -> PgStore:
    """The database at an address, opened once in this process.

    Args:
        text: The address.
        for_writing: Makes its tables, or brings them up to date.

    Raises:
        LogdirError: it is no address, does not answer, or there are no tables and it is not for writing.
        NewerSchemaError: a newer everystep made them.
    """
    url = address.parsed(text)
    key = url.render_as_string(hide_password=False)
    with _lock:
        if key not in _stores or for_writing:
            made = PgStore(url, for_writing=for_writing)
            if key not in _stores:
                _stores[key] = made
                databases.register(made)
            else:
                made.close()
        return _stores[key]
