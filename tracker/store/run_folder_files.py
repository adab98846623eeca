"""The files beside the segments in a run's folder that belong to it: of its models, and what its flight recorder kept.

Each is whole or not there, and never changes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tracker import databases, logdir
from tracker.errors import DamagedBytesError

_NAME = re.compile(
    rf"{logdir.MODELS_FOLDER}/(?P<content>[0-9a-f]{{64}})"
    rf"|{logdir.RECORDINGS_FOLDER}/states/(?P<state>[0-9a-f]{{64}})\.npz"
    rf"|{logdir.RECORDINGS_FOLDER}/steps-[0-9A-Za-z_-]{{1,150}}\.npz",
    re.ASCII,
)

LARGEST_BYTES = 1 << 40
"""Of one that is taken in."""

FOLDERS = (logdir.MODELS_FOLDER, logdir.RECORDINGS_FOLDER, f"{logdir.RECORDINGS_FOLDER}/states")


class PlaceError(DamagedBytesError):
    """A piece that does not go on where the file is.

    Attributes:
        size: Where it is.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the next byte that is wanted is number {size:,}")
        self.size = size


def is_one(name: str) -> bool:
    """Whether a path below a run's folder, with `/`, is that of such a file."""
    return _NAME.fullmatch(name) is not None


def digest_in(name: str) -> str | None:
    """The SHA-256 that the name of a file says it has; None where it says none."""
    found = _NAME.fullmatch(name)
    return None if found is None else found["content"] or found["state"]


def check_piece(name: str, upto: int, size: int, digest: str) -> None:
    """That a piece that ends at `upto` can be one of a file of this name, size and SHA-256.

    Raises:
        DamagedBytesError: it cannot.
    """
    if not (is_one(name) and 0 < size <= LARGEST_BYTES and upto <= size and (digest_in(name) or digest) == digest):
        raise DamagedBytesError(f"{name}: it is not the file that it is said to be")


def digest_of(folder: Path, name: str) -> str:
    """The SHA-256 of what a file holds: what its name or a database says, or else all of it is read.

    Raises:
        OSError: it cannot be read, or is not there.
        StoreError: the database does not answer.
    """
    said = digest_in(name)
    if said is not None:
        return said
    inside = databases.of(folder)
    if inside is not None:
        known = inside[0].files(inside[1].as_posix()).get(name)
        if known is None:
            raise FileNotFoundError(f"there is no file {folder / name}")
        return known[1]
    found = hashlib.sha256()
    with open(folder / name, "rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def files_of(folder: Path) -> Iterator[tuple[str, int]]:
    """Each such file that is there, and its size: those that others refer to first. Links are left out.

    Raises:
        StoreError: the database does not answer.
    """
    inside = databases.of(folder)
    if inside is not None:
        sizes = {name: size for name, (size, _) in inside[0].files(inside[1].as_posix()).items()}
        yield from sorted(sizes.items(), key=lambda each: (-len(each[0].rpartition("/")[0]), each[0]))
        return
    for place in sorted(FOLDERS, key=len, reverse=True):
        try:
            entries = list(os.scandir(folder / place))
        except OSError:
            continue
        if (folder / place).is_symlink():
            continue
        for entry in sorted(entries, key=lambda each: each.name):
            name = f"{place}/{entry.name}"
            if is_one(name) and entry.is_file(follow_symlinks=False):
                yield name, entry.stat(follow_symlinks=False).st_size
