"""The spool of a database is emptied: a run that came to its end a day ago goes once the database says that it has all
of it. Whatever is in doubt stays: a run that did not finish, or of which something was said on a page here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path

from tracker import logdir
from tracker.errors import TrackerError
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.run_files import RunFiles
from tracker.ship.server import ForbiddenError, UnreachableError
from tracker.ship.tail import Tail
from tracker.store.read import page_rows, segments, shipping
from tracker.store.read import run_files as reading
from tracker.store.run_folder_files import FOLDERS, files_of

logger = logging.getLogger("tracker")

KEEP_S = 86_400.0
"""After the last word of a run: so long it can be resumed and forked from here."""

LOOK_S = 3_600.0
"""Between two looks."""

_ENDINGS = ("-shm", "-wal", "-journal", "")
"""Of a database's files; itself last."""


class Emptying(threading.Thread):
    """A thread that looks for such runs, now and then.

    Args:
        root: The spool.
        server: The database, of this thread alone.
        stopped: Ends it.
    """

    def __init__(self, root: Path, server: Elsewhere, stopped: threading.Event) -> None:
        super().__init__(name="tracker-emptying", daemon=True)
        self._root = root
        self._server = server
        self._stopped = stopped

    def run(self) -> None:
        """Looks until it is stopped."""
        while True:
            try:
                empty(self._root, self._server, time.time())
            except Exception:  # whatever is met there stays there
                logger.exception("viz ship: %s is not emptied", self._root)
            if self._stopped.wait(LOOK_S):
                break
        self._server.close()


def empty(root: Path, server: Elsewhere, now: float) -> list[str]:
    """Removes the runs of a spool that are in its database as a whole and came to their end long ago; their names.

    Args:
        root: The spool.
        server: The database.
        now: Seconds since the epoch.
    """
    gone = []
    for name, folder in logdir.run_folders(root, follow=False):
        try:
            if is_over(folder, now) and is_there(folder, server):
                _remove(root, folder)
                gone.append(name)
        except (UnreachableError, ForbiddenError):
            break
        except (TrackerError, OSError) as error:
            logger.warning("viz ship: %s stays here: %s", folder, error)
    return gone


def is_over(folder: Path, now: float) -> bool:
    """Whether a run finished a day ago, and nothing was said of it here that is nowhere else.

    Raises:
        StoreError, OSError: some of it cannot be read.
    """
    paths = logdir.segment_files(folder)
    if any(now - os.stat(path).st_mtime < KEEP_S for path in paths):
        return False
    files = reading.RunFiles(folder)
    if files.problems() or segments.status_of(files.segments(), now) != "finished":
        return False
    return not page_rows.read(folder).properties


def is_there(folder: Path, server: Elsewhere) -> bool:
    """Whether another store has all of a run, as it says at this moment.

    Raises:
        UnreachableError, ForbiddenError, RefusedRowsError: what it says.
        StoreError, OSError: some of the run cannot be read.
    """
    run = RunFiles(folder)
    run.tails = [Tail(path) for path in logdir.segment_files(folder)]
    run.tell_copies()
    for tail in run.tails:
        there = server.arrived(tail.segment, None if tail.beside is None else tail.beside.segment)
        if not there.is_whole or there.cursor != shipping.standing(tail.path).written:
            return False
    own = next(tail for tail in run.tails if tail.beside is None)
    known = server.files(own.segment)
    return all(known.get(name) == size for name, size in files_of(folder) if size)


def _remove(root: Path, folder: Path) -> None:
    """Its own files, segments last: what is left of one that is stopped in between goes the next time."""
    for name, _ in [*files_of(folder)]:
        (folder / name).unlink()
    for path in (folder / logdir.PAGE_FILE, *logdir.segment_files(folder)):
        for ending in _ENDINGS:
            Path(f"{path}{ending}").unlink(missing_ok=True)
    (folder / logdir.CLAIM_FILE).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # what else lies there stays
        for beside in sorted(FOLDERS, key=len, reverse=True):
            with contextlib.suppress(FileNotFoundError):
                (folder / beside).rmdir()
        while folder != root:
            folder.rmdir()
            folder = folder.parent
