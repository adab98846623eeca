"""Every point of some runs as a file that other programs read: rows, columns, objects, or a report.

A curve, a file or a run that cannot be read is left out and named; a sound one is in the file as if it were alone.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from tracker.errors import MissingPackageError
from tracker.plain_text import writable, writable_values
from tracker.store.read.left_out import LeftOut

if TYPE_CHECKING:  # the command's help names the forms, and is to be quick
    from tracker.store.read.run import StoredRun

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so is a formula to a spreadsheet, which may run it."""


class Written(NamedTuple):
    """What became of an export."""

    points: int
    """How many are in the file."""
    left_out: LeftOut
    """What could not be read."""


def write(form: str, runs: Sequence[StoredRun], file: BinaryIO, tags: Collection[str] | None = None) -> Written:
    """Writes a file with all that can be read.

    Args:
        form: One of FORMS.
        runs: Whose points.
        file: Where to; it is left open.
        tags: Which curves; None for all.

    Raises:
        MissingPackageError: The form needs a package that is not installed.
        OSError: The file cannot be written.
    """
    left_out = LeftOut()
    for run in runs:
        left_out.look_at(run)
    return Written(FORMS[form][1](runs, file, tags, left_out), left_out)


@contextlib.contextmanager
def _text(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """A file to write text to, as it stands in memory."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
        text.flush()
    finally:
        with contextlib.suppress(OSError):  # a full disk, which was said already
            text.detach()


def _series(run: StoredRun, tags: Collection[str] | None, left_out: LeftOut) -> Iterator[tuple[str, Any]]:
    """(tag, points) of every curve of a run that can be read."""
    known: list[str] = []
    with run.held() as held:
        with left_out.reading(run.name):
            known = [tag for tag in held.tags("scalar") if tags is None or tag in tags]
        for tag in known:
            with left_out.reading(run.name, tag):
                yield tag, held.scalars(tag)


def _csv(runs: Sequence[StoredRun], file: BinaryIO, tags: Collection[str] | None, left_out: LeftOut) -> int:
    """run, tag, step, wall_time, value; floats with all their digits, NaN and inf as words that pandas reads."""
    count = 0
    with _text(file) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["run", "tag", "step", "wall_time", "value"])
        for run in runs:
            for tag, points in _series(run, tags, left_out):
                count += len(points)
                names = harmless(run.name), harmless(tag)
                columns = points.step.tolist(), map(repr, points.wall_time.tolist()), map(repr, points.value.tolist())
                writer.writerows((*names, *point) for point in zip(*columns, strict=True))
    return count


def harmless(name: str) -> str:
    """A text as a cell that no spreadsheet runs."""
    return f"'{writable(name)}" if name.startswith(_RISKY) else writable(name)


def _parquet(runs: Sequence[StoredRun], file: BinaryIO, tags: Collection[str] | None, left_out: LeftOut) -> int:
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
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for run in runs:
            for tag, points in _series(run, tags, left_out):
                count += len(points)
                constant = [
                    pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * len(points), pyarrow.int32()), [text])
                    for text in (writable(run.name), writable(tag))
                ]
                columns = [pyarrow.array(column) for column in (points.step, points.wall_time, points.value)]
                writer.write_table(pyarrow.table([*constant, *columns], schema=schema))
    return count


def _json(runs: Sequence[StoredRun], file: BinaryIO, tags: Collection[str] | None, left_out: LeftOut) -> int:
    """{"runs": [{name, status, config, …, scalars: {tag: {step, wall_time, value}}}], "left_out": {run: [words]}}; what
    is not finite is a word."""
    from dashboard.http import wire

    count = 0
    with _text(file) as out:
        out.write('{"runs": [')
        between = "\n"
        for run in runs:
            scalars = dict(_series(run, tags, left_out))
            text = ""
            with left_out.reading(run.name):
                about: dict[str, Any] = {
                    "name": run.name, "status": run.status, "started": run.started, "config": run.config, "marks": [],
                }  # fmt: skip
                with left_out.reading(run.name, "marks"):
                    about["marks"] = [vars(mark) for mark in run.marks()]
                about["scalars"] = {tag: vars(points) for tag, points in scalars.items()}
                # Python's own writer has integers of any size, such as a seed of 128 bits.
                text = json.dumps(writable_values(wire.plain(about)), ensure_ascii=False)
            if text:
                count += sum(map(len, scalars.values()))
                out.write(between + text)
                between = ",\n"
        out.write(f'\n], "left_out": {json.dumps(writable_values(left_out.parts), ensure_ascii=False)}}}\n')
    return count


def _html(runs: Sequence[StoredRun], file: BinaryIO, tags: Collection[str] | None, left_out: LeftOut) -> int:
    """One file with charts to zoom, smooth and hover, for those who have no viz."""
    from dashboard.export import report  # it brings the readers of curves, which the other forms do without

    text, count = report.page(runs, f"Report on {len(runs):,} run{'' if len(runs) == 1 else 's'}", tags, left_out)
    file.write(text.encode())
    return count


FORMS: dict[str, tuple[str, Callable[[Sequence[StoredRun], BinaryIO, Collection[str] | None, LeftOut], int]]] = {
    "csv": ("one row a point", _csv),
    "parquet": ("the same, typed and compressed", _parquet),
    "json": ("one object a run", _json),
    "html": ("a report that works offline", _html),
}
"""By ending: what it holds, and who writes it."""
