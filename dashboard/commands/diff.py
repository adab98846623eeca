"""`viz diff`: where two runs parted, and what about them is different; or whether two groups of seeds differ at all."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from typing import Any

from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir, mirrored, told
from tracker.plain_text import writable_values

MOST_SHOWN = 12
"""Lines of a part for people; --json has all."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("first", metavar="A", help="a run; or a pattern such as 'adam/*' for a group of seeds")
    parser.add_argument("second", metavar="B", help="another run, or another pattern")
    add_logdir(parser)
    parser.add_argument("--tag", metavar="TAG", help="what groups are judged by (default: what runs are judged by)")
    parser.add_argument("--json", action="store_true", help="all of it, as JSON")


def act(arguments: argparse.Namespace) -> int:
    """Prints it; 1 when some of the runs could not be read, which is named."""
    from dashboard.http import wire
    from tracker.store.read.reader import Store

    root = existing_logdir(arguments.logdir, or_database=True)
    cache, left_out = mirrored(root)
    store = Store(root, cache)
    sides = [_named(store, words) for words in (arguments.first, arguments.second)]
    is_groups = any(len(side) > 1 for side in sides)
    if is_groups:
        found = _groups(sides, arguments.tag, left_out)
    else:
        from dashboard.diff.diff import diff

        found = diff(sides[0][0], sides[1][0], left_out)
    if arguments.json:
        json.dump(writable_values(wire.plain(found)), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        from dashboard.commands.diff_words import groups_in_words, in_words

        sys.stdout.write(groups_in_words(found) if is_groups else in_words(found, MOST_SHOWN))
    names = [run.name for side in sides for run in side]
    left_out.keep(names)
    return told(left_out, len(names))


def _named(store: Any, words: str) -> list[Any]:
    from tracker.errors import TrackerError

    if any(sign in words for sign in "*?["):
        found = [run for run in store.runs() if fnmatch.fnmatchcase(run.name, words)]
        if not found:
            raise CommandError(f"no run in {store.root} matches {words}")
        return found
    try:
        return [store.run(words)]
    except TrackerError as error:
        raise CommandError(" ".join(str(error).split())) from error


def _groups(sides: list[list[Any]], tag: str | None, left_out: Any) -> dict[str, Any]:
    from dashboard.diff.group_values import compared

    try:
        return compared(sides[0], sides[1], tag, left_out)
    except ValueError as error:
        raise CommandError(str(error)) from error
