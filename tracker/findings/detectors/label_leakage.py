"""label_leakage: the answer is among the features.

Definition: the validation is perfect almost at once, and stays so.

Thresholds: an accuracy of at least 0.998 and a loss of at most 3 % of chance (the first training loss) within the
first validations, faster than the tasks that are honestly easy. An easy task looks the same, and no curve can tell one
from the other: so it is told, and a warning only where the loss is gone within two validations of many.

Source: Kaufman et al., "Leakage in Data Mining: Formulation, Detection, and Avoidance" (2012): too good to be true.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.pairs import accuracy_pair, beginning, loss_pair
from tracker.findings.training import Training

_LEAST_POINTS = 5


@detector("label_leakage")
def label_leakage(training: Training) -> Iterator[Finding]:
    """A validation that is perfect before there was time to learn."""
    scores, losses = accuracy_pair(training), loss_pair(training)
    if scores is None or len(scores.val) < _LEAST_POINTS:
        return
    right = scores.val.value
    perfect = right >= 0.998
    if not perfect[-1]:
        return
    first = int(np.flatnonzero(~perfect)[-1]) + 1 if not perfect.all() else 0
    if first > max(2, 0.2 * len(right)):
        return
    sure = False
    if losses is not None and len(losses.val) > first:
        sure = bool(losses.val.value[min(1, len(losses.val) - 1)] <= 0.03 * beginning(losses.train))
    step = int(scores.val.step[first])
    yield Finding(
        "label_leakage", "warning" if sure and first <= 1 else "info",
        f"{scores.val.tag} is perfect from step {step} on, after {first + 1} of {len(right)} validations: "
        "the task is very easy, or the answer is among the inputs.",
        "Leave out the inputs one group at a time: if one alone carries the result, ask where it comes from.",
        None, step, None, 0.8 if sure else 0.4, Evidence((scores.val.tag,), (step, int(scores.val.step[-1]))),
    )  # fmt: skip
