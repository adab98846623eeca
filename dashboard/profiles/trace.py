"""Trace: the events of a profile as columns, each on its track, at its depth, below its parent. Pure.

It reads Chrome's trace-event format as profilers write it, and is lenient as they are: an event that says too little
is counted as skipped, one that is damaged costs itself only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from tracker.errors import LoggedValueError, message

GPU_CATEGORIES = frozenset({"kernel", "memcpy", "memset", "gpu_memcpy", "gpu_memset", "gpu_user_annotation"})
"""Of torch.profiler, in lower case: what runs on a GPU. What TensorFlow runs there is told by its process's name."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Track:
    """What happened one after the other: a thread, or a stream of a GPU."""

    process: str
    name: str
    device: str
    """ "cpu" or "gpu"."""
    sort: tuple[Any, ...] = ()
    depth: int = 0
    """How many rows its events need."""

    @property
    def annotates(self) -> bool:
        """Whether the profiler tells of itself here, and not of the program."""
        return self.process in ("Traces", "Spans")


@dataclass
class Trace:
    """A profile. Columns have one entry for each complete event, ordered by track and then by time."""

    tracks: list[Track]
    names: list[str]
    categories: list[str]
    track: Ints
    name: Ints
    category: Ints
    start: Floats
    """µs since the first event."""
    duration: Floats
    depth: Ints
    parent: Ints
    """Place of the event it lies in on its track, or -1."""
    self_time: Floats
    """µs of its own: without those that lie in it."""
    arguments: list[Any] = field(repr=False)
    """What the profiler noted, a mapping or None."""
    flows: npt.NDArray[np.int64]
    """(F, 2): from the event that launched to the event that was launched."""
    counters: dict[str, tuple[Floats, Floats]]
    """Lines over time, such as memory in bytes: (µs, value)."""
    instants: list[tuple[float, str]]
    skipped: int = 0
    """Events that say too little to be shown."""
    device_names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def end(self) -> float:
        """µs from the first event to the end of the last."""
        return float((self.start + self.duration).max()) if len(self) else 0.0

    def of_program(self) -> npt.NDArray[np.bool_]:
        """Which events are the program's, and not what the profiler tells of itself."""
        own = np.array([not track.annotates for track in self.tracks], bool)
        return own[self.track] if len(self) else np.zeros(0, bool)

    def on_gpu(self) -> npt.NDArray[np.bool_]:
        """Which events ran on a GPU."""
        gpu = np.array([track.device == "gpu" for track in self.tracks], bool)
        return gpu[self.track] if len(self) else np.zeros(0, bool)


def read(data: bytes) -> Trace:
    """A trace from its JSON.

    Raises:
        LoggedValueError: it is no JSON, or no trace.
    """
    try:
        plain = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise LoggedValueError(message("This profile is no JSON, or was cut off.", got=str(error))) from error
    return build(plain)


def build(plain: Any) -> Trace:
    """A trace from what its JSON holds: a mapping with `traceEvents`, or the bare list of events."""
    events = plain.get("traceEvents") if isinstance(plain, Mapping) else plain
    if not isinstance(events, list):
        raise LoggedValueError(
            message("This profile is no trace.", expected="traceEvents, or a list of events", got=type(plain).__name__)
        )
    reading = _Reading()
    for event in events:
        reading.take(event)
    properties = plain.get("deviceProperties") if isinstance(plain, Mapping) else None
    names = [str(each.get("name")) for each in properties or () if isinstance(each, Mapping) and each.get("name")]
    return reading.trace(names)


class _Reading:
    """What was read so far, event by event."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], int] = {}
        self.names: dict[str, int] = {}
        self.categories: dict[str, int] = {}
        self.track: list[int] = []
        self.name: list[int] = []
        self.category: list[int] = []
        self.start: list[float] = []
        self.duration: list[float] = []
        self.arguments: list[Any] = []
        self.open: dict[int, list[tuple[str, float, str, Any]]] = {}
        self.starts: dict[tuple[str, str], tuple[int, float]] = {}
        self.finishes: list[tuple[tuple[str, str], int, float]] = []
        self.counted: dict[str, list[tuple[float, float]]] = {}
        self.instants: list[tuple[float, str]] = []
        self.about: dict[str, dict[Any, str]] = {}
        self.skipped = 0

    def take(self, event: Any) -> None:
        try:
            phase = event.get("ph")
            if phase == "X":
                duration = event.get("dur", 0)
                self._add(
                    self._key(event),
                    event["name"],
                    float(event["ts"]),
                    float(duration),
                    event.get("cat"),
                    event.get("args"),
                )
            elif phase == "M":
                about = event.get("args") or {}
                value = next(iter(about.values()), "") if isinstance(about, Mapping) else ""
                self.about.setdefault(str(event["name"]), {})[
                    (str(event.get("pid", "")), str(event.get("tid", "")))
                ] = value
            elif phase in ("s", "f", "t"):
                self._flow(phase, event)
            elif phase == "B":
                self.open.setdefault(self._key(event), []).append(
                    (str(event["name"]), float(event["ts"]), event.get("cat") or "", event.get("args"))
                )
            elif phase == "E":
                name, start, category, arguments = self.open[self._key(event)].pop()
                self._add(self._key(event), name, start, float(event["ts"]) - start, category, arguments)
            elif phase == "C":
                for series, value in (event.get("args") or {}).items():
                    name = str(event["name"]) if len(event["args"]) == 1 else f"{event['name']} {series}"
                    point = (float(event["ts"]), float(value))
                    self.counted.setdefault(name, []).append(point)
            elif phase in ("i", "I"):
                self._instant(event)
            elif event:
                self.skipped += 1
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
            self.skipped += 1

    def _key(self, event: Any) -> int:
        key = (str(event.get("pid", "")), str(event.get("tid", "")))
        found = self.keys.get(key)
        if found is None:
            found = self.keys[key] = len(self.keys)
        return found

    def _add(self, track: int, name: Any, start: float, duration: float, category: Any, arguments: Any) -> None:
        if not (math.isfinite(start) and 0 <= duration < math.inf):
            raise ValueError("no time")
        self.track.append(track)
        self.name.append(self.names.setdefault(str(name), len(self.names)))
        self.category.append(self.categories.setdefault(str(category or ""), len(self.categories)))
        self.start.append(start)
        self.duration.append(duration)
        self.arguments.append(arguments)

    def _flow(self, phase: str, event: Any) -> None:
        identity = (str(event.get("cat") or ""), str(event["id"]))
        place = (self._key(event), float(event["ts"]))
        if phase == "s":
            self.starts[identity] = place
        else:
            self.finishes.append((identity, *place))

    def _instant(self, event: Any) -> None:
        arguments = event.get("args") or {}
        if event.get("name") == "[memory]":  # torch.profiler(profile_memory=True)
            device = "GPU" if arguments.get("Device Type") == 1 else "CPU"
            where = f"{device} {arguments['Device Id']}" if arguments.get("Device Id", -1) >= 0 else device
            for what, label in (("Total Allocated", "allocated"), ("Total Reserved", "reserved")):
                value = arguments.get(what)
                if value:
                    self.counted.setdefault(f"{where} memory {label}", []).append((float(event["ts"]), float(value)))
        else:
            self.instants.append((float(event["ts"]), str(event["name"])))

    # --- columns -------------------------------------------------------------------------------------

    def trace(self, device_names: list[str]) -> Trace:
        self.skipped += sum(map(len, self.open.values()))
        start, duration = np.array(self.start, np.float64), np.array(self.duration, np.float64)
        track = np.array(self.track, np.int64)
        tracks, place = self._tracks()
        track = place[track] if len(track) else track
        # The longer first where two begin at once: it holds the other.
        order = np.lexsort((-duration, start, track))
        zero = float(start.min()) if len(start) else 0.0
        start, duration, track = start[order] - zero, duration[order], track[order]
        depth, parent = _nested(track, start, duration)
        for i, each in enumerate(tracks):
            own = depth[track == i]
            each.depth = int(own.max()) + 1 if len(own) else 0
        inside = parent >= 0
        own_time = (
            duration - np.bincount(parent[inside], duration[inside], len(duration)) if len(duration) else duration
        )
        arguments = self.arguments
        return Trace(
            tracks, list(self.names), list(self.categories), track,
            np.array(self.name, np.int64)[order] if len(order) else np.zeros(0, np.int64),
            np.array(self.category, np.int64)[order] if len(order) else np.zeros(0, np.int64),
            start, duration, depth, parent, np.maximum(own_time, 0.0), [arguments[i] for i in order.tolist()],
            self._joined(place, track, start, duration, zero), _lines(self.counted, zero),
            sorted((at - zero, name) for at, name in self.instants), self.skipped, device_names,
        )  # fmt: skip

    def _tracks(self) -> tuple[list[Track], Ints]:
        """The tracks in the order they are shown, and the place of each as it was met."""
        used = set(self.track)
        gpu = self._gpu_tracks()
        made = []
        for (process, thread), index in self.keys.items():
            if index not in used:
                continue
            label = str(self.about.get("process_labels", {}).get((process, "0"), "") or self._process(process))
            name = str(self.about.get("thread_name", {}).get((process, thread), "") or thread)
            device = "gpu" if index in gpu else "cpu"
            sort = (
                device == "gpu",
                _number(self._sort("process_sort_index", process, None)),
                process,
                _number(self._sort("thread_sort_index", process, thread)),
                thread,
            )
            made.append((index, Track(label or process, name, device, sort)))
        # Threads with much to say first; those a profiler adds for itself last.
        weight = np.bincount(self.track, minlength=len(self.keys)) if self.track else np.zeros(len(self.keys))
        made.sort(key=lambda pair: (pair[1].annotates, pair[1].sort[0], -weight[pair[0]], pair[1].sort[1:3]))
        place = np.full(len(self.keys), -1, np.int64)
        for i, (index, _) in enumerate(made):
            place[index] = i
        return [track for _, track in made], place

    def _process(self, process: str) -> str:
        names = self.about.get("process_name", {})
        return next((str(name) for (own, _), name in names.items() if own == process), "")

    def _sort(self, what: str, process: str, thread: str | None) -> Any:
        values = self.about.get(what, {})
        return next((v for (p, t), v in values.items() if p == process and (thread is None or t == thread)), 0)

    def _gpu_tracks(self) -> set[int]:
        wanted = {number for name, number in self.categories.items() if name.lower() in GPU_CATEGORIES}
        found = {track for track, category in zip(self.track, self.category, strict=True) if category in wanted}
        for (process, thread), index in self.keys.items():
            name = self._process(process)
            thread_name = str(self.about.get("thread_name", {}).get((process, thread), ""))
            if ("/device:GPU" in name or "/device:TPU" in name) and "host" not in thread_name.lower():
                found.add(index)
        return found

    def _joined(self, place: Ints, track: Ints, start: Floats, duration: Floats, zero: float) -> npt.NDArray[np.int64]:
        """Flows whose two ends lie on events."""
        pairs = [(self.starts[identity], (key, at)) for identity, key, at in self.finishes if identity in self.starts]
        if not pairs or not len(start):
            return np.zeros((0, 2), np.int64)
        keys = np.array([[a[0], b[0]] for a, b in pairs], np.int64)
        times = np.array([[a[1], b[1]] for a, b in pairs], np.float64) - zero
        ends = np.stack([_event_at(place[keys[:, i]], times[:, i], track, start, duration) for i in (0, 1)], axis=1)
        return ends[(ends >= 0).all(axis=1)]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _nested(track: Ints, start: Floats, duration: Floats) -> tuple[Ints, Ints]:
    """(depth, parent) of events that are ordered by track, start and length."""
    depth, parent = [0] * len(start), [-1] * len(start)
    stack: list[tuple[int, float]] = []
    current = -1
    ends = (start + duration).tolist()
    for i, (own, begin) in enumerate(zip(track.tolist(), start.tolist(), strict=True)):
        if own != current:
            current = own
            stack.clear()
        while stack and stack[-1][1] <= begin:
            stack.pop()
        if stack:
            depth[i], parent[i] = len(stack), stack[-1][0]
        stack.append((i, ends[i]))
    return np.array(depth, np.int64), np.array(parent, np.int64)


def _event_at(where: Ints, at: Floats, track: Ints, start: Floats, duration: Floats) -> Ints:
    """The last event of a track that begins at or before a moment and has not ended; -1 without one."""
    found = np.full(len(where), -1, np.int64)
    for own in np.unique(where[where >= 0]).tolist():
        low, high = np.searchsorted(track, [own, own + 1])
        wanted = np.flatnonzero(where == own)
        # Half a nanosecond: the ends are written with fewer digits than the events.
        place = low + np.searchsorted(start[low:high], at[wanted] + 5e-4, "right") - 1
        good = (place >= low) & (start[place] + duration[place] + 5e-4 >= at[wanted])
        found[wanted[good]] = place[good]
    return found


def _lines(counted: dict[str, list[tuple[float, float]]], zero: float) -> dict[str, tuple[Floats, Floats]]:
    lines = {}
    for name, points in sorted(counted.items()):
        both: Floats = np.array(points, np.float64).reshape(-1, 2)
        both = both[np.isfinite(both).all(axis=1)]
        both = both[np.argsort(both[:, 0], kind="stable")]
        if len(both):
            lines[name] = (both[:, 0] - zero, both[:, 1])
    return lines
