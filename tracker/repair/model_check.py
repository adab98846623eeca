"""What is wrong with the models of a run: files that are not there or are others, and files without a version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tracker import logdir
from tracker.errors import ModelError
from tracker.models.manifest import Manifest, ModelFile
from tracker.repair.found import Found
from tracker.store.read import model_files, models
from tracker.store.read.left_out import why
from tracker.store.read.run_files import RunFiles
from tracker.store.write.model_files import PARTIAL


def check(folder: Path) -> Iterator[Found]:
    """Reads all files of a run's models, and holds them against what its versions say.

    Args:
        folder: The run's.
    """
    place = folder / logdir.MODELS_FOLDER
    files = RunFiles(folder)
    known: set[str] = set()
    is_whole = not files.problems()
    try:
        for found in _versions(folder, files, known):
            yield found
            is_whole = False
    except Exception as error:  # noqa: BLE001 whatever a row holds: it is told, and the files are left alone
        yield Found(place, f"its models cannot be read ({why(error)})", True)
        is_whole = False
    for name in _names(place):
        if name.endswith(PARTIAL):
            yield Found(place / name, "left by a writer that was stopped while it wrote a model", False, True)
        elif logdir.is_model_file(name) and name not in known:
            # Where a row could not be read, it may be the one that refers to this file.
            yield Found(place / name, "no version of a model refers to it", False, is_whole)


def _versions(folder: Path, files: RunFiles, known: set[str]) -> Iterator[Found]:
    """What is wrong with the files of versions; the hashes that these refer to go into `known`."""
    problems: list[str] = []
    rows = models.rows(files, problems)
    for problem in problems:
        yield Found(folder / logdir.MODELS_FOLDER, f"the model {' '.join(problem.split())}", True)
    lets_go: dict[str, float] = {}
    for version in rows:
        known.update(each.digest for each in version.manifest.files)
        if version.manifest.keep is not None:
            lets_go[version.name] = max(lets_go.get(version.name, 0.0), version.wall_time)
    checked: dict[str, str] = {}
    for version in rows:
        for problem in _problems(folder, version.manifest, checked):
            # The newest of all is never let go, and one that is there is whole.
            is_let_go = problem == GONE and version.wall_time < lets_go.get(version.name, 0.0)
            if not is_let_go:
                what = f"the model {version.name!r} at step {version.step}: {problem}"
                yield Found(folder / logdir.MODELS_FOLDER, what, True)


GONE = "a file of it is not there any more"


def _problems(folder: Path, manifest: Manifest, checked: dict[str, str]) -> Iterator[str]:
    """What is wrong with the files of a version, each read once whichever versions share it."""
    for file in manifest.files:
        if file.digest not in checked:
            checked[file.digest] = _problem(folder, file)
        if checked[file.digest]:
            yield checked[file.digest]


def _problem(folder: Path, file: ModelFile) -> str:
    if not os.path.lexists(folder / logdir.MODELS_FOLDER / file.digest):
        return GONE
    try:
        model_files.checked(folder, file)
    except (ModelError, OSError) as error:
        return f"{file.name} is not as it was written ({why(error)})"
    return ""


def _names(place: Path) -> list[str]:
    try:
        return sorted(os.listdir(place))
    except OSError:
        return []
