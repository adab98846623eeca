"""Back-test: where a rule would have fired on every stored run, and how early.

The same function says it that says it of live runs. It is bounded by time: the newest runs are looked at first, and how
many were looked at is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dashboard.alerts.condition import Condition
from dashboard.alerts.crossings import Crossing, Seen, crossings
from dashboard.alerts.reading import FindingsOf, found_in, seen
from dashboard.alerts.trigger import Trigger
from dashboard.http.requests import apart
from tracker.series.envelope import envelope_of_points
from tracker.store.read.run import StoredRun

PATIENCE_S = 8.0

MOST_RUNS = 200
"""That are told with their crossings; others are counted."""

MOST_CROSSINGS = 20
"""Of one run; others are counted."""

CURVES, COLUMNS = 24, 80
"""Runs of which a small curve is told, and how wide it is."""


@dataclass
class BackTest:
    """What a rule would have done."""

    fired: list[dict[str, Any]] = field(default_factory=list)
    """By run: where it fired."""
    n_fired: int = 0
    """Runs in which it did."""
    examined: int = 0
    """Runs that were looked at and have what the rule asks for."""
    lacking: int = 0
    """Runs that have not."""
    problems: list[dict[str, str]] = field(default_factory=list)
    """Runs that could not be read, and why."""
    left: int = 0
    """Runs that were not looked at, as time was over."""


def back_test(
    trigger: Trigger,
    runs: Iterable[str],
    open_run: Callable[[str], StoredRun],
    findings_of: FindingsOf = found_in,
    patience_s: float = PATIENCE_S,
) -> BackTest:
    """Tries a rule on stored runs, in their order, for so many seconds."""
    end, made = time.monotonic() + patience_s, BackTest()
    for name in runs:
        if time.monotonic() > end:
            made.left += 1
            continue
        with apart(made.problems, name):
            _try(trigger, name, open_run, findings_of, made)
    return made


def _try(
    trigger: Trigger, name: str, open_run: Callable[[str], StoredRun], findings_of: FindingsOf, made: BackTest
) -> None:
    with seen(open_run(name), findings_of) as run:
        if isinstance(trigger, Condition) and any(run.points(tag) is None for tag in trigger.tags):
            made.lacking += 1
            return
        made.examined += 1
        found = crossings(trigger, run)
        if not found:
            return
        made.n_fired += 1
        if len(made.fired) < MOST_RUNS:
            made.fired.append(_told(name, trigger, run, found, len(made.fired) < CURVES))


def _told(name: str, trigger: Trigger, run: Seen, found: list[Crossing], with_curve: bool) -> dict[str, Any]:
    tag = trigger.tags[0] if isinstance(trigger, Condition) else next(iter(run.tags), None)
    points = run.points(tag) if tag is not None else None
    begun = min((life.began for life in run.lives), default=found[0].wall_time)
    ended = max((life.last for life in run.lives), default=found[-1].wall_time)
    length = max(ended - begun, 1e-9)
    return {
        "run": name,
        "status": run.lives[-1].status if run.lives else "unreadable",
        "count": len(found),
        "crossings": [
            {"step": each.step, "wall_time": each.wall_time, "sentence": each.sentence[:300], "level": each.level,
             "share": min(1.0, max(0.0, (each.wall_time - begun) / length)), "before_end_s": ended - each.wall_time}
            for each in found[:MOST_CROSSINGS]
        ],
        "tag": tag,
        "curve": _curve(points) if with_curve and points is not None else None,
    }  # fmt: skip


def _curve(points: Any) -> dict[str, list[float]]:
    """Least and greatest of so many columns, for a picture of a thumb's size."""
    made = envelope_of_points(points.where(np.argsort(points.step, kind="stable")), COLUMNS, None, None, "step")
    return {"step": made.step_first.tolist(), "min": made.min.tolist(), "max": made.max.tolist()}
