"""`viz sql`: read-only SQL over all runs, as if their files were one database of plain tables.

The files are read into a database of its own, on disk and for this question only, so that whatever is asked
can harm nothing. Only tables that the question names are filled; `--run` and `--tag` keep large logdirs small.
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dashboard.commands.refusal import Refusal, add_logdir, existing_logdir, mirrored

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
    """Runs the query and prints its rows."""
    root = existing_logdir(arguments.logdir)
    with tempfile.TemporaryDirectory(prefix="everystep-") as folder:
        connection = sqlite3.connect(Path(folder) / "all.sqlite")
        try:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
                connection.execute(f"PRAGMA {pragma}")
            _fill(connection, root, arguments)
            connection.commit()
            headers, rows = _answer(connection, arguments.query)
        finally:
            connection.close()
    _print(headers, rows, arguments.format)
    return 0


def _fill(connection: sqlite3.Connection, root: Path, arguments: argparse.Namespace) -> None:
    from tracker.store.reader import Store
    from tracker.store.stored_run import StoredRun

    named = {name for name in TABLES if re.search(rf"\b{name}\b", arguments.query, re.IGNORECASE)}
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
    readers: dict[str, Callable[[StoredRun, Callable[[str], bool]], Iterator[tuple[Any, ...]]]] = {
        "runs": _runs, "points": _points, "histograms": _histograms, "media": _media, "marks": _marks,
    }  # fmt: skip
    for run in Store(root, mirrored(root)).runs():
        if not _matches(run.name, arguments.run):
            continue
        for name in named:
            slots = ", ".join("?" * (TABLES[name].count(",") + 1))
            rows = readers[name](run, lambda tag: _matches(tag, arguments.tag))
            connection.executemany(f"INSERT INTO {name} VALUES ({slots})", rows)  # noqa: S608 names of our own


def _matches(text: str, patterns: list[str] | None) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


def _runs(run: Any, _: Callable[[str], bool]) -> Iterator[tuple[Any, ...]]:
    segments = run.segments()
    if segments:
        last = segments[-1]
        yield (
            run.name, run.status, segments[0].created, last.ended, last.ending, last.group, json.dumps(last.tags),
            last.notes, json.dumps(run.config),
        )  # fmt: skip


def _points(run: Any, wanted: Callable[[str], bool]) -> Iterator[tuple[Any, ...]]:
    for tag in filter(wanted, run.tags("scalar")):
        found = run.scalars(tag)
        columns = found.step.tolist(), found.wall_time.tolist(), found.value.tolist()
        yield from ((run.name, tag, *point) for point in zip(*columns, strict=True))


def _histograms(run: Any, wanted: Callable[[str], bool]) -> Iterator[tuple[Any, ...]]:
    for tag in filter(wanted, run.tags("histogram")):
        found = run.histograms(tag)
        for step, wall_time, each in zip(found.step.tolist(), found.wall_time.tolist(), found, strict=True):
            quantiles = each.quantile([0.05, 0.5, 0.95]).tolist()
            yield (run.name, tag, step, wall_time, each.total, each.nan_count, each.min, each.max, *quantiles)


def _media(run: Any, wanted: Callable[[str], bool]) -> Iterator[tuple[Any, ...]]:
    for kind in ("image", "text", "graph"):
        for tag in filter(wanted, run.tags(kind)):
            for item in run.media(kind, tag):
                yield (
                    run.name, kind, tag, item.step, item.wall_time, item.position, item.form,
                    json.dumps(item.attributes), item.hash,
                )  # fmt: skip


def _marks(run: Any, _: Callable[[str], bool]) -> Iterator[tuple[Any, ...]]:
    for mark in run.marks():
        yield run.name, mark.step, mark.wall_time, mark.kind, mark.text, json.dumps(mark.attributes)


ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, 33}
"""What the query may do: select, read, call functions, recurse (33, which older Pythons do not name)."""


def _answer(connection: sqlite3.Connection, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    connection.execute("PRAGMA query_only=ON")
    connection.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in ALLOWED else sqlite3.SQLITE_DENY)
    try:
        cursor = connection.execute(query)
        if cursor.description is None:
            raise Refusal("the query gives no rows; it must be one SELECT")
        return [column[0] for column in cursor.description], cursor.fetchall()
    except sqlite3.Warning as error:
        raise Refusal(f"one query at a time: {error}") from error
    except sqlite3.Error as error:
        hint = "; only SELECT is allowed" if "not authorized" in str(error) else ""
        if "no such table" in str(error):
            hint = f"; there are {', '.join(TABLES)}"
        elif "no such column" in str(error):
            hint = "; viz sql --help lists the columns of each table"
        raise Refusal(f"{error}{hint}") from error


def _print(headers: list[str], rows: list[tuple[Any, ...]], form: str) -> None:
    from dashboard.commands import table

    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(headers)
        writer.writerows(rows)
    elif form == "json":
        from dashboard import wire

        plain = [dict(zip(headers, map(wire.plain, row), strict=True)) for row in rows]
        json.dump(plain, sys.stdout, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(table.render(headers, rows) + "\n")
