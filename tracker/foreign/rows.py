"""Logs of a row a step: CSV, JSON lines, JSON, and transformers' trainer_state.json."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tracker.foreign.log import Log, number, parsed, whole

STEPS = ("step", "global_step", "_step", "trainer/global_step", "iteration", "iter", "epoch", "index")
"""Columns that count, in the order in which they are believed."""

TIMES = ("wall_time", "walltime", "wall time", "_timestamp", "timestamp", "time", "created_at", "date")


def read_csv(path: Path) -> Iterable[Log]:
    """A table with a header: a column a tag, or the long form with the columns run, tag, step and value."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        head = file.readline()
        file.seek(0)
        delimiter = max(",\t;", key=head.count)
        rows = csv.DictReader(file, delimiter=delimiter)
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if {"step", "value"} <= set(names):
            return _long(rows, path)
        return _wide(rows, path)


def read_json_lines(path: Path) -> Iterable[Log]:
    """An object a line; lines that are none are counted."""
    log = Log()
    rows = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            row = parsed(line)
            if isinstance(row, dict):
                rows.append(row)
            elif line.strip():
                log.left_out["lines that are no JSON object"] += 1
    return _wide(rows, path, log)


def read_json(path: Path) -> Iterable[Log] | None:
    """trainer_state.json, our own export, Megatron's golden values, a list of objects or an object of lists."""
    found = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        return _wide(found, path)
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("log_history"), list):
        return _trainer_state(found, path)
    if isinstance(found.get("runs"), list):
        return _exported(found["runs"])
    if found and all(isinstance(each, dict) and isinstance(each.get("values"), dict) for each in found.values()):
        return _golden(found, path)
    if found and all(isinstance(each, list) for each in found.values()):
        log = Log()
        for tag, values in found.items():
            for step, value in enumerate(values):
                log.add(tag, step, path.stat().st_mtime, value)
        return [log]
    return None


def _wide(rows: Iterable[Mapping[str, Any]], path: Path, log: Log | None = None) -> Iterable[Log]:
    log = log or Log()
    modified = path.stat().st_mtime
    for place, row in enumerate(rows):
        known = {str(key).strip().lower(): key for key in row if key is not None}
        counter = next((known[name] for name in STEPS if name in known and whole(row[known[name]]) is not None), None)
        clock = next((known[name] for name in TIMES if name in known and seconds(row[known[name]]) is not None), None)
        step = whole(row[counter]) if counter is not None else place
        wall_time = seconds(row[clock]) if clock is not None else modified
        assert step is not None
        filled = {str(key).strip(): value for key, value in row.items() if key is not None and value not in ("", None)}
        log.add_row(filled, step, wall_time or modified, {str(each).strip() for each in (counter, clock) if each})
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
        log.add(tag, place if step is None else step, modified if wall_time is None else wall_time, plain["value"])
    return logs.values()


def _unquoted(name: str) -> str:
    """A name of our own export, which has a ' before what a spreadsheet would run."""
    return name[1:] if name[:1] == "'" and name[1:2] in "=+-@\t\r" else name


def _trainer_state(found: dict[str, Any], path: Path) -> Iterable[Log]:
    log = Log(config={key: value for key, value in found.items() if isinstance(value, (str, int, float, bool))})
    for row in found["log_history"]:
        step = whole(row.get("step")) or 0
        for key, value in row.items():
            if key != "step":
                part = next((part for part in ("eval", "test") if key.startswith(f"{part}_")), None)
                tag = f"{part}/{key[5:]}" if part else f"train/{key}"
                log.add(tag, step, path.stat().st_mtime, value)
    return [log]


def _exported(runs: list[dict[str, Any]]) -> Iterable[Log]:
    for run in runs:
        log = Log(str(run.get("name", "")), dict(run.get("config") or {}))
        for tag, columns in (run.get("scalars") or {}).items():
            for step, wall_time, value in zip(columns["step"], columns["wall_time"], columns["value"], strict=True):
                log.add(tag, step, wall_time, value)
        yield log


def _golden(found: dict[str, Any], path: Path) -> Iterable[Log]:
    log = Log()
    for tag, about in found.items():
        for step, value in about["values"].items():
            log.add(tag, whole(step) or 0, path.stat().st_mtime, value)
    return [log]


def seconds(value: Any) -> float | None:
    """A time as seconds since 1970: a number of seconds or milliseconds, or a date as ISO 8601 writes it."""
    found = number(value)
    if found is not None:
        return found / 1000 if found > 1e11 else found
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
