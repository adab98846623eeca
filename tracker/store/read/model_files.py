"""Files of models as they lie in a run's folder. The folder may have been mailed: plain files only, and whole ones."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from tracker import logdir
from tracker.errors import ModelError, message
from tracker.models.manifest import ModelFile

_PIECE = 1 << 20


def place_of(folder: Path, file: ModelFile) -> Path | None:
    """Where a file of a model lies in the folder of its run; None where there is none of its name and size.

    Args:
        folder: The run's.
        file: Which.
    """
    place = folder / logdir.MODELS_FOLDER / file.digest
    try:
        known = os.lstat(place)
    except OSError:
        return None
    return place if stat.S_ISREG(known.st_mode) and known.st_size == file.size else None


def checked(folder: Path, file: ModelFile) -> Path:
    """Where a file of a model lies, once all of it was read and is what it is called by.

    Raises:
        ModelError: it is not there, or another.
    """
    place = place_of(folder, file)
    if place is None:
        raise ModelError(message(f"The file {file.name!r} of this model is not in its run any more.", got=file.digest))
    found = hashlib.sha256()
    with open(place, "rb") as content:
        while piece := content.read(_PIECE):
            found.update(piece)
    if found.hexdigest() != file.digest:
        raise ModelError(message(f"The file {file.name!r} of this model is damaged: it is not as it was written."))
    return place
