"""`viz predict`: asks a model, of a run or from a file, about pictures and numbers."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir, told
from dashboard.commands.server_options import add_device
from tracker.store.read.left_out import LeftOut

if TYPE_CHECKING:
    from dashboard.commands.predict_answers import Answer, Asking
    from dashboard.commands.predict_inputs import Asked
    from tracker.models.loose import LooseModel
    from tracker.store.read.models import StoredModel

PROGRESS_FROM = 100
"""Answers before anybody is told how far it is."""

PROGRESS_S = 0.2


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="RUN/MODEL or MODEL as it was logged, an .onnx file, a TensorFlow.js folder, or a folder of model.save()",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="pictures, folders of pictures (answered as CSV), .npy files, - for JSON on standard input",
    )
    add_logdir(parser)
    parser.add_argument("--step", type=int, metavar="N", help="the version of this step (default: the newest)")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many classes are told (default: 5)")
    parser.add_argument("--json", action="store_true", help="answer in JSON, with all that the model puts out")
    parser.add_argument("-o", "--output", metavar="FILE", help="write CSV into a file (with --json: JSON)")
    parser.add_argument("--classes", metavar="FILE", help="names of the classes, one a line (default: the model's own)")
    add_device(parser, "--device")
    parser.add_argument(
        "--preprocess",
        metavar="JSON",
        help='what becomes of a picture, \'{"size": [28, 28], "mode": "L"}\' or mobilenet (default: as logged)',
    )


def act(arguments: argparse.Namespace) -> int:
    """Prints what the model says; 1 when something could not be asked, which is named."""
    from dashboard.commands.predict_answers import Asking
    from dashboard.commands.predict_inputs import Asked
    from tracker.errors import TrackerError

    if arguments.top < 1:
        raise UsageError("--top takes a number of classes, 1 or more")
    classes, preprocess = _classes(arguments.classes), _preprocess(arguments.preprocess)
    try:
        model = _model(arguments)
        model.device = arguments.device
        asking = Asking(model, classes or model.manifest.classes, arguments.top)
        asked = Asked(arguments.inputs, asking.inputs, preprocess or model.manifest.preprocess)
        return _answer(arguments, asking, asked)
    except (TrackerError, OSError) as error:
        raise CommandError(" ".join(str(error).split())) from error


# --- the model ---------------------------------------------------------------------------------------------------


def _model(arguments: argparse.Namespace) -> StoredModel | LooseModel:
    from tracker.models import loose

    path = Path(arguments.model)
    if loose.is_model(path) or path.suffix == ".onnx":
        return loose.model_at(path)
    return _of_run(arguments.model, arguments)


def _of_run(name: str, arguments: argparse.Namespace) -> StoredModel:
    """RUN/MODEL, or a model's name alone: then of the run that logged it last. Both names may have a / in them."""
    from tracker.errors import SeriesNotFoundError
    from tracker.store.read.reader import Store

    root = existing_logdir(arguments.logdir)
    runs = Store(root).runs()
    known = [each for run in runs for each in run.models()]
    found = [each for each in known if f"{each.run}/{each.name}" == name]
    found = found or [each for each in known if each.name == name]
    if not found:
        left_out = LeftOut()
        for run in runs:
            left_out.look_at(run)
        there = ", ".join(f"{each.run}/{each.name}" for each in known[:5]) or "none"
        there += " …" if len(known) > 5 else ""
        there += f"; {left_out.sentence(len(runs))}" if left_out else ""
        raise CommandError(f"there is no model {name} in {root}, and no such file; there are: {there}")
    newest = max(found, key=lambda each: each.versions[-1].wall_time)
    if arguments.step is None:
        return newest
    try:
        return Store(root).run(newest.run).model(newest.name, arguments.step)
    except SeriesNotFoundError:
        steps = ", ".join(str(each.step) for each in newest.versions[-10:])
        raise CommandError(
            f"the model {newest.run}/{newest.name} has no version of step {arguments.step}; there are: {steps}"
        ) from None


def _classes(file: str | None) -> list[str] | None:
    from tracker.models.manifest import MAX_BYTES, check_classes

    if file is None:
        return None
    try:
        with open(file, encoding="utf-8") as text:
            lines = text.read(MAX_BYTES).splitlines()
    except (OSError, UnicodeError) as error:
        raise CommandError(f"the classes in {file} cannot be read: {error}") from error
    return check_classes([line.strip() for line in lines if line.strip()])


def _preprocess(said: str | None) -> Any:
    from tracker.errors import ModelError
    from tracker.models.preprocess import checked

    if said is None:
        return None
    try:
        found = json.loads(said) if said.lstrip().startswith("{") else said
        checked(found)
    except (ValueError, RecursionError, ModelError) as error:
        raise UsageError(f"--preprocess: {' '.join(str(error).split())}") from error
    return found


# --- the answers -------------------------------------------------------------------------------------------------


def _answer(arguments: argparse.Namespace, asking: Asking, asked: Asked) -> int:
    """Asks it all and writes what is said; the status of the command."""
    from dashboard.commands.predict_answers import write_csv, write_json, write_table

    left_out = LeftOut()
    answers = _progressed(asking.all(asked), asked.count, left_out)
    as_csv = asked.has_folder or arguments.output is not None
    write = write_json if arguments.json else write_csv if as_csv else write_table
    if arguments.output is None:
        write(answers, sys.stdout)
    else:
        _write_whole(Path(arguments.output), lambda file: write(answers, file))
    return told(left_out, max(asked.count, asking.count), "input")


def _progressed(answers: Iterable[Answer], count: int, left_out: LeftOut) -> Iterator[Answer]:
    """The answers as they come; how far that is on a terminal, and what could not be asked is noted."""
    shown = 0.0
    for number, each in enumerate(answers, 1):
        if each.wrong:
            left_out.note(each.name, each.wrong)
        yield each
        now = time.monotonic()
        if number >= PROGRESS_FROM and sys.stderr.isatty() and now - shown > PROGRESS_S:
            shown = now
            sys.stderr.write(f"\r\x1b[K{number:,} of {count:,}")
            sys.stderr.flush()
    if shown:
        sys.stderr.write("\r\x1b[K")


def _write_whole(target: Path, write: Callable[[TextIO], None]) -> None:
    """A file, whole or not at all.

    Raises:
        CommandError: it cannot be written.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("x", encoding="utf-8", newline="") as file:
            write(file)
        partial.replace(target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
