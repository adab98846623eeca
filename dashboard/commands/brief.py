"""`viz brief`: a run in one answer for scripts and agents, within a budget of tokens."""

from __future__ import annotations

import argparse
import json
import sys

from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir, mirrored, told
from tracker.plain_text import writable_values

DEFAULT_TOKENS = 800


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("run", metavar="RUN", nargs="?", help="its name (default: the run that began last)")
    add_logdir(parser)
    parser.add_argument("--json", action="store_true", help="all facts as JSON, whatever the budget")
    parser.add_argument(
        "--tokens",
        type=_budget,
        default=DEFAULT_TOKENS,
        metavar="N",
        help="budget of the text, in tokens of a language model, estimated on the high side "
        f"(default: {DEFAULT_TOKENS})",
    )


def act(arguments: argparse.Namespace) -> int:
    """Prints it; 1 when some of the run could not be read, which is named."""
    from dashboard.brief.facts import facts
    from dashboard.brief.words import text
    from tracker.errors import RunNotFoundError
    from tracker.store.read.reader import Store

    cache, left_out = mirrored(existing_logdir(arguments.logdir))
    store = Store(arguments.logdir, cache)
    runs = store.runs()
    try:
        run = store.run(arguments.run) if arguments.run else max(runs, key=lambda each: each.started or 0, default=None)
    except RunNotFoundError as error:
        raise CommandError(" ".join(str(error).split())) from error
    if run is None:
        raise CommandError(f"no runs in {store.root}")
    found = facts(run, runs, left_out)
    if arguments.json:
        from dashboard.http import wire

        json.dump(writable_values(wire.plain(found)), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(f"{text(found, arguments.tokens)}\n")
    left_out.keep([run.name])
    return told(left_out, 1)


def _budget(words: str) -> int:
    try:
        value = int(words)
    except ValueError:
        value = 0
    if value < 50:
        raise argparse.ArgumentTypeError(f"{words} is no budget; 50 tokens or more")
    return value
