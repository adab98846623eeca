"""`viz copy`: whole runs to another folder, to a server, or into a database; and out of a database."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.counting import is_meant, so_many
from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.copying.place import Place
    from tracker.copying.run_copy import Copied


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="names of runs, or patterns such as 'mnist/*'")
    add_logdir(parser)
    parser.add_argument(
        "--to",
        required=True,
        metavar="DIR|URL",
        help="another folder, a server of viz serve --receive, or a database: postgresql+psycopg://USER@HOST/NAME",
    )
    parser.add_argument("--as", dest="name", default=None, metavar="NAME", help="what the copy of one run is called")
    parser.add_argument("--token", default=None, help="the server's write token (default: $VIZ_WRITE_TOKEN)")


def act(arguments: argparse.Namespace) -> int:
    """Copies one run after the other; 1 when some of it could not be copied."""
    from dashboard.commands.progress import Progress
    from dashboard.commands.table import printable
    from tracker import logdir
    from tracker.copying.place import CopyError
    from tracker.copying.run_copy import copy_run
    from tracker.errors import RunNameError
    from tracker.ship.server import ForbiddenError, RefusedRowsError, UnreachableError
    from tracker.store.read import size

    root = existing_logdir(arguments.logdir, or_database=True)
    found = {name: folder for name, folder in logdir.run_folders(root) if is_meant(name, arguments.runs)}
    if not found:
        raise UsageError(f"no run of {root} is called {' or '.join(arguments.runs)}")
    if arguments.name is not None and len(found) > 1:
        raise UsageError(f"--as is for one run, and these are {len(found):,}")
    place_of, ended = _places(arguments), 0
    progress = Progress(len(found))
    for name, folder in found.items():
        progress.begin(name, size.of_run(folder))
        try:
            place = place_of(arguments.name or name, folder)
            try:
                copied = copy_run(folder, place, progress.add)
            finally:
                place.close()
        except (UnreachableError, ForbiddenError) as error:
            progress.clear()
            raise CommandError(f"{str(error).rstrip('.')}; what is there by now is not copied again") from error
        except (CopyError, RunNameError, RefusedRowsError, OSError) as error:
            progress.clear()
            sys.stderr.write(f"viz: {printable(name)} is not copied: {printable(' '.join(str(error).split()))}\n")
            ended = 1
            continue
        progress.clear()
        sys.stdout.write(f"{printable(name)}: {_words(copied)}\n")
        sys.stdout.flush()
        for what, why in copied.problems.items():
            sys.stderr.write(f"viz: {printable(f'{name}/{what}')} is not copied: {printable(why)}\n")
            ended = 1
    return ended


def _places(arguments: argparse.Namespace) -> Callable[[str, Path], Place]:
    """Makes the place of a run by the name that it is to have there, and its folder here."""
    from tracker import databases, logdir
    from tracker.copying.folder_place import FolderPlace
    from tracker.copying.place import CopyError
    from tracker.copying.server_place import ServerPlace
    from tracker.errors import LogdirError, MissingPackageError
    from tracker.ship.elsewhere import elsewhere
    from tracker.ship.server import ServerAddressError

    if databases.is_address(arguments.to) or arguments.to.partition("://")[0].lower() in ("http", "https"):
        try:
            server = elsewhere(arguments.to, arguments.token or os.environ.get("VIZ_WRITE_TOKEN"))
        except (ServerAddressError, LogdirError, MissingPackageError) as error:
            raise UsageError(" ".join(str(error).split())) from error
        return lambda name, _: ServerPlace(server, name)
    try:
        root = logdir.resolve(arguments.to)
    except LogdirError as error:
        raise UsageError(" ".join(str(error).split())) from error

    def place(name: str, folder: Path) -> FolderPlace:
        if os.path.realpath(root / name) == os.path.realpath(folder):
            raise CopyError(f"{root} is where it lies; give the copy another name with --as NAME")
        return FolderPlace(root, name)

    return place


def _words(copied: Copied) -> str:
    if copied.is_nothing:
        return "was there already"
    said = [f"{so_many(copied.segments, 'segment')} ({so_many(copied.rows, 'row')})"] if copied.segments else []
    said += [so_many(copied.files, "file")] if copied.files else []
    said += ["what is said on the page"] if copied.said else []
    return f"copied {', '.join(said)}" if said else "nothing could be copied"
