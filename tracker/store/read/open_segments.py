"""The files of a run whose segments are known, opened together for as many questions as there are, closed together.

A server knows the segments of each run from following them; what it is asked needs no second look at what they say of
themselves, as `RunFiles` takes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from tracker.store.read import read_only, segments
from tracker.store.read.run_files import Part, part_of
from tracker.store.read.segments import Segment

PATIENCE_S = 10.0
"""What one file may take of SQLite's time in one question; other questions wait for it."""


_TAGS = "SELECT tag FROM series WHERE kind=?"


class OpenSegments:
    """Files of a run, each as it stood when it was opened.

    Args:
        stack: Closes them.
        known: Its segments, oldest first; one that is gone is left out.
        limits: Of `segments.live_until`, where `known` are some of a run's: another may have rewound one of these.

    Raises:
        StoreError: a file cannot be read.
    """

    def __init__(
        self, stack: contextlib.ExitStack, known: Sequence[Segment], limits: Mapping[str, int | None] | None = None
    ) -> None:
        self._limits = segments.live_until(known) if limits is None else limits
        self._open: list[tuple[Segment, read_only.Connection]] = []
        for segment in known:
            try:
                connection = read_only.connect(segment.path, PATIENCE_S)
            except FileNotFoundError:
                continue
            stack.callback(connection.close)
            stack.enter_context(read_only.reading(segment.path))
            connection.execute("BEGIN")
            self._open.append((segment, connection))

    def renew(self) -> None:
        """Gives each file the time of one question again."""
        for _, connection in self._open:
            read_only.bound(connection, PATIENCE_S)

    def parts(self, kind: str, tag: str) -> list[Part]:
        """What each segment that knows a series holds of it, oldest first."""
        found = (part_of(segment, connection, self._limits, kind, tag) for segment, connection in self._open)
        return [part for part in found if part is not None]

    def tags(self, kind: str) -> set[str]:
        """What any of them has logged of a kind."""
        return {tag for _, connection in self._open for (tag,) in connection.execute(_TAGS, (kind,))}
