"""Rows of a table as runs: a column a tag, a row a point of some tag, or a chart's columns as W&B gives them away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker.foreign import csv_table, parquet
from tracker.foreign.axis import TIMES, axis_of, goes_up, seconds
from tracker.foreign.log import LONGEST_SAID, Log, number, whole

RUNS = ("run", "run_name", "run_id", "run name", "run id")
"""Columns that say which run a row is of, where some rows are of the same."""

_OF_A_CHART = re.compile(r"run[-_](.*)[-_]tag[-_](.*)", re.DOTALL)
"""A file's name as TensorBoard's page gives a curve away: the run "." is the folder itself."""

LEAST, MOST = "__MIN", "__MAX"
"""Behind the names of W&B's columns: of what a point of a chart stands for."""


def read_csv(path: Path) -> Iterable[Log] | str:
    """A table of text with a header, in one of three forms; a sentence where it has no row."""
    return _of_table(csv_table.read(path), path)


def read_parquet(path: Path) -> Iterable[Log] | str:
    """The same of a Parquet file, such as our own export.

    Raises:
        MissingPackageError: PyArrow is not installed.
    """
    return _of_table(parquet.read(path), path)


def _of_table(table: csv_table.CsvTable, path: Path) -> Iterable[Log] | str:
    if not table.rows:
        return "it has a header and no row under it" if table.names else "it is empty"
    if {"step", "value"} <= {name.lower() for name in table.names}:
        logs = list(_long(table.rows, path))
    elif any(f"{name}{LEAST}" in table.names for name in table.names):
        logs = list(_chart(table, path))
    else:
        logs = list(wide(table.rows, path, table.about, numbering=table.numbering))
    for log in logs[:1]:
        log.left_out.update(table.left_out)
    parts = dvclive(path)
    if parts is not None and parts[1]:
        for log in logs:
            log.run, log.points = parts[1], {f"{parts[1]}/{tag}": points for tag, points in log.points.items()}
    return logs


def home(path: Path) -> Path | None:
    """The folder that is the run of a file of one curve; None where the file is a run of its own, or names its run."""
    parts = dvclive(path)
    if parts is not None:
        return parts[0]
    found = _OF_A_CHART.fullmatch(path.stem)
    return path.parent if found is not None and found[1] == "." else None


def dvclive(path: Path) -> tuple[Path, str] | None:
    """The folder of a run of DVCLive that a file is one curve of, and what its tag begins with; None for other files.

    A run is `plots/metrics/train/loss.tsv`, `plots/metrics/val/loss.tsv` … in one folder.
    """
    if path.suffix != ".tsv" or "metrics" not in path.parts:
        return None
    folder = path.parent
    while folder.parts[-2:] != ("plots", "metrics"):
        if folder == folder.parent:
            return None
        folder = folder.parent
    return folder.parents[1], path.parent.relative_to(folder).as_posix().removeprefix(".")


def wide(
    rows: Iterable[Any],
    path: Path,
    about: Mapping[str, Any] | None = None,
    others: str = "entries that are no JSON object",
    numbering: str | None = None,
) -> Iterable[Log]:
    """A column a tag. Which column counts and which says when is told by all rows of a run; see `axis`."""
    placed: list[tuple[int, dict[str, Any]]] = []
    none = 0
    for place, row in enumerate(rows):  # one that is none has its place all the same: it may be mended
        if isinstance(row, dict):
            placed.append((place, {str(key).strip(): value for key, value in row.items() if key is not None}))
        else:
            none += 1
    logs = []
    modified, started = path.stat().st_mtime, number((about or {}).get("t_start"))
    for run, own in _by_run(placed):
        log = Log(run, {**(about or {}), **_taken_config(own)})
        axis = axis_of([row for _, row in own], modified, started, numbering)
        for step, (_, row) in zip(axis.steps(own, log.left_out), own, strict=True):
            filled = {key: value for key, value in row.items() if value not in ("", None)}
            log.add_row(filled, step, axis.wall_time(row), axis.taken)
        logs.append(log)
    if none and logs:
        logs[0].left_out[others] += none
    return logs


def _taken_config(own: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """The settings that Ray puts into each row, as `config` or as columns `config/lr`; the rows lose them."""
    config: dict[str, Any] = {}
    for _, row in own:
        for key in [key for key in row if key == "config" or key.startswith("config/")]:
            said = row.pop(key)
            if key != "config":
                config[key.removeprefix("config/")] = said
            elif isinstance(said, dict):
                config.update(said)
    return config


def _by_run(placed: list[tuple[int, dict[str, Any]]]) -> list[tuple[str, list[tuple[int, dict[str, Any]]]]]:
    """The rows of each run, numbered in it, where a column names runs whose rows count; else all rows, as they are.

    A table with a row or two a run, as people make of their best results, is one table.
    """
    names = {str(key).lower(): key for _, row in placed for key in row}
    key = next((names[name] for name in RUNS if name in names), None)
    said = [] if key is None else [row[key] for _, row in placed if row.get(key)]
    if key is None or not said or not all(isinstance(each, str) and number(each) is None for each in said):
        return [("", placed)]  # the number of a run, as of a trial, is a curve or a step
    runs: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for _, row in placed:
        run = runs.setdefault(str(row.get(key) or ""), [])
        run.append((len(run), {name: value for name, value in row.items() if name != key}))
    counting = sum(
        len(rows) > 1 and axis_of([row for _, row in rows], 0.0).counter is not None for rows in runs.values()
    )
    return list(runs.items()) if counting * 2 > len(runs) else [("", placed)]


def _long(rows: Iterable[Mapping[str, Any]], path: Path) -> Iterable[Log]:
    """A row a point: the columns step and value, and perhaps run, tag and a time."""
    logs: dict[str, Log] = {}
    modified = path.stat().st_mtime
    own_run, own_tag = named_by_file(path)
    for place, row in enumerate(rows):
        plain = {str(key).strip().lower(): value for key, value in row.items() if key is not None}
        run = _unquoted(plain.get("run") or "") or own_run
        log = logs.setdefault(run, Log(run))
        step, value = whole(plain.get("step")), plain.get("value")
        clock = next((plain[name] for name in TIMES if name in plain), None)
        wall_time = seconds(clock)
        tag = _unquoted(plain.get("tag") or plain.get("metric") or plain.get("key") or own_tag)
        at, when = place if step is None else step, modified if wall_time is None else wall_time
        if not log.add(tag, at, when, value) and value:
            log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
    return logs.values()


def named_by_file(path: Path) -> tuple[str, str]:
    """The run, if any, and the tag that a file of one curve is named after."""
    found = _OF_A_CHART.fullmatch(path.stem)
    if found is None:
        return "", path.stem
    run, tag = found.groups()
    return ("" if run == "." else run), tag


def _chart(table: csv_table.CsvTable, path: Path) -> Iterable[Log]:
    """What W&B gives away of a chart: `Step`, and `run - tag` of each run with the least and most of each point."""
    across, *columns = table.names
    counts = goes_up([row.get(across) for row in table.rows])
    modified = path.stat().st_mtime
    logs: dict[str, Log] = {}
    for column in columns:
        if f"{column}{LEAST}" not in columns:
            continue
        run, _, tag = column.rpartition(" - ")
        log = logs.setdefault(run, Log(run))
        bounds = [f"{column}{end}" for end in (LEAST, MOST)]
        differ = any(row.get(bound, row.get(column)) != row.get(column) for row in table.rows for bound in bounds)
        for name in (column, *(bounds if differ else ())):
            for place, row in enumerate(table.rows):
                if name in row:
                    log.add(tag + name[len(column) :], row[across] if counts else place, modified, row[name])
    return logs.values()


def _unquoted(name: str) -> str:
    """A name of our own export, which has a ' before what a spreadsheet would run."""
    return name[1:] if name[:1] == "'" and name[1:2] in "=+-@\t\r" else name
