"""ProfileView: a trace made ready for the page: rows of the flame chart as packed columns, tables and words.

Events are ordered by track, depth and time, so that a row of the chart is one stretch of each column and what is
seen of it is found by bisection, however many events there are.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from dashboard.http import wire
from dashboard.profiles import words
from dashboard.profiles.operations import operations
from dashboard.profiles.trace import Trace

MAX_OPERATIONS = 5_000
MAX_INSTANTS = 2_000
MAX_LINE = 4_000
"""Points of a memory line that are sent: as many as a wide screen has pixels, each the largest of its stretch."""


class ProfileView:
    """What the page asks about one trace."""

    def __init__(self, trace: Trace) -> None:
        order = np.lexsort((trace.start, trace.depth, trace.track))
        place = np.empty(len(trace), np.int64)
        place[order] = np.arange(len(trace))
        track, depth = trace.track[order], trace.depth[order]
        row_of = track * (1 << 32) + depth
        head: dict[str, Any] = {
            "end": trace.end,
            "count": len(trace),
            "skipped": trace.skipped,
            "names": trace.names,
            "categories": trace.categories,
            "devices": trace.device_names,
            "tracks": [
                {
                    "process": each.process,
                    "name": each.name,
                    "device": each.device,
                    "rows": np.searchsorted(row_of, (i << 32) + np.arange(each.depth)).tolist(),
                }
                for i, each in enumerate(trace.tracks)
            ],
            "instants": [[at, name[:200]] for at, name in trace.instants[:MAX_INSTANTS]],
            "words": words.sentences(trace),
            "steps": words.step_spans(trace).tolist()[:MAX_INSTANTS],
            "operations": operations(trace)[:MAX_OPERATIONS],
            "lines": [],
        }
        columns: list[npt.NDArray[Any]] = [
            trace.start[order].astype("<f8"),
            trace.duration[order].astype("<f4"),
            trace.self_time[order].astype("<f4"),
            trace.name[order].astype("<u4"),
            trace.category[order].astype("<u2"),
            place[trace.flows[:, 0]].astype("<u4"),
            place[trace.flows[:, 1]].astype("<u4"),
        ]
        for name, (at, value) in trace.counters.items():
            at, value = _thinned(at, value)
            head["lines"].append({"name": name, "length": len(at)})
            columns += [at.astype("<f8"), value.astype("<f8")]
        self.packed = _packed(head, columns)
        self._count = len(trace)
        parts = [_noted(trace.arguments[i]) for i in order.tolist()]
        self._ends = np.cumsum([len(part) for part in parts])
        self._arguments = b"".join(parts)

    def __len__(self) -> int:
        return self._count

    def arguments(self, event: int) -> Any:
        """What the profiler noted of an event, by its place in the columns.

        Raises:
            KeyError: there is no such event.
        """
        if not 0 <= event < self._count:
            raise KeyError(event)
        begin = int(self._ends[event - 1]) if event else 0
        return orjson.loads(self._arguments[begin : int(self._ends[event])])


def _noted(arguments: Any) -> bytes:
    return wire.encoded(arguments) if arguments else b"{}"


def _packed(head: dict[str, Any], columns: list[npt.NDArray[Any]]) -> bytes:
    """As `dashboard.http.wire` packs, with columns of their own types, each from a multiple of 8 on."""
    head["columns"] = [[column.dtype.str, len(column)] for column in columns]
    text = wire.encoded(head)
    text += b" " * (-(len(text) + 4) % 8)
    parts = [len(text).to_bytes(4, "little"), text]
    for column in columns:
        raw = np.ascontiguousarray(column).tobytes()
        parts += [raw, bytes(-len(raw) % 8)]
    return b"".join(parts)


def _thinned(at: npt.NDArray[Any], value: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A line of at most `MAX_LINE` points that keeps every peak and every trough that can be seen."""
    if len(at) <= MAX_LINE:
        return at, value
    edges = np.linspace(0, len(at), MAX_LINE // 2 + 1).astype(int)
    kept = np.unique(
        [
            place
            for low, high in itertools.pairwise(edges.tolist())
            for place in (low + int(np.argmin(value[low:high])), low + int(np.argmax(value[low:high])))
        ]
    )
    return at[kept], value[kept]
