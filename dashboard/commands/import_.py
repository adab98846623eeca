"""`viz import`: other programs' logs into runs; again after they grew adds only what is new."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from dashboard.commands.counting import so_many
from dashboard.commands.refusal import CommandError, add_logdir, told
from tracker.store.read.left_out import LeftOut

PROGRESS_S = 0.2


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("source", metavar="SOURCE", help="file or folder that another program wrote")
    add_logdir(parser)


def act(arguments: argparse.Namespace) -> int:
    """Prints a line a file that brought something or was not sound, and the sum; 1 when a file could not be read.

    Files of a folder that are no log are named on the standard error stream, the first of them.
    """
    from dashboard.commands.table import printable
    from tracker import logdir as logdirs
    from tracker.errors import TrackerError
    from tracker.foreign.importer import import_logs

    total: Counter[str] = Counter()
    files: set[Path] = set()
    failed = LeftOut()
    no_logs: dict[str, str] = {}
    known = False
    progress = _Progress()
    try:
        root = logdirs.resolve(arguments.logdir)
        for done in import_logs(Path(arguments.source), root, progress.tell):
            progress.clear()
            if done.no_log:
                no_logs[_place(done.path, arguments.source)] = done.no_log
                continue
            known = known or done.known
            files.add(done.path)
            total.update(done.added)
            if done.failed:
                failed.note(_place(done.path, arguments.source), f"{done.run}: {' '.join(done.warnings[0].split())}")
            if done.added or done.warnings:
                sys.stdout.write(f"{printable(done.run)}: {counted(done.added)} from {printable(done.path.name)}\n")
            for each in done.warnings:
                sys.stdout.write(f"    {printable(each)}\n")
        root.mkdir(parents=True, exist_ok=True)  # the next command looks there, also where nothing was new
    except (TrackerError, OSError) as error:
        _name(no_logs)
        raise CommandError(" ".join(str(error).split())) from error
    finally:
        progress.clear()
    sys.stdout.write(f"{counted(total)} added from {so_many(len(files), 'file')} to {printable(str(root))}\n")
    _name(no_logs)
    status = told(failed, len(files), "file")
    if not known and not status:
        raise CommandError(f"nothing in {arguments.source} could be read")
    return status


NAMED = 10
"""Files that are no log of which it is said why; the others are counted."""


def _name(no_logs: dict[str, str]) -> None:
    """Says which files were looked at and are no log, and why."""
    from dashboard.commands.table import printable

    if no_logs:
        sys.stderr.write(f"viz: {so_many(len(no_logs), 'file')} left out, as no log is in them:\n")
        for place, why in list(no_logs.items())[:NAMED]:
            sys.stderr.write(f"    {printable(place)}: {printable(why)}\n")
        if len(no_logs) > NAMED:
            sys.stderr.write(f"    and {len(no_logs) - NAMED:,} more\n")


def _place(path: Path, source: str) -> str:
    """A file's path within what is imported."""
    place = str(path.relative_to(source)) if path.is_relative_to(source) else path.name
    return path.name if place == "." else place


NAMES = {
    "scalar": ("point", "points"),
    "audio": ("sound", "sounds"),
    "pr_curve": ("PR curve", "PR curves"),
    "mesh": ("part of a mesh", "parts of meshes"),
    "hparams": ("hparams entry", "hparams entries"),
    "layout": ("chart layout", "chart layouts"),
}
"""What a value of a kind is called where that is not the kind with an s."""


def counted(values: Counter[str]) -> str:
    """How many values of each kind, in words."""
    ranked = sorted(values.items(), key=lambda pair: (pair[0] != "scalar", pair[0]))
    words = [f"{count:,} {NAMES.get(kind, (kind, f'{kind}s'))[count != 1]}" for kind, count in ranked if count]
    return ", ".join(words) or "nothing new"


class _Progress:
    """How far the file at hand is read, on a line of its own on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = False
        self._next = 0.0

    def tell(self, path: Path, offset: int) -> None:
        """Says it again, at most five times a second."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now < self._next:
            return
        self._next, self._shown = now + PROGRESS_S, True
        share = offset / max(1, path.stat().st_size)
        sys.stderr.write(f"\r\x1b[K{path.name[:60].encode('ascii', 'replace').decode()}: {share:.0%}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            self._shown = False
