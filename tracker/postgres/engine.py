"""Connections to a database, few of which are held."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import Buffer, Loader
from psycopg.pq import Format
from psycopg.types.numeric import NumericBinaryLoader, NumericLoader
from psycopg.types.string import TextBinaryLoader, TextLoader

from tracker.errors import DatabaseError
from tracker.postgres.rows import kept

PATIENCE_S = 30
"""How long one question may take; as with a file."""

CONNECT_S = 10

CHANNEL = "everystep"
"""By which who adds rows tells who shows them; of each database its own."""

_RUNS = 0x45565355
"""Of PostgreSQL's advisory locks, beside the number of a run: two that begin there, or say something, take turns."""

_CONTENTS = 0x45565356
"""Likewise, beside a content: two that bring the same take turns."""

_HELD, _MORE = 5, 40
"""Connections that are kept, and how many more there may be at a time."""


def engine_of(url: sa.URL) -> sa.Engine:
    """An engine whose connections are set up as readers and writers need them."""
    engine = sa.create_engine(
        url,
        pool_size=_HELD,
        max_overflow=_MORE,
        pool_pre_ping=True,
        pool_reset_on_return=None,  # done below
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_S, "application_name": "everystep"},
    )
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "reset", _reset)
    return engine


def _set_up(driver: psycopg.Connection[Any], _: object) -> None:
    with driver.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{PATIENCE_S}s'")
        # What was acknowledged is not sent again: it must outlast the server.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    driver.commit()
    loaders: dict[str, tuple[type[Loader], ...]] = {"text": (_Text, _TextBinary), "numeric": (_Whole, _WholeBinary)}
    for kind, ours in loaders.items():
        for loader in ours:
            driver.adapters.register_loader(kind, loader)


def _reset(driver: psycopg.Connection[Any], _: object, state: Any) -> None:
    """Ends what was begun on a connection that comes back. Of one that has broken whoever asked it says so in a
    sentence; SQLAlchemy would print a traceback too."""
    if not state.terminate_only:
        with contextlib.suppress(psycopg.Error):
            driver.rollback()


class _Text(TextLoader):
    def load(self, data: Buffer) -> Any:
        return kept(super().load(data))  # type: ignore[arg-type]  # bytes only where the database has no encoding


class _TextBinary(_Text, TextBinaryLoader):
    format = Format.BINARY


class _Whole(NumericLoader):
    """A sum of whole numbers, which PostgreSQL makes a decimal."""

    def load(self, data: Buffer) -> Any:
        return int(super().load(data))


class _WholeBinary(NumericBinaryLoader):
    def load(self, data: Buffer) -> Any:
        return int(super().load(data))


@contextlib.contextmanager
def answering(shown: str) -> Iterator[None]:
    """While a database is asked.

    Raises:
        DatabaseError: it does not answer, or not with what was asked.
    """
    try:
        yield
    except (psycopg.Error, sa.exc.SQLAlchemyError) as error:
        said = getattr(error, "orig", None) or error
        is_away = isinstance(said, (psycopg.OperationalError, psycopg.InterfaceError, sa.exc.TimeoutError))
        what = "does not answer" if is_away else "refuses a question"
        raise DatabaseError(shown, f"the database {what} ({words_of(error)})") from None


def words_of(error: BaseException) -> str:
    """What an error says, in one line; without its statement, and without a password."""
    said: BaseException = getattr(error, "orig", None) or error
    return " ".join(str(said).split())[:200] or type(said).__name__


def let_go(pooled: Any, driver: psycopg.Connection[Any]) -> None:
    """Gives a connection back to the pool, unless it broke."""
    if driver.closed:
        pooled.invalidate()
    else:
        pooled.close()


def hold_run(driver: psycopg.Connection[Any], run: str) -> None:
    """Until the end of the transaction nobody else begins a segment of a run, or says something of it."""
    driver.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_RUNS, zlib.crc32(run.encode("utf-8", "replace")) >> 1))


def hold_content(driver: psycopg.Connection[Any], digest: str) -> None:
    """Until the end of the transaction nobody else makes a file of this content one of all runs."""
    driver.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_CONTENTS, zlib.crc32(digest.encode()) >> 1))


def driver_of(engine: sa.Engine) -> tuple[Any, psycopg.Connection[Any]]:
    """A connection of the engine's pool, and the driver's own, which is what rows go through."""
    pooled = engine.raw_connection()
    driver = pooled.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return pooled, driver
