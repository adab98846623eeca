"""`viz prune`: lets go of runs, or of their media or models, by rules; what would go is shown before it does."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dashboard.commands.counting import is_meant, so_large, so_many
from dashboard.commands.progress import Progress
from dashboard.commands.refusal import UsageError, add_logdir, existing_logdir
from dashboard.commands.table import printable, render

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState
    from tracker.pruning.choice import Candidate

KEEP_TAGS = ("keep", "pinned")
"""Tags of runs that stay, given in the training or on the page."""


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names of runs, or patterns such as 'mnist/*'")
    add_logdir(parser)
    parser.add_argument("--older-than", default=None, metavar="AGE", help="runs last heard of so long ago: 30d, 2w")
    parser.add_argument("--keep-best", type=int, default=None, metavar="N", help="all but the N best; wants --by")
    parser.add_argument("--by", default=None, metavar="TAG", help="the curve whose best value counts: val/loss")
    parser.add_argument("--mode", choices=("min", "max"), default=None, help="which is best (default: by the name)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--media-only", action="store_true", help="only pictures, sounds, videos, tables, figures, …")
    what.add_argument("--models-only", action="store_true", help="only models and what the flight recorder kept")
    parser.add_argument("--noted", action="store_true", help="also runs with a note on the page, or tagged keep")
    parser.add_argument("--for-good", action="store_true", help="whole runs are deleted, not moved to the trash")
    parser.add_argument("--yes", action="store_true", help="do it; without this it is only shown")


class Row(NamedTuple):
    """A run that goes, or some of it: how much."""

    run: Candidate
    folder: Path
    size: int
    going: int
    items: str


def act(arguments: argparse.Namespace) -> int:
    """Shows what would go, or does it; 1 when some of it could not go."""
    from tracker.pruning import choice

    root = existing_logdir(arguments.logdir)
    age_s = _checked(arguments)
    mode = arguments.mode or choice.mode_of(arguments.by or "")
    found, folders, problems = _candidates(root, arguments)
    if not found and arguments.runs and not problems:
        raise UsageError(f"no run of {root} is called {' or '.join(arguments.runs)}")
    picked = choice.chosen(found, time.time(), age_s, arguments.keep_best, mode)
    for run in picked:
        if run.kept is not None:
            sys.stdout.write(f"{printable(run.name)} stays: {run.kept}\n")
    going = [run for run in picked if run.kept is None]
    progress = Progress(len(going))
    rows = [_row(run, folders[run.name], arguments, problems, progress) for run in going]
    progress.clear()
    _print([row for row in rows if row.going or row.items or _is_whole(arguments)], arguments, mode)
    for what, why in problems.items():
        sys.stderr.write(f"viz: {printable(what)} is left alone: {printable(why)}\n")
    return 1 if problems else 0


def _is_whole(arguments: argparse.Namespace) -> bool:
    return not (arguments.media_only or arguments.models_only)


def _checked(arguments: argparse.Namespace) -> float | None:
    """How old runs have to be, in seconds; None where that does not matter.

    Raises:
        UsageError: the words make no sense together.
    """
    from tracker.pruning import choice

    if (arguments.keep_best is None) != (arguments.by is None):
        raise UsageError("--keep-best N and --by TAG go together")
    if arguments.keep_best is not None and arguments.keep_best < 0:
        raise UsageError("--keep-best takes 0, 1, 2, …")
    if not (arguments.runs or arguments.older_than or arguments.by):
        raise UsageError("say which runs: by name or pattern ('*' for all), --older-than, --keep-best N --by TAG")
    if arguments.for_good and not _is_whole(arguments):
        raise UsageError("--for-good is for whole runs: media and models always go for good")
    try:
        return None if arguments.older_than is None else choice.age_of(arguments.older_than)
    except ValueError:
        raise UsageError(f"--older-than takes 30d, 12h, 90min or 2w, and not {arguments.older_than}") from None


def _candidates(root: Path, arguments: argparse.Namespace) -> tuple[list[Candidate], dict[str, Path], dict[str, str]]:
    """The runs that are asked for, their folders, and what cannot be looked at, with the reason."""
    from dashboard.live.catalog import Catalog
    from tracker.pruning.choice import Candidate
    from tracker.pruning.standing import best_of, last_of
    from tracker.store.read.left_out import why

    library = Catalog(root)
    library.scan()
    found, folders, problems = [], {}, {}
    for name, run in library.runs.items():
        if arguments.runs and not is_meant(name, arguments.runs):
            continue
        folders[name] = run.folder
        if run.problems or not run.segments:
            problems[name] = "; ".join(problem.why for problem in run.problems.values()) or "it cannot be read"
            continue
        try:
            best = None if arguments.by is None else best_of(run.folder, arguments.by, arguments.mode)
        except Exception as error:  # noqa: BLE001 whatever a file holds is that run's, and the others are looked at
            problems[name] = why(error)
            continue
        found.append(Candidate(name, last_of(run.known()), best, _kept(root, name, run, noted=arguments.noted)))
    return found, folders, problems


def _kept(root: Path, name: str, run: RunState, *, noted: bool) -> str | None:
    """Why a run stays, whatever the rules say."""
    import os

    from tracker.pruning.standing import may_live

    if may_live(run.known(), time.time()):
        return "it may still be written"
    if os.path.realpath(run.folder) != os.path.join(os.path.realpath(root), *([] if name == "." else [name])):
        return "it lies elsewhere, behind a link"
    if noted:
        return None
    if run.edits_trouble is not None:  # it may have a note
        return f"{run.edits_trouble} (--noted)"
    said = run.user_edits
    if said.get("note"):
        return "it has a note on the page (--noted)"
    tags = {*said.get("tags", ()), *(tag for segment in run.known() for tag in segment.tags)}
    held = next((tag for tag in KEEP_TAGS if tag in tags), None)
    return None if held is None else f"it is tagged {held} (--noted)"


def _row(
    run: Candidate, folder: Path, arguments: argparse.Namespace, problems: dict[str, str], progress: Progress
) -> Row:
    """What goes of a run; with --yes it does."""
    from tracker.pruning import run_parts
    from tracker.store.read import size

    whole, is_now = size.of_run(folder), arguments.yes
    progress.begin(run.name, whole)
    if not _is_whole(arguments):
        parts = (run_parts.media if arguments.media_only else run_parts.models)(folder, act=is_now)
        problems.update({f"{run.name}/{what}": why for what, why in parts.problems.items()})
        items = ", ".join(so_many(count, kind) for kind, count in sorted(parts.items.items()))
        return Row(run, folder, whole, max(0, whole - size.of_run(folder)) if is_now else parts.size, items)
    if is_now:
        problem = _let_go(run.name, folder, arguments)
        if problem is not None:
            problems[run.name] = problem
            return Row(run, folder, whole, 0, "")
    return Row(run, folder, whole, whole, "the run")


def _let_go(name: str, folder: Path, arguments: argparse.Namespace) -> str | None:
    """Moves a run to the trash, or removes it; why it could not be."""
    from dashboard.live import trash
    from tracker.errors import TrackerError
    from tracker.pruning.standing import may_live
    from tracker.store.read.run_files import RunFiles

    root = existing_logdir(arguments.logdir)
    if may_live(RunFiles(folder).segments(), time.time()):
        return "it is written again"
    try:
        (trash.erase if arguments.for_good else trash.to_trash)(root, name)
    except (TrackerError, OSError) as error:
        return " ".join(str(error).split())
    return None


def _print(rows: list[Row], arguments: argparse.Namespace, mode: str) -> None:
    """The table, and what it means."""
    if not rows:
        sys.stdout.write("nothing to prune\n")
        return
    now = time.time()
    by = [f"{mode} {arguments.by}"] if arguments.by else []
    goes = "went" if arguments.yes else "would go"
    table = [
        [row.run.name, f"{max(0.0, now - row.run.last) / 86400:.1f} d ago", *([row.run.best] if by else []),
         so_large(row.size), so_large(row.going), row.items]
        for row in rows
    ]  # fmt: skip
    sys.stdout.write(render(["run", "last", *by, "size", goes, "what"], table, named=["run"]) + "\n")
    total, count = so_large(sum(row.going for row in rows)), so_many(len(rows), "run")
    where = "" if not _is_whole(arguments) or arguments.for_good else " to the trash"
    said = f"{count}, {total}," if _is_whole(arguments) else f"{total} of {count}"
    if arguments.yes:
        sys.stdout.write(f"{said} went{where or ' for good'}\n")
        if where:
            sys.stdout.write("the disk has room again when the folder .trash of the logdir is removed\n")
    else:
        sys.stdout.write(f"{said} would go{where or ' for good'}; to do it, say the same with --yes\n")
