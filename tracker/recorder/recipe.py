"""Recipe: which function makes a recorded training, and whether its file may be executed.

A recording may be a stranger's. What it names is executed only where it is the user's own code: a file below the
working directory, outside of the logdir and of what is installed. Its function is called only if its author marked it
as one that may be (`trainer.replayable`): no other can be called with arguments out of a recording.
"""

from __future__ import annotations

import importlib.machinery
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.errors import RecordingError, message
from tracker.recorder.code import digest_of, is_installed


@dataclass(frozen=True)
class Recipe:
    """As it was recorded."""

    module: str
    """As it is imported; "" for a script."""
    file: str
    """As it was reached from the working directory of the training."""
    function: str
    arguments: dict[str, Any]
    digest: str
    """The SHA-256 of the file."""


def recipe_of(said: Any) -> Recipe | None:
    """The recipe in what a recording says; None where it has none.

    Raises:
        RecordingError: it is none as they are recorded.
    """
    if said is None:
        return None
    names = ("module", "file", "function", "digest")
    is_sound = (
        isinstance(said, dict)
        and all(isinstance(said.get(name), str) and len(said[name]) < 4096 for name in names)
        and isinstance(said.get("arguments"), dict)
        and said["function"].isidentifier() and said["file"].endswith(".py") and "\0" not in said["file"]
        and (not said["module"] or all(part.isidentifier() for part in said["module"].split(".")))
    )  # fmt: skip
    if not is_sound:
        raise RecordingError(message("This recording does not say how its training is made, or is damaged."))
    return Recipe(said["module"], said["file"], said["function"], said["arguments"], said["digest"])


def file_of(recipe: Recipe, here: Path) -> Path:
    """Where the file of a recipe is on this machine, as its module would be imported. Nothing is imported.

    Args:
        recipe: Which.
        here: The working directory.

    Raises:
        RecordingError: it is not there.
    """
    if not recipe.module:
        place = here / recipe.file
        if place.is_file():
            return place.resolve()
    else:
        path = [str(here), *sys.path]
        parts = recipe.module.split(".")
        for k in range(1, len(parts) + 1):
            spec = importlib.machinery.PathFinder.find_spec(".".join(parts[:k]), path)
            if spec is None:
                break
            if k == len(parts) and spec.origin is not None and spec.origin.endswith(".py"):
                return Path(spec.origin).resolve()
            path = list(spec.submodule_search_locations or ())
    what = recipe.module or recipe.file
    raise RecordingError(
        message(f"The code of this training is not here: {what}.", hint="Go to the folder in which it was started.")
    )


def why_not(file: Path, here: Path, logdir: Path) -> str:
    """Why a file is not executed without leave, in words; "" for the user's own."""
    if not file.is_relative_to(here.resolve()):
        return "it is not below the working directory"
    if file.is_relative_to(logdir.resolve()):
        return "it lies in the logdir"
    if is_installed(file):
        return "it was installed, and is no code of yours"
    return ""


def has_changed(recipe: Recipe, file: Path) -> bool:
    """Whether the file is another one than the one that was recorded."""
    return digest_of(file) != recipe.digest
