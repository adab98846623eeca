"""Layers most of whose units stay in one state: dead, or at an end of their range."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tracker.findings.layers import lasting, learning
from tracker.findings.training import Series, Training

LEARNED = 0.1
"""Of the loss is left where a network has learned what it had to learn."""


class Bounds(NamedTuple):
    """From which share of its units on a layer is stuck.

    Attributes:
        most: What warns, where it lasts.
        almost_all: Of such a layer hardly anything passes.
        at_first: A layer that begins so is stuck if it stays above `some`.
        some: Nothing below is told.
    """

    most: float
    almost_all: float
    at_first: float
    some: float


class Stuck(NamedTuple):
    """A layer that is, from a step on, with the lowest share since then."""

    step: int
    path: str
    share: float
    severity: str
    series: Series


def stuck_layers(
    training: Training, family: str, bounds: Bounds, is_spared: Callable[[str], bool], stands: Callable[[float], bool]
) -> list[Stuck]:
    """The layers where it began first, at most three; those that are worth knowing only come last.

    Args:
        training: What was logged.
        family: The tags, as in `dead/<layer>`: the share of units in that state, 0 to 1.
        bounds: The shares that count.
        is_spared: Whether it is no fault in a layer.
        stands: Whether a training with so much of its loss left learns nothing.
    """
    left = learning(training).left
    found = []
    for path, series in training.layers(family).items():
        if not len(series) or series.value[-1] < bounds.some:
            continue  # as of most layers
        finite = series.finite
        step = lasting(finite, bounds.most)
        if step is None and len(finite) and finite.value[0] >= bounds.at_first:
            step = lasting(finite, bounds.some)
        severity = "warning"
        if step is None:
            step, severity = lasting(finite, bounds.some, 5), "info"
        if step is None or is_spared(path):
            continue
        share = float(finite.value[finite.step >= step].min())
        if finite.value[0] < 0.5 and left < LEARNED:
            severity = "info"  # it came while the network learned what it had to learn
        if severity == "warning" and share >= bounds.almost_all and stands(left):
            severity = "error"
        found.append(Stuck(step, path, share, severity, series))
    found.sort(key=lambda each: (each.severity == "info", each.step, -each.share))
    return found[:3]
