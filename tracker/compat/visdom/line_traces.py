"""Traces whose points are scalars of the run: an append costs the same at the millionth point as at the first.

A window becomes one of these at its first append, if its traces are lines of numbers. What stays in memory of a trace
is its name, its style and how many points it has; the pane's content names the series.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tracker.compat.visdom.message import WindowError
from tracker.errors import SeriesNotFoundError
from tracker.store.read.run import StoredRun
from tracker.values.pane import POINTS

TYPES = ("scatter", "scattergl")

MAX_POINTS = 2_000_000
"""Of a window that somebody asks for as JSON, in which a point is forty bytes."""

Point = tuple[float, float]
"""x, y."""


@dataclass(frozen=True)
class LineTrace:
    """One trace.

    Attributes:
        name: As it is called in the legend.
        style: What else Plotly knows of it: type, mode, line, marker ….
        tag: The series of its y. Steps count the points.
        x_tag: That of its x; None where the steps are x.
        start: The first that is shown.
        stop: One more than the last.
    """

    name: str
    style: dict[str, Any]
    tag: str
    x_tag: str | None
    start: int
    stop: int

    def about(self) -> dict[str, Any]:
        """As the pane's content names it."""
        return {**self.style, "name": self.name, "y": self.tag, "x": self.x_tag, "start": self.start}

    @property
    def is_own(self) -> bool:
        """Whether its points are the window's: others are a curve that the training logs."""
        return self.tag.startswith(POINTS) and self.x_tag == f"{self.tag}/x"

    def tags(self) -> list[str]:
        """Its series."""
        return [self.tag] if self.x_tag is None else [self.tag, self.x_tag]

    def values(self, points: list[Point]) -> Iterator[tuple[int, dict[str, float]]]:
        """What is to be logged for points behind its own: steps, and numbers by tag."""
        assert self.x_tag is not None
        for step, (x, y) in enumerate(points, self.stop):
            yield step, {self.tag: y, self.x_tag: x}

    def longer(self, count: int) -> LineTrace:
        """With so many points more."""
        return replace(self, stop=self.stop + count)


def points_of(trace: Mapping[str, Any]) -> list[Point] | None:
    """The points of a trace that is nothing but a line of numbers; None of any other.

    Where x or y is missing it is NaN, which no chart draws.
    """
    x, y = trace.get("x"), trace.get("y")
    if trace.get("type", "scatter") not in TYPES or not isinstance(x, list) or not isinstance(y, list):
        return None
    if len(x) != len(y) or any(_holds_list(value) for key, value in trace.items() if key not in ("x", "y")):
        return None
    found = [(_number(a), _number(b)) for a, b in zip(x, y, strict=True)]
    return None if any(a is None or b is None for a, b in found) else found  # type: ignore[return-value]


def _number(value: Any) -> float | None:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e300 or isinstance(value, float) else None


def _holds_list(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_list, value.values()))
    return isinstance(value, list)


def style_of(trace: Mapping[str, Any]) -> dict[str, Any]:
    """What a trace is beside its points and its name."""
    return {key: value for key, value in trace.items() if key not in ("x", "y", "name", "start") and value is not None}


def begun(window: str, trace: Mapping[str, Any], taken: Container[str], stored: StoredRun | None) -> LineTrace:
    """A trace without points, in series of its own, behind what was ever in them.

    Args:
        window: Its name.
        trace: As Plotly knows it.
        taken: Series of other traces: a window `a/b` with a trace `c` is not `a` with `b/c`.
        stored: The run; None where there is nothing in it yet.
    """
    name = str(trace.get("name", ""))
    tag = f"{POINTS}{window}/{name}"
    while tag in taken or f"{tag}/x" in taken:
        tag += "~"
    stop = 0 if stored is None else max(next_step(stored, tag), next_step(stored, f"{tag}/x"))
    return LineTrace(name, style_of(trace), tag, f"{tag}/x", stop, stop)


def called(trace: LineTrace, name: str) -> LineTrace:
    """The same trace by another name, in the same series."""
    return replace(trace, name=name)


def emptied(trace: LineTrace) -> LineTrace:
    """The same trace without the points that it has so far."""
    return replace(trace, start=trace.stop)


def resumed(content: Any, stored: StoredRun) -> list[LineTrace]:
    """The traces of a pane's content, as far as they go in the store."""
    found = []
    for about in content["traces"]:
        tag, x_tag = str(about["y"]), about.get("x")
        style = {key: value for key, value in about.items() if key not in ("name", "y", "x", "start")}
        start = int(about.get("start") or 0)
        trace = LineTrace(str(about["name"]), style, tag, None if x_tag is None else str(x_tag), start, start)
        found.append(replace(trace, stop=max(start, *(next_step(stored, each) for each in trace.tags()))))
    return found


def next_step(stored: StoredRun, tag: str) -> int:
    """One more than the last step of a series; 0 of one that is not there."""
    try:
        last = stored.envelope(tag, 1).step_last
    except SeriesNotFoundError:
        return 0
    return int(last.max()) + 1 if len(last) else 0


def read(traces: list[LineTrace], stored: StoredRun) -> list[dict[str, Any]]:
    """The traces with their points, as Plotly knows them.

    Raises:
        WindowError: they are too many for one answer.
    """
    count = sum(trace.stop - trace.start for trace in traces)
    if count > MAX_POINTS:
        raise WindowError(
            f"The window has {count:,} points, more than the {MAX_POINTS:,} that go into one answer; read them from "
            "the run: tracker.open(…).run(…).scalars(…).",
            413,
        )
    return [{**trace.style, "name": trace.name, **_columns(trace, stored)} for trace in traces]


def _columns(trace: LineTrace, stored: StoredRun) -> dict[str, list[Any]]:
    if trace.start == trace.stop:
        return {"x": [], "y": []}
    ys = dict(_pairs(stored, trace.tag, trace.start))
    steps = sorted(ys)
    if trace.x_tag is None:
        return {"x": [*steps], "y": [_finite(ys[step]) for step in steps]}
    xs = dict(_pairs(stored, trace.x_tag, trace.start))
    return {"x": [_finite(xs.get(step)) for step in steps], "y": [_finite(ys[step]) for step in steps]}


def _pairs(stored: StoredRun, tag: str, start: int) -> Iterator[tuple[int, float]]:
    points = stored.scalars(tag)
    keep = points.step >= start
    return zip(points.step[keep].tolist(), points.value[keep].tolist(), strict=True)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
