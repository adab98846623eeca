"""The folder of a run's recordings, as one process writes it: each file is whole or not there.

A state is a file called by the SHA-256 of what it holds, so that equal ones are there once. A recording is a file of
steps that refers to states by these names, and is written after them: a kill leaves a state more, and never a reference
to none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tracker import logdir
from tracker.recorder import tree
from tracker.recorder.ring import Step

STATES = "states"
SUFFIX = ".npz"

PARTIAL = ".partial"
"""What the name of a file ends in until it is whole."""

Columns = dict[str, Any]
"""Steps as arrays of one length by name; what is of another size in each step is a list."""


class Folder:
    """Writes recordings beside a run.

    Args:
        folder: The run's.
        session: What this training is called among those that wrote here; by it the later of two is known.
    """

    def __init__(self, folder: Path, session: str) -> None:
        self._folder = folder / logdir.RECORDINGS_FOLDER
        self._session = session

    def write_state(self, state: Any) -> str:
        """Writes a state and says what it is called.

        Raises:
            RecordingError: it holds what cannot be written.
            OSError: what the disk says.
        """
        place = self._folder / STATES
        place.mkdir(parents=True, exist_ok=True)
        partial = _partial(place / "state")
        try:
            with open(partial, "wb") as file:
                hashed = _Hashed(file)
                tree.write(state, hashed)  # type: ignore[arg-type]  # all that a zip needs of a file
                _sync(file)
            name = hashed.hash.hexdigest()
            os.replace(partial, place / f"{name}{SUFFIX}")
            return name
        finally:
            partial.unlink(missing_ok=True)

    def remove_state(self, name: str) -> None:
        """Lets a state go."""
        with contextlib.suppress(OSError):
            (self._folder / STATES / f"{name}{SUFFIX}").unlink()

    def write(self, reason: str, steps: Columns, said: dict[str, Any]) -> Path:
        """Writes steps as a recording.

        Args:
            reason: Why, in a word; part of the file's name.
            steps: One or more, as `columns` gives them.
            said: What else is to be known, among it `states`: [[step, name], …].

        Raises:
            RecordingError, OSError: as `write_state`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        first, last = steps["step"].min(), steps["step"].max()
        place = self._folder / f"steps-{first}-{last}-{self._session}-{reason}{SUFFIX}"
        _whole(place, lambda file: tree.write({**said, "session": self._session, "steps": steps}, file))
        return place

    def remove(self, recording: Path) -> None:
        """Lets a recording go that another one holds too."""
        with contextlib.suppress(OSError):
            recording.unlink()


def columns(steps: Sequence[Step]) -> Columns:
    """Steps as columns; `gradients` has a row for each step of which `has_gradients` is true."""
    groups = max((len(each.lr) for each in steps), default=0)
    lr = [[*each.lr, *[np.nan] * (groups - len(each.lr))] for each in steps]
    found: Columns = {
        "step": np.array([each.step for each in steps], np.int64),
        "epoch": np.array([each.epoch for each in steps], np.int64),
        "loss": np.array([each.loss for each in steps], np.float64),
        "is_done": np.array([each.is_done for each in steps], np.bool_),
        "lr": np.array(lr, np.float64).reshape(len(steps), groups),
    }
    gradients = [each.gradients for each in steps if each.gradients is not None]
    found["has_gradients"] = np.array([each.gradients is not None for each in steps], np.bool_)
    found["gradients"] = np.stack(gradients) if gradients else np.empty((0, 0), np.uint32)
    for name in ("batch", "random", "layers"):
        listed = [getattr(each, name) for each in steps]
        if any(each is not None for each in listed):
            found[name] = listed
    return found


def joined(parts: Sequence[Columns]) -> Columns:
    """Columns of arrays alone, one behind the other."""
    return {
        name: np.concatenate([each[name] for each in parts if len(each[name])] or [parts[0][name]]) for name in parts[0]
    }


def _whole(place: Path, write: Callable[[BinaryIO], None]) -> None:
    """A file under another name until it is written and on the disk."""
    partial = _partial(place)
    try:
        with open(partial, "wb") as file:
            write(file)
            _sync(file)
        os.replace(partial, place)
    finally:
        partial.unlink(missing_ok=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _partial(place: Path) -> Path:
    """What a file is called until it is whole: by no other process or thread."""
    return place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}{PARTIAL}")


class _Hashed:
    """A file that is written from beginning to end, and hashed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self.hash = hashlib.sha256()
        self._file = file

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
