"""`viz export`: every point of some runs, or of all, in a file that other programs read."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dashboard.commands.refusal import Refusal, add_logdir, existing_logdir, mirrored

FORMS = {
    ".csv": "one row a point",
    ".parquet": "the same, typed and compressed",
    ".json": "one object a run",
    ".html": "a report that works offline",
}
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so is a formula to a spreadsheet, which may run it."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names of runs (default: all)")
    forms = ", ".join(f"{ending} ({what})" for ending, what in FORMS.items())
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help=f"what to write, by its ending: {forms}; or a folder, for TensorBoard (event files, one folder a run)",
    )  # fmt: skip


def act(arguments: argparse.Namespace) -> int:
    """Writes the file, whole or not at all."""
    target = Path(arguments.output)
    if target.is_dir() or not target.suffix or arguments.output.endswith(("/", os.sep)):
        return _event_files(_chosen(existing_logdir(arguments.logdir), arguments.runs), target)
    writers: dict[str, Callable[[list[Any], Path], int]] = {
        ".csv": _csv,
        ".parquet": _parquet,
        ".json": _json,
        ".html": _html,
    }
    write = writers.get(target.suffix.lower())
    if write is None:
        raise Refusal(f"{target.name} has an ending that is not known; there are {', '.join(FORMS)}, and folders")
    runs = _chosen(existing_logdir(arguments.logdir), arguments.runs)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        count = write(runs, partial)
        partial.replace(target)
    except OSError as error:
        raise Refusal(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    sys.stderr.write(f"{count:,} points of {len(runs):,} run{'' if len(runs) == 1 else 's'} in {target}\n")
    return 0


def _event_files(runs: list[Any], target: Path) -> int:
    """A folder that TensorBoard reads; one of its runs is a run, whole or not at all."""
    from tracker.foreign.exporter import export_events

    count = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.rglob("*tfevents*")):
            raise Refusal(f"{target} holds event files already; TensorBoard would show both, so choose a new folder")
        for run in runs:
            count += export_events(run, target / ("" if run.name == "." else run.name))
    except OSError as error:
        raise Refusal(f"{target} cannot be written: {error.strerror or error}") from error
    sys.stderr.write(f"{count:,} values of {len(runs):,} run{'' if len(runs) == 1 else 's'} in {target}\n")
    return 0


def _chosen(root: Path, names: list[str]) -> list[Any]:
    from tracker.errors import RunNameError, RunNotFoundError
    from tracker.store.reader import Store

    store = Store(root, mirrored(root))
    try:
        return [store.run(name) for name in names] if names else store.runs()
    except (RunNotFoundError, RunNameError) as error:
        raise Refusal(" ".join(str(error).split())) from error


def _series(runs: list[Any]) -> Iterator[tuple[str, str, Any]]:
    """(run, tag, points) of every curve."""
    for run in runs:
        for tag in run.tags("scalar"):
            yield run.name, tag, run.scalars(tag)


def _csv(runs: list[Any], target: Path) -> int:
    """run, tag, step, wall_time, value; floats with all their digits, NaN and inf as words that pandas reads."""
    count = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["run", "tag", "step", "wall_time", "value"])
        for run, tag, points in _series(runs):
            count += len(points)
            names = _harmless(run), _harmless(tag)
            columns = points.step.tolist(), map(repr, points.wall_time.tolist()), map(repr, points.value.tolist())
            writer.writerows((*names, *point) for point in zip(*columns, strict=True))
    return count


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_RISKY) else name


def _parquet(runs: list[Any], target: Path) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise Refusal("a .parquet file needs PyArrow: pip install 'everystep[parquet]'") from error
    name = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    schema = pyarrow.schema(
        [("run", name), ("tag", name), ("step", "int64"), ("wall_time", "float64"), ("value", "float64")]
    )
    count = 0
    with pyarrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for run, tag, points in _series(runs):
            count += len(points)
            constant = [
                pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * len(points), pyarrow.int32()), [text])
                for text in (run, tag)
            ]
            columns = [pyarrow.array(column) for column in (points.step, points.wall_time, points.value)]
            writer.write_table(pyarrow.table([*constant, *columns], schema=schema))
    return count


def _json(runs: list[Any], target: Path) -> int:
    """{"runs": [{name, status, config, …, scalars: {tag: {step, wall_time, value}}}]}; what is not finite is a word."""
    from dashboard import wire

    count = 0
    with target.open("w", encoding="utf-8") as file:
        file.write('{"runs": [')
        for index, run in enumerate(runs):
            scalars = {tag: run.scalars(tag) for tag in run.tags("scalar")}
            count += sum(map(len, scalars.values()))
            plain = {
                "name": run.name,
                "status": run.status,
                "started": run.started,
                "config": run.config,
                "marks": [vars(mark) for mark in run.marks()],
                "scalars": {tag: vars(points) for tag, points in scalars.items()},
            }
            file.write(",\n" if index else "\n")
            json.dump(wire.plain(plain), file, ensure_ascii=False)
        file.write("\n]}\n")
    return count


def _html(runs: list[Any], target: Path) -> int:
    """One file with charts to zoom, smooth and hover, for those who have no viz."""
    from dashboard import report

    text, count = report.page(runs, f"Report on {len(runs):,} run{'' if len(runs) == 1 else 's'}")
    target.write_text(text, encoding="utf-8")
    return count
