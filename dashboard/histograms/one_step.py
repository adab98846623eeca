"""One step of several layers: the histograms that a page shows at its cursor, and nothing that it does not show.

A layer of a thousand steps is a thousand sketches; the page that shows one of them reads one, and once, when it
comes, the few nodes above all of them, for the range that the bins of every step share.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.histograms.bins import MOST_WHOLE, Span, matrix
from dashboard.http.request_values import is_number, is_whole
from tracker.series import sketch
from tracker.store.read.open_segments import OpenSegments
from tracker.store.read.records import Histograms
from tracker.store.read.run_files import Part
from tracker.store.read.segments import Segment
from tracker.store.read.sketch_levels import SketchLevels
from tracker.values.histogram import Histogram

WHOLE = 1 << 40
"""More histograms than a series has: nodes as large as there are."""


@dataclass(frozen=True)
class Layer:
    """A series whose histogram is asked for."""

    tag: str
    step: int | None = None
    """Where; None for its last, unless its span is known."""
    span: Span | None = None
    """What its bins are made for, from an earlier answer; None for the range of all its steps, and which these are."""

    @classmethod
    def of(cls, plain: Any) -> Layer:
        """From the JSON {"tag": text, "step"?: whole number, "span"?: that of an earlier answer's head}.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(plain, Mapping) or not isinstance(plain.get("tag"), str):
            raise ValueError("a layer is {tag: text, step?: whole number, span?: [low, high, elements, is_whole]}")
        step, span = plain.get("step"), plain.get("span")
        if not (step is None or (is_whole(step) and is_number(step))):
            raise ValueError("the step of a layer is a whole number of 64 bits")
        if span is None:
            return cls(plain["tag"], step)
        if not isinstance(span, list) or len(span) not in (3, 4) or not all(map(is_number, span)):
            raise ValueError("the span of a layer is [low, high, elements, is_whole]")
        low, high, elements, whole = map(float, (*span, 0)[:4])
        if not low < high or elements < 0:
            raise ValueError("the span of a layer goes from a lower to a higher number")
        return cls(plain["tag"], step, Span(low, high, int(elements), bool(whole) and low < high < low + MOST_WHOLE))


def read(
    known: Sequence[Segment], layers: Sequence[Layer], bins: int, scale: str
) -> tuple[list[dict[str, Any]], list[npt.NDArray[Any]]]:
    """What some layers held at a step each; each file is opened once for all of them.

    Args:
        known: The segments of the run, oldest first.
        layers: Which, and where. Where the span of one is given, its step has to be one that it has: looking for the
            nearest reads all of them. Else it is the nearest.
        bins: Bins at the most.
        scale: "linear" or "log", as `matrix` takes it.

    Returns:
        For each layer a head as of `matrix`, with "places"; None where the run has no such series. And for each that it
        has the columns: the steps that it has, each once (`places` of them; only where its span was not given), then
        those of `matrix`, of one row.

    Raises:
        StoreError: a file cannot be read.
    """
    heads: list[dict[str, Any]] = []
    columns: list[npt.NDArray[Any]] = []
    with contextlib.ExitStack() as stack:
        files = OpenSegments(stack, known)
        for layer in layers:
            parts = files.parts("histogram", layer.tag)
            if not parts:
                heads.append({"tag": layer.tag, "rows": 0, "missing": True})
                continue
            places, at = np.empty(0, np.int64), layer.step
            if layer.span is None:
                places = np.unique(np.concatenate([_levels(part).steps() for part in parts]))
                at = _nearest(places, layer.step)
            head, arrays = matrix(_at(parts, at), bins, scale, honest=True, span=layer.span or _span(parts))
            heads.append({"tag": layer.tag, **head, "places": len(places)})
            columns += [places, *arrays]
    return heads, columns


def _levels(part: Part) -> SketchLevels:
    """All that a segment holds of a series on the live line."""
    return SketchLevels(part.connection, part.series, None, part.limit)


def _nearest(places: npt.NDArray[np.int64], step: int | None) -> int | None:
    if not len(places):
        return None
    return int(places[-1] if step is None else places[np.argmin(np.abs(places - step))])


def _at(parts: Sequence[Part], step: int | None) -> Histograms:
    """What was logged at just that step, together."""
    found = []
    for part in parts:
        if step is not None and (part.limit is None or step <= part.limit):
            levels = SketchLevels(part.connection, part.series, step, step)
            found += [(node, levels.read(node)) for node in levels.nodes(WHOLE)]
    if not found:
        none = np.empty(0, np.int64)
        return Histograms(none, np.empty(0), (), none, np.empty(0), none)
    last = found[-1][0]
    ints = np.array([step], np.int64)
    times = np.array([last.last_wall_time])
    merged = Histogram.of(sketch.merge([each for _, each in found]))
    return Histograms(ints, times, (merged,), ints, times, np.array([sum(node.count for node, _ in found)]))


def _span(parts: Sequence[Part]) -> Span:
    """Of all steps: the least and the greatest, and how many elements one of them has at the most."""
    nodes = []
    for part in parts:
        levels = _levels(part)
        nodes += [(levels.read(node), node.count) for node in levels.nodes(WHOLE)]
    return Span.of([Histogram.of(each) for each, _ in nodes], [count for _, count in nodes])
