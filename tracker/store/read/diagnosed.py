"""Diagnosed: what a stored run has for findings, imported when somebody asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.findings.finding import Finding
    from tracker.store.read.run import StoredRun


class Diagnosed:
    """The part of a `StoredRun` that has findings."""

    def findings(self: Any) -> list[Finding]:
        """What is wrong with the training, or worth knowing, the worst first; see `tracker.findings`."""
        with self.held() as run:  # it is a StoredRun, which stands on this class
            return _findings(run)


def _findings(run: StoredRun) -> list[Finding]:
    from tracker.findings.examine import examine
    from tracker.findings.training import Series, Training

    def read(tag: str) -> Series:
        points = run.scalars(tag)
        return Series(tag, points.step, points.value, points.wall_time)

    return examine(
        Training(run.config, run.status, run.tags("scalar"), read, run.marks(), run.tags("histogram"), run.histograms)
    )
