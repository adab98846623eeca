"""The panes of a run, from their rows: a list that unpacks nothing, and one of them with what it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

from tracker.errors import DamagedBytesError, SeriesNotFoundError, message
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import media_items, segments
from tracker.store.read.records import MediaItem
from tracker.store.read.run_files import Part, RunFiles
from tracker.values import unpack
from tracker.values.markup import MAX_CHARACTERS
from tracker.values.pane import BOUNDS, KIND, MAX_SIZE

MAX_PIECES = 2 * MAX_CHARACTERS
"""Characters of a text that is said in pieces; its writer begins anew at half."""

LAST_STEP = (1 << 63) - 1

_ROW = f"{', '.join(f'media.{name}' for name in columns.MEDIA[:-1])}, ifnull(media.checksum, -1)"
_COUNT = "SELECT count(*) FROM media WHERE series=? AND position=0 AND step<=?"
_COUNTS = (
    "SELECT tag, count(*) FROM series JOIN media ON media.series=series.id "
    "WHERE kind=? AND position=0 AND step<=? GROUP BY series.id"
)
_LAST = (
    f"SELECT tag, {_ROW} FROM series JOIN media ON media.series=series.id AND position=0 AND n="
    "(SELECT max(n) FROM media AS other WHERE other.series=series.id AND other.position=0 AND other.step<=?) "
    "WHERE kind=? ORDER BY series.id"
)
_NTH = "SELECT n FROM media WHERE series=? AND position=0 AND step<=? ORDER BY n LIMIT 1 OFFSET ?"
_ITEMS = f"SELECT {_ROW} FROM media WHERE series=? AND n=? ORDER BY position"
_BACK = (
    f"SELECT data, {_ROW} FROM media JOIN blobs ON blobs.hash=media.blob "
    "WHERE series=? AND position=0 AND n<=? AND step<=? ORDER BY n DESC"
)


@dataclass(frozen=True)
class StoredPane:
    """A pane as it stands, or stood.

    Attributes:
        id: Its name.
        type: What it is: "plot", "lines", "text" …, see `tracker.values.pane.TYPES`; "damaged" in a list where its row
            is not as it was written.
        title: The line above it, or None.
        opts: How it is shown.
        width: In pixels, None where nothing was said.
        height: Likewise.
        n: Which state of it this is, counted from 1.
        states: How many there are.
        step: Where the training stood.
        wall_time: When, in seconds since the epoch.
        items: Pictures, sounds and the like that belong to it; none in a list.
    """

    id: str
    type: str
    title: str | None
    opts: dict[str, Any]
    width: float | None
    height: float | None
    n: int
    states: int
    step: int
    wall_time: float
    items: tuple[MediaItem, ...] = ()
    packed: tuple[bytes, ...] = field(default=(), repr=False)
    """Its content as it is stored; of a text that goes on, all of its pieces."""

    @cached_property
    def content(self) -> Any:
        """What it holds, as JSON values; of a text all of it.

        Raises:
            DamagedBytesError: the bytes are no such thing, or unpack to far more than they are.
        """
        if not self.packed:
            raise DamagedBytesError(message("This pane says nothing: it is damaged."))
        content = _said(self.packed[0], "content")
        if len(self.packed) == 1:
            return content
        text = content.get("text") if isinstance(content, dict) else None
        pieces = [_text(text)]
        length = len(pieces[0])
        for data in self.packed[1:]:
            pieces.append(_text(_said(data, "append")))
            length += len(pieces[-1])
            if length > MAX_PIECES:
                raise DamagedBytesError(message("This pane's text is too large: a mistake or an attack."))
        return {**content, "text": "".join(pieces)}


def _text(said: Any) -> str:
    if not isinstance(said, str):
        raise DamagedBytesError(message("This pane goes on with a text that is none: it is damaged."))
    return said


def _said(data: bytes, name: str) -> Any:
    found = unpack.unpacked_json(data, KIND, BOUNDS)
    if not isinstance(found, dict):
        raise DamagedBytesError(message("This pane says nothing: it is damaged."))
    return found.get(name)


class Paned:
    """The part of a `StoredRun` that has panes."""

    name: str
    _files: RunFiles

    def panes(self) -> list[StoredPane]:
        """Its panes as they stand, in the order in which they came, without those that it closed; see `pane`."""
        return _last_of_each(self._files)

    def pane(self, id: str, n: int | None = None) -> StoredPane:
        """A pane with what it holds: its last state, or the n-th of `states`, from 1.

        Raises:
            SeriesNotFoundError: the run has none, or not so many states of it.
            DamagedBytesError: a row is not as it was written.
        """
        with self._files.series(KIND, id) as parts:
            counts = [part.connection.execute(_COUNT, (part.series, _limit(part))).fetchone()[0] for part in parts]
            states = sum(counts)
            wanted = states if n is None else n
            before = 0
            for place, count in enumerate(counts):
                if before < wanted <= before + count:
                    return _stood(self._files, id, parts[: place + 1], wanted - before - 1, wanted, states)
                before += count
        hint = f"It has {states:,} states, from 1." if states else ""
        raise SeriesNotFoundError(message(f"Run {self.name!r} has no pane {id!r}{' so old' * bool(hint)}.", hint=hint))


def _last_of_each(files: RunFiles) -> list[StoredPane]:
    """The last state of each pane, in the order in which they came; closed ones are left out. No content is unpacked.

    Raises:
        DamagedBytesError: a file holds more of them than any run.
    """
    found: dict[str, StoredPane] = {}
    known = files.segments()
    limits = segments.live_until(known)
    for segment in known:
        limit = LAST_STEP if limits[segment.id] is None else limits[segment.id]
        with files.snapshot(segment.path) as connection:
            counts = dict(islice(connection.execute(_COUNTS, (KIND, limit)), segments.MOST_SERIES + 1))
            if len(counts) > segments.MOST_SERIES or not all(isinstance(tag, str) for tag in counts):
                raise DamagedBytesError("it holds more panes than any run, or one whose name is no text")
            for tag, *row in connection.execute(_LAST, (limit, KIND)):
                states = counts[tag] + (found[tag].states if tag in found else 0)
                found[tag] = _pane(tag, _row_or_none(row), states, states)
    return [pane for pane in found.values() if pane.type != "closed"]


def _stood(files: RunFiles, id: str, parts: list[Part], offset: int, n: int, states: int) -> StoredPane:
    """A state of a pane: that at an offset in the last of its parts."""
    part = parts[-1]
    ((number,),) = part.connection.execute(_NTH, (part.series, _limit(part), offset)).fetchall()
    rows = part.connection.execute(_ITEMS, (part.series, number)).fetchall()
    own = media_items.of_part(files, KIND, part, rows[0])
    found = _pane(id, own, n, states)
    packed = _pieces(parts, number) if own.attributes.get("appends") is True else (own.data,)
    items = tuple(_grouped([media_items.of_part(files, KIND, part, row) for row in rows[1:]]))
    return replace(found, items=items, packed=packed)


def _pieces(parts: list[Part], last: int) -> tuple[bytes, ...]:
    """What a text is said in, from the one that says the whole to that at an ordinal of the last part."""
    found: list[bytes] = []
    size = 0
    for part in reversed(parts):
        for data, *row in part.connection.execute(_BACK, (part.series, last, _limit(part))):
            attributes = json.loads(checksums.checked(tuple(row), "damaged: a pane")[7])
            size += len(data)
            if size > 4 * MAX_PIECES:
                raise DamagedBytesError(message("This pane is too large: a mistake or an attack."))
            found.append(checksums.checked_content(data, row[8]))
            if not (isinstance(attributes, dict) and attributes.get("appends") is True):
                return tuple(reversed(found))
        last = LAST_STEP
    raise DamagedBytesError(message("This pane goes on with a text whose beginning is missing."))


def _limit(part: Part) -> int:
    return LAST_STEP if part.limit is None else part.limit


def _grouped(items: list[MediaItem]) -> list[MediaItem]:
    """Items of a pane, what belongs to one of them (a mask, a cell's picture) among its parts."""
    found: list[MediaItem] = []
    for item in items:
        if "of" in item.attributes and found:
            found[-1] = replace(found[-1], parts=(*found[-1].parts, item))
        else:
            found.append(item)
    return found


def _row_or_none(row: list[Any]) -> MediaItem | None:
    """An item whose bytes nobody asks for; None where its row is not as it was written."""
    try:
        return media_items.of_row(row, KIND, lambda: b"")
    except (DamagedBytesError, ValueError):
        return None


def _pane(id: str, item: MediaItem | None, n: int, states: int) -> StoredPane:
    """What a row says of a pane. It may come from anybody: what is not of the kind that it should be is not there."""
    if item is None:
        return StoredPane(id, "damaged", None, {}, None, None, n, states, 0, 0.0)
    title = item.said("title", str)
    width, height = (_size(item.said(name, (int, float))) for name in ("width", "height"))
    return StoredPane(
        id, item.said("type", str, "damaged") or "damaged", None if title is None else title[:1_000],
        item.said("opts", dict, {}) or {}, width, height, n, states, item.step, item.wall_time,
    )  # fmt: skip


def _size(given: float | None) -> float | None:
    return given if given is not None and not isinstance(given, bool) and 1 <= given <= MAX_SIZE else None
