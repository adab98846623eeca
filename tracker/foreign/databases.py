"""Logs in SQLite: Trackio's and MLflow's, opened read-only."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tracker.foreign.log import Log, parsed
from tracker.foreign.rows import seconds

_KEPT_BY_TRACKIO = ("_type", "step", "timestamp")


def kind_of(path: Path) -> str | None:
    """Which program's database it is; None when it is neither's."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_open(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        if {"metrics", "runs", "params", "experiments"} <= tables:
            return "MLflow"
        columns = {row[1] for row in connection.execute("SELECT * FROM pragma_table_info('metrics')")}
        if {"run_name", "step", "timestamp", "metrics"} <= columns:
            return "Trackio"
    return None


def read_trackio(path: Path) -> Iterable[Log]:
    """A project: a row of `metrics` is what was logged at a step, as JSON."""
    with contextlib.closing(_open(path)) as connection:
        logs: dict[str, Log] = {}
        named = "coalesce(run_name, '')"
        query = f"SELECT {named}, step, timestamp, metrics FROM metrics ORDER BY id"  # noqa: S608 a constant
        for run, step, timestamp, text in connection.execute(query):
            row = parsed(text)
            if isinstance(row, dict):
                logs.setdefault(run, Log(run)).add_row(row, int(step), seconds(timestamp) or 0.0, _KEPT_BY_TRACKIO)
        with contextlib.suppress(sqlite3.OperationalError):  # older projects have no table of configurations
            for run, text in connection.execute(f"SELECT {named}, config FROM configs ORDER BY id"):  # noqa: S608
                config = parsed(text)
                if isinstance(config, dict):
                    logs.setdefault(run, Log(run)).config.update(config)
        return list(logs.values())


def read_mlflow(path: Path) -> Iterable[Log]:
    """All experiments: runs by experiment and name; a run whose name is taken gets the head of its id behind it."""
    with contextlib.closing(_open(path)) as connection:
        logs: dict[str, Log] = {}
        names: set[str] = set()
        query = (
            "SELECT r.run_uuid, e.name, r.name FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
            "WHERE coalesce(r.lifecycle_stage, 'active') = 'active' ORDER BY r.start_time, r.run_uuid"
        )
        for identity, experiment, name in connection.execute(query):
            full = f"{experiment}/{name or identity}"
            full = f"{full}-{identity[:8]}" if full in names else full
            names.add(full)
            logs[identity] = Log(full)
        # By SQLite's own row number: as they were logged, so that what is new comes last.
        for identity, key, value, is_nan, timestamp, step in connection.execute(
            "SELECT run_uuid, key, value, is_nan, timestamp, step FROM metrics ORDER BY rowid"
        ):
            if identity in logs:
                number: Any = "nan" if is_nan else value
                if abs(value or 0) == sys.float_info.max:  # MLflow's way to keep what SQL has no word for
                    number = math.copysign(math.inf, value)
                logs[identity].add(key, int(step or 0), (timestamp or 0) / 1000, number)
        for identity, key, value in connection.execute("SELECT run_uuid, key, value FROM params"):
            if identity in logs:
                logs[identity].config[key] = value
        return list(logs.values())


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=2.0)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection
