"""A run copied: its segments row by row, the files beside them in pieces, and what is said of it on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracker import databases, logdir
from tracker.copying.place import CopyError, Place
from tracker.errors import PageChangeError, StoreError, TrackerError
from tracker.ship.server import ForbiddenError, UnreachableError
from tracker.store.read import page_rows, read_only, segments, shipping
from tracker.store.read.run_files import RunFiles
from tracker.store.run_folder_files import digest_of, files_of

PIECE_BYTES = 4 << 20

MOST_TRIES = 3
"""Of a place that says it stands elsewhere, without getting any farther."""


@dataclass
class Copied:
    """What was copied of a run.

    Attributes:
        segments: How many segments something was lacking of.
        rows: How many of their rows.
        files: How many files beside them, and of before there were checksums.
        said: Whether something of its page.
        problems: What could not be, by file, and why.
    """

    segments: int = 0
    rows: int = 0
    files: int = 0
    said: bool = False
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether all of it was there."""
        return not (self.segments or self.files or self.said or self.problems)


def copy_run(folder: Path, place: Place, tell: Callable[[int], None] = lambda more: None) -> Copied:
    """Copies what a place lacks of the run in a folder, as it stands now although its writer may go on.

    Args:
        folder: The run's.
        place: Where to.
        tell: Told of so many bytes more of it each time that are there, about.

    Raises:
        CopyError: another run lies there.
        UnreachableError, ForbiddenError: what a server says.
    """
    own = {logdir.segment_id(path): path for path in logdir.segment_files(folder)}
    found = RunFiles(folder).segments()
    fork = segments.begun_by(found) if any(each.reason == "fork" for each in found) else None
    there = place.begun_by()
    if there is not None and (there not in own if fork is None else there != fork):
        raise CopyError("another run has this name there; give the copy another one with --as NAME")
    copied = Copied()
    # By its own segment a fork is known when its copy is cut.
    for segment, path in sorted(own.items(), key=lambda each: (each[0] != fork, each[0])):
        try:
            _copy_segment(segment, path, place, copied, tell)
        except (UnreachableError, ForbiddenError):
            raise
        except (TrackerError, OSError) as error:
            copied.problems[path.name] = _why(error)
    _copy_files(folder, place, copied, tell)
    try:
        copied.said = place.say(page_rows.read(folder))
    except (UnreachableError, ForbiddenError):
        raise
    except (StoreError, PageChangeError, TrackerError, OSError) as error:
        copied.problems[logdir.PAGE_FILE] = _why(error)
    return copied


def _copy_segment(segment: str, path: Path, place: Place, copied: Copied, tell: Callable[[int], None]) -> None:
    here = shipping.standing(path)
    size = path.stat().st_size if path.exists() else 0  # of what stands for a database
    if not here.has_checksums:
        copied.files += place.take_whole(path)
        tell(size)
        return
    arrived = first = place.lacks(path)
    a_row = size / max(1, here.written)
    tell(size if first is None else int(a_row * first.cursor))
    tries = 0
    while arrived is not None:
        with read_only.snapshot(path) as connection:
            shipment = shipping.behind(connection, arrived)
        before, arrived = arrived, place.take(segment, shipment)
        copied.rows += max(0, arrived.cursor - before.cursor)
        tell(int(a_row * max(0, arrived.cursor - before.cursor)))
        if arrived.cursor >= here.written:
            copied.segments += arrived != first
            return
        tries = tries + 1 if arrived.cursor <= before.cursor else 0
        if tries >= MOST_TRIES:
            raise CopyError(f"it does not get farther there than row {arrived.cursor:,}")


def _copy_files(folder: Path, place: Place, copied: Copied, tell: Callable[[int], None]) -> None:
    own = [(name, size) for name, size in files_of(folder) if size]
    there: dict[str, int] | None = None
    for name, size in own:
        try:
            if there is None:
                there = place.files()
            tell(min(size, there.get(name, 0)))
            if there.get(name, 0) < size:
                _copy_file(folder, name, size, place, there.get(name, 0), tell)
                copied.files += 1
        except (UnreachableError, ForbiddenError):
            raise
        except (TrackerError, OSError) as error:
            copied.problems[name] = _why(error)


def _copy_file(folder: Path, name: str, size: int, place: Place, at: int, tell: Callable[[int], None]) -> None:
    digest, tries = digest_of(folder, name), 0
    with open(databases.fetched(folder, name), "rb") as file:
        while at < size:
            file.seek(at)
            reached = place.take_piece(name, at, file.read(PIECE_BYTES), size, digest)
            tries = tries + 1 if reached <= at else 0
            if tries >= MOST_TRIES:
                raise CopyError(f"it does not get farther there than byte {reached:,}")
            tell(max(0, reached - at))
            at = reached


def _why(error: Exception) -> str:
    return " ".join(str(getattr(error, "why", error) or type(error).__name__).split())
