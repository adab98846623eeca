"""Crossings: the moments at which a rule fires for a run, as a pure function of what the run has logged.

A condition fires when it begins to hold, once, and again only after it did not hold in between. What a run has logged
up to a moment decides whether it is one: of a run that is read as it grows the crossings are those of the whole.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.alerts.condition import Condition
from dashboard.alerts.moments import moments
from dashboard.alerts.trigger import Crash, FindingSought, OwnAlert, Silence, Trigger
from tracker.findings.finding import SEVERITIES
from tracker.series.stretch import Points
from tracker.store.read.records import Mark

MOST = 1_000
"""Of one rule and run: who is told so often has a rule that says nothing."""

MOST_TOLD = 6
"""Tags whose values a sentence tells."""


@dataclass(frozen=True)
class Life:
    """What one process of a run says of itself."""

    id: str
    status: str
    """running, finished, stopped or crashed."""
    began: float
    """Wall time."""
    last: float
    """Of its last sign of life."""


@dataclass(frozen=True)
class Seen:
    """A run as rules see it, at a moment. What is costly to read is read when a rule asks."""

    tags: Sequence[str]
    """Of its scalars."""
    points: Callable[[str], Points | None]
    """Of one tag, in the order in which they were logged; None where the run has none."""
    now: float
    lives: Sequence[Life] = ()
    marks: Callable[[], Sequence[Mark]] = lambda: ()
    findings: Callable[[], Sequence[Mapping[str, Any]]] = lambda: ()
    """As `Finding.as_dict` has them, with the `wall_time` at which each was first seen, or None."""


@dataclass(frozen=True)
class Crossing:
    """One moment at which a rule fires."""

    step: int | None
    wall_time: float
    """When it happened, by the clock of the training."""
    sentence: str
    """What was seen, with its numbers."""
    level: str = "warning"
    name: str = ""
    """What tells it from others where its moment does not: a finding's id, a process."""
    values: dict[str, float] = field(default_factory=dict)

    def id(self, rule: str, run: str) -> str:
        """Names it for ever, whoever reads the run, and when."""
        moment = self.name or f"{self.step} {float(self.wall_time).hex()}"
        return hashlib.blake2b("\0".join((rule, run, moment)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def crossings(trigger: Trigger, seen: Seen, since: float = -math.inf) -> list[Crossing]:
    """The moments since a wall time at which a rule fires; the first 1,000 of them. Findings are of no moment: all."""
    asked: dict[type, Callable[..., Iterator[Crossing]]] = {
        Condition: _of_condition, FindingSought: _of_findings, Silence: _of_silence, Crash: _of_crashes,
        OwnAlert: _of_alerts,
    }  # fmt: skip
    found = asked[type(trigger)](trigger, seen)
    is_any = isinstance(trigger, FindingSought)
    return list(islice((each for each in found if is_any or each.wall_time >= since), MOST))


def _of_condition(condition: Condition, seen: Seen) -> Iterator[Crossing]:
    known = {tag: seen.points(tag) for tag in condition.tags}
    rows = (
        moments({tag: points for tag, points in known.items() if points is not None}) if all(known.values()) else None
    )
    if rows is None or not len(rows):
        return
    told = condition.tags[:MOST_TOLD]
    for row in edges(condition.holds(rows.columns), rows.step, condition.steps):
        values = {tag: float(rows.columns[tag][row]) for tag in told}
        said = ", ".join(f"{tag} is {value:.6g}" for tag, value in values.items())
        yield Crossing(int(rows.step[row]), float(rows.wall_time[row]), said, values=values)


def edges(holds: npt.NDArray[np.bool_], step: npt.NDArray[np.int64], steps: int) -> Iterator[int]:
    """The rows at which something has begun to hold and held for so many steps, each once: after one it must not hold
    for as many, before there may be another."""
    change = np.flatnonzero(np.diff(holds)) + 1
    may_fire = True
    for begin, end in zip([0, *change.tolist()], [*change.tolist(), len(holds)], strict=True):
        if bool(holds[begin]) != may_fire:
            continue
        late = np.flatnonzero(step[begin:end] - step[begin] >= steps) if steps else (0,)
        if len(late):
            if may_fire:
                yield begin + int(late[0])
            may_fire = not may_fire


def _of_findings(sought: FindingSought, seen: Seen) -> Iterator[Crossing]:
    least = SEVERITIES.index(sought.severity)
    for found in seen.findings():
        if sought.kind in (None, found["kind"]) and SEVERITIES.index(found["severity"]) <= least:
            wall_time = seen.now if found["wall_time"] is None else found["wall_time"]
            yield Crossing(found["step"], wall_time, found["sentence"], found["severity"], found["id"])


def _of_silence(silence: Silence, seen: Seen) -> Iterator[Crossing]:
    time, step = _all_times(silence.seconds, seen)
    if not len(time):
        return
    gaps = np.append(np.diff(time), seen.now - time[-1])
    for place in np.flatnonzero(gaps >= silence.seconds):
        moment = float(time[place]) + silence.seconds
        life = max((each for each in seen.lives if each.began <= moment), key=lambda each: each.began, default=None)
        if life is not None and (life.status in ("running", "crashed") or life.last >= moment):
            said = f"nothing was logged for {silence.seconds:g} s after step {int(step[place])}"
            yield Crossing(int(step[place]), moment, said)


def _all_times(seconds: float, seen: Seen) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The times of all points, ascending, and the steps that were reached then.

    One tag is enough where it has no such gap itself, which saves reading all others.
    """
    time, step = np.empty(0), np.empty(0, np.int64)
    for tag in seen.tags:
        points = seen.points(tag)
        if points is None or not len(points.step):
            continue
        time, step = np.concatenate([time, points.wall_time]), np.concatenate([step, points.step])
        order = np.argsort(time, kind="stable")
        time, step = time[order], np.maximum.accumulate(step[order])
        if seen.now - time[-1] < seconds and not (np.diff(time) >= seconds).any():
            break
    return time, step


def _of_crashes(_: Crash, seen: Seen) -> Iterator[Crossing]:
    for life in seen.lives:
        if life.status == "crashed":
            points = next((points for tag in seen.tags if (points := seen.points(tag)) is not None), None)
            before = [] if points is None else points.step[points.wall_time <= life.last].tolist()
            step = before[-1] if before else None
            yield Crossing(step, life.last, "the run crashed", "error", f"crash {life.id}")


def _of_alerts(own: OwnAlert, seen: Seen) -> Iterator[Crossing]:
    least = SEVERITIES.index(own.level)
    for mark in seen.marks():
        level = mark.attributes.get("level")
        level = level if level in SEVERITIES else "info"
        if mark.kind == "alert" and SEVERITIES.index(level) <= least:
            text = mark.attributes.get("details")
            said = f"{mark.text}: {text}" if isinstance(text, str) and text else mark.text
            yield Crossing(mark.step, mark.wall_time, said, level, f"{mark.wall_time.hex()} {mark.text}")
