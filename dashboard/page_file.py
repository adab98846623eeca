"""What the page was told: names, tags, notes and colours of runs, saved views.

All of it lies in files of the dashboard's own (`page.sqlite`, beside a run's segments and at the top of the logdir), so
that no writer's file is touched. Each change is written twice in one transaction: as what holds now (`properties`) and
as what was asked for and when (`commands`).
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import StoreError, TrackerError, message
from tracker.store import journal, read_only

RUN_KEYS: dict[str, type] = {"name": str, "tags": list, "note": str, "colour": int}
"""What can be said of a run, and what it is."""

MAX_VALUE_BYTES = 200_000

PATIENCE_S = 1.0
"""What reading such a file may take of SQLite's time."""


class PageChangeError(TrackerError, ValueError):
    """A change that cannot be made; the message says why."""


def read(folder: Path) -> dict[str, Any]:
    """The properties in a folder's file; none without one, or when it cannot be read."""
    path = folder / logdir.PAGE_FILE
    try:
        with read_only.snapshot(path, PATIENCE_S) as connection:
            rows = connection.execute("SELECT key, value FROM properties").fetchall()
            return {str(key): json.loads(value) for key, value in rows}
    except (StoreError, OSError):
        # There is none; or a half-made file, or one of another program: the runs themselves are none the worse for it.
        return {}


def write(folder: Path, key: str, value: Any) -> None:
    """Sets a property; None takes it away.

    Raises:
        PageChangeError: it is too large, or the file cannot be written.
    """
    # Not with the module: a server begins by reading, and SQLAlchemy takes 0.1 s to import.
    import sqlalchemy as sa

    from tracker.store import columns, schema

    text = json.dumps(value)
    if len(text) > MAX_VALUE_BYTES or len(key) > 500:
        raise PageChangeError(message("That is too long to keep.", expected=f"{MAX_VALUE_BYTES:,} characters"))
    now = time.time()
    path = folder / logdir.PAGE_FILE
    try:
        if os.path.lexists(path):
            # It may come from anybody: what it would do once it is written to is looked at before.
            read_only.connect(path).close() if path.stat().st_size else journal.check(path)
        engine = sa.create_engine(f"sqlite:///{path}")
        try:
            with engine.begin() as connection:
                # Before anything is read: two servers that make the tables at once wait for each other.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                schema.page_tables.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA application_id={columns.APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version={columns.SCHEMA_VERSION}")
                connection.execute(
                    sa.insert(schema.commands).values(
                        nonce=secrets.token_hex(16), wall_time=now, name=key, value=text, expected=None, author=None
                    )
                )
                connection.execute(sa.delete(schema.properties).where(schema.properties.c.key == key))
                if value is not None:
                    connection.execute(sa.insert(schema.properties).values(key=key, value=text, wall_time=now))
        finally:
            engine.dispose()
    except (sa.exc.SQLAlchemyError, OSError, StoreError) as error:
        raise PageChangeError(message(f"{path} cannot be written: {error}")) from error


def check(key: Any, value: Any) -> None:
    """That a run can be said to have this.

    Raises:
        PageChangeError: it cannot.
    """
    if key not in RUN_KEYS:
        raise PageChangeError(message(f"A run has no {key!r}.", expected=" | ".join(RUN_KEYS)))
    if value is not None and (not isinstance(value, RUN_KEYS[key]) or isinstance(value, bool)):
        raise PageChangeError(
            message(f"{key} cannot be {value!r}.", expected=RUN_KEYS[key].__name__, got=type(value).__name__)
        )
    if isinstance(value, list) and not all(isinstance(tag, str) for tag in value):
        raise PageChangeError(message("tags are texts.", got=value))
