"""A file of a run's folder that arrives in pieces, under another name until it is whole and what it should be."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from tracker.errors import DamagedBytesError
from tracker.store.run_folder_files import FOLDERS, PlaceError, check_piece, files_of, is_one

SUFFIX = ".arriving"


def begun_in(folder: Path) -> dict[str, int]:
    """How many bytes of each file have arrived, by name; of those that are whole all.

    Of a file that is not whole it is one less than there are: one that lacks nothing but its name, since who took it in
    was killed just then, is asked for too, and gets it.
    """
    found = dict(files_of(folder))
    for place in FOLDERS:
        with contextlib.suppress(OSError), os.scandir(folder / place) as entries:
            for entry in entries:
                name = f"{place}/{entry.name[1:].removesuffix(SUFFIX)}"
                if entry.name == f".{name.rpartition('/')[2]}{SUFFIX}" and is_one(name):
                    found.setdefault(name, max(0, entry.stat(follow_symlinks=False).st_size - 1))
    return found


def add(folder: Path, name: str, at: int, data: bytes, size: int, digest: str) -> int:
    """Adds a piece; how many bytes there are then. Not for two threads at a time.

    Args:
        folder: The run's.
        name: The file's, one of `run_folder_files`.
        at: Where the piece begins.
        data: The piece.
        size: Of the whole file.
        digest: Its SHA-256, in hexadecimal.

    Raises:
        PlaceError: it begins somewhere else than where the file ends.
        DamagedBytesError: the file is not what its name or `digest` says; its pieces are wanted again.
        OSError: what the disk says.
    """
    place, partial = folder / name, _partial(folder / name)
    if any(each.is_symlink() for each in (partial, place, *place.parents[: name.count("/")])):
        raise DamagedBytesError(f"{name}: a link to another place lies there")
    if place.is_file():
        return place.stat().st_size
    known = partial.stat().st_size if partial.exists() else 0
    if known < size:
        if at not in (known, max(0, known - 1)):  # see `begun_in`
            raise PlaceError(known)
        check_piece(name, at + len(data), size, digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "ab") as file:
            file.truncate(at)
            file.write(data)
        if at + len(data) < size:
            return at + len(data)
    check_piece(name, size, size, digest)
    with open(partial, "rb+") as file:
        os.fsync(file.fileno())
        found = hashlib.sha256()
        while piece := file.read(1 << 20):
            found.update(piece)
    if found.hexdigest() != digest:
        partial.unlink()
        raise DamagedBytesError(f"{name}: what arrived does not match its hash")
    os.replace(partial, place)
    return size


def _partial(place: Path) -> Path:
    return place.with_name(f".{place.name}{SUFFIX}")
