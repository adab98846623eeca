"""What users said in the page of a run or a logdir; see `tracker.store.write.page_file`, which writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import StoreError
from tracker.store.read import read_only

PATIENCE_S = 1.0
"""What reading such a file may take of SQLite's time."""


def properties(folder: Path) -> dict[str, Any]:
    """The properties in a folder's file; none without one, or when it cannot be read."""
    path = folder / logdir.PAGE_FILE
    try:
        with read_only.snapshot(path, PATIENCE_S) as connection:
            rows = connection.execute("SELECT key, value FROM properties WHERE key NOT GLOB 'pane:*'").fetchall()
            return {str(key): json.loads(value) for key, value in rows}
    except (StoreError, OSError):
        # There is none; or a half-made file, or one of another program: the runs themselves are none the worse for it.
        return {}
