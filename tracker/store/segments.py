"""How the segments of a run join: which points are on its live line, and which were left behind by a rewind.

A run is a tree of segments. One that resumes another names it as its parent, and the step of the checkpoint
it went back to, if it did: the parent's points after that step are abandoned, kept but off the line. Ranks
and forked children stand beside each other and are all live.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.store import columns, liveness
from tracker.store.liveness import Writer

RESUMED = ("resume", "rewind", "fork")
"""Reasons of segments that continue their parent; the others stand beside it."""


@dataclass(frozen=True)
class Segment:
    """What a segment file says of itself."""

    path: Path
    id: str
    run: str
    parent: str | None
    fork_step: int | None
    reason: str
    rank: int | None
    created: float
    writer: Writer
    library: str
    group: str | None
    tags: tuple[str, ...]
    notes: str
    config: dict[str, Any]
    environment: dict[str, Any]
    written: int
    """The number of the last row written: how far a reader can have read."""
    heartbeat: float
    said_status: str
    ended: float | None
    ending: str | None
    lost: dict[str, int]

    def status(self, now: float) -> str:
        """running, finished, crashed or stopped: what it says, or what became of its writer if it had no time to."""
        if self.said_status != "running":
            return self.said_status
        return "running" if liveness.is_alive(self.writer, self.heartbeat, now) else "crashed"


_SEGMENT = f"SELECT {', '.join(columns.SEGMENT)} FROM segment"
_STATE = f"SELECT {', '.join(columns.STATE)} FROM state"


def read(connection: sqlite3.Connection, path: Path) -> Segment | None:
    """What the file at `path` says of itself; None when its writer was stopped before it could."""
    row = connection.execute(_SEGMENT).fetchone()
    state = connection.execute(_STATE).fetchone()
    if row is None or state is None:
        return None
    (
        id_,
        run,
        parent,
        fork_step,
        reason,
        rank,
        created,
        host,
        machine,
        pid,
        started,
        library,
        group,
        tags,
        notes,
        config,
        environment,
    ) = row
    written, heartbeat, status, ended, ending, lost = state
    return Segment(
        path, id_, run, parent, fork_step, reason, rank, created, Writer(host, machine, pid, started), library, group,
        tuple(json.loads(tags)), notes, json.loads(config), json.loads(environment),
        written, heartbeat, status, ended, ending, json.loads(lost),
    )  # fmt: skip


def live_until(segments: Sequence[Segment]) -> dict[str, int | None]:
    """For each segment the last step that is on the live line; None where all of it is.

    A segment that was rewound past its own beginning (its child went back to a step that an ancestor had
    reached) is cut like the ancestor, so that one checkpoint cuts the whole branch behind it.
    """
    by_id = {segment.id: segment for segment in segments}
    limits: dict[str, int | None] = {segment.id: None for segment in segments}
    for segment in segments:
        if segment.fork_step is None or segment.reason not in RESUMED:
            continue
        for ancestor in _ancestors(segment, by_id):
            known = limits[ancestor.id]
            limits[ancestor.id] = segment.fork_step if known is None else min(known, segment.fork_step)
            # Children that the cut branch had forked off were logging beside it and end with it.
            for child in segments:
                if child.parent == ancestor.id and child.reason not in RESUMED and child.created < segment.created:
                    other = limits[child.id]
                    limits[child.id] = segment.fork_step if other is None else min(other, segment.fork_step)
    return limits


def _ancestors(segment: Segment, by_id: dict[str, Segment]) -> Iterable[Segment]:
    seen = {segment.id}
    parent = by_id.get(segment.parent or "")
    while parent is not None and parent.id not in seen:
        yield parent
        seen.add(parent.id)
        parent = by_id.get(parent.parent or "") if parent.reason in (*RESUMED, "moved") else None


def last_of(segments: Sequence[Segment], rank: int | None) -> Segment | None:
    """The segment that a new one of this rank continues: the newest that continues no other's line beside it."""
    own = [segment for segment in segments if segment.rank == rank and segment.reason != "child"]
    return max(own, key=lambda segment: (segment.created, segment.id), default=None)


def status_of(found: Sequence[Segment], now: float) -> str:
    """The status of a run by its segments: running while any of them is, else what the newest says."""
    if not found:
        return "unreadable"
    every = [segment.status(now) for segment in found]
    if "running" in every:
        return "running"
    own = [status for segment, status in zip(found, every, strict=True) if segment.reason != "child"]
    return (own or every)[-1]
