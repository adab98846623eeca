"""Cases: inputs that users keep in the page, with what is expected of a model; see `tracker.store.write.page_cases`.

A property each, so that two who keep cases at the same time do not undo each other's.
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

CASE = "case:"
"""What the names of these properties begin with; the case's id follows."""

MOST_CASES = 200
"""Of one run."""

MOST_CHARACTERS = 200_000
"""Of one, as JSON: a picture of 224 x 224 as PNG has some 130,000."""

_CASES = (
    "SELECT key, value, wall_time FROM properties WHERE key>=? AND key<? AND length(value)<=? ORDER BY wall_time, key"
)


def cases(folder: Path) -> list[dict[str, Any]]:
    """What was kept, the oldest first: `id`, `model`, `input`, `expected`, `title`, `wall_time`.

    None without a file, or when it cannot be read.
    """
    try:
        with page_tables.opened(folder, PATIENCE_S) as connection:
            rows = connection.execute(_CASES, (CASE, CASE[:-1] + ";", MOST_CHARACTERS))
            found = [_case(str(key).removeprefix(CASE), *rest) for key, *rest in islice(rows, MOST_CASES)]
            return [each for each in found if each is not None]
    except (StoreError, OSError, sqlite3.Error):
        return []  # as of other properties: the models themselves are none the worse for it


def _case(id: str, value: Any, wall_time: Any) -> dict[str, Any] | None:
    """One of them; None where it is no such thing. The file may come from anybody."""
    try:
        said = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("input"), dict):
        return None
    texts = {key: said.get(key) for key in ("model", "expected", "title")}
    if not all(isinstance(each, str) for each in texts.values()):
        return None
    when = float(wall_time) if isinstance(wall_time, (int, float)) else 0.0
    return {"id": id, **texts, "input": said["input"], "wall_time": when}
