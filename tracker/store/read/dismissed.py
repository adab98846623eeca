"""Dismissed: findings of a run of which somebody said in the page that they are none.

A property each, so that two who dismiss at the same time do not undo each other's; see
`tracker.store.write.page_findings`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tracker.store.read.properties import properties

DISMISSED = "dismissed:"
"""What the names of these properties begin with; the finding's id follows."""

MOST_DISMISSED = 1_000
"""Of one run."""

MAX_REASON, MAX_AUTHOR = 2_000, 200
"""Characters."""


def dismissed(folder: Path) -> dict[str, dict[str, Any]]:
    """Of the run in a folder, by id: `reason`, `author` (or None) and `wall_time` of who dismissed the finding.

    None without a file, or when it cannot be read.
    """
    return dismissed_in(properties(folder))


def dismissed_in(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same among all properties of a run. The file may come from anybody: what is no such thing is left out."""
    named = ((key.removeprefix(DISMISSED), value) for key, value in said.items() if key.startswith(DISMISSED))
    return {id: found for id, value in islice(named, MOST_DISMISSED) if (found := _checked(value)) is not None}


def _checked(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    reason, author, wall_time = (value.get(key) for key in ("reason", "author", "wall_time"))
    if not isinstance(reason, str) or not isinstance(wall_time, (int, float)) or not math.isfinite(wall_time):
        return None
    author = author[:MAX_AUTHOR] if isinstance(author, str) else None
    return {"reason": reason[:MAX_REASON], "author": author, "wall_time": float(wall_time)}
