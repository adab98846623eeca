"""`viz sql`: read-only SQL over all runs, as if their files were one database of plain tables.

The files are read into a database of its own, on disk and for this question only, so that whatever is asked
can harm nothing. Only tables that the question names are filled; `--run` and `--tag` keep large logdirs small.
What cannot be read of a run is left out and named.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.commands import table
from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir, mirrored, told
from tracker.plain_text import writable, writable_values
from tracker.store.read.left_out import LeftOut

if TYPE_CHECKING:
    from tracker.store.read.run import StoredRun

TABLES = {
    "runs": "run, status, started, ended, ending, run_group, tags, notes, config",
    "points": "run, tag, step, wall_time, value",
    "histograms": "run, tag, step, wall_time, elements, nan_count, min, max, p05, p50, p95",
    "media": "run, kind, tag, step, wall_time, position, form, attributes, hash",
    "marks": "run, step, wall_time, kind, text, attributes",
}
"""The tables and their columns; in `points` NULL is NaN."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("query", metavar="QUERY", help="one SELECT")
    parser.add_argument("--run", action="append", metavar="GLOB", help="only these runs")
    parser.add_argument("--tag", action="append", metavar="GLOB", help="only these tags")
    parser.add_argument("--format", choices=["table", "csv", "json"], default="table", help="how to print the rows")
    columns = "\n".join(f"  {name}({columns})" for name, columns in TABLES.items())
    parser.epilog = f"{parser.epilog}\n\ntables:\n{columns}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def act(arguments: argparse.Namespace) -> int:
    """Runs the query and prints its rows; 1 when some of what they are made of could not be read."""
    root = existing_logdir(arguments.logdir, or_database=True)
    # A file without a name, which the system takes back whatever becomes of us.
    connection = sqlite3.connect("")
    connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
            connection.execute(f"PRAGMA {pragma}")
        left_out, number = _fill(connection, root, arguments)
        connection.commit()
        headers, rows = _answer(connection, arguments.query, arguments.format)
    except sqlite3.Error as error:
        raise CommandError(f"the runs cannot be put together: {_in_words(error)}") from error
    finally:
        connection.close()
    _print(headers, rows, arguments.format)
    return told(left_out, number)


def _fill(connection: sqlite3.Connection, root: Path, arguments: argparse.Namespace) -> tuple[LeftOut, int]:
    """Fills the tables that the question names; what could not be read, and of how many runs."""
    from tracker.store.read.reader import Store

    named = [name for name in TABLES if re.search(rf"\b{name}\b", arguments.query, re.IGNORECASE)]
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
    cache, left_out = mirrored(root)
    runs = [run for run in Store(root, cache).runs() if _matches(run.name, arguments.run)]
    left_out.keep({name for name in left_out.parts if _matches(name, arguments.run)})
    if not named:
        return LeftOut(), len(runs)
    for run in runs:
        left_out.look_at(run)
        with run.held() as held:
            for name in named:
                slots = ", ".join("?" * (TABLES[name].count(",") + 1))
                for part, read in READERS[name](held, arguments.tag, left_out):
                    rows: list[tuple[Any, ...]] = []
                    with left_out.reading(run.name, part):
                        rows = [tuple(map(_kept, row)) for row in read()]
                    connection.executemany(f"INSERT INTO {name} VALUES ({slots})", rows)  # noqa: S608 names of our own
    return left_out, len({*(run.name for run in runs), *left_out.parts})


def _kept(value: Any) -> Any:
    """A value as SQLite keeps it: a text without half characters, an integer beyond 64 bits as its digits."""
    if isinstance(value, str):
        return writable(value)
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value


def _matches(text: str, patterns: list[str] | None) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


Reads = Iterator[tuple[str, Callable[[], Iterable[tuple[Any, ...]]]]]
"""What is read of a run, part by part, and its rows."""


def _runs(run: StoredRun, _: list[str] | None, __: LeftOut) -> Reads:
    def read() -> Iterator[tuple[Any, ...]]:
        segments = run.segments()
        if segments:
            last = segments[-1]
            yield (
                run.name, run.status, segments[0].created, last.ended, last.ending, last.group,
                json.dumps(writable_values(last.tags)), last.notes, json.dumps(writable_values(run.config)),
            )  # fmt: skip

    yield "", read


def _tags(run: StoredRun, kind: str, patterns: list[str] | None, left_out: LeftOut) -> list[str]:
    found: list[str] = []
    with left_out.reading(run.name):
        found = [tag for tag in run.tags(kind) if _matches(tag, patterns)]
    return found


def _points(run: StoredRun, patterns: list[str] | None, left_out: LeftOut) -> Reads:
    def read(tag: str) -> Iterator[tuple[Any, ...]]:
        found = run.scalars(tag)
        columns = found.step.tolist(), found.wall_time.tolist(), found.value.tolist()
        yield from ((run.name, tag, *point) for point in zip(*columns, strict=True))

    for tag in _tags(run, "scalar", patterns, left_out):
        yield tag, partial(read, tag)


def _histograms(run: StoredRun, patterns: list[str] | None, left_out: LeftOut) -> Reads:
    def read(tag: str) -> Iterator[tuple[Any, ...]]:
        found = run.histograms(tag)
        for step, wall_time, each in zip(found.step.tolist(), found.wall_time.tolist(), found, strict=True):
            quantiles = each.quantile([0.05, 0.5, 0.95]).tolist()
            yield (run.name, tag, step, wall_time, each.total, each.nan_count, each.min, each.max, *quantiles)

    for tag in _tags(run, "histogram", patterns, left_out):
        yield tag, partial(read, tag)


def _media(run: StoredRun, patterns: list[str] | None, left_out: LeftOut) -> Reads:
    def read(kind: str, tag: str) -> Iterator[tuple[Any, ...]]:
        for item in run.media(kind, tag):
            yield (
                run.name, kind, tag, item.step, item.wall_time, item.position, item.form,
                json.dumps(writable_values(item.attributes)), item.hash,
            )  # fmt: skip

    for kind in ("image", "text", "graph"):
        for tag in _tags(run, kind, patterns, left_out):
            yield tag, partial(read, kind, tag)


def _marks(run: StoredRun, _: list[str] | None, __: LeftOut) -> Reads:
    def read() -> Iterator[tuple[Any, ...]]:
        for mark in run.marks():
            attributes = json.dumps(writable_values(mark.attributes))
            yield run.name, mark.step, mark.wall_time, mark.kind, mark.text, attributes

    yield "marks", read


READERS: dict[str, Callable[[StoredRun, list[str] | None, LeftOut], Reads]] = {
    "runs": _runs, "points": _points, "histograms": _histograms, "media": _media, "marks": _marks,
}  # fmt: skip

ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 33}
"""What the query may do: select, read, call functions, recurse (33, which older Pythons do not name)."""


def _answer(connection: sqlite3.Connection, query: str, form: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    connection.execute("PRAGMA query_only=ON")
    connection.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in ALLOWED else sqlite3.SQLITE_DENY)
    try:
        cursor = connection.execute(query)
        if cursor.description is None:
            raise CommandError("the query gives no rows; it must be one SELECT")
        headers = [column[0] for column in cursor.description]
        if form != "table" or not sys.stdout.isatty():
            return headers, cursor.fetchall()
        return headers, [tuple(map(table.shortened, row)) for row in cursor]  # before a second long cell comes
    except sqlite3.Warning as error:
        raise CommandError(f"one query at a time: {error}") from error
    except (sqlite3.Error, UnicodeError) as error:  # a query with half a character in it
        hint = "; only SELECT is allowed" if "not authorized" in str(error) else ""
        if "no such table" in str(error):
            hint = f"; there are {', '.join(TABLES)}"
        elif "no such column" in str(error):
            hint = "; viz sql --help lists the columns of each table"
        raise CommandError(f"{_in_words(error)}{hint}") from error


def _in_words(error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "unable to open" in str(error)):
        return (
            f"no room in {tempfile.gettempdir()} for the tables of the question ({error}); "
            "ask for less with --run and --tag, or name another folder with $TMPDIR"
        )
    return " ".join(str(error).split())


def _print(headers: list[str], rows: list[tuple[Any, ...]], form: str) -> None:
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(headers)
        writer.writerows(rows)
    elif form == "json":
        from dashboard.http import wire

        plain = [dict(zip(headers, map(wire.plain, row), strict=True)) for row in rows]
        json.dump(plain, sys.stdout, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(table.render(headers, rows) + "\n")
