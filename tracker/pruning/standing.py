"""How a run stands that may be let go: whether somebody may write it still, when it was heard of, how good it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from tracker import logdir
from tracker.pruning.choice import mode_of
from tracker.store.read import liveness, read_only, value_ranges
from tracker.store.read.segments import Segment

SILENCE_S = 86400.0
"""A run of another machine that has not said its end is taken for one that goes on for so long: its machine may sleep,
or what it says may wait for a network."""


def may_live(segments: Sequence[Segment], now: float) -> bool:
    """Whether somebody may write one of a run's segments still."""
    return any(_may_live(segment, now) for segment in segments)


def _may_live(segment: Segment, now: float) -> bool:
    if segment.said_status != "running":
        return False
    if liveness.is_alive(segment.writer, segment.heartbeat, now):
        return True
    here = liveness.this_process()
    is_here = bool(segment.writer.machine) and segment.writer[:2] == here[:2]
    return not is_here and now - segment.heartbeat < SILENCE_S


def last_of(segments: Sequence[Segment]) -> float:
    """When a run was heard of last, in seconds since the epoch."""
    return max((max(segment.heartbeat, segment.ended or 0.0) for segment in segments), default=0.0)


def best_of(folder: Path, tag: str, mode: str | None) -> float | None:
    """The best finite value of a curve of the run in a folder, of all that was logged; None without any.

    Args:
        folder: The run's.
        tag: The curve's.
        mode: "min" or "max"; None for what its name says.

    Raises:
        StoreError: a file cannot be read.
    """
    found: list[float] = []
    is_least = (mode or mode_of(tag)) == "min"
    for path in logdir.segment_files(folder):
        with read_only.snapshot(path) as connection:
            known = value_ranges.value_ranges(connection, [tag]).get(tag)
        value = None if known is None else known.smallest if is_least else known.largest
        if value is not None and math.isfinite(value):
            found.append(float(value))
    return (min if is_least else max)(found, default=None)
