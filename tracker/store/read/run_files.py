"""The segment files of a run, each opened for one question and closed after it.

Opening one takes 80 µs and looking into it as long again, so that nothing need be held open: no reader ever keeps a
writer from folding its file or SQLite from reusing its WAL. Who asks thousands of questions in a row, as an export does
for each of its tags, holds them for as long (`HeldFiles`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tracker import logdir
from tracker.errors import DamagedStoreError, StoreError
from tracker.series import checksums
from tracker.store.read import read_only, segments
from tracker.store.read.segments import Segment
from tracker.values.pane import POINTS

SAID = read_only.LONGEST_SAID_BYTES
_BLOB = "SELECT data FROM blobs WHERE hash=?"


class Part(NamedTuple):
    """What one segment holds of a series."""

    segment: Segment
    connection: sqlite3.Connection
    series: int
    """The number of the series there."""
    limit: int | None
    """Its last step on the run's live line; None where no rewind cut it."""


_SERIES = "SELECT id FROM series WHERE kind=? AND tag=?"


def part_of(
    segment: Segment, connection: sqlite3.Connection, limits: Mapping[str, int | None], kind: str, tag: str
) -> Part | None:
    """What a segment holds of a series; None where it does not know it.

    Args:
        segment: The segment.
        connection: Its file.
        limits: Of `segments.live_until`.
        kind: "scalar", "histogram" …
        tag: What it was logged under.
    """
    row = connection.execute(_SERIES, (kind, tag)).fetchone()
    if row is None:
        return None
    # Points of panes are counted by their steps, which have nothing to do with those of the training.
    limit = None if kind == "scalar" and tag.startswith(POINTS) else limits[segment.id]
    return Part(segment, connection, row[0], limit)


class RunFiles:
    """The files of the run in a folder, as they stand at the moment of each question.

    Args:
        folder: Where they lie.
        rest: Called between two of many files, while none is open: who shares an interpreter with others rests there.
    """

    def __init__(self, folder: Path, rest: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self.rest = rest

    def segments(self) -> list[Segment]:
        """Those that can be read, oldest first; see `problems` for the others."""
        found = []
        for path in logdir.segment_files(self.folder):
            self.rest()
            with contextlib.suppress(StoreError, FileNotFoundError), self.snapshot(path, SAID) as connection:
                segment = segments.read(connection, path)
                if segment is not None:
                    found.append(segment)
        return sorted(found, key=lambda segment: (segment.created, segment.id))

    def problems(self) -> list[StoreError]:
        """What is wrong with each file that cannot be read, or is not as it was written."""
        found: list[StoreError] = []
        for path in logdir.segment_files(self.folder):
            try:
                with self.snapshot(path, SAID) as connection:
                    segment = segments.read(connection, path)
                found += [DamagedStoreError(path, fault) for fault in (segment.faults if segment else ())]
            except StoreError as error:
                found.append(error)
            except FileNotFoundError:
                continue
        return found

    def snapshot(
        self, path: Path, longest_bytes: int = read_only.LONGEST_VALUE_BYTES
    ) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """One of the files as it stands at this moment, for one question; see `read_only.snapshot`."""
        return read_only.snapshot(path, longest_bytes=longest_bytes)

    @contextlib.contextmanager
    def held(self, rest: Callable[[], None] = lambda: None) -> Iterator[HeldFiles]:
        """The same files, each opened once for all that is asked of them within; `rest` as of this class."""
        with contextlib.ExitStack() as stack:
            yield HeldFiles(self.folder, stack, rest)

    @contextlib.contextmanager
    def series(self, kind: str, tag: str) -> Iterator[list[Part]]:
        """The parts of a series, oldest first; none where no segment knows the tag."""
        known = self.segments()
        limits = segments.live_until(known)
        with contextlib.ExitStack() as stack:
            found = []
            for segment in known:
                connection = stack.enter_context(self.snapshot(segment.path))
                part = part_of(segment, connection, limits, kind, tag)
                if part is not None:
                    found.append(part)
            yield found

    def blob(self, digest: str) -> bytes | None:
        """The bytes named by a hash; None when no segment has them.

        Raises:
            DamagedStoreError: they are others.
        """
        for path in logdir.segment_files(self.folder):
            row = None
            with contextlib.suppress(StoreError, FileNotFoundError), self.snapshot(path) as connection:
                row = connection.execute(_BLOB, (digest,)).fetchone()
            if row is not None:
                with read_only.reading(path):
                    return checksums.checked_content(row[0], digest)
        return None

    def blob_of(self, path: Path, digest: str) -> bytes:
        """The bytes named by a hash in one file."""
        with self.snapshot(path) as connection:
            return checksums.checked_content(connection.execute(_BLOB, (digest,)).fetchone()[0], digest)


class HeldFiles(RunFiles):
    """The files of a run for many questions in a row; between two of them none is locked.

    Of the run there is what there was at the first question: a segment that is begun meanwhile is not among them.

    Args:
        folder: Where they lie.
        stack: Closes them.
        rest: As of `RunFiles`.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack, rest: Callable[[], None] = lambda: None) -> None:
        super().__init__(folder, rest)
        self._stack = stack
        self._open: dict[Path, sqlite3.Connection] | None = {}
        self._segments: list[Segment] | None = None
        stack.callback(self._let_go)

    @contextlib.contextmanager
    def held(self, rest: Callable[[], None] = lambda: None) -> Iterator[HeldFiles]:
        """These, which are open already; between two of them there is the rest that they were made with."""
        yield self

    def segments(self) -> list[Segment]:
        """Those that could be read at the first question."""
        if self._segments is None:
            self._segments = super().segments()
        return self._segments

    @contextlib.contextmanager
    def snapshot(self, path: Path, longest_bytes: int = read_only.LONGEST_VALUE_BYTES) -> Iterator[sqlite3.Connection]:
        """One of the files as it stands at this moment; within a question that is being asked, as it stands there."""
        if self._open is None:  # an item whose bytes are asked for later
            with read_only.snapshot(path, longest_bytes=longest_bytes) as connection:
                yield connection
            return
        held = self._open.get(path)
        if held is None:
            held = self._open[path] = read_only.connect(path)
            self._stack.callback(held.close)
        if held.in_transaction:
            yield held
            return
        read_only.bound(held, longest_bytes=longest_bytes)
        with read_only.reading(path):
            held.execute("BEGIN")
            try:
                yield held
            finally:
                if held.in_transaction:  # some errors end it
                    held.execute("ROLLBACK")

    def _let_go(self) -> None:
        self._open = None
