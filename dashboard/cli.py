"""The `viz` command. Each subcommand imports what it needs when it runs, so that `viz --help` is instant."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import keyword
import os
import sys
from collections.abc import Sequence

from dashboard.commands.refusal import CommandError

COMMANDS = (
    ("serve", "show a logdir in the browser", "viz serve --logdir runs"),
    ("demo", "train a network on handwritten digits and watch it live", "viz demo"),
    ("ship", "send runs to a server, while they are logged", "viz ship --logdir runs --to https://lab.example"),
    ("copy", "copy whole runs to another folder or a server", "viz copy 'mnist/*' --logdir runs --to /backup/runs"),
    ("prune", "let go of old runs, or of their media or models", "viz prune --older-than 30d --logdir runs"),
    ("pack", "keep finished runs in fewer bytes, every point as it was", "viz pack 'mnist/*' --logdir runs"),
    ("watch", "tell when rules fire, without a browser", "viz watch --logdir runs --rules alerts.toml"),
    ("runs", "list the runs of a logdir", "viz runs --logdir runs"),
    ("check", "say what went wrong in runs, where and since when", "viz check --logdir runs"),
    (
        "sql",
        "ask all runs a question in SQL",
        "viz sql \"SELECT run, min(value) FROM points WHERE tag = 'val/loss' GROUP BY run\"",
    ),
    ("brief", "say what a run is, how it stands and what is wrong, in few words", "viz brief mnist/adam --tokens 400"),
    ("diff", "say where two runs parted, and what about them is different", "viz diff mnist/adam mnist/sgd"),
    ("mcp", "let agents read a logdir and propose changes, over the Model Context Protocol", "viz mcp --logdir runs"),
    ("predict", "ask a model about pictures or numbers", "viz predict digits drawing.png"),
    ("replay", "execute a recorded step of a training again", "viz replay digits@300"),
    ("export", "write every point to a file", "viz export -o runs.csv"),
    ("import", "bring other programs' logs into a logdir", "viz import old/tensorboard/logs --logdir runs"),
    ("doctor", "check every file and say what is wrong", "viz doctor --logdir runs"),
)
"""Each has a file in `commands` of its own, which imports what it needs when it runs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; 0 when it was done, 1 when it failed, 2 when it made no sense."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal has no letters for is shown as its escape
            with contextlib.suppress(OSError, ValueError):  # one that cannot be told: closed, or another file by now
                stream.reconfigure(errors="backslashreplace")
    parser = _parser(sys.argv[1:] if argv is None else argv)
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.act(arguments)
        return status
    except CommandError as refusal:
        print(f"viz: {refusal}", file=sys.stderr)  # noqa: T201 the command's own voice
        return refusal.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `viz runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """What a command line may say. Where it begins with a command, the others are not read."""
    parser = argparse.ArgumentParser(
        prog="viz",
        description="everystep: see what your training does, while it does it.",
        epilog="Begin with: viz demo",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, does, example in [each for each in COMMANDS if each[0] in words[:1]] or COMMANDS:
        command = _command(commands, name, does, example)
        module = importlib.import_module(f"dashboard.commands.{name}{'_' * keyword.iskeyword(name)}")
        module.add(command)
        command.set_defaults(act=module.act)
    return parser


class _Help(argparse.HelpFormatter):
    """As wide as the terminal. Made for each option, and argparse's own loads `shutil` with two compressors to ask."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """As `shutil.get_terminal_size` counts them."""
    with contextlib.suppress(KeyError, ValueError):
        if (said := int(os.environ["COLUMNS"])) > 0:
            return said
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]  # suppressed
    return 80


class _Version(argparse.Action):
    """Asked for only when somebody wants it: what is installed takes some hundredths of a second to look up."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f"everystep {_version()}\n")
        parser.exit()


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=f"example: {example}",
        formatter_class=_Help,
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("everystep")
    except PackageNotFoundError:
        return "(not installed)"
