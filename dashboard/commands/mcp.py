"""`viz mcp`: a logdir for agents, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

import argparse

from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir, mirrored


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="agents propose nothing; otherwise a person answers on the page"
    )


def act(arguments: argparse.Namespace) -> int:
    """Serves until the client goes."""
    from tracker.store.read.reader import Store

    try:
        from dashboard.mcp.server import build
    except ImportError as error:
        raise CommandError(f"the protocol's SDK is not installed ({error}): pip install 'everystep[mcp]'") from error
    from dashboard.mcp.answers import Answers

    root = existing_logdir(arguments.logdir)
    answers = Answers(lambda: Store(root, mirrored(root)[0]))
    build(answers, read_only=arguments.read_only).run("stdio")
    return 0
