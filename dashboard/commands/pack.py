"""`viz pack`: finished runs in fewer bytes, every point as it was."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.counting import is_meant, so_large, so_many
from dashboard.commands.refusal import UsageError, add_logdir, existing_logdir


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="names of runs, or patterns such as 'mnist/*'")
    add_logdir(parser)


def act(arguments: argparse.Namespace) -> int:
    """Packs one run after the other; 1 when some of it could not be packed."""
    import os

    from dashboard.commands.progress import Progress
    from dashboard.commands.table import printable
    from tracker import logdir
    from tracker.pruning import packed_run
    from tracker.store.read import size

    root = existing_logdir(arguments.logdir)
    found = {name: folder for name, folder in logdir.run_folders(root) if is_meant(name, arguments.runs)}
    if not found:
        raise UsageError(f"no run of {root} is called {' or '.join(arguments.runs)}")
    before = after = ended = 0
    progress = Progress(len(found))
    for name, folder in found.items():
        progress.begin(name, size.of_run(folder))
        if os.path.realpath(folder) != os.path.join(os.path.realpath(root), *([] if name == "." else [name])):
            progress.clear()
            sys.stderr.write(f"viz: {printable(name)} is left alone: it lies elsewhere, behind a link\n")
            ended = 1
            continue
        packed = packed_run.pack(folder)
        progress.clear()
        before, after = before + packed.before, after + packed.after
        if packed.after < packed.before:
            sys.stdout.write(f"{printable(name)}: {so_large(packed.before)} → {so_large(packed.after)}\n")
        for what, why in packed.problems.items():
            sys.stderr.write(f"viz: {printable(f'{name}/{what}')} is left alone: {printable(why)}\n")
            ended = 1
    sys.stdout.write(f"{so_many(len(found), 'run')}: {so_large(before)} → {so_large(after)}\n")
    return ended
