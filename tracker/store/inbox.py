"""What has been accepted and not yet committed.

Scalars are packed at the call into records of a *lane*, one for each set of tags that is logged together:
a record holds its place in the order of all calls, the wall time, the step and the values as they were at
the call. Packing costs less than copying the caller's dictionary, takes 32 bytes for a scalar where Python
objects take 450, and leaves the writer whole arrays instead of a million objects.

One thread takes and discards; any thread may add. Nothing here waits for a lock that the writer holds.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.store.stretch import Points

SCALARS_LIMIT_BYTES = 32 * 1024 * 1024
"""Scalars that wait for a disk: a million of them logged one by one, 3.8 million in dictionaries of 20."""

HEAVY_LIMIT_BYTES = 128 * 1024 * 1024
"""Histograms, images and other heavy values that wait to be encoded or for a disk."""

MAX_LANES = 256
"""Sets of tags with a lane of their own. A loop that never logs the same set twice uses the loose lane."""

TAKE_BYTES = 8 * 1024 * 1024
"""Records given to one commit, which bounds what its arrays take."""


TAKE_HEAVY_BYTES = 4 * 1024 * 1024
"""Heavy values given to one commit: a few hundred histograms, so that no commit takes as long as on a dead disk."""


class Lane:
    """The records of one set of tags: int64 order, float64 wall time, int64 step, float64 values."""

    __slots__ = ("buffer", "dtype", "limit", "pack", "series", "size")

    def __init__(self, series: tuple[int, ...]) -> None:
        self.series = series
        self.pack = struct.Struct(f"<qdq{len(series)}d").pack
        self.dtype = np.dtype(
            [("order", "<i8"), ("wall_time", "<f8"), ("step", "<i8"), ("values", "<f8", (len(series),))]
        )
        self.size = self.dtype.itemsize
        self.buffer = bytearray()
        self.limit = SCALARS_LIMIT_BYTES


class LooseLane(Lane):
    """Records of a single scalar each, which say themselves what series they belong to."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((0,))
        self.pack = struct.Struct("<qdqqd").pack
        self.dtype = np.dtype(
            [("order", "<i8"), ("wall_time", "<f8"), ("step", "<i8"), ("series", "<i8"), ("value", "<f8")]
        )
        self.size = self.dtype.itemsize


_STEP = struct.Struct("<16xq").unpack_from
"""Of a record of any lane."""


class Heavy(NamedTuple):
    """A value that is not a number, at its place."""

    series: int
    wall_time: float
    step: int
    value: Any
    n_bytes: int


class Taken(NamedTuple):
    """What one commit is to store."""

    records: list[tuple[Lane, npt.NDArray[np.void]]]
    heavies: list[Heavy]
    everything: bool
    """Whether nothing was left behind but what came while it was taken."""

    def scalars(self) -> Iterator[tuple[int, Points]]:
        """The points of each series in the order of the calls, each series once."""
        parts: dict[int, list[tuple[Any, Any, Any, Any]]] = {}
        for lane, records in self.records:
            if isinstance(lane, LooseLane):
                for series in np.unique(records["series"]).tolist():
                    own = records[records["series"] == series]
                    parts.setdefault(series, []).append((own["order"], own["step"], own["wall_time"], own["value"]))
                continue
            order, step, wall_time = (np.ascontiguousarray(records[name]) for name in ("order", "step", "wall_time"))
            values = records["values"]
            for column, series in enumerate(lane.series):
                parts.setdefault(series, []).append((order, step, wall_time, values[:, column]))
        for series, pieces in parts.items():
            if len(pieces) == 1:
                _, step, wall_time, value = pieces[0]
            else:
                order, step, wall_time, value = (np.concatenate(column) for column in zip(*pieces, strict=True))
                sorting = np.argsort(order, kind="stable")
                step, wall_time, value = step[sorting], wall_time[sorting], value[sorting]
            yield series, Points(*(np.ascontiguousarray(column) for column in (step, wall_time, value)))

    @property
    def n_scalars(self) -> int:
        """How many numbers there are."""
        return sum(len(records) * len(lane.series) for lane, records in self.records)


class Inbox:
    """The lanes of a run, its heavy values, and the names of its series."""

    def __init__(self, last_step: int = -1) -> None:
        self.order = itertools.count().__next__
        self.given: bytes | None = None
        """The record of the newest call that gave a step, until somebody asks where the loop stands. A step may be
        anything with an index, NumPy's integers and tensors that count in place foremost; in the record it is a number.
        (To look at a step's type in `Run.log` is 5 % of a call, to keep the record instead of the step nothing.)"""
        self._counted = last_step
        self._stepping = threading.Lock()
        self.single: dict[str, Lane] = {}
        self.lanes: dict[tuple[str, ...], Lane] = {}
        self.loose = LooseLane()
        self.heavies: deque[Heavy] = deque()
        self.heavy_bytes = 0
        self.idle = False
        """True while the writer sleeps and wants to be woken by whoever adds something."""
        self.room = threading.Event()
        """Set whenever something was committed, for callers that wait for room."""
        self.series: dict[tuple[str, str], int] = {}
        self.series_names: list[tuple[str, str]] = []
        self.lost: Counter[str] = Counter()
        """What found no room, or was given up, by kind."""
        self._lock = threading.Lock()

    # --- any thread ----------------------------------------------------------------------------------

    def series_id(self, kind: str, tag: str) -> int:
        """The number of a series in this segment, counted from 1."""
        known = self.series.get((kind, tag))
        if known is not None:
            return known
        with self._lock:
            known = self.series.get((kind, tag))
            if known is None:
                self.series_names.append((kind, tag))
                known = len(self.series_names)
                self.series[(kind, tag)] = known
            return known

    @property
    def last_step(self) -> int:
        """Where the loop stands."""
        given = self.given
        return self._counted if given is None else int(_STEP(given)[0])

    @last_step.setter
    def last_step(self, step: int) -> None:
        self._counted, self.given = step, None

    def next_step(self) -> int:
        """One more than where the loop stands, which it moves there."""
        with self._stepping:
            if self.given is not None:
                self._counted, self.given = self.last_step, None
            self._counted += 1
            return self._counted

    def lane(self, tags: tuple[str, ...]) -> Lane:
        """The lane of a set of tags; the loose lane when there are too many sets."""
        lane = self.single.get(tags[0]) if len(tags) == 1 else self.lanes.get(tags)
        if lane is not None:
            return lane
        series = tuple(self.series_id("scalar", tag) for tag in tags)
        with self._lock:
            lane = self.single.get(tags[0]) if len(tags) == 1 else self.lanes.get(tags)
            if lane is not None:
                return lane
            if len(self.lanes) + len(self.single) >= MAX_LANES:
                return self.loose
            lane = Lane(series)
            if len(tags) == 1:
                self.single[tags[0]] = lane
            else:
                self.lanes[tags] = lane
            every = self.every_lane()
            for each in every:
                each.limit = SCALARS_LIMIT_BYTES // len(every)
            return lane

    def every_lane(self) -> list[Lane]:
        """All lanes, the loose one last."""
        return [*list(self.single.values()), *list(self.lanes.values()), self.loose]

    def add_heavy(self, heavy: Heavy) -> None:
        """Queues a heavy value."""
        with self._lock:
            self.heavy_bytes += heavy.n_bytes
            self.heavies.append(heavy)

    def lose(self, kind: str, count: int) -> None:
        """Counts what could not be kept."""
        with self._lock:
            self.lost[kind] += count

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self.heavies and not any(lane.buffer for lane in self.every_lane())

    # --- the writer's thread -------------------------------------------------------------------------

    def take(self) -> Taken:
        """Copies out what waits, up to `TAKE_BYTES` of scalars and `TAKE_HEAVY_BYTES`; `discard` removes it.

        The calls of one thread keep their order across lanes: only records that were ordered before this
        moment are taken, and none that comes after one left behind.
        """
        cut = self.order()
        budget = TAKE_BYTES
        chunks: list[tuple[Lane, npt.NDArray[np.void]]] = []
        everything = True
        for lane in self.every_lane():
            waiting = len(lane.buffer) // lane.size
            if not waiting:
                continue
            wanted = min(waiting, max(budget // lane.size, 1024))
            # A copy: an array over the buffer itself would make the callers' next append fail.
            records = np.frombuffer(lane.buffer[: wanted * lane.size], lane.dtype)
            budget -= wanted * lane.size
            if wanted < waiting:
                everything = False
                cut = min(cut, int(records["order"][-1]) + 1)
            chunks.append((lane, records))
        kept: list[tuple[Lane, npt.NDArray[np.void]]] = []
        for lane, records in chunks:
            later = np.flatnonzero(records["order"] >= cut)
            if len(later):
                records = records[: later[0]]
            if len(records):
                kept.append((lane, records))
        heavies: list[Heavy] = []
        heavy_bytes = 0
        for heavy in itertools.islice(self.heavies, len(self.heavies)):
            if heavies and heavy_bytes + heavy.n_bytes > TAKE_HEAVY_BYTES:
                everything = False
                break
            heavies.append(heavy)
            heavy_bytes += heavy.n_bytes
        return Taken(kept, heavies, everything)

    def discard(self, taken: Taken) -> None:
        """Removes what has been stored, or given up."""
        for lane, records in taken.records:
            del lane.buffer[: len(records) * lane.size]
        with self._lock:
            for heavy in taken.heavies:
                self.heavies.popleft()
                self.heavy_bytes -= heavy.n_bytes
        self.room.set()
