"""`viz doctor`: checks every file of a logdir, and mends what can be mended."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.counting import so_many
from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir
from tracker import databases


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="fold in and remove what killed writers left, save what can be read of damaged files",
    )


def act(arguments: argparse.Namespace) -> int:
    """Prints what was found; 0 when nothing serious is left, else 1."""
    from dashboard.commands.table import printable
    from tracker.doctor import examine

    root = existing_logdir(arguments.logdir, or_database=True)
    if arguments.repair and databases.of(root) is not None:
        raise CommandError("a database is not repaired: send what is damaged there again from the files it came from")
    report = examine(root, repair=arguments.repair)
    say = sys.stdout.write
    for finding in report.findings:
        try:
            place = str(finding.path.relative_to(root))
        except ValueError:
            place = str(finding.path)
        sign = "✓" if finding.done else "✗" if finding.serious else "·"
        say(f"{sign} {printable(place)}: {printable(finding.what)}\n")
        if finding.done:
            say(f"    {printable(finding.done)}\n")
    counted = ", ".join(map(so_many, (report.runs, report.segments, report.points), ("run", "file", "point")))
    if report.is_healthy:
        say(f"{counted}: sound\n")
        return 0
    hint = "" if arguments.repair else "; to save what can be read: viz doctor --repair"
    say(f"{counted}: something is wrong{hint}\n")
    return 1
