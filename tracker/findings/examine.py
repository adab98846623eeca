"""Examine: all detectors asked about a training, and what they say put in order."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from itertools import islice

import numpy as np

from tracker.findings import detectors
from tracker.findings.causes import reconciled
from tracker.findings.detector import Detector, registered
from tracker.findings.finding import Finding, rank_of
from tracker.findings.training import Training

MOST_FINDINGS = 1_000
"""Of one detector: a model may have as many layers, and one that never comes to an end is to end."""


def examine(
    training: Training, failed: dict[str, Exception] | None = None, between: Callable[[], None] = lambda: None
) -> list[Finding]:
    """What all detectors find, the worst first; of several with the same `id` the first of that order.

    Args:
        training: What is known of the run.
        failed: Takes what a detector raised, by its kind. It costs that detector's findings only, and is said once in
            the log.
        between: Called after each detector: who shares an interpreter with others rests there.
    """
    load()
    found: list[Finding] = []
    for kind, find in registered().items():
        try:
            with np.errstate(all="ignore"):
                found += _found_by(find, training)
        except Exception as error:  # noqa: BLE001 whatever one detector meets, the others are asked
            _tell(kind, error)
            if failed is not None:
                failed[kind] = error
        between()
    by_id: dict[str, Finding] = {}
    for finding in sorted(found, key=rank_of):
        by_id.setdefault(finding.id, finding)
    return sorted(reconciled([*by_id.values()]), key=rank_of)


def _found_by(find: Detector, training: Training) -> list[Finding]:
    found = []
    for each in islice(find(training), MOST_FINDINGS):
        if not isinstance(each, Finding):
            raise TypeError(f"a detector yields findings; got {type(each).__name__}")
        found.append(each.checked())
    return found


_told: set[tuple[str, str]] = set()


def _tell(kind: str, error: Exception) -> None:
    import logging  # here: seldom needed, and a reader would wait for them
    import traceback

    logger = logging.getLogger("tracker")
    at = traceback.extract_tb(error.__traceback__)[-1]
    if (kind, type(error).__name__) not in _told and len(_told) < MOST_FINDINGS:
        _told.add((kind, type(error).__name__))
        said = f"{type(error).__name__}: {error!s:.200}"
        logger.warning("viz: the detector of %s is left out: %s (%s:%s)", kind, said, at.filename, at.lineno)


@cache
def load() -> None:
    """Registers the detectors of this package."""
    for module in pkgutil.iter_modules(detectors.__path__):
        importlib.import_module(f"{detectors.__name__}.{module.name}")
