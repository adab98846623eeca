"""`viz runs`: what there is, how it stands, and where each run's curves are."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboard.commands.counting import so_large
from dashboard.commands.refusal import UsageError, add_logdir, existing_logdir, mirrored, told

if TYPE_CHECKING:
    from dashboard.choosing.fields import Field
    from dashboard.live.run_state import RunState

MOST_COLUMNS = 4

MOST_LINKS = 5
"""That are not followed and are named."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="which, in the words of the page's filter: 'lr>1e-4 best 20 by val/loss'",
    )
    add_logdir(parser)
    parser.add_argument(
        "--sort", default=None, metavar="KEY", help="by a setting, or a metric's best; --sort=-KEY the other way"
    )
    parser.add_argument(
        "--group-by", default=None, metavar="KEYS", help="settings, as lr,seed: a line a group with count, best, mean"
    )
    parser.add_argument("--json", action="store_true", help="everything that is known of each, as JSON")


def act(arguments: argparse.Namespace) -> int:
    """Prints a table of runs, or JSON; 1 when some of it could not be read."""
    from dashboard.choosing.query import QueryError
    from dashboard.commands import table
    from dashboard.live.catalog import Catalog

    root = existing_logdir(arguments.logdir, or_database=True)
    cache, left_out = mirrored(root)
    library = Catalog(root, cache)
    library.scan()
    summaries = []
    for name, run in library.runs.items():
        for problem in run.problems.values():
            left_out.note(name, problem.why)
        with left_out.reading(name):
            summaries.append(run.summary())
    number = len({*library.runs, *left_out.parts})
    for link in [link for link in library.links if link.problem and not link.path.name.startswith(".")][:MOST_LINKS]:
        sys.stderr.write(f"viz: {table.printable(str(link))}\n")
    if not summaries and not arguments.json:
        sys.stdout.write(f"no runs in {table.printable(str(library.root))}\n")
        return told(left_out, number)
    try:
        _print(arguments, summaries, library.runs)
    except QueryError as error:
        raise UsageError(str(error)) from error
    return told(left_out, number)


def _print(arguments: argparse.Namespace, summaries: list[dict[str, Any]], states: Mapping[str, RunState]) -> None:
    from dashboard.choosing.fields import Searched
    from dashboard.commands import table

    words = " ".join(arguments.words)
    shown: list[Field] = []
    if words or arguments.sort or arguments.group_by:
        from dashboard.choosing.chosen import Chooser

        chooser = Chooser(summaries, states)
        chosen = chooser.chosen(words, arguments.sort)
        if arguments.group_by:
            headers, rows = chooser.groups(
                chosen, arguments.group_by.split(","), _columns(summaries)[: MOST_COLUMNS // 2]
            )
            _write(arguments, headers, rows, [dict(zip(headers, row, strict=True)) for row in rows])
            return
        summaries, shown = [run.about for run in chosen.runs], chosen.fields
        if not summaries and not arguments.json:
            sys.stdout.write(f"no run is found by {table.printable(words)}\n")
            return
    tags = [tag for tag in _columns(summaries) if f"last:{tag}" not in {field.id for field in shown}]
    rows = [
        [
            summary["name"],
            "paused" if summary["paused"] else summary["status"],
            _ago(summary["updated"]),
            max((last["step"] for last in summary["scalars"].values()), default=None),
            None if summary["bytes"] is None else so_large(summary["bytes"]),
            *(field.of(Searched(summary)) for field in shown),
            *(summary["scalars"].get(tag, {}).get("value") for tag in tags),
            "; ".join(summary["problems"]) or None,
        ]
        for summary in summaries
    ]
    headers = ["run", "status", "last", "step", "size", *(field.label for field in shown), *tags, ""]
    _write(arguments, headers, rows, summaries)


def _write(
    arguments: argparse.Namespace, headers: list[str], rows: list[list[Any]], told: list[dict[str, Any]]
) -> None:
    """A table, or what is told as JSON."""
    if arguments.json:
        from dashboard.http import wire
        from tracker.plain_text import writable_values

        # Python's own writer has integers of any size, such as a seed of 128 bits.
        json.dump(writable_values(wire.plain(told)), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return
    from dashboard.commands import table

    sys.stdout.write(table.render(headers, rows, named=["run"]) + "\n")


def _columns(summaries: list[dict[str, Any]]) -> list[str]:
    """The tags worth a column: those that runs are judged by."""
    from dashboard.live.headline import headlines

    return headlines(Counter(tag for summary in summaries for tag in summary["scalars"]), MOST_COLUMNS)


def _ago(wall_time: float | None) -> str | None:
    if wall_time is None:
        return None
    seconds = time.time() - wall_time
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"
