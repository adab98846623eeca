"""The segment files of a run, each opened for one question and closed after it.

Opening one takes 80 µs, so that nothing need be held open: no reader ever keeps a writer from folding its file or
SQLite from reusing its WAL.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tracker import logdir
from tracker.errors import DamagedStoreError, StoreError
from tracker.store import checksums, read_only, segments
from tracker.store.segments import Segment

_BLOB = "SELECT data FROM blobs WHERE hash=?"


class Part(NamedTuple):
    """What one segment holds of a series."""

    segment: Segment
    connection: sqlite3.Connection
    series: int
    """The number of the series there."""
    limit: int | None
    """Its last step on the run's live line; None where no rewind cut it."""


class RunFiles:
    """The files of the run in a folder, as they stand at the moment of each question.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def segments(self) -> list[Segment]:
        """Those that can be read, oldest first; see `problems` for the others."""
        found = []
        for path in logdir.segment_files(self.folder):
            with contextlib.suppress(StoreError, FileNotFoundError), self._said(path) as connection:
                segment = segments.read(connection, path)
                if segment is not None:
                    found.append(segment)
        return sorted(found, key=lambda segment: (segment.created, segment.id))

    def problems(self) -> list[StoreError]:
        """What is wrong with each file that cannot be read, or is not as it was written."""
        found: list[StoreError] = []
        for path in logdir.segment_files(self.folder):
            try:
                with self._said(path) as connection:
                    segment = segments.read(connection, path)
                found += [DamagedStoreError(path, fault) for fault in (segment.faults if segment else ())]
            except StoreError as error:
                found.append(error)
            except FileNotFoundError:
                continue
        return found

    @staticmethod
    def _said(path: Path) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return read_only.snapshot(path, longest_bytes=read_only.LONGEST_SAID_BYTES)

    @contextlib.contextmanager
    def series(self, kind: str, tag: str) -> Iterator[list[Part]]:
        """The parts of a series, oldest first; none where no segment knows the tag."""
        known = self.segments()
        limits = segments.live_until(known)
        with contextlib.ExitStack() as stack:
            found = []
            for segment in known:
                connection = stack.enter_context(read_only.snapshot(segment.path))
                row = connection.execute("SELECT id FROM series WHERE kind=? AND tag=?", (kind, tag)).fetchone()
                if row is not None:
                    found.append(Part(segment, connection, row[0], limits[segment.id]))
            yield found

    def blob(self, digest: str) -> bytes | None:
        """The bytes named by a hash; None when no segment has them.

        Raises:
            DamagedStoreError: they are others.
        """
        for path in logdir.segment_files(self.folder):
            row = None
            with contextlib.suppress(StoreError, FileNotFoundError), read_only.snapshot(path) as connection:
                row = connection.execute(_BLOB, (digest,)).fetchone()
            if row is not None:
                with read_only.reading(path):
                    return checksums.checked_content(row[0], digest)
        return None


def blob_of(path: Path, digest: str) -> bytes:
    """The bytes named by a hash in one file."""
    with read_only.snapshot(path) as connection:
        return checksums.checked_content(connection.execute(_BLOB, (digest,)).fetchone()[0], digest)
