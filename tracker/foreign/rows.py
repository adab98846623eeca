"""Logs of a row a step: CSV, JSON lines, JSON, and transformers' trainer_state.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker.foreign import csv_table
from tracker.foreign.axis import TIMES, axis_of, seconds
from tracker.foreign.log import LONGEST_SAID, NO_PLACE, Log, number, parsed, parsed_json, whole


def read_csv(path: Path) -> Iterable[Log]:
    """A table with a header: a column a tag, or the long form with the columns run, tag, step and value."""
    table = csv_table.read(path)
    names = [name.lower() for name in table.names]
    logs = list(_long(table.rows, path) if {"step", "value"} <= set(names) else _wide(table.rows, path, table.about))
    for log in logs[:1]:
        log.left_out.update(table.left_out)
    return logs


def read_json_lines(path: Path) -> Iterable[Log]:
    """An object a line; lines that are none are counted."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return _wide((parsed(line) for line in file if line.strip()), path, others="lines that are no JSON object")


def read_json(path: Path) -> Iterable[Log] | None:
    """trainer_state.json, our own export, Megatron's golden values, a list of objects or an object of lists."""
    found = parsed_json(path.read_text(encoding="utf-8", errors="replace"))
    if isinstance(found, list) and any(isinstance(row, dict) for row in found):
        return _wide(found, path)
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("log_history"), list):
        return _trainer_state(found, path)
    if isinstance(found.get("runs"), list):
        return _exported(found["runs"])
    if any(isinstance(each, dict) and isinstance(each.get("values"), dict) for each in found.values()):
        return _golden(found, path)
    if found and all(isinstance(each, list) for each in found.values()):
        log = Log()
        for tag, values in found.items():
            for step, value in enumerate(values):
                if not log.add(tag, step, path.stat().st_mtime, value) and value is not None:
                    log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
        return [log]
    return None


def _wide(
    rows: Iterable[Any],
    path: Path,
    about: Mapping[str, Any] | None = None,
    others: str = "entries that are no JSON object",
) -> Iterable[Log]:
    """A column a tag. Which column counts and which says when is told by all rows; see `axis`."""
    log = Log(config=dict(about or {}))
    placed: list[tuple[int, Mapping[str, Any]]] = []
    for place, row in enumerate(rows):  # one that is none has its place all the same: it may be mended
        if isinstance(row, dict):
            placed.append((place, {str(key).strip(): value for key, value in row.items() if key is not None}))
        else:
            log.left_out[others] += 1
    axis = axis_of([row for _, row in placed], path.stat().st_mtime, number((about or {}).get("t_start")))
    last: Any = None
    for place, row in placed:
        last = axis.step(row, place, last)
        filled = {key: value for key, value in row.items() if value not in ("", None)}
        log.add_row(filled, last, axis.wall_time(row), axis.taken)
    return [log]


def _long(rows: Iterable[Mapping[str, Any]], path: Path) -> Iterable[Log]:
    logs: dict[str, Log] = {}
    modified = path.stat().st_mtime
    for place, row in enumerate(rows):
        plain = {str(key).strip().lower(): value for key, value in row.items() if key is not None}
        log = logs.setdefault(_unquoted(plain.get("run") or ""), Log(_unquoted(plain.get("run") or "")))
        step = whole(plain["step"])
        clock = next((plain[name] for name in TIMES if name in plain), None)
        wall_time = seconds(clock)
        tag = _unquoted(plain.get("tag") or plain.get("metric") or plain.get("key") or path.stem)
        at, when = place if step is None else step, modified if wall_time is None else wall_time
        if not log.add(tag, at, when, plain["value"]) and plain["value"]:
            log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
    return logs.values()


def _unquoted(name: str) -> str:
    """A name of our own export, which has a ' before what a spreadsheet would run."""
    return name[1:] if name[:1] == "'" and name[1:2] in "=+-@\t\r" else name


def _trainer_state(found: dict[str, Any], path: Path) -> Iterable[Log]:
    log = Log(config={key: value for key, value in found.items() if isinstance(value, (str, int, float, bool))})
    for row in found["log_history"]:
        if not isinstance(row, dict):
            log.left_out["entries of log_history that are no JSON object"] += 1
            continue
        with log.reading("entries of log_history"):
            step = whole(row.get("step")) or 0
            for key, value in row.items():
                if key != "step":
                    part = next((part for part in ("eval", "test") if key.startswith(f"{part}_")), None)
                    tag = f"{part}/{key[5:]}" if part else f"train/{key}"
                    log.add(tag, step, path.stat().st_mtime, value)
    if log.left_out and not log.points:
        log.fault = "nothing of its log_history could be read"
    return [log]


def _exported(runs: list[Any]) -> Iterable[Log]:
    for place, run in enumerate(runs):
        if not isinstance(run, dict):
            yield Log(f"run {place + 1}", fault=f"{str(run)[:LONGEST_SAID]!r} stands where a run should")
            continue
        config = run.get("config")
        log = Log(str(run.get("name", "")), dict(config) if isinstance(config, dict) else {})
        if config is not None and not isinstance(config, dict):
            log.left_out["config that is no JSON object"] += 1
        scalars = run.get("scalars")
        if scalars is not None and not isinstance(scalars, dict):
            log.fault = "its scalars are no JSON object"
            scalars = {}
        for tag, columns in (scalars or {}).items():
            with log.reading("curves"):
                named = [columns[name] for name in ("step", "wall_time", "value")]
                for point in zip(*named, strict=False):
                    if not log.add(tag, *point):
                        log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
                longest = max(map(len, named))
                log.left_out[NO_PLACE] += longest - min(map(len, named))
        log.left_out = +log.left_out
        if log.left_out and not log.points and not log.fault:
            log.fault = "nothing of it could be read"
        yield log


def _golden(found: dict[str, Any], path: Path) -> Iterable[Log]:
    log = Log()
    for tag, about in found.items():
        with log.reading("metrics"):
            for step, value in about["values"].items():
                if not log.add(tag, whole(step) or 0, path.stat().st_mtime, value) and value is not None:
                    log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
    return [log]
