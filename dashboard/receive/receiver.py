"""Takes shipments into segment files: one file at a time has one writer, and few are held open."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dashboard.receive.deleted import Deleted
from dashboard.receive.places import Places
from tracker import logdir
from tracker.errors import DamagedBytesError, PageChangeError, StoreError, TrackerError
from tracker.store.read import segments
from tracker.store.read.run_files import RunFiles
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, CursorError, Shipment
from tracker.store.write import arriving_file, faults, page_merge, replica

MOST_OPEN = 200
"""Files that are held open between two shipments: three descriptors each."""


class Piece(NamedTuple):
    """Of a file beside the segments of a run: see `tracker.store.write.arriving_file.add`."""

    name: str
    at: int
    data: bytes
    size: int
    digest: str


class UnstoredError(TrackerError):
    """The disk here does not take what arrived."""


class Receiver:
    """The writer of all segments that arrive.

    Args:
        root: The logdir.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places: dict[str, Places] = {}
        self._lock = threading.Lock()
        self._files: OrderedDict[Path, _File] = OrderedDict()
        self._pieces: dict[Path, threading.Lock] = {}

    def arrived(self, project: str, segment: str, beside: str | None = None, run: str | None = None) -> Arrived:
        """How far a segment is here, or the copy of one that lies beside another, or in a run.

        Raises:
            DamagedBytesError: it was written here.
        """
        path = self._places_of(project).of(segment, beside, run)
        if path is None:
            return Arrived()
        with self._held(path) as file:
            return file.arrived

    def take(
        self,
        project: str,
        segment: str,
        shipment: Shipment,
        beside: str | None = None,
        run: str | None = None,
        *,
        is_followed: bool = False,
    ) -> Arrived:
        """Takes rows of a segment; how far it is here then.

        Args:
            project: Whose it is.
            segment: Its name.
            shipment: The rows.
            beside: Of a copy that a fork took along: the fork's own segment.
            run: The run that it is to lie in, where somebody has said so.
            is_followed: Whether more of it comes at once: as of `tracker.store.write.replica.Replica.take`.

        Raises:
            CursorError: they go on from somewhere else.
            DamagedBytesError: they are no rows of this segment.
            UnstoredError: the disk does not take them; nothing was taken.
        """
        places = self._places_of(project)
        path = places.of(segment, beside, run)
        if path is None:
            if beside is not None:
                raise DamagedBytesError(f"segment {beside} is not here, beside which this is to lie")
            if shipment.segment is None or shipment.after:
                raise CursorError(Arrived())
            try:
                path = places.found_for(segment, shipment.segment, run)
            except OSError as error:
                raise UnstoredError(f"this cannot be stored here at the moment: {error}") from error
        if shipment.segment is not None and shipment.segment[0] != segment:
            raise DamagedBytesError(f"these rows are of segment {str(shipment.segment[0])[:60]!r}")
        try:
            with self._held(path) as file:
                return file.take(shipment, is_followed=is_followed)
        except (TrackerError, OSError):
            if beside is None and run is None and not path.exists():
                places.forget(segment)
            raise

    def files(self, project: str, segment: str, run: str | None = None) -> dict[str, int]:
        """The files beside a segment that are here, or some of, and how many bytes of each.

        Raises:
            DamagedBytesError: there is no such segment here.
        """
        return {**arriving_file.begun_in(self._folder(project, segment, run))}

    def take_piece(self, project: str, segment: str, piece: Piece, run: str | None = None) -> int:
        """Takes a piece of such a file; how many bytes of it are here then.

        Raises:
            PlaceError: it goes on from somewhere else.
            DamagedBytesError: there is no such segment here, or the file is not what it is said to be.
            UnstoredError: the disk does not take it.
        """
        folder = self._folder(project, segment, run)
        with self._lock:
            lock = self._pieces.setdefault(folder / piece.name, threading.Lock())
        try:
            with lock:
                return arriving_file.add(folder, *piece)
        except OSError as error:
            raise UnstoredError(f"this cannot be stored here at the moment: {error}") from error
        finally:
            with self._lock:
                if not lock.locked():
                    self._pieces.pop(folder / piece.name, None)

    def place(self, project: str, segment: str) -> Path | None:
        """The file of a segment that has begun to arrive; None where it has not."""
        return self._places_of(project).of(segment)

    def begun_by(self, project: str, run: str) -> str | None:
        """The segment that began the run of this name here; None where there is none.

        Raises:
            DamagedBytesError: no run can be called so, or the one that is cannot be read.
        """
        folder = self._places_of(project).folder_of(run)
        found = segments.begun_by(RunFiles(folder).segments())
        if found is None and logdir.segment_files(folder):
            raise DamagedBytesError("the run of this name that is here cannot be read")
        return found

    def say(self, project: str, run: str, page: RunPage) -> bool:
        """Takes over what is said of a run on the page elsewhere; whether something was new.

        Raises:
            DamagedBytesError: there is no such run here, or what is said of it here is no page's.
            UnstoredError: the disk does not take it.
        """
        folder = self._places_of(project).folder_of(run)
        if not logdir.segment_files(folder):
            raise DamagedBytesError("there is no such run here")
        try:
            return page_merge.merge(folder, page)
        except StoreError as error:
            raise DamagedBytesError(f"what is said of it here cannot be read ({error.why})") from error
        except (PageChangeError, OSError) as error:
            raise UnstoredError(f"this cannot be stored here at the moment: {' '.join(str(error).split())}") from error

    def _folder(self, project: str, segment: str, run: str | None) -> Path:
        path = self._places_of(project).of(segment, run=run)
        if path is None:
            raise DamagedBytesError("no row of this segment has arrived yet")
        return path.parent

    def close(self) -> None:
        """Lets go of all files."""
        with self._lock:
            paths = list(self._files)
        for path in paths:
            with self._files[path].lock:
                self._files[path].close()

    def _places_of(self, project: str) -> Places:
        with self._lock:
            if project not in self._places:
                deleted = Deleted(self._root, project)
                self._places[project] = Places(self._root / project if project else self._root, deleted)
            return self._places[project]

    @contextlib.contextmanager
    def _held(self, path: Path) -> Iterator[replica.Replica]:
        """A file, for one shipment or one question."""
        with self._lock:
            file = self._files.setdefault(path, _File(path))
        with file.lock:
            try:
                yield file.opened()
            except (CursorError, DamagedBytesError):
                raise
            except faults.STORE_ERRORS as error:
                file.close()
                raise UnstoredError(f"this cannot be stored here at the moment: {str(error)[:200]}") from error
            except BaseException:
                file.close()  # what of it the disk took shows when it is opened again
                raise
            if file.is_done:
                file.close()
        self._note_use(path)

    def _note_use(self, path: Path) -> None:
        with self._lock:
            self._files.move_to_end(path)
            idle = [(each, file) for each, file in self._files.items() if file.is_open][:-MOST_OPEN]
        for _, file in idle:
            if file.lock.acquire(blocking=False):
                try:
                    file.close()
                finally:
                    file.lock.release()


class _File:
    """A file that shipments are taken into, open or not."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        self._path = path
        self._replica: replica.Replica | None = None

    @property
    def is_open(self) -> bool:
        return self._replica is not None

    @property
    def is_done(self) -> bool:
        return self._replica is not None and self._replica.arrived.is_whole

    def opened(self) -> replica.Replica:
        if self._replica is not None and not self._replica.is_in_place():  # it was deleted, or repaired
            self.close()
        if self._replica is None:
            self._replica = replica.Replica(self._path)
        return self._replica

    def close(self) -> None:
        if self._replica is not None:
            self._replica.close()
            self._replica = None
