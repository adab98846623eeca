"""A run's place in a folder of this machine. No link below it is followed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tracker import logdir
from tracker.copying.place import CopyError
from tracker.errors import StoreError
from tracker.store.read import read_only, segments, shipping
from tracker.store.read.run_files import RunFiles
from tracker.store.run_folder_files import PlaceError
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, CursorError, Shipment
from tracker.store.write import arriving_file, page_merge
from tracker.store.write.replica import Replica


class FolderPlace:
    """The folder of one run.

    Args:
        root: The folder of runs; made when it is not there.
        name: What the run is called there.

    Raises:
        RunNameError: no run can be called so.
        CopyError: a link leads elsewhere, or somebody else copies to it at this moment.
        OSError: it cannot be made.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / logdir.check_run_name(name)
        step = root
        for part in Path(name).parts:
            step /= part
            if step.is_symlink():
                raise CopyError(f"{step} is a link to another place")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._replica: Replica | None = None
        self._lock = _locked(self.folder)

    def begun_by(self) -> str | None:
        found = segments.begun_by(RunFiles(self.folder).segments())
        if found is None and logdir.segment_files(self.folder):
            raise CopyError("what lies there under its name cannot be read")
        return found

    def lacks(self, source: Path) -> Arrived | None:
        target = self.folder / source.name
        if not os.path.lexists(target):
            return Arrived()
        here = shipping.standing(source)
        try:
            there = shipping.standing(target)
        except StoreError as error:
            raise CopyError(f"what lies there already cannot be read ({error.why})") from error
        if there.segment[0] != here.segment[0]:
            raise CopyError("another segment lies there under its name")
        if (there.segment, there.state) == (here.segment, here.state) or there.written > here.written:
            return None
        if not there.is_replica and there.written == here.written:
            return None
        if not there.is_replica:
            raise CopyError("a copy that was made by other means lies there and is behind; remove that one first")
        return self._opened(target.name).arrived

    def take(self, segment: str, shipment: Shipment) -> Arrived:
        try:
            return self._opened(logdir.segment_path(self.folder, segment).name).take(shipment)
        except CursorError as error:
            return error.arrived

    def take_whole(self, source: Path) -> bool:
        target = self.folder / source.name
        if os.path.lexists(target):
            here, there = shipping.standing(source), shipping.standing(target)
            if there.segment[0] != here.segment[0] or there.has_checksums:
                raise CopyError("another segment lies there under its name")
            if there.written > here.written or there.state == here.state:
                return False
        read_only.copy(source, target, None)
        return True

    def files(self) -> dict[str, int]:
        return arriving_file.begun_in(self.folder)

    def take_piece(self, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        try:
            return arriving_file.add(self.folder, name, at, data, size, digest)
        except PlaceError as error:
            return error.size

    def say(self, page: RunPage) -> bool:
        return page_merge.merge(self.folder, page)

    def close(self) -> None:
        """Lets go of its files; of a run of which nothing came no folder is left."""
        self._let_go()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        step = self.folder
        with contextlib.suppress(OSError):
            while step != self._root:
                step.rmdir()
                step = step.parent

    def _opened(self, name: str) -> Replica:
        path = self.folder / name
        if self._replica is None or self._replica.path != path:
            self._let_go()
            self._replica = Replica(path)
        return self._replica

    def _let_go(self) -> None:
        if self._replica is not None:
            self._replica.close()
            self._replica = None


def _locked(folder: Path) -> int:
    """A hold on a folder that no second copier has: a segment file has one writer. -1 where the system has none."""
    if os.name != "posix":
        return -1
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise CopyError(f"somebody copies to {folder} at this moment") from None
    except OSError:  # a file system that knows no locks
        pass
    return handle
