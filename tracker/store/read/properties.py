"""What users said in the page of a run or a logdir, and whether they asked a run something; see
`tracker.store.write.page_file`, which writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import StoreError
from tracker.store.read import read_only

PATIENCE_S = 1.0
"""What reading such a file may take of SQLite's time."""


_SAID = "SELECT key, value FROM properties WHERE key NOT GLOB 'pane:*' AND key NOT GLOB 'case:*'"
"""Places of panes and kept cases are many, or large: they are asked for by who shows them."""

_NEWEST = "SELECT max(id) FROM commands WHERE name GLOB 'control:*'"


def properties(folder: Path) -> dict[str, Any]:
    """The properties in a folder's file; none without one, or when it cannot be read."""
    return said(folder)[0]


def said(folder: Path) -> tuple[dict[str, Any], int]:
    """The same, and the number of the newest thing that the run was asked; 0 where it was asked nothing."""
    path = folder / logdir.PAGE_FILE
    try:
        with read_only.snapshot(path, PATIENCE_S) as connection:
            rows = connection.execute(_SAID).fetchall()
            found = {str(key): json.loads(value) for key, value in rows}
            (newest,) = connection.execute(_NEWEST).fetchone()
            return found, newest if isinstance(newest, int) else 0
    except (StoreError, OSError):
        # There is none; or a half-made file, or one of another program: the runs themselves are none the worse for it.
        return {}, 0
