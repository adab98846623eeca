"""The tables of a database: made and brought up to date by Alembic, and whether they are what is known here."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tracker.errors import LogdirError, NewerSchemaError, message

REVISIONS = "everystep_revision"
"""The table that says up to which step the tables were brought."""

STEPS = ("0001", "0002", "0003", "0004")
"""The steps, oldest first; a test holds them and their files together."""

_LOCK = 0x45565354
"""Of PostgreSQL's advisory locks: two that begin at the same time make the tables once."""


def migrate(engine: sa.Engine, shown: str) -> None:
    """Makes the tables, or brings them up to date, in one transaction; nothing where they are.

    Args:
        engine: Of the database.
        shown: Its address without a password.

    Raises:
        NewerSchemaError: a newer everystep made them.
    """
    if revision(engine) == STEPS[-1]:
        return
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = _revision(connection)
        if found is not None and found not in STEPS:
            raise _newer(shown, found)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(engine: sa.Engine, shown: str) -> None:
    """That the tables are there and known; for who only reads, and changes nothing.

    Raises:
        LogdirError: there are none, or an older everystep made them.
        NewerSchemaError: a newer everystep made them.
    """
    found = revision(engine)
    if found is None:
        raise LogdirError(
            message(
                f"The database {shown} holds no runs: nobody has made the tables.",
                expected="a database that rows were sent to",
                hint="The first who writes there makes them.",
            )
        )
    if found not in STEPS:
        raise _newer(shown, found)
    if found != STEPS[-1]:
        raise LogdirError(
            message(
                f"The tables of the database {shown} were made by an older everystep.",
                expected=f"step {STEPS[-1]}",
                got=f"step {found}",
                hint="The first who adds runs brings them up to date: viz serve --receive, viz ship or viz copy --to.",
            )
        )


def revision(engine: sa.Engine) -> str | None:
    """The step that the tables stand at; None where there are none."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    if connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": REVISIONS}) is None:
        return None
    found: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {REVISIONS}"))
    return found


def _newer(shown: str, found: str) -> NewerSchemaError:
    return NewerSchemaError(
        shown,
        f"its tables were made by a newer everystep (step {found}, this one knows up to {STEPS[-1]}); "
        "update with: pip install -U everystep",
    )
