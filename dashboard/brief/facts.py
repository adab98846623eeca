"""Facts: all that a brief says of a run, as JSON values, before anything is left out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from typing import Any

from dashboard.brief.course import COLUMNS, course
from dashboard.brief.settings import differences
from dashboard.live.headline import headlines
from tracker.findings.inner_tags import is_inner
from tracker.name_order import name_order
from tracker.store.read.left_out import LeftOut
from tracker.store.read.run import StoredRun

MOST_TAGS = 40
"""Curves that are told of, the ones that runs are judged by first."""

MOST_SAID = 20
"""Marks, commands and settings that differ, the newest or first of each."""

MOST_COMPARED = 20
"""Runs that are asked whether they came before."""

_KINDS = ("histogram", "image", "audio", "video", "text", "table", "graph", "profile")


def facts(run: StoredRun, others: Iterable[StoredRun] = (), left_out: LeftOut | None = None) -> dict[str, Any]:
    """What there is to say of a run. What cannot be read is named in "problems", and the rest is told.

    Args:
        run: The run.
        others: Of the same logdir; the newest that began before it is what its settings are compared with.
        left_out: Takes what of the run could not be read.
    """
    left_out = LeftOut() if left_out is None else left_out
    found: dict[str, Any] = {"run": run.name, "status": "unreadable"}
    with left_out.reading(run.name), run.held() as held:
        left_out.look_at(held)
        segments = held.segments()
        found |= _about(held, segments)
        found["metrics"] = _metrics(held, left_out)
        with left_out.reading(run.name, "findings"):
            found["findings"] = [_finding(each) for each in held.findings()]
        found["changed"] = _changed(held, others, left_out)
        with left_out.reading(run.name, "marks"):
            found["marks"] = [
                {"step": each.step, "kind": each.kind, "text": each.text} for each in held.marks()[-MOST_SAID:]
            ]
        with left_out.reading(run.name, "commands"):
            found["commands"] = [
                {"name": each.name, "value": each.value, "step": each.step, "outcome": each.outcome}
                for each in held.commands()[-MOST_SAID:]
            ]
    found["problems"] = list(left_out.parts.get(run.name, ()))
    return found


def _about(run: StoredRun, segments: list[Any]) -> dict[str, Any]:
    now = time.time()
    newest = segments[-1] if segments else None
    ended = newest.ended if newest else None
    began = run.started
    last = max((each.heartbeat for each in segments), default=None)
    return {
        "status": run.status,
        "started": began,
        "seconds": None if began is None else (ended or last or now) - began,
        "ending": newest.ending if newest else None,
        "group": newest.group if newest else None,
        "tags": list(newest.tags) if newest else [],
        "notes": newest.notes if newest else "",
        "config": run.config,
        "code": _code(run),
        "kinds": {kind: count for kind in _KINDS if (count := len(run.tags(kind)))},
    }


def _code(run: StoredRun) -> dict[str, Any]:
    """Where the code was, of the first process that said so."""
    for about in run.environment():
        git = about.get("git")
        found = {
            "host": about.get("host"),
            "command": about.get("command"),
            "commit": git.get("commit") if isinstance(git, Mapping) else None,
            "changed": git.get("changed") if isinstance(git, Mapping) else None,
        }
        return {key: value for key, value in found.items() if value is not None}
    return {}


def _metrics(run: StoredRun, left_out: LeftOut) -> dict[str, Any]:
    tags = run.tags("scalar")
    outer = [tag for tag in tags if not is_inner(tag)]
    first = headlines(dict.fromkeys(outer, 1), MOST_TAGS)
    found = {}
    for tag in [*first, *(tag for tag in outer if tag not in first)][:MOST_TAGS]:
        with left_out.reading(run.name, tag):
            found[tag] = dataclasses.asdict(course(run.envelope(tag, COLUMNS)))
    return {"told": found, "of": len(tags), "inner": len(tags) - len(outer)}


def _finding(finding: Any) -> dict[str, Any]:
    return {**dataclasses.asdict(finding), "evidence": list(finding.evidence.tags)}


def _changed(run: StoredRun, others: Iterable[StoredRun], left_out: LeftOut) -> dict[str, Any] | None:
    """Which settings are others than those of the run before; None where there is none to compare with."""
    began = run.started
    if began is None:
        return None
    near = sorted((each for each in others if each.name != run.name), key=lambda each: _distance(each.name, run.name))
    before: tuple[float, str, dict[str, Any]] | None = None
    for other in near[:MOST_COMPARED]:
        with left_out.reading(other.name), other.held() as held:
            at, config = held.started, held.config
            if at is not None and at < began and config and (before is None or at > before[0]):
                before = at, other.name, config
    if before is None:
        return None
    return {"since": before[1], "settings": differences(before[2], run.config)}


def _distance(name: str, other: str) -> tuple[int, Any]:
    """Runs of the same folder first."""
    own, theirs = name.split("/")[:-1], other.split("/")[:-1]
    same = next((i for i, pair in enumerate(zip(own, theirs, strict=False)) if pair[0] != pair[1]), len(theirs))
    return -same, name_order(name)
