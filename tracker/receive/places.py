"""Where the segments that arrive belong: each in the folder of its run, below that of its project."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path
from typing import Any

from tracker import databases
from tracker import logdir as logdirs
from tracker.errors import DamagedBytesError, RunNameError
from tracker.receive.deleted import Deleted
from tracker.receive.discarded import Discarded
from tracker.store import columns
from tracker.store.read import copied
from tracker.store.shipment import Row


class Places:
    """The paths of one project's segments, files or what stands for them in a database.

    A folder is gone through once, since nobody else makes files there; a database is asked for each that is not known.

    Args:
        root: The folder of the project; made when the first segment arrives.
        deleted: Which of them were deleted.
    """

    def __init__(self, root: Path, deleted: Deleted | Discarded) -> None:
        self._root = root
        self._deleted = deleted
        self._lock = threading.Lock()
        self._database = databases.of(root)
        self._known: dict[str, Path] | None = None if self._database is None else {}
        """Of each segment, but for copies that forks took along."""
        self._runs: dict[str, str] = {}
        """By segment, the run that it says it is of."""

    def of(self, segment: str, beside: str | None = None, run: str | None = None) -> Path | None:
        """The path of a segment that has begun to arrive; None where it has not.

        Args:
            segment: Its name.
            beside: Of a copy that a fork took along: the fork's own segment.
            run: The run that it lies in, where somebody has said so.

        Raises:
            DamagedBytesError: no run can be called so.
            DeletedError: its run was deleted.
            StoreError: the database does not answer.
        """
        if run is not None:
            path = logdirs.segment_path(self.folder_of(run), segment)
            return path if self._is_there(path) else None
        with self._lock:
            place = self._place_of(beside or segment)
            if place is None or (self._database is None and not os.path.lexists(place)):
                place = self._deleted.restored(beside or segment) or place
                if place is not None:
                    self._found()[beside or segment] = place
            return place if place is None or beside is None else logdirs.segment_path(place.parent, segment)

    def forget(self, segment: str) -> None:
        """Nothing of a segment has come to be stored."""
        with self._lock:
            self._found().pop(segment, None)

    def folder_of(self, run: str) -> Path:
        """The folder of a run by the name that somebody wants it to have, whether it is there or not.

        Raises:
            DamagedBytesError: no run can be called so, or a link leads elsewhere.
        """
        try:
            folder = self._root / logdirs.check_run_name(run)
        except RunNameError as error:
            raise DamagedBytesError(" ".join(str(error).split())) from error
        if any(step.is_symlink() for step in (folder, *folder.parents[: run.count("/")])):
            raise DamagedBytesError(f"{run} is a link to another place here")
        return folder

    def found_for(self, segment: str, row: Row, run: str | None = None) -> tuple[Path, bool]:
        """The path of a segment that is no copy, which is to be made if it is not there yet; whether it begins a run.

        It lies beside the one of its run that it continues. One that begins a run has a folder of its own: where two
        machines have a run of the same name each, the second to arrive is called `name-2`. The processes of one
        training mean one run.

        Args:
            segment: Its name.
            row: What it says of itself.
            run: The run that it is to lie in, where somebody has said so.

        Raises:
            DamagedBytesError: it is another segment, or its run can have no folder.
            DeletedError: it is of a run that was deleted.
            OSError: the one that it continues cannot be read at the moment.
            StoreError: the database does not answer.
        """
        said: dict[str, Any] = dict(zip(columns.SEGMENT, row, strict=True))
        if said["id"] != segment:
            raise DamagedBytesError(f"these rows are of segment {str(said['id'])[:60]!r}")
        with self._lock:
            if run is not None:
                if self._database is None:
                    self._known = None  # which of two of one name is a copy shows when both are there
                return logdirs.segment_path(self.folder_of(run), segment), False
            known = self._found()
            place = self._place_of(segment)
            if place is None:
                self._deleted.check_new(said)
                folder, begins = self._folder(said, known)
                place = logdirs.segment_path(folder, segment)
                if self._database is None:
                    known[segment] = place
                self._runs[segment] = said["run"]
                return place, begins
            return place, False

    def _folder(self, said: dict[str, Any], known: dict[str, Path]) -> tuple[Path, bool]:
        parent = self._place_of(said["parent"] or "")
        if parent is not None and self._run_of(parent) == said["run"]:
            return parent.parent, False
        try:
            name = logdirs.check_run_name(said["run"])
        except RunNameError as error:
            raise DamagedBytesError(" ".join(str(error).split())) from error
        first = self._root / name
        if any((self._root / part).is_symlink() for part in (Path(name), *Path(name).parents[:-1])):
            raise DamagedBytesError(f"its run can have no folder here: a link lies at {name!r}")
        if said["rank"] is not None:
            return first, False
        taken = {path.parent for path in known.values()}
        return next(
            (folder, True)
            for count in itertools.count(1)
            if (folder := first if count == 1 else first.with_name(f"{first.name}-{count}")) not in taken
            and not folder.is_symlink() and not logdirs.segment_files(folder)
        )  # fmt: skip

    def _run_of(self, path: Path) -> str:
        segment = logdirs.segment_id(path)
        if segment not in self._runs:
            origin = copied.origin_of(path)
            if origin is None:  # a guess would put what goes on there into another run
                raise OSError(f"{path} cannot be read")
            self._runs[segment] = origin.run
        return self._runs[segment]

    def _is_there(self, path: Path) -> bool:
        return os.path.lexists(path) if self._database is None else path in logdirs.segment_files(path.parent)

    def _place_of(self, segment: str) -> Path | None:
        """Where a segment lies, but for copies; of a file also where it is about to."""
        known = self._found()
        if self._database is not None and segment and segment not in known:
            database = self._database[0]
            for run in database.runs_of(segment):
                folder = database.root / run
                if self._root in folder.parents and not run.startswith(f"{logdirs.TRASH_FOLDER}/"):
                    known[segment] = logdirs.segment_path(folder, segment)
        return known.get(segment)

    def _found(self) -> dict[str, Path]:
        if self._known is None:
            found: dict[str, list[Path]] = {}
            for _, folder in logdirs.run_folders(self._root, follow=False) if self._root.is_dir() else ():
                for path in logdirs.segment_files(folder):
                    found.setdefault(logdirs.segment_id(path), []).append(path)
            self._known = {segment: _original(paths) for segment, paths in found.items()}
        return self._known


def _original(paths: list[Path]) -> Path:
    """Of several segments of one name the one that is no copy."""
    return next((path for path in paths if len(paths) == 1 or not _is_copy(path)), paths[0])


def _is_copy(path: Path) -> bool:
    origins = {each: copied.origin_of(each) for each in logdirs.segment_files(path.parent)}
    own = copied.own(origin for origin in origins.values() if origin is not None)
    return origins.get(path) not in own
