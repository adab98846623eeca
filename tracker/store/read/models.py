"""The models of a run, from their rows and files: versions of each by step, which answer when they are asked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tracker.errors import DamagedBytesError, ModelError, SeriesNotFoundError, StoreError, message
from tracker.models import manifest as manifests
from tracker.models import runners
from tracker.models.manifest import Manifest
from tracker.models.runners import Runner
from tracker.models.signature import TensorSpec
from tracker.store.read import media_items, model_files
from tracker.store.read.records import MediaItem
from tracker.store.read.run_files import RunFiles

KIND = "model"


@dataclass(frozen=True)
class Version:
    """What was logged of a model at a step.

    Attributes:
        step: Of the training.
        wall_time: Seconds since the epoch.
        manifest: What is said of it.
        is_kept: Whether its files are there; of older ones they may have been let go.
    """

    step: int
    wall_time: float
    manifest: Manifest
    is_kept: bool


class StoredModel:
    """A model of a run at one of its versions, the newest unless another was asked for.

    Attributes:
        run: The run's name.
        name: The model's.
        versions: All of them, oldest first; of each step the one that was logged last.
        version: The one that answers here.
    """

    def __init__(self, run: str, folder: Path, name: str, versions: list[Version], version: Version) -> None:
        self.run = run
        self.name = name
        self.versions = versions
        self.version = version
        self._folder = folder

    def __repr__(self) -> str:
        return f"<StoredModel {self.name!r} of {self.run!r} at step {self.step}, {self.manifest.format}>"

    @property
    def step(self) -> int:
        """Of its version."""
        return self.version.step

    @property
    def manifest(self) -> Manifest:
        """What is said of it."""
        return self.version.manifest

    @property
    def digest(self) -> str:
        """Names what answers: the same digest is the same model."""
        return self.manifest.digest

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return self.manifest.size

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What it takes."""
        return self.manifest.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What it gives; empty where that is not known before it is asked."""
        return self.manifest.outputs

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes."""
        return self.manifest.classes

    @property
    def labels(self) -> tuple[str, ...]:
        """What this version is called besides its step."""
        return self.manifest.labels

    def at(self, version: Version) -> StoredModel:
        """The same model at another of its versions, of which no row is read again."""
        return StoredModel(self.run, self._folder, self.name, self.versions, version)

    # --- files ---------------------------------------------------------------------------------------

    def file(self, name: str) -> Path:
        """Where one of its files lies, once it was read and is as it was written.

        Raises:
            ModelError: it has none of that name, or it is damaged or was let go.
        """
        for each in self.manifest.files:
            if each.name == name:
                self._check_kept()
                return model_files.checked(self._folder, each)
        names = ", ".join(each.name for each in self.manifest.files[:5])
        raise ModelError(message(f"The model {self.name!r} has no file {name!r}.", expected=names))

    def files(self) -> dict[str, Path]:
        """Where each of its files lies, by name; see `file`."""
        self._check_kept()
        return {each.name: model_files.checked(self._folder, each) for each in self.manifest.files}

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Copies its files, under their names and with `manifest.json` beside them, into a folder, which is made if it
        is not there; the folder.

        Raises:
            ModelError: as `file`.
            OSError: what the disk says.
        """
        from tracker.models.loose import MANIFEST

        found = self.files()
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, place in found.items():
            shutil.copyfile(place, target / name)
        if MANIFEST not in found:
            (target / MANIFEST).write_bytes(self.manifest.to_bytes())
        return target

    def _check_kept(self) -> None:
        if not self.version.is_kept:
            kept = [each.step for each in self.versions if each.is_kept]
            raise ModelError(
                message(
                    f"The files of the model {self.name!r} at step {self.step} are not kept any more.",
                    hint=f"Those of step {kept[-1]} are." if kept else "",
                )
            )

    # --- answers -------------------------------------------------------------------------------------

    device = "cpu"
    """Where it answers, as `open_runner` takes it; what is set after the first answer has no effect."""

    @cached_property
    def runner(self) -> Runner:
        """Who answers; opened when first asked.

        Raises:
            ModelError, MissingPackageError: as `tracker.models.runners.open_runner`.
        """
        return runners.open_runner(self.files(), self.manifest, self.device)

    def predict(self, x: Any) -> Any:
        """What the model says to a batch.

        Args:
            x: An array with the batch on its first axis, or a dictionary of arrays by the names of the inputs.

        Returns:
            The output's array; a dictionary of them by name where there are several, or one was given.

        Raises:
            ModelError: it cannot be run, or `x` does not fit what it takes.
        """
        from tracker.models import answers

        outputs = runners.ask(self.runner, answers.fitted(x, self.runner.inputs))
        return outputs if isinstance(x, Mapping) or len(outputs) != 1 else next(iter(outputs.values()))

    def top(self, x: Any, k: int = 10) -> list[tuple[str, float]]:
        """The likeliest classes of one sample, the first of its batch: names and probabilities.

        Args:
            x: As `predict`, or a picture (a path, a PIL image) that becomes an input as `preprocess` says.
            k: How many at most.

        Raises:
            ModelError: as `predict`.
        """
        from tracker.models import answers, ranking

        if not isinstance(x, (Mapping, np.ndarray, list)):
            from tracker.models import preprocess

            x = preprocess.array(x, self.manifest.preprocess, self.inputs)
        outputs = runners.ask(self.runner, answers.fitted(x, self.runner.inputs))
        return ranking.top(outputs, self.classes, k)


def models(run: str, folder: Path, files: RunFiles, problems: list[str]) -> list[StoredModel]:
    """The models of a run, each at its newest version, by name.

    Args:
        run: The run's name.
        folder: Its folder.
        files: Its files.
        problems: Takes a sentence for each version that cannot be read, and is not among them.
    """
    with files.held() as held:
        found = (_model(run, folder, held, name, None, problems) for name in tags(held))
        return [each for each in found if each is not None]


def model(run: str, folder: Path, files: RunFiles, name: str, step: int | None) -> StoredModel:
    """One of the models of a run, at its newest version or that of a step.

    Raises:
        SeriesNotFoundError: there is none.
        ModelError: there is, and it cannot be read.
    """
    problems: list[str] = []
    with files.held() as held:
        found = _model(run, folder, held, name, step, problems)
        if found is not None:
            return found
        near = ", ".join(tags(held)[:5])
    if problems:
        raise ModelError(problems[-1])
    where = "" if step is None else f" at step {step}"
    raise SeriesNotFoundError(
        message(
            f"Run {run!r} has no model {name!r}{where}.",
            hint=f"There are: {near} …" if near else "It has no models.",
        )
    )


class Row(NamedTuple):
    """A version as it was logged, whatever became of it later."""

    wall_time: float
    name: str
    step: int
    manifest: Manifest


def rows(files: RunFiles, problems: list[str]) -> list[Row]:
    """Every version that has a row, those that a rewind left behind among them, in the order of logging.

    Args:
        files: Of the run.
        problems: Takes a sentence for each that cannot be read.
    """
    found: list[Row] = []
    with files.held() as held:
        for name in tags(held):
            for item, said in _read(held, name, problems, is_live=False):
                found.append(Row(item.wall_time, name, item.step, said))
    return sorted(found, key=lambda row: row.wall_time)


def _read(
    files: RunFiles, name: str, problems: list[str], *, is_live: bool = True
) -> Iterator[tuple[MediaItem, Manifest]]:
    """The versions of a name, in order. What cannot be read is a problem, and the others are read all the same."""
    try:
        with files.series(KIND, name) as parts:
            chosen = parts if is_live else [part._replace(limit=None) for part in parts]
            items = media_items.items(files, KIND, chosen, None, None)
    except (StoreError, DamagedBytesError) as error:
        problems.append(f"{name}: {error}")
        return
    for item in filter(is_version, items):
        try:
            said = manifests.of_bytes(item.data)
        except (ModelError, StoreError, DamagedBytesError) as error:
            problems.append(f"{name} at step {item.step}: {error}")
            continue
        yield item, said


def is_version(item: MediaItem) -> bool:
    """Whether an item is a version of a model: other programs' logs have models of another form."""
    return item.form == manifests.FORM


def tags(files: RunFiles) -> list[str]:
    """The names of what may be models."""
    found: set[str] = set()
    for segment in files.segments():
        with files.snapshot(segment.path) as connection:
            rows = connection.execute("SELECT tag FROM series WHERE kind=?", (KIND,))
            found |= {tag for (tag,) in rows if isinstance(tag, str)}
    return sorted(found)


def _model(
    run: str, folder: Path, files: RunFiles, name: str, step: int | None, problems: list[str]
) -> StoredModel | None:
    known: dict[int, Version] = {}
    is_there = model_files.those_of(folder)
    for item, said in _read(files, name, problems):
        is_kept = all(map(is_there, said.files))
        known[item.step] = Version(item.step, item.wall_time, said, is_kept)
    versions = [known[each] for each in sorted(known)]
    chosen = [each for each in versions if step is None or each.step == step]
    return StoredModel(run, folder, name, versions, chosen[-1]) if chosen else None
