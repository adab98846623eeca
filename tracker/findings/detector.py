"""Detectors: functions from a training to findings, each registered under the kind that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracker.findings.finding import Finding
from tracker.findings.training import Training

Detector = Callable[[Training], Iterable[Finding]]

_registered: dict[str, Detector] = {}


def detector(kind: str) -> Callable[[Detector], Detector]:
    """Registers a function that yields findings of a kind; a later one of the same kind stands in for it."""

    def register(function: Detector) -> Detector:
        if function.__module__.startswith("tracker.findings.") and kind in _registered:
            return function  # a user's own was there first
        _registered[kind] = function
        return function

    return register


def registered() -> dict[str, Detector]:
    """Those there are by now, by kind."""
    return dict(_registered)
