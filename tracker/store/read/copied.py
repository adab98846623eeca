"""Which segments in a run's folder are its own, and which are copies of another run's that a fork took along.

A copy has the name of what it was copied from, so that two runs have a segment of one name each; a segment says of
which run it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tracker.errors import StoreError
from tracker.store.read import read_only

ENDING = "copied from "
"""What the ending of a copy begins with, of a segment that went on."""


class Origin(NamedTuple):
    """What a segment says once and for all."""

    created: float
    segment: str
    run: str


def origin_of(path: Path) -> Origin | None:
    """That of a segment; None while it cannot be read."""
    try:
        with read_only.snapshot(path) as connection:
            found = connection.execute("SELECT created, id, run FROM segment").fetchone()
    except (StoreError, OSError):
        return None
    if found is None:
        return None
    created, segment, run = found  # of a file that anybody may have made
    is_sound = isinstance(created, (int, float)) and math.isfinite(created)
    return (
        Origin(float(created), segment, run) if is_sound and isinstance(segment, str) and isinstance(run, str) else None
    )


def own(segments: Iterable[Origin]) -> list[Origin]:
    """Those of a folder that are no copies, the first one first: of the run that the newest belongs to."""
    ordered = sorted(segments)
    return [each for each in ordered if each.run == ordered[-1].run]
