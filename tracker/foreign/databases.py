"""Logs in SQLite: Trackio's and MLflow's, opened read-only."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tracker.foreign.axis import seconds
from tracker.foreign.log import LONGEST_SAID, Log, parsed, whole
from tracker.store.read import journal

_KEPT_BY_TRACKIO = ("_type", "step", "timestamp")


def kind_of(path: Path) -> str | None:
    """Which program's database it is; None when it is neither's."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_open(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        if {"metrics", "runs", "params", "experiments"} <= tables:
            return "MLflow"
        if "metrics" not in tables:  # a view may never end
            return None
        columns = {row[1] for row in connection.execute("SELECT * FROM pragma_table_info('metrics')")}
        if {"run_name", "step", "timestamp", "metrics"} <= columns:
            return "Trackio"
    return None


def read_trackio(path: Path) -> Iterator[Log]:
    """A project: a row of `metrics` is what was logged at a step, as JSON.

    Raises:
        sqlite3.Error: part of the database cannot be read; the runs were given as far as it could be.
    """
    logs: dict[str, Log] = {}
    named = "coalesce(run_name, '')"
    with contextlib.closing(_open(path)) as connection, _damage() as damage:
        query = f"SELECT {named}, step, timestamp, metrics FROM metrics ORDER BY id"  # noqa: S608 a constant
        for run, step, timestamp, text in connection.execute(query):
            row, log = parsed(_text(text)), logs.setdefault(_text(run), Log(_text(run)))
            at = whole(step)
            if at is None or not isinstance(row, dict):
                log.left_out["rows without a step" if at is None else "rows that are no JSON object"] += 1
            else:
                log.add_row(row, at, seconds(timestamp) or 0.0, _KEPT_BY_TRACKIO)
        with contextlib.suppress(sqlite3.OperationalError):  # older projects have no table of configurations
            for run, text in connection.execute(f"SELECT {named}, config FROM configs ORDER BY id"):  # noqa: S608
                config = parsed(_text(text))
                if isinstance(config, dict):
                    logs.setdefault(_text(run), Log(_text(run))).config.update(config)
    for log in logs.values():
        if log.left_out and not log.points:
            log.fault = "nothing of it could be read"
    yield from logs.values()
    yield from damage


def read_mlflow(path: Path) -> Iterator[Log]:
    """All experiments: runs by experiment and name; a run whose name is taken gets the head of its id behind it.

    Raises:
        sqlite3.Error: part of the database cannot be read; the runs were given as far as it could be.
    """
    logs: dict[str, Log] = {}
    names: set[str] = set()
    with contextlib.closing(_open(path)) as connection, _damage() as damage:
        query = (
            "SELECT r.run_uuid, e.name, r.name FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
            "WHERE coalesce(r.lifecycle_stage, 'active') = 'active' ORDER BY r.start_time, r.run_uuid"
        )
        for identity, experiment, name in connection.execute(query):
            full = f"{_text(experiment)}/{_text(name or identity)}"
            full = f"{full}-{_text(identity)[:8]}" if full in names else full
            names.add(full)
            logs[identity] = Log(full)
        # By SQLite's own row number: as they were logged, so that what is new comes last.
        for identity, key, value, is_nan, timestamp, step in connection.execute(
            "SELECT run_uuid, key, value, is_nan, timestamp, step FROM metrics ORDER BY rowid"
        ):
            if identity in logs:
                log = logs[identity]
                with log.reading("metrics"):
                    found: Any = "nan" if is_nan else value
                    if isinstance(value, float) and abs(value) == sys.float_info.max:
                        found = math.copysign(math.inf, value)  # MLflow's way to keep what SQL has no word for
                    if not log.add(_text(key), step or 0, (timestamp or 0) / 1000, found):
                        log.left_out[f"values of {_text(key)[:LONGEST_SAID]!r} that are no numbers"] += 1
        for identity, key, value in connection.execute("SELECT run_uuid, key, value FROM params"):
            if identity in logs:
                logs[identity].config[_text(key)] = value if isinstance(value, (int, float)) else _text(value)
    yield from logs.values()
    yield from damage


@contextlib.contextmanager
def _damage() -> Iterator[Iterator[Log]]:
    """Lets go of a database at the place where it cannot be read; what is given raises what was met there."""
    met: list[sqlite3.Error] = []

    def again() -> Iterator[Log]:
        for error in met:
            raise error
        yield from ()

    try:
        yield again()
    except sqlite3.Error as error:
        met.append(error)


def _text(value: Any) -> str:
    """What stands where a text should."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _open(path: Path) -> sqlite3.Connection:
    path = path.resolve()
    journal.check(path)
    connection = sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True, timeout=2.0)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    return connection
