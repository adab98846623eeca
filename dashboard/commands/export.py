"""`viz export`: every point of some runs, or of all, in a file that other programs read."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from dashboard import exports
from dashboard.commands.counting import so_many
from dashboard.commands.refusal import Refusal, add_logdir, existing_logdir, mirrored


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names of runs (default: all)")
    forms = ", ".join(f".{form} ({what})" for form, (what, _) in exports.FORMS.items())
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help=f"what to write, by its ending: {forms}; or a folder, for TensorBoard (event files, one folder a run)",
    )  # fmt: skip


def act(arguments: argparse.Namespace) -> int:
    """Writes the file, whole or not at all."""
    target = Path(arguments.output)
    if target.is_dir() or not target.suffix or arguments.output.endswith(("/", os.sep)):
        return _event_files(_chosen(existing_logdir(arguments.logdir), arguments.runs), target)
    form = target.suffix.lower().removeprefix(".")
    if form not in exports.FORMS:
        known = ", ".join(f".{each}" for each in exports.FORMS)
        raise Refusal(f"{target.name} has an ending that is not known; there are {known}, and folders")
    runs = _chosen(existing_logdir(arguments.logdir), arguments.runs)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        count = exports.write(form, runs, partial)
        partial.replace(target)
    except exports.MissingPackageError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    sys.stderr.write(f"{so_many(count, 'point')} of {so_many(len(runs), 'run')} in {target}\n")
    return 0


def _event_files(runs: list[Any], target: Path) -> int:
    """A folder that TensorBoard reads; one of its runs is a run, whole or not at all."""
    from tracker.foreign.exporter import export_events

    count = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.rglob("*tfevents*")):
            raise Refusal(f"{target} holds event files already; TensorBoard would show both, so choose a new folder")
        for run in runs:
            count += export_events(run, target / ("" if run.name == "." else run.name))
    except OSError as error:
        raise Refusal(f"{target} cannot be written: {error.strerror or error}") from error
    sys.stderr.write(f"{so_many(count, 'value')} of {so_many(len(runs), 'run')} in {target}\n")
    return 0


def _chosen(root: Path, names: list[str]) -> list[Any]:
    from tracker.errors import RunNameError, RunNotFoundError
    from tracker.store.reader import Store

    store = Store(root, mirrored(root))
    try:
        return [store.run(name) for name in names] if names else store.runs()
    except (RunNotFoundError, RunNameError) as error:
        raise Refusal(" ".join(str(error).split())) from error
