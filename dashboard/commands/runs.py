"""`viz runs`: what there is, how it stands, and where each run's curves are."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any

from dashboard.commands.counting import so_large
from dashboard.commands.refusal import add_logdir, existing_logdir, mirrored, told

MOST_COLUMNS = 4

MOST_LINKS = 5
"""That are not followed and are named."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("--json", action="store_true", help="everything that is known of each, as JSON")


def act(arguments: argparse.Namespace) -> int:
    """Prints a table of runs, or JSON; 1 when some of it could not be read."""
    from dashboard.commands import table
    from dashboard.live.catalog import Catalog
    from tracker.plain_text import writable_values

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
    if arguments.json:
        from dashboard.http import wire

        # Python's own writer has integers of any size, such as a seed of 128 bits.
        json.dump(writable_values(wire.plain(summaries)), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return told(left_out, number)
    if not summaries:
        sys.stdout.write(f"no runs in {table.printable(str(library.root))}\n")
        return told(left_out, number)
    tags = _columns(summaries)
    rows = [
        [
            summary["name"],
            "paused" if summary["paused"] else summary["status"],
            _ago(summary["updated"]),
            max((last["step"] for last in summary["scalars"].values()), default=None),
            None if summary["bytes"] is None else so_large(summary["bytes"]),
            *(summary["scalars"].get(tag, {}).get("value") for tag in tags),
            "; ".join(summary["problems"]) or None,
        ]
        for summary in summaries
    ]
    headers = ["run", "status", "last", "step", "size", *tags, ""]
    sys.stdout.write(table.render(headers, rows, named=headers[:1]) + "\n")
    return told(left_out, number)


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
