"""The trash of a database: runs whose place begins with its name, which no list of runs has."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from tracker import logdir
from tracker.errors import PageChangeError, RunNotFoundError, message
from tracker.postgres.engine import hold_run

BELOW = f"{logdir.TRASH_FOLDER}/"

_TABLES = ("segment", "properties", "commands", "pages", "files")
_IS_THERE = "SELECT 1 FROM segment WHERE place = %s LIMIT 1"
_NOTE = "INSERT INTO discarded (run, wall_time) VALUES (%s, %s)"
_RENAME = "UPDATE discarded SET run = %s WHERE run = %s"
_FORGET = "DELETE FROM discarded WHERE run = %s"
_ALL = "SELECT run, wall_time FROM discarded"


def discard(driver: psycopg.Connection[Any], run: str) -> None:
    """Puts a run there, within a transaction; see `tracker.databases.Database.discard`."""
    hold_run(driver, run)
    if not _is_there(driver, run):
        raise RunNotFoundError(message(f"There is no run {run!r} here."))
    if _is_there(driver, BELOW + run):
        aside = next(name for n in range(2, 1 << 30) if not _is_there(driver, BELOW + (name := f"{run}~{n}")))
        _move(driver, BELOW + run, BELOW + aside)
        driver.execute(_RENAME, (aside, run))
    _move(driver, run, BELOW + run)
    driver.execute(_NOTE, (run, time.time()))


def restore(driver: psycopg.Connection[Any], run: str) -> None:
    """Takes it back, within a transaction; see `tracker.databases.Database.restore`."""
    hold_run(driver, run)
    if _is_there(driver, run):
        raise PageChangeError(message(f"There is a run {run!r} again.", hint="Delete or move that one first."))
    if not _is_there(driver, BELOW + run):
        raise RunNotFoundError(message(f"There is no run {run!r} in the trash."))
    _move(driver, BELOW + run, run)
    driver.execute(_FORGET, (run,))


def discarded(driver: psycopg.Connection[Any]) -> dict[str, float]:
    """What is there, and since when."""
    return dict(driver.execute(_ALL).fetchall())


def _is_there(driver: psycopg.Connection[Any], place: str) -> bool:
    return driver.execute(_IS_THERE, (place,)).fetchone() is not None


def _move(driver: psycopg.Connection[Any], place: str, target: str) -> None:
    for table in _TABLES:
        if table != "segment":  # somebody may have said something of a run that was just moved away
            driver.execute(f"DELETE FROM {table} WHERE place = %s", (target,))
        driver.execute(f"UPDATE {table} SET place = %s WHERE place = %s", (target, place))
