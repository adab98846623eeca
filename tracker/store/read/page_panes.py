"""Where the page has panes: what users moved, renamed and closed; see `tracker.store.write.page_panes`, which says it.

A property each, so that two who move panes at the same time do not undo each other's moves.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.store.read import page_tables
from tracker.store.read.properties import PATIENCE_S

PLACE = "pane:"
"""What the names of these properties begin with; the pane's name follows."""

MOST_PLACES = 20_000
MOST_CHARACTERS = 4_000

_PLACES = "SELECT key, value FROM properties WHERE key>=? AND key<? AND length(value)<=?"


def places(folder: Path) -> dict[str, dict[str, Any]]:
    """By pane what the page was told: `x`, `y`, `w`, `h`, `title`, `closed` …; none without a file, or when it cannot
    be read."""
    try:
        with page_tables.opened(folder, PATIENCE_S) as connection:
            rows = connection.execute(_PLACES, (PLACE, PLACE[:-1] + ";", MOST_CHARACTERS))
            found = [(str(key).removeprefix(PLACE), place(value)) for key, value in islice(rows, MOST_PLACES)]
            return {id: said for id, said in found if said}
    except (StoreError, OSError, sqlite3.Error):
        return {}  # as of other properties: the panes themselves are none the worse for it


def place(value: Any) -> dict[str, Any]:
    """What one property says; nothing where it is no such thing. The file may come from anybody."""
    try:
        said = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
