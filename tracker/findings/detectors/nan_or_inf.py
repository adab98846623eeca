"""nan_or_inf: the training makes a value that is not finite.

Definition: the loss, or the length of all gradients, is NaN or infinite at some step, or who made the first such value
was marked. There is no threshold.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.training import Training

_ADVICE = "Train again with detect_anomaly=True to have the operation and its line named, and a tenth of the lr."


@detector("nan_or_inf")
def nan_or_inf(training: Training) -> Iterator[Finding]:
    """The mark of who made it, else the first series that shows it."""
    for mark in training.marks:
        if mark.kind == "anomaly":
            layer = mark.attributes.get("node")
            yield Finding(
                "nan_or_inf", "error", mark.text, _ADVICE, str(layer).replace("/", ".") if layer else None,
                mark.step, mark.step, 0.99, Evidence(training.roles.train_loss[:1]),
            )  # fmt: skip
            return
    first: tuple[int, str] | None = None
    for tag in (*training.roles.train_loss, *training.roles.grad_norm):
        series = training.series(tag)
        odd = np.flatnonzero(~np.isfinite(series.value))
        if len(odd) and (first is None or series.step[odd[0]] < first[0]):
            first = int(series.step[odd[0]]), tag
    if first is not None:
        step, tag = first
        yield Finding(
            "nan_or_inf", "error", f"{tag} is not finite at step {step}.", _ADVICE, None, step, None, 0.99,
            Evidence((tag,), (step, step)),
        )  # fmt: skip
