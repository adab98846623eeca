"""Diff: where two runs parted, and what about them is different, which may be why."""

from __future__ import annotations

import dataclasses
from typing import Any

from dashboard.brief.settings import differences
from dashboard.diff.circumstances import ORDER, circumstances
from dashboard.diff.parting import Floats, Ints, parting
from dashboard.live.headline import rank
from tracker.store.read.left_out import LeftOut
from tracker.store.read.run import StoredRun

MOST_TAGS = 400
"""Curves that are compared, those that runs are judged by first."""

MOST_POINTS = 20_000
"""Of one curve."""

_TOLD = ("code", "packages", "machine")
"""What a run that says nothing may still have other than another."""

_NEVER = ("machine/", "time/", "passes/")
"""What no two runs have alike."""


def diff(first: StoredRun, second: StoredRun, left_out: LeftOut | None = None) -> dict[str, Any]:
    """Two runs beside each other.

    Args:
        first, second: The runs.
        left_out: Takes what of them could not be read.

    Returns:
        "circumstances": by part in the order of `ORDER`, by name [first, second]; "parted": the curves that both have
        and that part, the earliest first; "together": those that do not; "only": tags of one of them. "unknown": parts
        that one of them says nothing of.
    """
    left_out = LeftOut() if left_out is None else left_out
    sides: list[dict[str, dict[str, Any]]] = []
    for run in (first, second):
        found: dict[str, dict[str, Any]] = {part: {} for part in ORDER}
        with left_out.reading(run.name), run.held() as held:
            found = circumstances(held)
        sides.append(found)
    parted, together, only = _curves(first, second, left_out)
    return {
        "runs": [first.name, second.name],
        "circumstances": {part: differences(sides[0][part], sides[1][part]) for part in ORDER},
        "unknown": [part for part in _TOLD if not sides[0][part] or not sides[1][part]],
        "parted": parted,
        "together": together,
        "only": only,
        "problems": left_out.parts,
    }


def _points(run: StoredRun, tag: str) -> tuple[Ints, Floats]:
    """All of them; of a long curve the means of as many columns."""
    means = run.envelope(tag, MOST_POINTS)
    if means.points > MOST_POINTS:
        return means.step_first, means.mean
    points = run.scalars(tag)
    return points.step, points.value


def _curves(first: StoredRun, second: StoredRun, left_out: LeftOut) -> tuple[list[Any], list[str], list[list[str]]]:
    parted: list[dict[str, Any]] = []
    together: list[str] = []
    with first.held() as a, second.held() as b:
        tags, others = a.tags("scalar"), b.tags("scalar")
        known = set(others)
        both = [tag for tag in tags if tag in known and not tag.startswith(_NEVER)]
        both.sort(key=lambda tag: (rank(tag) is None, rank(tag) or 0))
        for tag in both[:MOST_TAGS]:
            with left_out.reading(first.name, tag):
                found = parting(*_points(a, tag), *_points(b, tag))
                if found.step is None:
                    together.append(tag)
                else:
                    parted.append({"tag": tag, **dataclasses.asdict(found)})
    parted.sort(key=lambda each: each["step"])
    return parted, together, [sorted({*tags} - known), sorted(known - {*tags})]
