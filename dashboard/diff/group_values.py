"""The value that each run of a group is judged by, and two groups compared by it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.brief.course import COLUMNS, course
from dashboard.diff.seeds import compare
from dashboard.live.headline import headlines
from tracker.store.read.left_out import LeftOut
from tracker.store.read.run import StoredRun


def compared(
    first: Sequence[StoredRun], second: Sequence[StoredRun], tag: str | None, left_out: LeftOut
) -> dict[str, Any]:
    """Two groups by the last value of a metric in each run.

    Args:
        first, second: The groups' runs.
        tag: The metric; None for what runs are judged by that most of them have.
        left_out: Takes what of them could not be read.

    Raises:
        ValueError: they have no such metric, or no finite value of it.
    """
    tag = tag or _judged([*first, *second], left_out)
    values = [_last(side, tag, left_out) for side in (first, second)]
    for side, runs in zip(values, (first, second), strict=True):
        if not side:
            raise ValueError(f"none of the {len(runs)} runs {runs[0].name} … has a finite last value of {tag}")
    verdict = compare(*(np.array(list(side.values())) for side in values))
    return {"tag": tag, "values": values, **dataclasses.asdict(verdict)}


def _judged(runs: Sequence[StoredRun], left_out: LeftOut) -> str:
    counts: Counter[str] = Counter()
    for run in runs:
        with left_out.reading(run.name):
            counts.update(run.tags("scalar"))
    first = headlines(counts, 1)
    if not first:
        raise ValueError("these runs have no metric that runs are judged by; name one with --tag")
    return first[0]


def _last(runs: Sequence[StoredRun], tag: str, left_out: LeftOut) -> dict[str, float]:
    found = {}
    for run in runs:
        with left_out.reading(run.name, tag):
            last = course(run.envelope(tag, COLUMNS)).last
            if last is not None:
                found[run.name] = last
    return found
