"""Files of models within a run's folder: each is whole, and on the disk, before a row refers to it.

A file is called by the SHA-256 of what it holds, so that the same content is there once, whichever process or version
it belongs to. Older versions are let go only once the row of a newer one is in the file: a kill leaves a file more, and
never a version less.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tracker import logdir
from tracker.store.read import left_out
from tracker.store.read import models as stored_models
from tracker.store.read.run_files import RunFiles

logger = logging.getLogger("tracker")

PARTIAL = ".partial"
"""How the name of a file ends that is being written."""

_PIECE = 1 << 22


class _Version(NamedTuple):
    """What a version refers to."""

    tag: str
    step: int
    digests: frozenset[str]


def _of_row(row: stored_models.Row) -> _Version:
    return _Version(row.name, row.step, frozenset(each.digest for each in row.manifest.files))


class ModelFiles:
    """The models folder of a run, as one process writes it.

    Args:
        folder: The run's.

    Attributes:
        written: Bytes so far: a model that takes seconds is not a disk that stands still.
    """

    def __init__(self, folder: Path) -> None:
        self.written = 0
        self._run = folder
        self._folder = folder / logdir.MODELS_FOLDER
        self._lock = threading.Lock()
        self._stored: list[_Version] | None = None
        """Versions with a row, in the order of logging, those of earlier segments among them; None until one is to be
        let go."""
        self._expected: list[_Version] = []
        """Versions whose row is on its way."""

    def expect(self, tag: str, step: int, digests: frozenset[str], keep: int | None) -> Callable[[], None]:
        """A version is about to be written: what it refers to is not let go from now on.

        Args:
            tag: The model's name.
            step: The version's.
            digests: Of its files.
            keep: Of how many versions the files are kept, with this one; None for all.

        Returns:
            To be called once its row is in the file.
        """
        version = _Version(tag, step, digests)
        with self._lock:
            self._expected.append(version)
            if keep is not None and self._stored is None:
                problems: list[str] = []
                try:
                    self._stored = [_of_row(each) for each in stored_models.rows(RunFiles(self._run), problems)]
                except Exception as error:  # noqa: BLE001 an old file may hold anything: then all versions are kept
                    logger.warning("tracker: older models of %s are not let go (%s)", self._run, left_out.why(error))
        return lambda: self._has_row(version, keep)

    def _has_row(self, version: _Version, keep: int | None) -> None:
        with self._lock:
            self._expected.remove(version)
            if self._stored is None:
                return
            self._stored.append(version)
            if keep is not None:
                self._let_go(version.tag, keep)

    def _let_go(self, tag: str, keep: int) -> None:
        """Removes the files of all versions of a name but the last so many that no other version refers to."""
        assert self._stored is not None
        newest: dict[int, _Version] = {}
        for each in self._stored:
            if each.tag == tag:
                newest.pop(each.step, None)  # one that is logged again at its step stands where it was logged last
                newest[each.step] = each
        kept = [*newest.values()][-keep:]
        others = [each for each in self._stored if each.tag != tag]
        needed = {digest for each in (*kept, *others, *self._expected) for digest in each.digests}
        gone = {digest for each in self._stored if each.tag == tag for digest in each.digests} - needed
        for digest in gone:
            try:
                (self._folder / digest).unlink(missing_ok=True)
            except OSError as error:
                logger.warning("tracker: a file of an older model could not be let go: %s", error)
        self._stored = [*others, *kept]

    def write(self, digest: str, parts: Sequence[bytes | memoryview]) -> None:
        """Writes a file under the hash of what it holds, unless it is there.

        Raises:
            OSError: what the disk says; there is no such file then.
        """
        place = self._folder / digest
        if _is_there(place, digest):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = _partial(place)
        try:
            with open(partial, "wb") as file:
                for part in parts:
                    view = memoryview(part)
                    for start in range(0, len(view), _PIECE):
                        self.written += file.write(view[start : start + _PIECE])
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, place)
        finally:
            partial.unlink(missing_ok=True)
        _sync_folder(self._folder)


def _is_there(place: Path, digest: str) -> bool:
    """Whether a file is there and whole; it is as young then as one that was just written, so that nobody removes it
    before its row is stored."""
    try:
        if not stat.S_ISREG(os.lstat(place).st_mode):
            return False
        os.utime(place)
        with open(place, "rb") as file:
            found = hashlib.sha256()
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError:
        return False
    return found.hexdigest() == digest


def copy_all(source: Path, target: Path) -> None:
    """The files of a run's models in another run's folder: the same ones where the disk can say so, copies elsewhere.

    Args:
        source: The folder of a run.
        target: That of the other.

    Raises:
        OSError: what the disk says.
    """
    names = logdir.model_files(source)
    if names:
        (target / logdir.MODELS_FOLDER).mkdir(parents=True, exist_ok=True)
    for name in names:
        place = target / logdir.MODELS_FOLDER / name
        if place.exists():
            continue
        with contextlib.suppress(FileNotFoundError):  # let go meanwhile
            try:
                os.link(source / logdir.MODELS_FOLDER / name, place)  # what it holds never changes
            except FileNotFoundError:
                raise
            except OSError:  # another disk, or one without links
                partial = _partial(place)
                try:
                    shutil.copyfile(source / logdir.MODELS_FOLDER / name, partial)
                    os.replace(partial, place)
                finally:
                    partial.unlink(missing_ok=True)


def _partial(place: Path) -> Path:
    """What a file is called until it is whole: by no other process or thread."""
    return place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}{PARTIAL}")


def _sync_folder(folder: Path) -> None:
    """That the names in a folder outlive a power loss, where the system has a way to say so."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows opens no folders, and keeps names with the files
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
