"""What a run says of itself: the environment it ran in, what it printed, and what was marked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import read_only
from tracker.store.read.records import ConsolePiece, ConsolePieces, Mark
from tracker.store.read.run_files import RunFiles
from tracker.values import unpack

_ENVIRONMENT = (
    "SELECT form, data, hash FROM media JOIN blobs ON hash=blob WHERE series IN "
    "(SELECT id FROM series WHERE kind='environment') ORDER BY media.n, position"
)
_CONSOLE = (
    "SELECT media.id, wall_time, step, attributes, data, hash FROM media JOIN blobs ON hash=blob "
    "WHERE media.id>? AND series IN (SELECT id FROM series WHERE kind='console') ORDER BY media.id DESC LIMIT ?"
)
_MARKS = f"{columns.select('marks', columns.MARK)} ORDER BY id"


def environments(files: RunFiles) -> list[dict[str, Any]]:
    """One for each segment; see `StoredRun.environment`."""
    found = []
    for segment in files.segments():
        about: dict[str, Any] = {"host": segment.writer.host, "rank": segment.rank, "reason": segment.reason}
        about |= {"created": segment.created, **segment.environment}
        with files.snapshot(segment.path) as connection:
            rows = connection.execute(_ENVIRONMENT).fetchall()
        for form, data, digest in rows:
            with read_only.reading(segment.path):
                checksums.checked_content(data, digest)
                about |= (
                    unpack.parsed(data, "environment")
                    if form == "application/json"
                    else {"diff": data.decode("utf-8", "replace")}
                )
        found.append(about)
    return found


def console(files: RunFiles, since: Mapping[str, int] | None, limit: int | None) -> ConsolePieces:
    """What was printed since a cursor; see `StoredRun.console`."""
    pieces: list[ConsolePiece] = []
    cursor = dict(since or {})
    earlier = False
    for segment in files.segments():
        known = (cursor.get(segment.id, -1), -1 if limit is None else limit + 1)
        with files.snapshot(segment.path) as connection:
            rows = connection.execute(_CONSOLE, known).fetchall()
        if limit is not None and len(rows) > limit:
            rows.pop()
            earlier = True
        for number, wall_time, step, attributes, data, digest in rows[::-1]:
            with read_only.reading(segment.path):
                stream = str(_said(attributes).get("stream", "stdout"))
                words = checksums.checked_content(data, digest).decode("utf-8", "replace")
                pieces.append(ConsolePiece(segment.id, segment.rank, float(wall_time), int(step), stream, words))
                cursor[segment.id] = number
    return ConsolePieces(tuple(sorted(pieces, key=lambda piece: piece.wall_time)), cursor, earlier)


def marks(files: RunFiles) -> list[Mark]:
    """What was marked, by time."""
    found = []
    for segment in files.segments():
        with files.snapshot(segment.path) as connection:
            for row in connection.execute(_MARKS):
                _, step, wall_time, kind, text, attributes = checksums.checked(row, "damaged: a mark")
                at = None if step is None else int(step)
                found.append(Mark(at, float(wall_time), str(kind), str(text), _said(attributes)))
    return sorted(found, key=lambda mark: mark.wall_time)


def _said(attributes: str) -> dict[str, Any]:
    """What a row says of itself, which is an object in JSON."""
    found = json.loads(attributes)
    if not isinstance(found, dict):
        raise DamagedBytesError("attributes that are no JSON object")
    return found
