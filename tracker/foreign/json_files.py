"""JSON files that hold curves: a row a line, rows in a list, lists by name, transformers' trainer_state.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tracker.foreign import catboost
from tracker.foreign.axis import SINCE_1973, STEPS, goes_up
from tracker.foreign.csv_table import decoded
from tracker.foreign.log import LONGEST_SAID, NO_PLACE, Log, parsed, parsed_json, whole
from tracker.foreign.rows import named_by_file, wide

_MEASURE = re.compile(
    r"loss|acc|err|reward|return|score|f1|auc|iou|dice|precision|recall|perplexity|ppl|bleu|wer|mse|mae|rmse|psnr|ssim"
    r"|metric|(^|_)(lr|kl|map|elbo|nll)(_|$)|learning_rate|entropy|grad",
    re.IGNORECASE,
)
"""Names of what is measured: a list of numbers among settings, such as the mean of three colours, is no curve."""


def read_lines(path: Path) -> Iterable[Log]:
    """An object a line; lines that are none are counted."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return wide((parsed(line) for line in file if line.strip()), path, others="lines that are no JSON object")


def is_lines(path: Path) -> bool:
    """Whether the first line of a text is a JSON object of its own."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    return first.lstrip().startswith("{") and isinstance(parsed(first), dict)


def read(path: Path) -> Iterable[Log] | str:
    """The curves of a JSON file, whoever wrote it; or a sentence that says why it has none.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    text = decoded(path.read_bytes())
    if catboost.is_log(text):
        return catboost.read(text, path)
    try:
        found = parsed_json(text)
    except ValueError:
        if not is_lines(path):
            raise
        return read_lines(path)  # as detectron2 and MMEngine call it
    if isinstance(found, list):
        return _list(found, path)
    if not isinstance(found, dict):
        return "it is one value of JSON, and no curve"
    if isinstance(found.get("log_history"), list):
        return _trainer_state(found, path)
    if isinstance(found.get("runs"), list):
        return _exported(found["runs"])
    if any(isinstance(each, dict) and isinstance(each.get("values"), dict) for each in found.values()):
        return _golden(found, path)
    return _history(found, path)


def _list(found: list[Any], path: Path) -> Iterable[Log] | str:
    """Rows as objects, rows as lists, or the values of one curve."""
    if any(isinstance(row, dict) for row in found):
        return wide(found, path)
    modified = path.stat().st_mtime
    log = Log()
    if found and all(isinstance(row, list) and row and all(_is_number(each) for each in row) for row in found):
        run, tag = named_by_file(path)
        if all(len(row) == 3 and row[0] >= SINCE_1973 for row in found):  # as TensorBoard's page gives a curve away
            log.run = run
            for when, step, value in found:
                log.add(tag, step, when, value)
            return [log]
        rows = [{f"column {place + 1}": value for place, value in enumerate(row)} for row in found]
        counts = goes_up([row[0] for row in found]) and all(len(row) > 1 for row in found)
        return wide(rows, path, numbering="column 1" if counts else None)
    for step, value in enumerate(found):
        log.add(path.stem, step, modified, value)
    return [log] if log.points else "it is a list of other things than rows or numbers"


def _history(found: dict[str, Any], path: Path) -> Iterable[Log] | str:
    """Lists by name, also in parts ({"validation_0": {"auc": […]}}) or among settings; or a list of rows that count."""
    if keyed := _keyed(found):
        return wide(keyed, path)
    if parts := _parts(found, path):
        log = Log(config=_settings(found))
        for name, part in parts.items():
            above = f"{name}/" if len(parts) > 1 else ""
            log.points.update({f"{above}{tag}": points for tag, points in part.points.items()})
            log.left_out.update(part.left_out)
        return [log]
    lists = dict(_lists(found, ""))
    plain = all(isinstance(each, (list, dict)) for each in found.values())
    curves = {tag: values for tag, values in lists.items() if any(map(_is_number, values))}
    if not curves or not (plain or any(_MEASURE.search(tag) and len(values) > 1 for tag, values in curves.items())):
        return "it is one JSON object without a list of what was measured: results or settings, no curve"
    log = Log(config=_settings(found))
    for tag, values in lists.items():
        for step, value in enumerate(values):
            if not log.add(tag, step, path.stat().st_mtime, value) and value is not None:
                log.left_out[f"values of {tag[:LONGEST_SAID]!r} that are no numbers"] += 1
    return [log]


def _parts(found: dict[str, Any], path: Path) -> dict[str, Log]:
    """The lists of rows in an object, by name; one that says again what another does is left out."""
    parts: dict[str, Log] = {}
    told: list[dict[str, list[tuple[int, float]]]] = []
    for name, each in found.items():
        if not isinstance(each, list) or not _are_rows(each):
            continue
        for log in wide(each, path):
            curves = {tag: [(step, value) for step, _, value in points] for tag, points in log.points.items()}
            if curves and not any(curves.items() <= other.items() for other in told):
                told.append(curves)
                parts[f"{name}/{log.run}" if log.run else name] = log
    return parts


_COUNT = re.compile(r"(?:epoch|step|iter(?:ation)?)?[ _-]?(\d+)", re.IGNORECASE)


def _keyed(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an object by their numbers ({"epoch_1": {"loss": 2}}), or of columns so, as pandas writes a table."""
    if not found or not all(isinstance(each, dict) and each for each in found.values()):
        return []
    if all(_COUNT.fullmatch(key) for key in found):
        counts = [int(key[_COUNT.fullmatch(key).start(1) :]) for key in found]  # type: ignore[union-attr]
        return [{"step": count, **row} for count, row in zip(counts, found.values(), strict=True)]
    if all(key.isdigit() for each in found.values() for key in each):
        places = sorted({int(key) for each in found.values() for key in each})
        return [{name: each.get(str(place)) for name, each in found.items()} for place in places]
    return []


def _are_rows(entries: list[Any]) -> bool:
    """Whether a list is of objects that say at which count they stand, or what was measured."""
    objects = [each for each in entries if isinstance(each, dict)]
    told = sum(any(key.lower() in STEPS or _MEASURE.search(key) for key in each) for each in objects)
    return len(objects) > 0 and told * 2 > len(entries)


def _lists(found: Mapping[str, Any], above: str) -> Iterator[tuple[str, list[Any]]]:
    """The lists of mostly plain values in an object, whatever its depth."""
    for name, each in found.items():
        if isinstance(each, dict):
            yield from _lists(each, f"{above}{name}/")
        elif isinstance(each, list) and sum(isinstance(value, (list, dict)) for value in each) * 2 <= len(each):
            yield f"{above}{name}", each


def _settings(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if isinstance(value, (str, int, float, bool))}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
