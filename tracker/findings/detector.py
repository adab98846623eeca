"""Detectors: functions from a training to findings, each registered under the kind that it finds.

A user's own is one function:

    from tracker import Finding, detector

    @detector("loss_too_round")
    def loss_too_round(training):
        for tag in training.roles.train_loss:
            series = training.series(tag).finite
            if len(series) > 100 and (series.value == series.value.round()).all():
                yield Finding("loss_too_round", "warning", f"{tag} is whole at every step.", "Log it as a float.")

It is asked of the runs that the same process examines, by `run.findings()`; `viz check --detectors FILE` and
`viz serve --detectors FILE` read such a file first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracker.findings.finding import Finding
from tracker.findings.training import Training

Detector = Callable[[Training], Iterable[Finding]]

_registered: dict[str, Detector] = {}


def detector(kind: str) -> Callable[[Detector], Detector]:
    """Registers a function that yields findings of a kind; a later one of the same kind stands in for it.

    Whatever it raises is said in the log of the process, with its kind, and costs its own findings only.
    """

    def register(function: Detector) -> Detector:
        if function.__module__.startswith("tracker.findings.") and kind in _registered:
            return function  # a user's own was there first
        _registered[kind] = function
        return function

    return register


def registered() -> dict[str, Detector]:
    """Those there are by now, by kind."""
    return dict(_registered)
