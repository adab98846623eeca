"""How the segments of a run join: which points are on its live line, and which were left behind by a rewind.

A run is a tree of segments. One that resumes another names it as its parent, and the step of the checkpoint
it went back to, if it did: the parent's points after that step are abandoned, kept but off the line. Ranks
and forked children stand beside each other and are all live.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tracker import databases, logdir
from tracker.errors import DamagedBytesError, TwinError
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import liveness
from tracker.store.read.liveness import Writer

RESUMED = ("resume", "rewind", "fork")
"""Reasons of segments that continue their parent; the others stand beside it."""


@dataclass(frozen=True, slots=True)
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
    faults: tuple[str, ...] = ()
    """What of this is not as it was written: it is shown all the same, and said to be so."""

    def status(self, now: float) -> str:
        """running, finished, crashed or stopped: what it says, or what became of its writer if it had no time to."""
        if self.said_status != "running":
            return self.said_status
        return "running" if liveness.is_alive(self.writer, self.heartbeat, now) else "crashed"


_SEGMENT = columns.select("segment", columns.SEGMENT)
_STATE = columns.select("state", columns.STATE)


def read(connection: sqlite3.Connection, path: Path) -> Segment | None:
    """What the file at `path` says of itself; None when its writer was stopped before it could.

    Raises:
        TwinError: it is a copy under another name, as who keeps folders in step makes them, of one that lies beside it:
            all of its points would be there twice.
        DamagedBytesError: it says what no writer of ours does.
    """
    try:
        row = connection.execute(_SEGMENT).fetchone()
    except sqlite3.DataError:
        row = _bearable(connection)
    state = connection.execute(_STATE).fetchone()
    if row is None or state is None:
        return None
    found = of_rows(row, state, path)
    original = original_of(path, found.id)
    if original is not None:
        raise TwinError(path, f"this is a copy of {original.name}, which lies beside it; it is not read")
    return found


def original_of(path: Path, id: str) -> Path | None:
    """The file beside a segment of this id that is called so, where the segment itself is not."""
    if id == logdir.segment_id(path) or databases.of(path) is not None:
        return None
    original = logdir.segment_path(path.parent, os.path.basename(id))
    return original if original != path and os.path.lexists(original) else None


def of_rows(row: Sequence[Any], state: Sequence[Any], path: Path) -> Segment:
    """What the rows of `segment` and `state` say.

    Raises:
        DamagedBytesError: they hold what no writer of ours puts there.
    """
    said = dict(zip((*columns.SEGMENT[:-1], *columns.STATE[:-1]), (*row[:-1], *state[:-1]), strict=True))
    for name, kinds in _KINDS.items():
        if not isinstance(said[name], kinds):
            raise DamagedBytesError(f"its {name} is {type(said[name]).__name__}")
    if not (0 <= said["pid"] < MAX_PID and math.isfinite(said["created"]) and math.isfinite(said["heartbeat"])):
        raise DamagedBytesError("its writer or its times are missing, or of the wrong type")
    tags, lost = _json(said, "run_tags", list), _json(said, "lost", dict)
    for name in _REPEATED:
        said[name] = sys.intern(said[name])
    config = {sys.intern(key): value for key, value in _json(said, "config", dict).items()}
    return Segment(
        path, said["id"], said["run"], said["parent"], said["fork_step"], said["reason"], said["rank"], said["created"],
        Writer(said["host"], said["machine"], said["pid"], said["pid_started"]), said["library"], said["run_group"],
        tuple(str(tag) for tag in tags), said["notes"], config, _environment(said),
        said["written"], said["heartbeat"], said["status"], said["ended"], said["ending"],
        {kind: count for kind, count in lost.items() if isinstance(count, int)},
        tuple(
            f"damaged: {what} does not match its checksum"
            for what, values in (("what its file says of itself", row), ("how its file says it stands", state))
            if not checksums.matches(values)
        ),
    )  # fmt: skip


_REPEATED = ("host", "machine", "pid_started", "library", "reason", "status")
"""What hundreds of thousands of runs say alike: held once."""


def _environment(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of its environment; one object for runs that say the same one after the other."""
    if len(said["environment"]) > SHARED_CHARACTERS:
        found: dict[str, Any] = _json(said, "environment", dict)
        return found
    return _shared_environment(said["environment"])


@lru_cache(maxsize=64)
def _shared_environment(text: str) -> dict[str, Any]:
    found: dict[str, Any] = _json({"environment": text}, "environment", dict)
    return found


SHARED_CHARACTERS = 10_000
"""Of an environment that is looked up as a text: larger ones nobody has in numbers."""

_Maybe = (type(None),)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "run", "reason", "host", "machine", "pid_started", "library", "notes", "status"), (str,)),
    **dict.fromkeys(("run_tags", "config", "environment", "lost"), (str,)),
    **dict.fromkeys(("parent", "run_group", "ending"), (str, *_Maybe)),
    **dict.fromkeys(("fork_step", "rank"), (int, *_Maybe)),
    **dict.fromkeys(("pid", "written"), (int,)),
    **dict.fromkeys(("created", "heartbeat"), (int, float)),
    "ended": (int, float, *_Maybe),
}
"""What each column holds. SQLite keeps whatever it is given in any of them."""

MAX_SAID_CHARACTERS = 2_000_000
"""Of a JSON text that a run says of itself: as objects it takes thirty times as much, and is held for every run."""

_TOO_LARGE = "too large"
"""In place of such a text, which is no JSON."""

MAX_DEPTH = 64

MOST_SERIES = 200_000
"""Of one file: ten times the tags of the largest run that was seen. Their names are held in memory, 200 bytes each."""

MAX_PID = 1 << 31


def _bearable(connection: sqlite3.Connection) -> tuple[Any, ...]:
    """The row of `segment` where a value is too large; settings that are so cost a run nothing else."""
    found: list[Any] = []
    for name in columns.SEGMENT:
        try:
            found += connection.execute(f"{columns.select('segment', [name])} LIMIT 1").fetchone()
        except sqlite3.DataError as error:
            if name not in ("config", "environment"):
                raise DamagedBytesError(f"its {name} is larger than any run's") from error
            found.append(_TOO_LARGE)
    return (*found[:-1], None)  # not checked without that value


def _json(said: Mapping[str, Any], name: str, kind: type) -> Any:
    """What a run says of itself in JSON, which has to be a list or an object."""
    text = said[name]
    if text == _TOO_LARGE:
        return {name: "too large to be read"}
    if len(text) > MAX_SAID_CHARACTERS:
        # The run is shown all the same: its curves are none the worse for it.
        return kind() if kind is list else {name: f"too large to be read ({len(text):,} characters)"}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedBytesError(f"its {name} is no JSON") from error
    if not isinstance(found, kind):
        raise DamagedBytesError(f"its {name} is {type(found).__name__} in JSON")
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(found) > MAX_DEPTH:
        raise DamagedBytesError(f"its {name} is nested deeper than {MAX_DEPTH} levels")
    return found


def _depth(value: Any) -> int:
    """How deep lists and objects are nested."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += [one for one in each.values() if isinstance(one, (dict, list))]
            elif isinstance(each, list):
                inner += [one for one in each if isinstance(one, (dict, list))]
        level = inner
    return depth


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


def begun_by(found: Sequence[Segment]) -> str | None:
    """The segment that makes a run this one and no other: of a fork, whose first ones are another run's, its own."""
    forks = [segment for segment in found if segment.reason == "fork"]
    chosen = max(forks, key=_by_age) if forks else min(found, key=_by_age, default=None)
    return chosen.id if chosen is not None else None


def _by_age(segment: Segment) -> tuple[float, str]:
    return segment.created, segment.id


def status_of(found: Sequence[Segment], now: float) -> str:
    """The status of a run by its segments: running while any of them is, else what the newest says."""
    if not found:
        return "unreadable"
    every = [segment.status(now) for segment in found]
    if "running" in every:
        return "running"
    own = [status for segment, status in zip(found, every, strict=True) if segment.reason != "child"]
    return (own or every)[-1]
