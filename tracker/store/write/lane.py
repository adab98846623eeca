"""Lanes: where the numbers of one set of tags wait, packed into records at the call, for the writer to take.

A record holds its place in the order of all calls, the wall time, the step and the values as they were at the call.
Packing costs less than copying the caller's dictionary, takes 32 bytes for a scalar where Python objects take 450, and
leaves the writer whole arrays instead of a million objects.

A bytearray that is looked at through a memoryview cannot grow, so that the call that would add to a lane that is
sealed raises BufferError; this costs the callers nothing, where a lock or a flag would.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.series.stretch import Points

_SEALED = bytearray(1)
_HELD = memoryview(_SEALED)
"""What callers add to once a lane is sealed, and what keeps it from growing."""


class Lane:
    """The records of one set of tags: int64 order, float64 wall time, int64 step, float64 values.

    Attributes:
        buffer: What callers add to.
        waiting: What the writer takes from: the same, until the lane is sealed.
        limit: Bytes that may wait in it.
    """

    __slots__ = ("_held", "buffer", "dtype", "limit", "pack", "series", "size", "waiting")

    def __init__(self, series: tuple[int, ...], limit: int) -> None:
        self.series = series
        self.pack = struct.Struct(f"<qdq{len(series)}d").pack
        self.dtype = np.dtype(
            [("order", "<i8"), ("wall_time", "<f8"), ("step", "<i8"), ("values", "<f8", (len(series),))]
        )
        self.size = self.dtype.itemsize
        self.waiting = self.buffer = bytearray()
        self.limit = limit

    def seal(self) -> None:
        """Whoever adds a record from now on gets a BufferError, also who has the buffer in hand already."""
        if self.buffer is not _SEALED:
            self._held = memoryview(self.buffer)
            self.waiting = bytearray(self.buffer)
            self.buffer = _SEALED


class LooseLane(Lane):
    """Records of a single scalar each, which say themselves what series they belong to."""

    __slots__ = ()

    def __init__(self, limit: int) -> None:
        super().__init__((0,), limit)
        self.pack = struct.Struct("<qdqqd").pack
        self.dtype = np.dtype(
            [("order", "<i8"), ("wall_time", "<f8"), ("step", "<i8"), ("series", "<i8"), ("value", "<f8")]
        )
        self.size = self.dtype.itemsize


class Heavy(NamedTuple):
    """A value that is not a number, at its place."""

    series: int
    wall_time: float
    step: int
    value: Any
    n_bytes: int
    then: Callable[[], None] | None = None
    """Called once it is in the file, by who stores."""


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
