"""The rows of a run's `page.sqlite`, as another store takes them; see `tracker.store.run_page`."""

from __future__ import annotations

import os
from pathlib import Path

from tracker import databases, logdir
from tracker.errors import StoreError
from tracker.store import run_page
from tracker.store.read import read_only
from tracker.store.run_page import RunPage

PATIENCE_S = 2.0
"""What reading such a file may take of SQLite's time."""

MOST_BYTES = 64 << 20
"""Of a page's file: ours hold some kilobytes to a megabyte."""

_TIMED = "typeof(wall_time) IN ('real', 'integer') AND abs(wall_time)<1e12"
_PROPERTIES = (
    "SELECT key, value, wall_time FROM properties WHERE typeof(key)='text' AND length(key)<=? "
    f"AND typeof(value)='text' AND length(value)<=? AND {_TIMED} ORDER BY key"
)
_COMMANDS = (
    "SELECT nonce, wall_time, name, value, expected, author FROM commands WHERE typeof(nonce)='text' "
    "AND length(nonce) BETWEEN 1 AND ? AND typeof(name)='text' AND length(name)<=? AND typeof(value)='text' "
    f"AND length(value)<=? AND {_TIMED} AND (expected IS NULL OR (typeof(expected)='text' AND length(expected)<=?)) "
    "AND (author IS NULL OR (typeof(author)='text' AND length(author)<=?)) ORDER BY id"
)
_BOUNDS = (run_page.MOST_NONCE, run_page.MOST_NAME, run_page.MOST_VALUE, run_page.MOST_VALUE, run_page.MOST_NAME)


def read(folder: Path) -> RunPage:
    """What is said of the run in a folder; nothing where nothing was. What is not ours in it is passed over.

    Raises:
        StoreError: its file is none of ours, or damaged; or the database does not answer.
        OSError: it cannot be opened.
    """
    inside = databases.of(folder)
    if inside is not None:
        said, asked = inside[0].page(inside[1].as_posix())
        return RunPage(said, [row[1:] for row in asked])
    path = folder / logdir.PAGE_FILE
    try:
        size = os.lstat(path).st_size
    except FileNotFoundError:
        return RunPage([], [])
    if not size:
        return RunPage([], [])
    if size > MOST_BYTES:
        raise StoreError(path, "it is larger than any page's file")
    with read_only.snapshot(path, PATIENCE_S) as connection:
        properties = connection.execute(_PROPERTIES, (run_page.MOST_KEY, run_page.MOST_VALUE)).fetchall()
        return RunPage(properties, connection.execute(_COMMANDS, _BOUNDS).fetchall())
