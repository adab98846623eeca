"""Recordings as they lie in a run's folder, which may have been mailed: data, read within bounds, and never run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tracker import databases, logdir
from tracker.errors import RecordingError, StoreError, message
from tracker.recorder import tree
from tracker.recorder.folder import STATES, SUFFIX

_NAME = re.compile(r"steps-(-?\d{1,19})-(-?\d{1,19})-([0-9A-Za-z-]{1,60})-([a-z]{1,20})\.npz")
_DIGEST = re.compile(r"[0-9a-f]{64}")

MOST_FILES = 100_000


class Found(NamedTuple):
    """A file of recorded steps, by its name."""

    first: int
    last: int
    session: str
    """Of a training; a later one's sorts behind."""
    reason: str
    path: Path


@dataclass(frozen=True)
class Moment:
    """One recorded step."""

    step: int
    epoch: int
    loss: float
    lr: tuple[float, ...]
    is_done: bool
    """False for the step that never ended: what ended the training was raised within it."""
    batch: Any
    """Which samples, or the samples themselves; None where that was not kept."""
    random: Any
    """Where the random generators stood when it began, or None."""
    gradients: Any
    """The CRC-32 of each parameter's gradient, or of all together; None where they were not looked at."""
    layers: Any
    """Statistics by name, or None."""
    said: dict[str, Any]
    """What the recording says of the training."""
    source: Recordings

    @property
    def state_step(self) -> int | None:
        """How many steps are behind the state from which this step is reached; None where there is none."""
        return max((step for step in self.source.states(self.session) if step < self.step), default=None)

    @property
    def session(self) -> str:
        """Which training it is of."""
        return str(self.said["session"])

    def state(self) -> Any:
        """That state.

        Raises:
            RecordingError: there is none, or it is damaged.
        """
        step = self.state_step
        if step is None:
            problem = f"No state before step {self.step} was kept."
            raise RecordingError(message(problem, hint="A larger max_bytes of the recorder keeps some."))
        return self.source.state(self.session, step)


class Recordings:
    """What the flight recorder of a run wrote.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / logdir.RECORDINGS_FOLDER
        self._run = folder
        self._kept = _kept_in(folder)
        self.files = sorted(self._files(), key=lambda each: (each.session, each.reason != "run", each.last))
        self._read = lru_cache(maxsize=8)(lambda path: read_recording(self._fetched(path)))
        self._states: dict[str, dict[int, str]] = {}

    def __bool__(self) -> bool:
        return bool(self.files)

    def ranges(self) -> list[tuple[int, int, str]]:
        """(first step, last step, reason) of each recording, those of one training's line as one."""
        found: list[tuple[int, int, str]] = []
        session = ""
        for each in self.files:
            if found and each.reason == "run" == found[-1][2] and session == each.session:
                found[-1] = (found[-1][0], max(found[-1][1], each.last), "run")
            else:
                found.append((each.first, each.last, each.reason))
            session = each.session
        return found

    def steps(self) -> list[int]:
        """Every step that was recorded, in order."""
        found: set[int] = set()
        for each in self.files:
            found.update(self._read(each.path)["steps"]["step"].tolist())
        return sorted(found)

    def __getitem__(self, step: int) -> Moment:
        """A step, as the newest training recorded it; what is known most of it counts.

        Raises:
            RecordingError: it was not recorded, or what was is damaged.
        """
        problems: list[RecordingError] = []
        for each in reversed(self.files):  # of a session the ring's, which say more, before the line's
            if not each.first <= step <= each.last:
                continue
            try:
                moment = self._moment(each, step)
            except RecordingError as error:
                problems.append(error)
                continue
            if moment is not None:
                return moment
        if problems:
            raise problems[0]
        known = ", ".join(f"{first} to {last}" for first, last, _ in self.ranges()[-5:]) or "none"
        raise RecordingError(message(f"Step {step} was not recorded.", expected=f"one of {known}", got=step))

    def __iter__(self) -> Iterator[Moment]:
        return (self[step] for step in self.steps())

    def until(self, step: int) -> list[Moment]:
        """What was recorded of the steps from a state to `step`, which is the last of them.

        Raises:
            RecordingError: as `[step]`.
        """
        target = self[step]
        first = target.state_step
        between = () if first is None else range(first + 1, step)
        return [*(self[each] for each in between if self._is_recorded(each)), target]

    def _is_recorded(self, step: int) -> bool:
        return any(each.first <= step <= each.last for each in self.files)

    def states(self, session: str) -> dict[int, str]:
        """What the states of a training are called that are still there, by how many steps are behind them."""
        if session not in self._states:
            found: dict[int, str] = {}
            for each in self.files:
                if each.session == session:
                    with contextlib.suppress(RecordingError):  # which is told where a step of that file is asked for
                        found |= named_states(self._read(each.path))
            self._states[session] = {step: name for step, name in found.items() if self._has(self._place(name))}
        return self._states[session]

    def state(self, session: str, step: int) -> Any:
        """A state by its step.

        Raises:
            RecordingError: it is damaged.
        """
        place = self._fetched(self._place(self.states(session)[step]))
        check_state(place)
        return _tree(place)

    def _has(self, place: Path) -> bool:
        return _is_file(place) if self._kept is None else place.relative_to(self.folder).as_posix() in self._kept

    def _fetched(self, place: Path) -> Path:
        """Where a file lies on this disk."""
        try:
            return databases.fetched(self._run, place.relative_to(self._run).as_posix())
        except (StoreError, OSError) as error:
            raise RecordingError(message(f"{place.name} cannot be read.", got=error)) from error

    def _place(self, name: str) -> Path:
        return self.folder / STATES / f"{name}{SUFFIX}"

    def _files(self) -> Iterator[Found]:
        for name in names_in(self.folder) if self._kept is None else sorted(self._kept):
            found = _NAME.fullmatch(name)
            if found and self._has(self.folder / name):
                yield Found(int(found[1]), int(found[2]), found[3], found[4], self.folder / name)

    def _moment(self, found: Found, step: int) -> Moment | None:
        said = self._read(found.path)
        columns = said["steps"]
        places = np.flatnonzero(columns["step"] == step)
        if not len(places):
            return None
        k = int(places[-1])

        def listed(name: str) -> Any:
            return columns[name][k] if name in columns else None

        row = int(columns["has_gradients"][:k].sum())
        return Moment(
            step, int(columns["epoch"][k]), float(columns["loss"][k]),
            tuple(float(each) for each in columns["lr"][k] if each == each), bool(columns["is_done"][k]),
            listed("batch"), listed("random"), columns["gradients"][row] if columns["has_gradients"][k] else None,
            listed("layers"), {name: value for name, value in said.items() if name != "steps"}, self,
        )  # fmt: skip


def open_recordings(run: Any) -> Recordings:
    """What the flight recorder of a run wrote.

    Args:
        run: A run, being written or stored, or the path of its folder.
    """
    return Recordings(Path(run.folder if hasattr(run, "folder") else run))


def read_recording(path: Path) -> dict[str, Any]:
    """What a file of steps says, once it was looked at.

    Raises:
        RecordingError: it is damaged, or no recording.
    """
    found = _tree(path)
    try:
        columns, count = found["steps"], len(found["steps"]["step"])
        is_sound = (
            found["form"] == 1 and isinstance(found["states"], list) and isinstance(found["session"], str)
            and all(len(columns[name]) == count for name in ("step", "epoch", "loss", "is_done", "lr"))
            and len(columns["has_gradients"]) == count == np.shape(columns["step"])[0]
            and np.ndim(columns["lr"]) == 2 and int(columns["has_gradients"].sum()) == len(columns["gradients"])
            and all(len(columns.get(name, columns["step"])) == count for name in ("batch", "random", "layers"))
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordingError(message(f"The recording {path.name} is damaged.", got=repr(error))) from error
    if not is_sound:
        raise RecordingError(message(f"The recording {path.name} is of another form, or damaged."))
    return dict(found)


def named_states(said: dict[str, Any]) -> dict[int, str]:
    """The states that a recording names, by how many steps are behind them, whether they are there or not."""
    pairs = [entry for entry in said["states"] if isinstance(entry, list) and len(entry) == 2]
    return {
        step: name for step, name in pairs if type(step) is int and isinstance(name, str) and _DIGEST.fullmatch(name)
    }


def check_state(place: Path) -> None:
    """That a state is as it was written, by its name; all of it is read.

    Raises:
        RecordingError: it is not, or cannot be read.
    """
    found = hashlib.sha256()
    try:
        with open(place, "rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    except OSError as error:
        raise RecordingError(message(f"{place.name} cannot be read.", got=error)) from error
    if found.hexdigest() != place.stem:
        raise RecordingError(message(f"{place.name} is damaged: it is not as it was written."))


def names_in(folder: Path) -> list[str]:
    """What lies in a folder; nothing in one that is a link, or is not there."""
    try:
        return [] if folder.is_symlink() else os.listdir(folder)[:MOST_FILES]
    except OSError:
        return []


def _kept_in(folder: Path) -> frozenset[str] | None:
    """What a database keeps of a run's recordings, by their paths below that folder; None of a run on the disk."""
    inside = databases.of(folder)
    if inside is None:
        return None
    below = f"{logdir.RECORDINGS_FOLDER}/"
    names = inside[0].files(inside[1].as_posix())
    return frozenset(name.removeprefix(below) for name in names if name.startswith(below))


def _is_file(place: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(place).st_mode)
    except OSError:
        return False


def _tree(place: Path) -> Any:
    try:
        with open(place, "rb") as file:
            return tree.read(file)
    except OSError as error:
        raise RecordingError(message(f"{place.name} cannot be read.", got=error)) from error
