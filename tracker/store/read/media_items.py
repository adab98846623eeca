"""The items of a series that are no numbers: pictures, sounds, texts and the like, from their rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.series import checksums, whole
from tracker.store import columns
from tracker.store.read import series_end
from tracker.store.read.records import MediaItem
from tracker.store.read.run_files import Part, RunFiles

_MEDIA = (
    f"{columns.select('media', columns.MEDIA)} WHERE series=?1 "
    "AND (?2 IS NULL OR step=?2) AND (?3 IS NULL OR position=?3) ORDER BY n, position"
)
_STEPS = "SELECT DISTINCT step FROM media WHERE series=?"


def items(files: RunFiles, kind: str, parts: Iterable[Part], step: int | None, position: int | None) -> list[MediaItem]:
    """The items of a series on the live line, in order; one that belongs to the item before it is among its parts.

    Args:
        files: Of the run: contents are read from them when asked for.
        kind: What the items are, for what is said of a damaged one.
        parts: What each segment holds of the series, oldest first.
        step: Only those of this step; all without.
        position: Only those at this place among the items logged together; all without.

    Raises:
        DamagedBytesError: a row is not as it was written, or one is missing.
    """
    found: list[MediaItem] = []
    for part in parts:
        rows = part.connection.execute(_MEDIA, (part.series, step, position)).fetchall()
        if step is None and position is None:
            whole.check_row_by_row((n, 1) for n in dict.fromkeys(row[2] for row in rows))
            series_end.check_end(part.connection, part.series, len(rows))
        for row in rows:
            item = of_part(files, kind, part, row)
            if part.limit is not None and item.step > part.limit:
                continue
            if "belongs" in item.attributes and found:
                found[-1] = replace(found[-1], parts=(*found[-1].parts, item))
            else:
                found.append(item)
    return found


def of_part(files: RunFiles, kind: str, part: Part, row: Sequence[Any]) -> MediaItem:
    """The item of a row (`columns.MEDIA`), whose bytes are read when they are asked for.

    Raises:
        DamagedBytesError: the row is not as it was written.
    """
    return of_row(row, kind, partial(files.blob_of, part.segment.path, row[8]))


def of_row(row: Sequence[Any], kind: str, read: Callable[[], bytes]) -> MediaItem:
    """The item of a row, with who reads its bytes.

    Raises:
        DamagedBytesError: the row is not as it was written.
    """
    step, wall_time, position, form, attributes, digest = checksums.checked(tuple(row), f"damaged: a {kind}")[3:]
    parsed = json.loads(attributes)
    if not (isinstance(parsed, dict) and isinstance(form, str) and isinstance(digest, str)):
        raise DamagedBytesError(f"a {kind} whose attributes are no JSON object")
    if not (isinstance(step, int) and isinstance(position, int) and isinstance(wall_time, (int, float))):
        raise DamagedBytesError(f"a {kind} whose step or time is no number")
    return MediaItem(step, wall_time, position, form, parsed, digest, read)


def steps(parts: Iterable[Part]) -> list[int]:
    """The steps on the live line at which a series has items, ascending."""
    found: set[int] = set()
    for part in parts:
        for (step,) in part.connection.execute(_STEPS, (part.series,)):
            if part.limit is None or step <= part.limit:
                found.add(step)
    return sorted(found)
