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
from tracker.errors import DamagedBytesError, DamagedStoreError, DatabaseError, LogdirError, message
from tracker.postgres import address, file_cache, files, migrate, said, trash
from tracker.postgres.asking import Asking, as_file
from tracker.postgres.engine import answering, driver_of, engine_of, let_go
from tracker.postgres.listening import Listening
from tracker.postgres.replica import PgReplica
from tracker.postgres.session import Session
from tracker.postgres.telling import Telling
from tracker.store.run_page import PageRows

_SEGMENTS = sa.text("SELECT id, segment FROM segment WHERE place = :place ORDER BY created, id")
_PLACES = sa.text(f"SELECT DISTINCT place FROM segment WHERE NOT starts_with(place, '{trash.BELOW}')")
_ALL = """
SELECT place, id, segment, written, heartbeat, checksum FROM (
    SELECT place, created, id, segment.segment, written, heartbeat, state.checksum
    FROM segment JOIN state USING (segment)
    UNION ALL SELECT place, 0, '', version, 0, 0, 0 FROM pages
) AS found WHERE {} ORDER BY place, created, id
"""
_STAMPS = sa.text(_ALL.format(f"NOT starts_with(place, '{trash.BELOW}')"))
_STAMPS_OF = sa.text(_ALL.format("place = ANY (:places)"))
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
        self._telling = Telling(self.engine)
        self._numbers: dict[tuple[str, str], int] = {}
        """Of segments, as they were listed last: one that was deleted may be sent again, and has another then."""
        self._mine = threading.local()
        try:
            with answering(self.shown):
                (migrate.migrate if for_writing else migrate.check)(self.engine, self.shown)
        except DatabaseError as error:
            self.engine.dispose()
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
        with answering(self.shown), self._plain.connect() as connection:
            rows = connection.execute(_SEGMENTS, {"place": run}).all()
        self._numbers |= {(run, segment): number for segment, number in rows}
        return [segment for segment, _ in rows]

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

    def page(self, run: str) -> PageRows:
        """What is said of a run on the page, or for `.` of the logdir.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return said.read(driver, run)

    def versions(self, runs: Collection[str]) -> dict[str, int]:
        """Of those of which something was ever said on the page: a number that each change makes another.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return said.versions(driver, runs)

    @contextlib.contextmanager
    def changing(self, run: str) -> Iterator[said.Change]:
        """While that is changed, by nobody else; it is kept when the block ends well.

        Raises:
            StoreError: the database does not answer; nothing was changed.
        """
        with self._transaction(changes=run) as driver:
            change = said.Change(driver, run)
            yield change
            change.keep()

    def discard(self, run: str) -> None:
        """Puts a run into the trash; see `databases.Database.discard`.

        Raises:
            RunNotFoundError: there is no such run.
            StoreError: the database does not answer.
        """
        with self._transaction(changes=run) as driver:
            trash.discard(driver, run)

    def restore(self, run: str) -> None:
        """Takes it back.

        Raises:
            RunNotFoundError: there is no such run in the trash.
            PageChangeError: there is a run of that name again.
            StoreError: the database does not answer.
        """
        with self._transaction(changes=run) as driver:
            trash.restore(driver, run)

    def discarded(self) -> dict[str, float]:
        """The runs in the trash, and when each was put there, in seconds since the epoch.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return trash.discarded(driver)

    def files(self, run: str) -> dict[str, tuple[int, str]]:
        """The size and the SHA-256 of each file beside a run's segments that is there as a whole, by name.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return files.whole(driver, run)

    def file(self, run: str, name: str) -> Path:
        """Where such a file lies in the user's cache; see `databases.Database.file`.

        Raises:
            FileNotFoundError: there is none.
            StoreError: the database does not answer, or what it has is damaged.
            OSError: it cannot be kept here.
        """
        with self._transaction() as driver:
            body = files.body_of(driver, run, name)
            if body is None or not body.is_whole:
                raise FileNotFoundError(f"there is no file {self.root / run / name}")
            path = file_cache.path_of(name, body.digest)
            if not file_cache.has(path, body.size):
                try:
                    file_cache.put(path, body.digest, files.read(driver, body.number))
                except DamagedBytesError as error:
                    raise DamagedStoreError(self.root / run / name, str(error)) from error
            return path

    def begun(self, run: str) -> dict[str, int]:
        """How many bytes have arrived of each file beside a run's segments, by name.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction() as driver:
            return files.begun(driver, run)

    def add(self, run: str, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        """Adds a piece to such a file; arguments and errors are those of `tracker.store.write.arriving_file.add`.

        Raises:
            StoreError: the database does not answer; nothing was added.
        """
        with self._transaction() as driver:
            found = files.add(driver, run, name, at, data, size, digest)
        if found is None:
            raise DamagedBytesError(f"{name}: what arrived does not match its hash")
        return found

    def watch(self, tell: Callable[[Path], None]) -> Listening:
        """Tells the folders of runs to which something is added, by whatever process, until it is stopped.

        Raises:
            StoreError: the database does not answer.
        """
        made = Listening(self.engine, self.shown, lambda run: tell(self.root / run))
        self._telling.add(made)
        return made

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
            number = self._numbers[run, segment] = found[0]
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
        run = logdir.check_run_name(run)
        return PgReplica(self.engine, self.shown, self._telling, run, segment, begins=begins)

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
                if segment:
                    self._numbers[place, segment] = stamp[0]
        return {run: stamps for run, stamps in found.items() if stamps.keys() != {""}}

    @contextlib.contextmanager
    def _transaction(self, changes: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A transaction; where it changes something of a run, those who listen are told then."""
        with answering(self.shown):
            pooled, driver = driver_of(self.engine)
            try:
                with driver.transaction():
                    yield driver
                if changes is not None:
                    self._telling.tell(driver, changes)
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
