"""`viz export`: every point of some runs, or of all, in a file that other programs read.

What cannot be read is left out and named; what can be is written all the same.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.counting import so_many
from dashboard.commands.refusal import CommandError, add_logdir, existing_logdir, mirrored
from dashboard.commands.table import printable
from dashboard.export import files
from tracker.errors import MissingPackageError
from tracker.store import file_system
from tracker.store.read.left_out import LeftOut

if TYPE_CHECKING:
    from tracker.store.read.run import StoredRun


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names of runs (default: all)")
    forms = ", ".join(f".{form} ({what})" for form, (what, _) in files.FORMS.items())
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help=f"what to write, by its ending: {forms}; or a folder, for TensorBoard (event files, one folder a run)",
    )  # fmt: skip
    parser.add_argument(
        "--model", metavar="NAME", help="of one RUN: a card of this model that answers, as one .html file"
    )
    parser.add_argument("--step", type=int, metavar="N", help="with --model: the version (default: the newest)")


def act(arguments: argparse.Namespace) -> int:
    """Writes the file, whole or not at all; 1 when some of what was asked for could not be read."""
    target = _local(arguments.output)
    if arguments.model is not None:
        return _model_card(arguments, target)
    if arguments.step is not None:
        raise CommandError("--step is the version of a model: it goes with --model")
    if target.is_dir() or not target.suffix or arguments.output.endswith(("/", os.sep)):
        return _event_files(_chosen(arguments), target)
    form = target.suffix.lower().removeprefix(".")
    if form not in files.FORMS:
        known = ", ".join(f".{each}" for each in files.FORMS)
        raise CommandError(f"{target.name} has an ending that is not known; there are {known}, and folders")
    chosen = _chosen(arguments)
    with _written_whole(target) as keep, keep.partial.open("xb") as file:
        count, left_out = files.write(form, chosen.runs, file)
        chosen.add(left_out)
        keep.is_whole = bool(count or not chosen.left_out)
    return chosen.tell(count, "point", target)


@dataclass
class _Keep:
    """A file that is being written, and whether it is to be kept."""

    partial: Path
    is_whole: bool = False


@contextlib.contextmanager
def _written_whole(target: Path) -> Iterator[_Keep]:
    """A file beside the one that is wanted, which takes its place when all is written."""
    _sweep(target.parent)
    keep = _Keep(target.with_name(f".{target.name}.{os.getpid()}.part"))
    try:
        yield keep
        if keep.is_whole:
            keep.partial.replace(target)
    except MissingPackageError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            keep.partial.unlink()


def _model_card(arguments: argparse.Namespace, target: Path) -> int:
    """One model in one file that answers."""
    from dashboard.export import model_card
    from dashboard.http.installed_scripts import NotInstalledError
    from tracker.errors import TrackerError

    if target.suffix.lower() != ".html" or len(arguments.runs) != 1:
        raise CommandError("a model card is of one run, and an .html file: viz export RUN --model NAME -o card.html")
    chosen = _chosen(arguments)
    for run in chosen.runs:
        try:
            model = run.model(arguments.model, arguments.step)
            text = model_card.page(run, model, chosen.left_out)
        except NotInstalledError:
            raise CommandError("a model card needs ONNX Runtime for browsers: pip install 'everystep[try]'") from None
        except (TrackerError, ValueError) as error:  # the trainer's refusals are such
            raise CommandError(" ".join(str(error).split())) from error
        with _written_whole(target) as keep:
            keep.partial.write_bytes(text.encode())
            keep.is_whole = True
    return chosen.tell(len(chosen.runs), "model", target)


def _local(output: str) -> Path:
    from tracker.errors import RemoteLogdirError
    from tracker.logdir import check_local

    try:
        check_local(output, "--output")
    except RemoteLogdirError as error:
        raise CommandError(" ".join(str(error).split())) from error
    return Path(output)


_PARTIAL = re.compile(rf"\..+\.({'|'.join(files.FORMS)})\.([0-9]{{1,9}})\.part", re.DOTALL)
"""What the file of an export that is being written is called: by its target, and the process that writes it."""


def _sweep(folder: Path) -> None:
    """Removes what exports into a folder left half written when they were killed: plain files of this user's, called
    as only an export calls them, of processes that are no more.

    On a disk that several machines share, another one's process counts as gone here; a file that nothing was written to
    for an hour is no process's there.
    """
    with contextlib.suppress(OSError):
        is_shared = file_system.is_shared(folder)
        with os.scandir(folder) as entries:
            partial = [(entry, found) for entry in entries if (found := _PARTIAL.fullmatch(entry.name))]
        for entry, found in partial:
            with contextlib.suppress(OSError):
                if not entry.is_file(follow_symlinks=False) or _runs(int(found[2])):
                    continue
                about = entry.stat(follow_symlinks=False)
                is_own = not hasattr(os, "getuid") or about.st_uid == os.getuid()
                if is_own and not (is_shared and time.time() - about.st_mtime < _ABANDONED_S):
                    os.unlink(entry.path)


_ABANDONED_S = 3600.0


def _runs(number: int) -> bool:
    """Whether there is a process of a number, as far as can be told."""
    if os.name == "nt":  # where asking with a signal ends it
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _event_files(chosen: _Chosen, target: Path) -> int:
    """A folder that TensorBoard reads; one of its runs is a run, of which all is there that can be read."""
    from tracker.foreign.exporter import export_events

    count = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.rglob("*tfevents*")):
            raise CommandError(
                f"{target} holds event files already; TensorBoard would show both, so choose a new folder"
            )
        for run in chosen.runs:
            chosen.left_out.look_at(run)
            count += export_events(run, target / ("" if run.name == "." else run.name), chosen.left_out)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror or error}") from error
    return chosen.tell(count, "value", target)


@dataclass
class _Chosen:
    """The runs that were asked for, and what cannot be had of them."""

    root: Path
    runs: list[StoredRun]
    left_out: LeftOut

    @property
    def number(self) -> int:
        """How many runs there are, those included of which nothing could be read."""
        return len({*(run.name for run in self.runs), *self.left_out.parts})

    def add(self, left_out: LeftOut) -> None:
        """What was met while they were written."""
        for run, parts in left_out.parts.items():
            for part in parts:
                self.left_out.note(run, part)

    def tell(self, count: int, noun: str, target: Path) -> int:
        """Says what is in a file, and what is not; the status of the command."""
        stays = "" if noun == "model" else self._stays()
        if not self.left_out:
            sys.stderr.write(f"{so_many(count, noun)} of {so_many(len(self.runs), 'run')} in {target}{stays}\n")
            return 0
        missing = printable(self.left_out.sentence(self.number)) + stays
        if not count:
            raise CommandError(f"nothing was written, for nothing could be read; {missing}")
        sys.stderr.write(f"viz: {so_many(count, noun)} in {printable(str(target))}; {missing}\n")
        return 1

    def _stays(self) -> str:
        """That recordings are in no such file: whoever takes it for the run would miss them later."""
        from tracker.recorder.stored import Recordings

        count = sum(bool(Recordings(run.folder)) for run in self.runs)
        kept = f"what the flight recorder kept of {so_many(count, 'run')} stays where it is (viz copy takes whole runs)"
        return f"; {kept}" if count else ""


def _chosen(arguments: argparse.Namespace) -> _Chosen:
    from tracker.errors import RunNameError, RunNotFoundError
    from tracker.store.read.reader import Store

    root = existing_logdir(arguments.logdir, or_database=True)
    cache, left_out = mirrored(root)
    store = Store(root, cache)
    runs: list[StoredRun] = []
    if not arguments.runs:
        runs = store.runs()
    for name in dict.fromkeys(arguments.runs):
        try:
            runs.append(store.run(name))
        except (RunNotFoundError, RunNameError) as error:
            if name not in left_out.parts:  # which says what became of it
                raise CommandError(" ".join(str(error).split())) from error
    if arguments.runs:
        left_out.keep({*arguments.runs, *(run.name for run in runs)})
    return _Chosen(root, runs, left_out)
