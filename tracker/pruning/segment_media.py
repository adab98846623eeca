"""The media of a finished segment, taken out of its file: a new one without them takes its place, whole and at once.

What is left is as it was, with its numbers and checksums. The number of the last row that goes is a mark's then, which
says what was taken out and when; so the numbering ends where it did, and a copy elsewhere lacks nothing of this one.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from tracker.errors import StoreError
from tracker.models.manifest import FORM
from tracker.series import checksums
from tracker.store.read import journal, read_only
from tracker.store.write import schema

MEDIA = ("image", "audio", "video", "table", "figure", "mesh", "embedding", "profile")
"""Kinds that go as media. Not texts, curves of quality, graphs, panes, nor what a run says of itself: small ones."""

MODELS = ("model",)

KIND = "pruned"
"""Of the mark."""

_MARK = schema.insert(schema.marks)


class Going(NamedTuple):
    """What goes of a segment, or went.

    Attributes:
        items: How many, by kind.
        size: Bytes of their contents, in so far as nothing else has the same.
    """

    items: dict[str, int]
    size: int


def would_go(path: Path, kinds: tuple[str, ...]) -> Going:
    """What of a segment would go.

    Raises:
        StoreError: it cannot be read, or is of before there were checksums.
        FileNotFoundError: it is not there.
    """
    with read_only.snapshot(path) as connection:
        if not connection.has_checksums:
            raise StoreError(path, "it was written by a version before 0.1.0, which is not rewritten")
        items, size, _ = _found(connection, kinds)
        return Going(items, size)


def take_out(path: Path, kinds: tuple[str, ...]) -> Going:
    """Takes it out. Nobody may write the segment any more.

    Raises:
        StoreError: as `would_go`, or it is a link to another place.
        OSError, sqlite3.Error: what the disk says; the file is as it was.
    """
    journal.forget_unfinished(path)
    going = would_go(path, kinds)
    if not going.items:
        return going
    with journal.rewritten(path) as copy:
        read_only.connect(copy).close()  # what was copied is what counts, not what was looked at before
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            for pragma in ("trusted_schema=OFF", "journal_mode=MEMORY", "synchronous=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            items, _, last = _found(connection, kinds)
            _delete(connection, kinds)
            now = time.time()
            words = f"{', '.join(f'{count:,} of {kind}' for kind, count in sorted(items.items()))} pruned"
            mark = (last, None, now, KIND, words, json.dumps(items, sort_keys=True))
            connection.execute(_MARK, checksums.with_checksum(mark))
            connection.execute("COMMIT")
            connection.execute("VACUUM")
            connection.execute("PRAGMA journal_mode=DELETE")
    return going


_SERIES = "SELECT id, kind FROM series"
_ITEMS = "SELECT count(*), max(id) FROM media WHERE series=?"
_BLOBS = "SELECT series, blob FROM media"
_SIZE = "SELECT length(data) FROM blobs WHERE hash=?"
_OTHER_FORM = "SELECT 1 FROM media WHERE series=? AND form!=?"
# Of a segment without an end more may have come than is known: there it stays so.
_LOGGED = "UPDATE series SET logged=0 WHERE logged>=0 AND id=?"
_MEDIA_ROWS = "DELETE FROM media WHERE series=?"
_LEFT_BLOBS = "DELETE FROM blobs WHERE hash NOT IN (SELECT blob FROM media)"


def _series(connection: sqlite3.Connection, kinds: tuple[str, ...]) -> dict[int, str]:
    """The kinds of the series that go, by number. Models of another form, in other programs' logs, are graphs."""
    found = {number: kind for number, kind in connection.execute(_SERIES).fetchall() if kind in kinds}
    return {
        number: kind
        for number, kind in found.items()
        if kind not in MODELS or connection.execute(_OTHER_FORM, (number, FORM)).fetchone() is None
    }


def _found(connection: sqlite3.Connection, kinds: tuple[str, ...]) -> tuple[dict[str, int], int, int]:
    """How many items of each kind, bytes of their contents, and the number of the last of their rows."""
    series = _series(connection, kinds)
    items: dict[str, int] = {}
    end = 0
    for number, kind in series.items():
        count, last = connection.execute(_ITEMS, (number,)).fetchone()
        if count:
            items[kind], end = items.get(kind, 0) + count, max(end, last)
    going: set[str] = set()
    others: set[str] = set()
    for number, digest in connection.execute(_BLOBS) if items else ():
        (going if number in series else others).add(digest)
    sizes = (connection.execute(_SIZE, (digest,)).fetchone() for digest in going - others)
    return items, sum(row[0] for row in sizes if row is not None), end


def _delete(connection: sqlite3.Connection, kinds: tuple[str, ...]) -> None:
    numbers = [(number,) for number in _series(connection, kinds)]
    connection.executemany(_LOGGED, numbers)
    connection.executemany(_MEDIA_ROWS, numbers)
    connection.execute(_LEFT_BLOBS)
