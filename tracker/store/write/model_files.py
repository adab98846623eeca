"""Files of models within a run's folder: each is whole, and on the disk, before a row refers to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from tracker import logdir

PARTIAL = ".partial"
"""How the name of a file ends that is being written."""

_PIECE = 1 << 22


class ModelFiles:
    """The models folder of a run, as one process writes it.

    Args:
        folder: The run's.

    Attributes:
        written: Bytes so far: a model that takes seconds is not a disk that stands still.
    """

    def __init__(self, folder: Path) -> None:
        self.written = 0
        self._folder = folder / logdir.MODELS_FOLDER

    def write(self, digest: str, parts: Sequence[bytes | memoryview]) -> None:
        """Writes a file under the hash of what it holds, unless it is there.

        Raises:
            OSError: what the disk says; there is no such file then.
        """
        place = self._folder / digest
        size = sum(len(part) for part in parts)
        if place.is_file() and place.stat().st_size == size:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{digest}.{os.getpid()}.{threading.get_ident()}{PARTIAL}"
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
