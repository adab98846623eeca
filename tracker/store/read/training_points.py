"""Points of a run as its findings rest on them: every point of all but very long series, and those thinned as they are
read, so that a run of 10⁸ points is examined in the memory of one of 10⁶."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tracker.series import stretch, thinning, whole
from tracker.series.stretch import Points
from tracker.store import columns
from tracker.store.read import series_end
from tracker.store.read.run_files import Part, RunFiles

MOST_POINTS = 1 << 16
"""Of a series: one with more is thinned. A training of a week that logs ten times a second has 6 million."""

MOST_ALTOGETHER = 4_000_000
"""Of all series of a run, in the memory of who examines it: 24 bytes each."""

MOST_TAGS = 10_000
"""A run with more is looked at by the shortest of their names: `loss` rather than `grad_norm/blocks.11.attn.weight`."""

LONGEST_TAG = 1_000
"""Characters of a tag; nobody's loss has a longer name."""

ROWS = 256
"""Rows of a file that are unpacked at a time: 262,144 points at the most."""

_POINTS = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 ORDER BY n"
_LENGTH = "SELECT coalesce(max(n + count), 0) FROM scalars WHERE series=? AND level=0"
_LENGTHS = (
    "SELECT tag, (SELECT n + count FROM scalars WHERE series=series.id AND level=0 ORDER BY n DESC LIMIT 1) "
    "FROM series WHERE kind='scalar'"
)


def chosen_tags(tags: Sequence[str]) -> list[str]:
    """Those of a run's scalars that are examined, in the order in which they are given."""
    found = [tag for tag in tags if len(tag) <= LONGEST_TAG]
    if len(found) <= MOST_TAGS:
        return found
    kept = {*sorted(found, key=lambda tag: (tag.count("/"), len(tag), tag))[:MOST_TAGS]}
    return [tag for tag in found if tag in kept]


def most_points(files: RunFiles, tags: Iterable[str]) -> int:
    """How many points a series keeps, so that all of these together are no more than `MOST_ALTOGETHER`."""
    lengths = dict.fromkeys(tags, 0)
    for segment in files.segments():
        with files.snapshot(segment.path) as connection:
            for tag, length in connection.execute(_LENGTHS):
                if tag in lengths and isinstance(length, int):
                    lengths[tag] += max(0, length)
    return _level(np.array(sorted(lengths.values()), np.float64))


def _level(lengths: npt.NDArray[np.float64]) -> int:
    """The largest bound up to `MOST_POINTS` under which series of these lengths, ascending, have room together."""
    count = len(lengths)
    if np.minimum(lengths, MOST_POINTS).sum() <= MOST_ALTOGETHER:
        return MOST_POINTS
    before = np.cumsum(lengths) - lengths
    bounds = (MOST_ALTOGETHER - before) / np.arange(count, 0, -1)
    # Up to the first series that does not fit beside its longer ones, all are whole.
    return max(2 * thinning.KEPT, int(bounds[np.argmax(lengths > bounds)]))


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
    joined = stretch.concatenate(parts)
    if len(parts) > 1 and _overlap(parts):
        ascending = all((points.step[1:] >= points.step[:-1]).all() for points in parts)
        joined = joined.where(np.argsort(joined.step if ascending else joined.wall_time, kind="stable"))
    return joined


def _overlap(parts: Sequence[Points]) -> bool:
    """Whether some were logged beside others: by processes of one training, and not one after the other."""
    ends = np.maximum.accumulate([points.wall_time.max() for points in parts])
    starts = np.array([points.wall_time.min() for points in parts])
    return bool((starts[1:] < ends[:-1]).any())


def _of_part(part: Part, bucket: int) -> Points:
    """What one segment holds of a series, thinned as it comes."""
    rows = part.connection.execute(_POINTS, (part.series,))
    kept: list[Points] = []
    rest = Points.of([], [], [])
    end = 0
    while taken := rows.fetchmany(ROWS):
        end = whole.check_row_by_row(((row[2], row[3]) for row in taken), end)
        points = stretch.unpack(taken)
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
