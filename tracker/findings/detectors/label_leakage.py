"""label_leakage: the answer is among the features.

Definition: the validation is perfect almost at once, and stays so.

Thresholds: an accuracy of at least 0.99 at all validations but the first (two, or less than half of them). An easy
task looks the same, and no curve tells one from the other, so this is told and not warned of, unless it is 0.998 and
more after two validations and there are 20 features and 5 classes or more (which two moons and blobs do not have, nor a
lucky hundred of samples of two classes).
Without accuracies: a validation loss of 1 % of the first training loss by then.

Measured, and tuned, on 12 trainings with the label among the features: 12 found, 4 of them as a warning. Healthy:
told of 12 of 144, all of easy tasks (blobs, wine, breast cancer), warned of none.

Source: Kaufman et al., "Leakage in Data Mining: Formulation, Detection, and Avoidance" (2012): too good to be true.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.model_graph import model_graph
from tracker.findings.ordered import distinct
from tracker.findings.pairs import accuracy_pair, beginning, loss_pair
from tracker.findings.training import Training

_LEAST_POINTS = 5


@detector("label_leakage")
def label_leakage(training: Training) -> Iterator[Finding]:
    """A validation that is perfect before there was time to learn."""
    scores, losses = accuracy_pair(training), loss_pair(training)
    if losses is not None and len(distinct(losses.val.value)) < 3:
        return
    start = 0.0 if losses is None else beginning(losses.train)
    left = np.ones(0) if losses is None else losses.val.value / max(start, 1e-12)
    if scores is not None and len(scores.val) >= _LEAST_POINTS:
        series, perfect = scores.val, scores.val.value >= 0.99
        graph = model_graph(training)
        hard = (graph.inputs or 0) >= 20 and (graph.outputs or 0) >= 5
        sure = hard and bool((scores.val.value[2:] >= 0.998).all())
    elif scores is None and losses is not None and len(left) >= _LEAST_POINTS and left.min() >= 0:
        series, perfect, sure = losses.val, left <= 0.01, False
    else:
        return
    first = int(np.flatnonzero(~perfect)[-1]) + 1 if not perfect.all() else 0
    if first > max(2, 0.45 * len(perfect)) or first == len(perfect):
        return
    loud = sure and first <= 2
    step = int(series.step[first])
    yield Finding(
        "label_leakage", "warning" if loud else "info",
        f"{series.tag} is perfect from step {step} on, at all but the first {first} of {len(perfect)} validations: "
        "the task is very easy, or the answer is among the inputs.",
        "Leave out the inputs one group at a time: if one alone carries the result, ask where it comes from.",
        None, step, None, 0.8 if loud else 0.4, Evidence((series.tag,), (step, int(series.step[-1]))),
    )  # fmt: skip
