"""A database that was opened: its runs for readers, and what takes rows into it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from tracker import databases, logdir
from tracker.errors import LogdirError, StoreError, message
from tracker.postgres import address, migrate, said
from tracker.postgres.asking import Asking, as_file
from tracker.postgres.engine import answering, driver_of, engine_of, let_go
from tracker.postgres.listening import Listening, told
from tracker.postgres.replica import PgReplica
from tracker.postgres.session import Session
from tracker.store.run_page import RunPage

_SEGMENTS = sa.text("SELECT id FROM segment WHERE place = :place ORDER BY created, id")
_PLACES = sa.text("SELECT DISTINCT place FROM segment")
_ALL = """
SELECT place, id, segment, written, heartbeat, checksum FROM (
    SELECT place, created, id, segment.segment, written, heartbeat, state.checksum
    FROM segment JOIN state USING (segment)
    UNION ALL SELECT place, 0, '', 0, count(*), max(wall_time), 0 FROM properties GROUP BY place
) AS found {} ORDER BY place, created, id
"""
_STAMPS, _STAMPS_OF = sa.text(_ALL.format("")), sa.text(_ALL.format("WHERE place = ANY (:places)"))
"""Of what is said of a run its stamp stands before those of its segments, without a name."""

_OWN = sa.text("""
SELECT place FROM segment WHERE id = :id AND run = (
    SELECT run FROM segment AS other WHERE other.place = segment.place ORDER BY created DESC, id DESC LIMIT 1
)
""")
"""As `tracker.store.read.copied.own` has it."""
_NUMBER = sa.text("SELECT segment FROM segment WHERE place = :place AND id = :id")

Glimpse = dict[str, dict[str, tuple[object, ...]]]
"""By run and segment, what changes when it does; of what is said of the run, where something is, by no name."""


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

    def runs_of(self, segment: str) -> list[str]:
        """The runs that a segment lies in, but for those that have a copy of it."""
        return self._rows(_OWN, id=segment)

    def segments(self, run: str) -> list[str]:
        """The segments of a run, by name, oldest first; none where there is no such run."""
        if self._has_glimpsed:
            return [*filter(None, self._glimpsed().get(run, ()))]
        return [*self._rows(_SEGMENTS, place=run)]

    def stamp(self, run: str, segment: str) -> tuple[object, ...]:
        """What changes when a segment does, or for no name what is said of the run; nothing where it is not there."""
        found = self._glimpsed() if self._has_glimpsed else self._glimpse_of([run])
        return found.get(run, {}).get(segment, ())

    @contextlib.contextmanager
    def glimpse(self, runs: Collection[str] | None = None) -> Iterator[None]:
        """While this thread looks at some runs, or all: which segments there are and how they stand is asked once."""
        outer: Glimpse | None = getattr(self._mine, "glimpse", None)
        self._mine.glimpse = self._glimpsed() if self._has_glimpsed else self._glimpse_of(runs)
        try:
            yield
        finally:
            self._mine.glimpse = outer

    def page(self, run: str) -> RunPage:
        """What is said of a run on the page.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return said.read(driver, run)

    def say(self, run: str, page: RunPage) -> bool:
        """Takes over what is new of what is said of a run elsewhere; whether anything was.

        Raises:
            DamagedBytesError: no database keeps such a text.
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            is_new = said.merge(driver, run, self.root / run, page)
            if is_new:
                told(driver, run)
            return is_new

    def watch(self, tell: Callable[[Path], None]) -> Listening:
        """Tells the folders of runs to which something is added, by whatever process, until it is stopped.

        Raises:
            StoreError: the database does not answer.
        """
        return Listening(self.engine, self.shown, lambda run: tell(self.root / run))

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

    def replica(self, run: str, segment: str, *, begins: bool = False) -> PgReplica:
        """What takes rows of a segment that was written elsewhere.

        Args:
            run: The run that it is shown under.
            segment: Its name.
            begins: Whether it begins a run, so that no other segment may lie there.

        Raises:
            RunNameError: no run can be called so.
            StoreError: the database does not answer.
        """
        return PgReplica(self.engine, self.shown, logdir.check_run_name(run), segment, begins=begins)

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
        found: Glimpse = self._mine.glimpse if self._has_glimpsed else self._glimpse_of(None)
        return found

    def _glimpse_of(self, runs: Collection[str] | None) -> Glimpse:
        query = _STAMPS if runs is None else _STAMPS_OF.bindparams(places=list(runs))
        found: Glimpse = {}
        with answering(self.shown), self._plain.connect() as connection:
            for place, segment, *stamp in connection.execute(query):
                found.setdefault(place, {})[segment] = tuple(stamp)
        return {run: stamps for run, stamps in found.items() if stamps.keys() != {""}}

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[Any]]:
        with answering(self.shown):
            pooled, driver = driver_of(self.engine)
            try:
                with driver.transaction():
                    yield driver
            finally:
                let_go(pooled, driver)

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
