"""Diagnosed: what a stored run has for findings, imported when somebody asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tracker.findings.finding import Finding
    from tracker.findings.training import Series, Training
    from tracker.store.read.run import StoredRun

Found = TypeVar("Found")


@dataclass(frozen=True)
class Examination:
    """What was found in a run, and what was left out of looking at it."""

    findings: list[Finding]
    """The worst first."""
    unread: dict[str, Exception]
    """What of the run could not be read: tags, "marks", "histograms" …"""
    failed: dict[str, Exception]
    """By kind, what a detector raised."""
    wall_times: list[float | None]
    """Of each finding when its first step was logged, where that is known."""

    def as_dicts(self) -> list[dict[str, Any]]:
        """The findings as JSON values, each with its `wall_time`."""
        return [each.as_dict() | {"wall_time": when} for each, when in zip(self.findings, self.wall_times, strict=True)]


class Diagnosed:
    """The part of a `StoredRun` that has findings."""

    def findings(self: Any) -> list[Finding]:
        """What is wrong with the training, or worth knowing, the worst first; see `tracker.findings`.

        A function of the points that are stored, however they came there. What cannot be read, and a detector that
        fails, is said in the log and costs the others nothing.
        """
        found = examination(self)
        if found.unread:
            import logging  # here: seldom needed, and a reader would wait for it

            logger = logging.getLogger("tracker")
            for what, error in found.unread.items():
                logger.warning("viz: the findings of %s are without %.200s: %s", self.name, what, error)
        return found.findings


def examination(
    stored: StoredRun, between: Callable[[], None] = lambda: None, rest: Callable[[], None] = lambda: None
) -> Examination:
    """What all detectors find in a run.

    Args:
        stored: The run.
        between: Called after each detector: who shares an interpreter with others rests there.
        rest: Called between two files that are read, likewise.

    Raises:
        DamagedBytesError: not even the names of its series can be read.
    """
    from tracker.findings.examine import examine
    from tracker.findings.training import Series, Training
    from tracker.store.read.rank_points import newest_of_ranks
    from tracker.store.read.training_points import TrainingPoints

    with stored.held(rest) as run:
        points = TrainingPoints(run._files)
        unread: dict[str, Exception] = {}
        failed: dict[str, Exception] = {}

        def read(tag: str) -> Series:
            step, wall_time, value = points.of(tag)
            return Series(tag, step, value, wall_time)

        def read_ranks(tag: str) -> dict[int, Series]:
            found = newest_of_ranks(run._files, tag)
            return {rank: Series(tag, step, value, wall_time) for rank, (step, wall_time, value) in found.items()}

        def part(what: str, question: Callable[[], Found], nothing: Found) -> Found:
            try:
                return question()
            except Exception as error:  # noqa: BLE001 a file may hold anything; the rest of the run is examined
                unread[what] = error
                return nothing

        has_graph = part("graph", lambda: bool(run.tags("graph")), False)
        training = Training(
            run.config,
            run.status,
            points.tags,
            read,
            part("marks", run.marks, []),
            part("histograms", lambda: run.tags("histogram"), []),
            run.histograms,
            lambda: part("graph", lambda: run.graph() if has_graph else None, None),
            ranks=sorted({segment.rank for segment in run.segments() if segment.rank is not None}),
            read_ranks=read_ranks,
            unread=unread,
        )
        for tag in points.tags:
            training.series(tag)
    # With the files let go of: how long detectors think is nothing that a writer should wait for.
    found = examine(training, failed, between)
    return Examination(found, unread, failed, [_moment_of(each, training) for each in found])


def _moment_of(finding: Finding, training: Training) -> float | None:
    """When the first step of a finding was logged, by the first of its tags that goes so far."""
    if finding.step is None:
        return None
    for tag in (*finding.evidence.tags, *training.roles.train_loss[:1]):
        series = training.series(tag)
        reached = (series.step >= finding.step).nonzero()[0]
        if len(reached):
            moment = float(series.wall_time[reached[0]])
            return moment if math.isfinite(moment) else None
    return None
