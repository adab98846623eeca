"""Files of models as they lie in a run's folder. The folder may have been mailed: plain files only, and whole ones."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from tracker import databases, logdir
from tracker.errors import ModelError, message
from tracker.models.manifest import ModelFile

_PIECE = 1 << 20
SETTLED_NS = 1_000_000_000


def those_of(folder: Path) -> Callable[[ModelFile], bool]:
    """Tells of files of models whether the run in a folder has them, by name and size.

    Args:
        folder: The run's.

    Raises:
        StoreError: the database does not answer.
    """
    inside = databases.of(folder)
    if inside is None:
        return lambda file: place_of(folder, file) is not None
    known = inside[0].files(inside[1].as_posix())
    return lambda file: known.get(_name_of(file), (-1, ""))[0] == file.size


def place_of(folder: Path, file: ModelFile) -> Path | None:
    """Where a file of a model of the run in a folder lies; None where there is none of its name and size.

    Args:
        folder: The run's.
        file: Which.

    Raises:
        StoreError: the database does not answer, or what it has is damaged.
    """
    try:
        place = databases.fetched(folder, _name_of(file))
        known = os.lstat(place)
    except OSError:
        return None
    return place if stat.S_ISREG(known.st_mode) and known.st_size == file.size else None


def _name_of(file: ModelFile) -> str:
    return f"{logdir.MODELS_FOLDER}/{file.digest}"


def checked(folder: Path, file: ModelFile) -> Path:
    """Where a file of a model lies, once all of it was read and is what it is called by.

    Raises:
        ModelError: it is not there, or another.
    """
    place = place_of(folder, file)
    if place is None:
        raise ModelError(message(f"The file {file.name!r} of this model is not in its run any more.", got=file.digest))
    known = os.stat(place)
    said = (known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns)
    # What was changed a moment ago may be changed again within the same tick of the file system's clock.
    is_settled = time.time_ns() - known.st_ctime_ns > SETTLED_NS
    if (_hash_of(place, said) if is_settled else _hash_of.__wrapped__(place, said)) != file.digest:
        raise ModelError(message(f"The file {file.name!r} of this model is damaged: it is not as it was written."))
    return place


@functools.lru_cache(maxsize=4096)
def _hash_of(place: Path, said: tuple[int, ...]) -> str:
    """The SHA-256 of what a file holds, computed once as long as the system says that it is the same: of 2 GB it takes
    seconds. Nobody can set the time of the last change.

    Args:
        place: Where it lies.
        said: What the system says of it.
    """
    found = hashlib.sha256()
    with open(place, "rb") as content:
        while piece := content.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
