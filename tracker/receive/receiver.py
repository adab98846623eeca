"""Takes shipments into segments of a logdir, which is a folder or a database: who brings them knows no difference.

Of a folder one file at a time has one writer, and few are held open.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tracker import databases, logdir
from tracker.errors import DamagedBytesError, PageChangeError, StoreError, TrackerError
from tracker.receive.deleted import Deleted
from tracker.receive.discarded import Discarded
from tracker.receive.home import FolderHome, Home, Taker
from tracker.receive.places import Places
from tracker.store.read import segments
from tracker.store.read.left_out import is_passing
from tracker.store.read.run_files import RunFiles
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, CursorError, Shipment, TakenError
from tracker.store.write import faults

MOST_OPEN = 200
"""Files that are held open between two shipments: three descriptors each."""

MOST_TRIES = 5
"""Of a run whose name somebody else takes at the same moment."""


class Piece(NamedTuple):
    """Of a file beside the segments of a run: see `tracker.store.write.arriving_file.add`."""

    name: str
    at: int
    data: bytes
    size: int
    digest: str


class UnstoredError(TrackerError):
    """The disk here, or the database, does not take what arrived."""


class Receiver:
    """The writer of all segments that arrive.

    Args:
        root: The logdir, or what stands for a database that was opened for writing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._home = _home_of(root)
        self._places: dict[str, Places] = {}
        self._lock = threading.Lock()
        self._segments: OrderedDict[Path, _Segment] = OrderedDict()
        self._pieces: dict[Path, threading.Lock] = {}

    def arrived(self, project: str, segment: str, beside: str | None = None, run: str | None = None) -> Arrived:
        """How far a segment is here, or the copy of one that lies beside another, or in a run.

        Raises:
            DamagedBytesError: it was written here.
            UnstoredError: that cannot be said at the moment.
        """
        with _storing():
            path = self._places_of(project).of(segment, beside, run)
            if path is None:
                return Arrived()
            with self._held(path) as taker:
                arrived = taker.arrived
            if not (arrived.cursor or run or databases.of(path) is None):  # another hand may have deleted it
                self._places_of(project).forget(beside or segment)
            return arrived

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
            is_followed: Whether more of it comes at once: as of `tracker.receive.home.Taker.take`.

        Raises:
            CursorError: they go on from somewhere else.
            DamagedBytesError: they are no rows of this segment.
            UnstoredError: the disk does not take them; nothing was taken.
        """
        with _storing():
            for _ in range(MOST_TRIES - 1):
                with contextlib.suppress(TakenError):  # the next name is free, or the one after it
                    return self._take(project, segment, shipment, beside, run, is_followed)
            return self._take(project, segment, shipment, beside, run, is_followed)

    def _take(
        self, project: str, segment: str, shipment: Shipment, beside: str | None, run: str | None, is_followed: bool
    ) -> Arrived:
        places = self._places_of(project)
        path, begins = places.of(segment, beside, run), False
        if path is None:
            if beside is not None:
                raise DamagedBytesError(f"segment {beside} is not here, beside which this is to lie")
            if shipment.segment is None or shipment.after:
                raise CursorError(Arrived())
            path, begins = places.found_for(segment, shipment.segment, run)
        if shipment.segment is not None and shipment.segment[0] != segment:
            raise DamagedBytesError(f"these rows are of segment {str(shipment.segment[0])[:60]!r}")
        try:
            with self._held(path, begins=begins) as taker:
                return taker.take(shipment, is_followed=is_followed)
        except Exception:
            if beside is None and run is None and not path.exists():
                places.forget(segment)
            raise

    def files(self, project: str, segment: str, run: str | None = None) -> dict[str, int]:
        """The files beside a segment that are here, or some of, and how many bytes of each.

        Raises:
            DamagedBytesError: there is no such segment here.
            UnstoredError: that cannot be said at the moment.
        """
        with _storing():
            return {**self._home.files(self._folder(project, segment, run))}

    def take_piece(self, project: str, segment: str, piece: Piece, run: str | None = None) -> int:
        """Takes a piece of such a file; how many bytes of it are here then.

        Raises:
            PlaceError: it goes on from somewhere else.
            DamagedBytesError: there is no such segment here, or the file is not what it is said to be.
            UnstoredError: the disk does not take it.
        """
        with _storing():
            folder = self._folder(project, segment, run)
            with self._lock:
                lock = self._pieces.setdefault(folder / piece.name, threading.Lock())
            try:
                with lock:
                    return self._home.add(folder, *piece)
            finally:
                with self._lock:
                    if not lock.locked():
                        self._pieces.pop(folder / piece.name, None)

    def place(self, project: str, segment: str) -> Path | None:
        """The path of a segment that has begun to arrive; None where it has not."""
        with _storing():
            return self._places_of(project).of(segment)

    def begun_by(self, project: str, run: str) -> str | None:
        """The segment that began the run of this name here; None where there is none.

        Raises:
            DamagedBytesError: no run can be called so, or the one that is cannot be read.
            UnstoredError: that cannot be said at the moment.
        """
        with _storing():
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
        with _storing():
            folder = self._places_of(project).folder_of(run)
            if not logdir.segment_files(folder):
                raise DamagedBytesError("there is no such run here")
            return self._home.say(folder, page)

    def _folder(self, project: str, segment: str, run: str | None) -> Path:
        path = self._places_of(project).of(segment, run=run)
        if path is None:
            raise DamagedBytesError("no row of this segment has arrived yet")
        return path.parent

    def close(self) -> None:
        """Lets go of all files."""
        with self._lock:
            paths = list(self._segments)
        for path in paths:
            with self._segments[path].lock:
                self._segments[path].close()

    def _places_of(self, project: str) -> Places:
        with self._lock:
            if project not in self._places:
                inside = databases.of(self._root)
                deleted = Deleted(self._root, project) if inside is None else Discarded(inside[0], project)
                self._places[project] = Places(self._root / project if project else self._root, deleted)
            return self._places[project]

    @contextlib.contextmanager
    def _held(self, path: Path, *, begins: bool = False) -> Iterator[Taker]:
        """What takes rows of a segment, for one shipment or one question."""
        with self._lock:
            segment = self._segments.setdefault(path, _Segment(self._home, path))
        with segment.lock:
            try:
                yield segment.opened(begins=begins)
            except TakenError:
                segment.close()
                raise
            except (CursorError, DamagedBytesError):
                raise
            except BaseException:
                segment.close()  # what of it the disk took shows when it is opened again
                raise
            if segment.is_done:
                segment.close()
        self._note_use(path)

    def _note_use(self, path: Path) -> None:
        with self._lock:
            self._segments.move_to_end(path)
            idle = [(each, segment) for each, segment in self._segments.items() if segment.is_open][:-MOST_OPEN]
        for _, segment in idle:
            if segment.lock.acquire(blocking=False):
                try:
                    segment.close()
                finally:
                    segment.lock.release()


class _Segment:
    """A segment that shipments are taken into, open or not."""

    def __init__(self, home: Home, path: Path) -> None:
        self.lock = threading.Lock()
        self._home = home
        self._path = path
        self._taker: Taker | None = None

    @property
    def is_open(self) -> bool:
        return self._taker is not None

    @property
    def is_done(self) -> bool:
        return self._taker is not None and self._taker.arrived.is_whole

    def opened(self, *, begins: bool) -> Taker:
        if self._taker is not None and not self._taker.is_in_place():  # it was deleted, or repaired
            self.close()
        if self._taker is None:
            self._taker = self._home.taker(self._path, begins=begins)
        return self._taker

    def close(self) -> None:
        if self._taker is not None:
            self._taker.close()
            self._taker = None


def _home_of(root: Path) -> Home:
    if databases.of(root) is None:
        return FolderHome()
    from tracker.receive.database_home import DatabaseHome  # brings psycopg

    return DatabaseHome()


@contextlib.contextmanager
def _storing() -> Iterator[None]:
    """While something is stored, or asked of where it is.

    Raises:
        DamagedBytesError: what lies here of it is damaged, which waiting does not mend: who sends goes on with the
            others.
        UnstoredError: it cannot be at the moment.
    """
    try:
        yield
    except TakenError as error:
        raise UnstoredError(str(error)) from error
    except StoreError as error:
        if not is_passing(error):
            raise _damaged(error.why) from error
        raise UnstoredError(f"this cannot be stored here at the moment: {error.why[:200]}") from error
    except (PageChangeError, *faults.STORE_ERRORS) as error:
        words = " ".join(str(error).split())[:200]
        if faults.is_damage(error):
            raise _damaged(words) from error
        raise UnstoredError(f"this cannot be stored here at the moment: {words}") from error


def _damaged(why: str) -> DamagedBytesError:
    return DamagedBytesError(
        f"what is here of it cannot be read ({why[:200]}); mend it there with: viz doctor --repair"
    )
