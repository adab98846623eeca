"""`viz replay`: executes a recorded step of a training again, and says whether it is the step that was recorded."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir

if TYPE_CHECKING:
    from tracker.recorder.recipe import Recipe
    from tracker.recorder.stored import Moment, Recordings

EXECUTOR = "trainer.replay"
"""What executes a step; a module that this package does not know, in a process of its own."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("what", metavar="RUN@STEP", help="which step of which run; RUN alone lists what was recorded")
    add_logdir(parser)
    parser.add_argument("--json", action="store_true", help="everything that is known of the step, as JSON")
    parser.add_argument("-o", "--output", metavar="FILE.npz", help="write its gradients, for trainer.load")
    parser.add_argument(
        "--trust", action="store_true", help="execute the file that the recording names, wherever it lies"
    )


def act(arguments: argparse.Namespace) -> int:
    """Prints what the step did; 1 when it is not the step that was recorded, or cannot be executed."""
    from tracker.errors import TrackerError
    from tracker.recorder.stored import Recordings

    name, at, text = arguments.what.rpartition("@")
    if not at:
        name, text = text, ""
    try:
        step = int(text) if text else None
    except ValueError:
        raise UsageError(f"RUN@STEP takes a number behind the @, and not {text!r}") from None
    root = existing_logdir(arguments.logdir)
    try:
        recordings = Recordings(_folder(root, name))
        if not recordings:
            raise CommandError(f"of {name} nothing was recorded; trainer.RecorderCallback does so, see docs/replay.md")
        if step is None:
            return _list(name, recordings)
        return _replay(arguments, root, name, recordings, step)
    except (TrackerError, OSError) as error:
        raise CommandError(" ".join(str(error).split())) from error


def _folder(root: Path, name: str) -> Path:
    from tracker import logdir

    folder = logdir.run_folder(root, None, name)
    if folder is None:
        raise CommandError(f"there is no run {name} in {root}")
    return folder


def _list(name: str, recordings: Recordings) -> int:
    from dashboard.commands import table

    rows = [[f"{first}-{last}", reason] for first, last, reason in recordings.ranges()]
    sys.stdout.write(table.render(["steps", "why"], rows, named=["steps"]) + "\n")
    sys.stdout.write(f"replay one of them with: viz replay {table.printable(name)}@{recordings.files[-1].last}\n")
    return 0


def _replay(arguments: argparse.Namespace, root: Path, name: str, recordings: Recordings, step: int) -> int:
    from tracker.recorder import recipe as recipes

    moment = recordings[step]
    recipe = recipes.recipe_of(moment.said.get("recipe"))
    if recipe is None or moment.said.get("made_by") != "trainer":
        raise CommandError(
            f"step {step} of {name} was recorded, but not how its training is made: give trainer.RecorderCallback what "
            "a @trainer.replayable function made; weights, batch and random state of a torch training are in "
            "tracker.integrations.pytorch_recorder.recorded(run)"
        )
    if moment.state_step is None:
        raise CommandError(f"step {step} of {name} was recorded, but no state before it was kept")
    here = Path.cwd()
    file = recipes.file_of(recipe, here)
    reason = recipes.why_not(file, here, root)
    if reason and not arguments.trust:
        raise CommandError(f"{file} is not executed: {reason}; look at it, and say --trust")
    _say(f"executes {recipe.function}() of {file}")
    notes = _notes(recipe, file, here, moment)
    for note in notes:
        _say(note)
    answer = _executed(moment, recipe, file, recordings.folder.parent, step, arguments.output)
    if "replayed" not in answer:
        if arguments.json:
            sys.stderr.write(str(answer.get("traceback", "")))
        raise CommandError(" ".join(str(answer.get("error", "the training ended its process")).split()))
    replayed = answer["replayed"]
    replayed["notes"] = [*notes, *replayed["notes"]]
    if arguments.json:
        from dashboard.http import wire
        from tracker.plain_text import writable_values

        json.dump(writable_values(wire.plain({"run": name, **replayed})), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        from dashboard.commands.replayed import render

        sys.stdout.write(render(name, replayed))
    return 1 if replayed["is_equal"] is False else 0


def _notes(recipe: Recipe, file: Path, here: Path, moment: Moment) -> list[str]:
    """What is not as it was."""
    from tracker.recorder import recipe as recipes
    from tracker.recorder.code import changed

    found = []
    if recipes.has_changed(recipe, file):
        found.append(f"{file.name} has changed since")
    code = moment.said.get("code")
    if isinstance(code, dict) and all(isinstance(each, str) for pair in code.items() for each in pair):
        others = [each for each in changed(code, here) if (here / each).resolve() != file]
        if others:
            found.append(f"{len(others)} other files have changed since: {', '.join(others[:5])}")
    return found


def _executed(moment: Moment, recipe: Recipe, file: Path, run: Path, step: int, output: str | None) -> dict[str, Any]:
    """What the process says that executes the step, with as many threads as the training had."""
    asked = {
        "run": str(run), "step": step, "file": str(file), "module": recipe.module, "function": recipe.function,
        "arguments": recipe.arguments, "output": None if output is None else os.path.abspath(output),
    }  # fmt: skip
    done = subprocess.run(  # noqa: S603 our own interpreter and module
        [sys.executable, "-m", EXECUTOR], input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=False,
        env={**os.environ, **_threads(moment.said.get("machine"))},
    )  # fmt: skip
    try:
        answer = json.loads(done.stdout)
        return answer if isinstance(answer, dict) else {}
    except ValueError:
        return {"error": f"the process that executed it ended with status {done.returncode}"}


def _threads(machine: Any) -> dict[str, str]:
    """In which order products are summed hangs on how many threads there are."""
    known = machine if isinstance(machine, dict) else {}
    said = known.get("threads")
    found = {
        name: value
        for name, value in (said.items() if isinstance(said, dict) else ())
        if name in THREADS and isinstance(value, str) and value.isdecimal() and len(value) < 5
    }
    cores = known.get("cores")
    return found or ({"OMP_NUM_THREADS": str(cores)} if type(cores) is int and 0 < cores < 1000 else {})


def _say(text: str) -> None:
    from dashboard.commands.table import printable

    sys.stderr.write(f"viz: {printable(text)}\n")
