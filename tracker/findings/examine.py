"""Examine: all detectors asked about a training, and what they say put in order."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tracker.findings import detectors
from tracker.findings.detector import registered
from tracker.findings.finding import SEVERITIES, Finding
from tracker.findings.training import Training


def examine(training: Training) -> list[Finding]:
    """What all detectors find, the worst first."""
    _load()
    found: list[Finding] = []
    for find in registered().values():
        found += find(training)
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), -each.confidence, each.step or 0))


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(detectors.__path__):
        importlib.import_module(f"{detectors.__name__}.{module.name}")
