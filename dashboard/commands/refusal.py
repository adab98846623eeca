"""What a command says that cannot do what it is asked, and the logdir that all of them want."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tracker.store.read.left_out import LeftOut


class CommandError(Exception):
    """What cannot be done, in one sentence for the terminal."""

    status = 1
    """What the command ends with."""


class UsageError(CommandError):
    """What no command could do, whatever the machine is like."""

    status = 2


def add_logdir(parser: argparse.ArgumentParser) -> None:
    """The option that names the folder."""
    parser.add_argument(
        "--logdir", default=None, metavar="DIR", help="folder with the runs (default: $VIZ_LOGDIR, else runs)"
    )


def mirrored(root: Path) -> tuple[Path | None, LeftOut]:
    """Where what is not of our own making in a logdir was copied to, brought up to date; None where nothing is.

    Beside it which of these files could not be read, by the run that they would be.

    Raises:
        CommandError: the user's cache folder cannot be written.
    """
    from tracker.foreign.mirrored_once import once

    left_out = LeftOut()
    try:
        return once(root, left_out), left_out
    except OSError as error:
        raise CommandError(f"the event files in {root} cannot be shown: {error}") from error


def told(left_out: LeftOut, of: int, noun: str = "run") -> int:
    """Says in one line what a question to many runs is answered without; the status of the command."""
    if not left_out:
        return 0
    from tracker.plain_text import printable

    sys.stderr.write(f"viz: {printable(left_out.sentence(of, noun))}\n")
    return 1


def existing_logdir(wanted: str | None, *, or_database: bool = False, for_writing: bool = False) -> Path:
    """The logdir, which must be there: a mistyped one would show an empty page for ever.

    Args:
        wanted: As it was given.
        or_database: Whether the command reads a database too, whose address it may then be.
        for_writing: Whether it adds rows to one, whose tables are then made.

    Raises:
        CommandError: it is not there, is no folder, or may not be read.
    """
    from tracker import databases
    from tracker import logdir as logdirs
    from tracker.errors import LogdirError, TrackerError

    address = logdirs.default_logdir() if wanted is None else wanted
    if or_database and databases.is_address(address):
        from tracker.postgres import open_to_read, open_to_write

        try:
            return (open_to_write if for_writing else open_to_read)(address)
        except TrackerError as error:
            raise CommandError(" ".join(str(error).split())) from error
    try:
        root = logdirs.resolve(wanted)
    except LogdirError as error:
        raise CommandError(" ".join(str(error).split())) from error
    if not root.exists():
        raise CommandError(f"the logdir {root} does not exist; check --logdir, or log a first run into it")
    if not root.is_dir():
        raise CommandError(f"the logdir {root} is a file; --logdir takes the folder that holds the runs")
    if not os.access(root, os.R_OK | os.X_OK):
        raise CommandError(f"the logdir {root} may not be read by this user")
    return root
