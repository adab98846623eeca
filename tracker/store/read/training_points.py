"""Points of a run as its findings rest on them: every point of all but very long series, and those thinned as they are
read, so that a run of 10⁸ points is examined in the memory of one of 10⁶."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError, StoreError
from tracker.name_order import naturally
from tracker.series import stretch, thinning, whole
from tracker.series.stretch import Points
from tracker.store import columns
from tracker.store.read import segments, series_end
from tracker.store.read.chunks import Chunks
from tracker.store.read.run_files import Part, RunFiles
from tracker.store.read.segments import MOST_SERIES
from tracker.values.pane import POINTS

MOST_POINTS = 1 << 16
"""Of a series: one with more is thinned. A training of a week that logs ten times a second has 6 million."""

MOST_ALTOGETHER = 4_000_000
"""Of all series of a run, in the memory of who examines it: 24 bytes each."""

MOST_TAGS = 10_000
"""A run with more is looked at by the shortest of their names: `loss` rather than `grad_norm/blocks.11.attn.weight`."""

LONGEST_TAG = 1_000
"""Characters of a tag; nobody's loss has a longer name."""

TOGETHER = 1 << 14
"""Points of a series that is read with others."""

AT_ONCE = 500
"""Series that one question is about."""

ROWS = 256
"""Rows of a file that are unpacked at a time: 262,144 points at the most."""

_SELECT = columns.select("scalars", stretch.UNPACK_COLUMNS)
_POINTS = f"{_SELECT} WHERE series=? AND level=0 ORDER BY n"
_SOME = f"{_SELECT} WHERE series IN ({{}}) AND level=0 ORDER BY series, n"
_LOGGED = f"{columns.select('series', ['id', 'logged'])} WHERE id IN ({{}})"
_LENGTH = "SELECT coalesce(max(n + count), 0) FROM scalars WHERE series=? AND level=0"
_SERIES = (
    "SELECT tag, id, (SELECT n + count FROM scalars WHERE series=series.id AND level=0 ORDER BY n DESC LIMIT 1) "
    "FROM series WHERE kind='scalar'"
)


class TrainingPoints:
    """The points of all scalars of a run that are examined.

    Short series are read together, which costs a tenth of reading each by itself; where something is wrong with one of
    them, it is read alone when it is asked for, and says so then.

    Args:
        files: The run's.

    Raises:
        DamagedBytesError: not even the names of its series can be read.
    """

    def __init__(self, files: RunFiles) -> None:
        self._files = files
        numbers: list[dict[str, int]] = []
        lengths: dict[str, int] = {}
        for segment in files.segments():
            files.rest()
            with files.snapshot(segment.path) as connection:
                rows = connection.execute(_SERIES).fetchmany(MOST_SERIES + 1)
            if len(rows) > MOST_SERIES or not all(isinstance(tag, str) for tag, *_ in rows):
                raise DamagedBytesError("its series are more than any run's, or have no names")
            numbers.append({tag: number for tag, number, _ in rows})
            for tag, _, length in rows:
                lengths[tag] = lengths.get(tag, 0) + (max(0, length) if isinstance(length, int) else 0)
        self.tags = naturally(chosen_tags([*lengths]))
        """Those that are examined, `m2` before `m12`."""
        self._most = _level(np.array(sorted(lengths[tag] for tag in self.tags), np.float64))
        self._read = self._together(numbers, {tag for tag in self.tags if lengths[tag] <= min(self._most, TOGETHER)})

    def of(self, tag: str) -> Points:
        """The points of one of the tags; see `points_of`."""
        parts = self._read.pop(tag, None)
        return joined(parts) if parts is not None else points_of(self._files, tag, self._most)

    def _together(self, numbers: list[dict[str, int]], tags: set[str]) -> dict[str, list[Points]]:
        """What the segments hold of some series, by tag; of those that can be read so."""
        known = self._files.segments()
        limits = segments.live_until(known)
        found: dict[str, list[Points]] = {tag: [] for tag in tags}
        for segment, own in zip(known, numbers, strict=True):
            by_number = {own[tag]: tag for tag in tags if tag in own}
            self._files.rest()
            try:
                with self._files.snapshot(segment.path) as connection:
                    read = dict(_of_some(connection, by_number))
            except (StoreError, FileNotFoundError):
                return {}
            for number, tag in by_number.items():
                points = read.get(number)
                limit = None if tag.startswith(POINTS) else limits[segment.id]
                if points is None:
                    found.pop(tag, None)
                elif len(points.step) and tag in found:
                    found[tag].append(points if limit is None else points.where(points.step <= limit))
        return found


def chosen_tags(tags: Sequence[str]) -> list[str]:
    """Those of a run's scalars that are examined, in the order in which they are given."""
    found = [tag for tag in tags if len(tag) <= LONGEST_TAG]
    if len(found) <= MOST_TAGS:
        return found
    kept = {*sorted(found, key=lambda tag: (tag.count("/"), len(tag), tag))[:MOST_TAGS]}
    return [tag for tag in found if tag in kept]


def _level(lengths: npt.NDArray[np.float64]) -> int:
    """The largest bound up to `MOST_POINTS` under which series of these lengths, ascending, have room together."""
    count = len(lengths)
    if np.minimum(lengths, MOST_POINTS).sum() <= MOST_ALTOGETHER:
        return MOST_POINTS
    before = np.cumsum(lengths) - lengths
    bounds = (MOST_ALTOGETHER - before) / np.arange(count, 0, -1)
    # Up to the first series that does not fit beside its longer ones, all are whole.
    return max(2 * thinning.KEPT, int(bounds[np.argmax(lengths > bounds)]))


def _of_some(connection: sqlite3.Connection, numbers: Collection[int]) -> Iterator[tuple[int, Points]]:
    """Every point of some series by their numbers, those left out that are not as they were logged."""
    wanted = sorted(numbers)
    for first in range(0, len(wanted), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        places = ",".join("?" * len(some))
        logged = dict(connection.execute(_LOGGED.format(places), some).fetchall())
        parts: dict[int, list[Points]] = {number: [] for number in logged}
        stops, bad = dict.fromkeys(logged, 0), set[int]()
        rows, chunks = connection.execute(_SOME.format(places), some), Chunks(connection)
        while taken := rows.fetchmany(ROWS):
            try:
                points = chunks.unpack(taken)
            except (DamagedBytesError, ValueError, TypeError, OverflowError):
                bad |= {row[0] for row in taken}
                continue
            start = 0
            for number, own in groupby(taken, key=itemgetter(0)):
                stop = start
                for row in own:
                    bad |= {number} if row[2] != stops[number] else set()
                    stops[number] = row[2] + row[3]
                    stop += row[3]
                parts[number].append(points.part(start, stop))
                start = stop
        yield from (
            (number, stretch.concatenate(own))
            for number, own in parts.items()
            if number not in bad and not whole.is_cut(stops[number], logged[number])
        )


def points_of(files: RunFiles, tag: str, most: int) -> Points:
    """The points of a tag on the run's live line, in order; about `most` of a series that has more.

    What several ranks logged at the same time is put in order of steps where each rank's are in order, else of time.

    Raises:
        DamagedBytesError: they are not those that were logged.
    """
    with files.series("scalar", tag) as found:
        count = sum(part.connection.execute(_LENGTH, (part.series,)).fetchone()[0] for part in found)
        bucket = thinning.bucket_of(count, most)
        parts = [points for part in found if len((points := _of_part(part, bucket)).step)]
    return joined(parts)


def joined(parts: Sequence[Points]) -> Points:
    """What segments hold of a series, the oldest first, as one; what was logged at the same time in order of steps."""
    found = stretch.concatenate(parts)
    if len(parts) > 1 and _overlap(parts):
        ascending = all((points.step[1:] >= points.step[:-1]).all() for points in parts)
        return found.where(np.argsort(found.step if ascending else found.wall_time, kind="stable"))
    return found


def _overlap(parts: Sequence[Points]) -> bool:
    """Whether some were logged beside others: by processes of one training, and not one after the other."""
    ends = np.maximum.accumulate([points.wall_time.max() for points in parts])
    starts = np.array([points.wall_time.min() for points in parts])
    return bool((starts[1:] < ends[:-1]).any())


def _of_part(part: Part, bucket: int) -> Points:
    """What one segment holds of a series, thinned as it comes."""
    rows, chunks = part.connection.execute(_POINTS, (part.series,)), Chunks(part.connection)
    kept: list[Points] = []
    rest = Points.of([], [], [])
    end = 0
    while taken := rows.fetchmany(ROWS):
        end = whole.check_row_by_row(((row[2], row[3]) for row in taken), end)
        points = chunks.unpack(taken)
        if part.limit is not None:
            points = points.where(points.step <= part.limit)
        rest = stretch.concatenate([rest, points]) if len(rest.step) else points
        if bucket > 1:
            cut = len(rest.step) - len(rest.step) % bucket
            kept.append(thinning.thinned(rest.part(0, cut), bucket))
            rest = rest.part(cut, len(rest.step))
        else:
            kept, rest = [*kept, rest], Points.of([], [], [])
    series_end.check_end(part.connection, part.series, end)
    return stretch.concatenate([*kept, thinning.thinned(rest, bucket)])
