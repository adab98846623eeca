"""Trainings for tests of findings: what a run would have logged, given as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tracker.findings.detector import Detector
from tracker.findings.training import Series, Training

Points = Sequence[float] | np.ndarray | tuple[Sequence[int] | np.ndarray, Sequence[float] | np.ndarray]


def training(
    points: Mapping[str, Points], config: Mapping[str, Any] | None = None, graph: Mapping[str, Any] | None = None
) -> Training:
    """A finished run of these tags: values at steps 0, 1, 2 …, or (steps, values); a second a step."""
    series = {}
    for tag, given in points.items():
        steps, values = given if isinstance(given, tuple) else (np.arange(len(given)), given)
        step = np.asarray(steps, np.int64)
        series[tag] = Series(tag, step, np.asarray(values, np.float64), 1e9 + step.astype(np.float64))
    return Training(config or {}, "finished", sorted(series), series.__getitem__, read_graph=lambda: graph)


def chain(*ops: str, inputs: int = 64, outputs: int = 10) -> dict[str, Any]:
    """The graph of operations one after the other, each the only one of a module of its name."""
    names = ["input", *(f"{op}/{op}" for op in ops), "output"]
    nodes = [{"name": name, "op": name.rpartition("/")[2], "kind": "op", "attrs": {}} for name in names]
    nodes[0]["attrs"], nodes[-1]["attrs"] = {"shape": [32, inputs]}, {"shape": [32, outputs]}
    return {"nodes": nodes, "edges": [{"source": a, "target": b} for a, b in pairwise(names)]}


def falling(start: float, end: float, count: int, tau: float = 0.15) -> np.ndarray:
    """A curve that falls from one level to another, most of it in a share `tau` of its points."""
    return end + (start - end) * np.exp(-np.arange(count) / (tau * count))


def severities(find: Detector, told: Training) -> list[str]:
    """What a detector says of a training, as how bad it is: nothing, or `info`, `warning`, `error`."""
    return [found.checked().severity for found in find(told)]
