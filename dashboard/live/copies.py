"""Copies of other programs' files, as their mirror leaves them: folded away, and then the same for the next start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dashboard.live.file_stamps import ONE_FILE, stamp_of

if TYPE_CHECKING:
    from dashboard.live.catalog import Catalog
    from dashboard.live.segment_state import SegmentState


def is_left(state: SegmentState, stamp: tuple[Any, ...]) -> bool:
    """Whether a copy was folded away when it was read: it has no WAL file, and nobody writes it again.

    Args:
        state: As it was read.
        stamp: Of its file, taken before.
    """
    return len(stamp) == ONE_FILE and state.segment.said_status != "running"


def settle(catalog: Catalog, until: float) -> bool:
    """Looks once more at copies that are others than when they were looked at last; whether there were any.

    Args:
        catalog: Who knows them.
        until: At no further one from this moment on, of the monotonic clock.
    """
    is_any = False
    for run in [run for run in catalog.runs.values() if catalog.is_mirrored(run)]:
        if time.monotonic() > until:
            break
        if any(state.stamp != stamp_of(path) for path, state in run.segments.items()):
            catalog.look([run.name])
            is_any = True
    return is_any
