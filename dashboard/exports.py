"""Every point of some runs as a file that other programs read: rows, columns, objects, or a report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command's help names the forms, and is to be quick
    from tracker.store.stored_run import StoredRun

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so is a formula to a spreadsheet, which may run it."""


class MissingPackageError(RuntimeError):
    """A form needs a package that is not installed; the message says which."""


def write(form: str, runs: Sequence[StoredRun], target: Path, tags: Collection[str] | None = None) -> int:
    """Writes a file; gives how many points are in it.

    Args:
        form: One of FORMS.
        runs: Whose points.
        target: The file, which is written over.
        tags: Which curves; None for all.

    Raises:
        MissingPackageError: The form needs a package that is not installed.
    """
    return FORMS[form][1](runs, target, tags)


def _tags(run: StoredRun, tags: Collection[str] | None) -> list[str]:
    return [tag for tag in run.tags("scalar") if tags is None or tag in tags]


def _series(runs: Sequence[StoredRun], tags: Collection[str] | None) -> Iterator[tuple[str, str, Any]]:
    """(run, tag, points) of every curve."""
    for run in runs:
        for tag in _tags(run, tags):
            yield run.name, tag, run.scalars(tag)


def _csv(runs: Sequence[StoredRun], target: Path, tags: Collection[str] | None) -> int:
    """run, tag, step, wall_time, value; floats with all their digits, NaN and inf as words that pandas reads."""
    count = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["run", "tag", "step", "wall_time", "value"])
        for run, tag, points in _series(runs, tags):
            count += len(points)
            names = _harmless(run), _harmless(tag)
            columns = points.step.tolist(), map(repr, points.wall_time.tolist()), map(repr, points.value.tolist())
            writer.writerows((*names, *point) for point in zip(*columns, strict=True))
    return count


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_RISKY) else name


def _parquet(runs: Sequence[StoredRun], target: Path, tags: Collection[str] | None) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingPackageError("a .parquet file needs PyArrow: pip install 'everystep[parquet]'") from error
    name = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    schema = pyarrow.schema(
        [("run", name), ("tag", name), ("step", "int64"), ("wall_time", "float64"), ("value", "float64")]
    )
    count = 0
    with pyarrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for run, tag, points in _series(runs, tags):
            count += len(points)
            constant = [
                pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * len(points), pyarrow.int32()), [text])
                for text in (run, tag)
            ]
            columns = [pyarrow.array(column) for column in (points.step, points.wall_time, points.value)]
            writer.write_table(pyarrow.table([*constant, *columns], schema=schema))
    return count


def _json(runs: Sequence[StoredRun], target: Path, tags: Collection[str] | None) -> int:
    """{"runs": [{name, status, config, …, scalars: {tag: {step, wall_time, value}}}]}; what is not finite is a word."""
    from dashboard import wire

    count = 0
    with target.open("w", encoding="utf-8") as file:
        file.write('{"runs": [')
        for index, run in enumerate(runs):
            scalars = {tag: run.scalars(tag) for tag in _tags(run, tags)}
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


def _html(runs: Sequence[StoredRun], target: Path, tags: Collection[str] | None) -> int:
    """One file with charts to zoom, smooth and hover, for those who have no viz."""
    from dashboard import report  # it brings the readers of curves, which the other forms do without

    text, count = report.page(runs, f"Report on {len(runs):,} run{'' if len(runs) == 1 else 's'}", tags)
    target.write_text(text, encoding="utf-8")
    return count


FORMS: dict[str, tuple[str, Callable[[Sequence[StoredRun], Path, Collection[str] | None], int]]] = {
    "csv": ("one row a point", _csv),
    "parquet": ("the same, typed and compressed", _parquet),
    "json": ("one object a run", _json),
    "html": ("a report that works offline", _html),
}
"""By ending: what it holds, and who writes it."""
