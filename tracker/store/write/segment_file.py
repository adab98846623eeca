"""The file that a run writes: made when first needed, and begun anew where somebody took it away or damaged it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tracker import logdir
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.claim import release_claim
from tracker.store.write.faults import STORE_ERRORS

logger = logging.getLogger("tracker")


class SegmentFile:
    """One process's file of a run, by the name that it has at the moment.

    Args:
        folder: The run's.
        birth: What the segment says of itself.
        clock: Seconds since the epoch.

    Attributes:
        birth: Of the present file, or of the one that comes next.
        appender: What writes to the present file; None while there is none.
    """

    def __init__(self, folder: Path, birth: Birth, clock: Callable[[], float]) -> None:
        self.folder = folder
        self.birth = birth
        self.appender: Appender | None = None
        self._clock = clock

    def open(self) -> Appender:
        """What writes to it: made when first needed, and made anew when somebody took it away.

        Raises:
            OSError, sqlite3.Error: what the disk says.
        """
        if self.was_taken_away():
            self.leave("was removed or replaced")
        if self.appender is not None:
            return self.appender
        self.folder.mkdir(parents=True, exist_ok=True)
        self.appender = Appender(logdir.segment_path(self.folder, self.birth.segment), self.birth)
        release_claim(self.folder)
        return self.appender

    def was_taken_away(self) -> bool:
        """Whether there was a file, and somebody removed or replaced it."""
        if self.appender is None:
            return False
        try:
            stat = self.appender.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        return (stat.st_dev, stat.st_ino) != self.appender.inode

    def leave(self, why: str) -> None:
        """Goes on in a new one: what is in the old file stays there, as far as it can be read."""
        assert self.appender is not None
        logger.warning("tracker: %s %s while it was written; going on in a new file", self.appender.path, why)
        with contextlib.suppress(*STORE_ERRORS):
            self.appender.close()
        self.appender = None
        now = self._clock()
        segment = logdir.new_segment_id(now, self.birth.rank)
        self.birth = replace(self.birth, segment=segment, parent=self.birth.segment, created=now, reason="moved")

    def close(self) -> None:
        """Folds it into one plain file, and lets go of it."""
        assert self.appender is not None
        with contextlib.suppress(*STORE_ERRORS):
            self.appender.settle()
        # Stored is stored: that the file stays in WAL mode because someone reads it is no failure.
        with contextlib.suppress(*STORE_ERRORS):
            self.appender.fold_away()
        with contextlib.suppress(*STORE_ERRORS):
            self.appender.close()

    def leak(self) -> None:
        """In a forked child: lets go of it without touching it."""
        if self.appender is not None:
            self.appender.leak()
