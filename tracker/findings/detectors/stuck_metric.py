"""stuck_metric: a number that should move cannot.

Definition: a loss or score has one value to the last digit at 15 or more points that are at least 60 % of all its
points up to its last, while the training loss moves in the same stretch. A score must be below 0.9, a loss not 0.

Thresholds: a score of few samples has few values, and stays at a high one once it got there: near its end nothing is
said. A loss is a mean of many digits: 5 equal ones in a row are enough. Where the score of one class is 0 or that of a
share of samples and others move, class_collapse says more, so that this is only a warning once nothing in the same
family moves at all.

Seen on seeded trainings: right in 6 of 6 (a score always 0, one of the first batch, a validation loss of an old copy).
Said beside class_collapse, rightly so. Healthy, 198: nothing.

Source: practice: a metric that is computed from a stale copy, the wrong variable, or outputs that were never compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import ends
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss
from tracker.findings.ordered import distinct
from tracker.findings.pairs import is_accuracy, share
from tracker.findings.training import Series, Training

_POINTS, _LOSS_POINTS, _SHARE, _GOOD = 15, 6, 0.6, 0.9


@detector("stuck_metric")
def stuck_metric(training: Training) -> Iterator[Finding]:
    """A finding for each such number."""
    roles = training.roles
    loss = training_loss(training).finite
    for tag in (*roles.train_loss, *roles.val_loss, *roles.train_score, *roles.val_score):
        series = training.series(tag)
        is_loss = tag in roles.train_loss or tag in roles.val_loss
        since = _since(series, _LOSS_POINTS if is_loss else _POINTS)
        if since is None:
            continue
        value, begin = float(series.value[-1]), int(series.step[since])
        other = _other(training, tag, loss)
        moved = other.value[(other.step >= begin) & (other.step <= series.step[-1])] if other is not None else []
        level = float(share(series).value[-1]) if is_accuracy(tag) else value
        if other is None or len(distinct(moved)) < 3 or (is_loss and value == 0) or (not is_loss and level >= _GOOD):
            continue
        lr = learning_rates(training).finite
        if len(lr) and not (lr.value[lr.step >= begin] > 1e-3 * lr.value.max()).any():
            continue  # nothing was meant to move
        levels = ends(np.asarray(moved))
        # A validation loss is the same as well where no weight moves; the training loss is then noise alone.
        learns = levels.fall > 0.3 if not is_loss else ends(np.asarray(moved), 0.3, 1000).is_lower
        severity = "warning" if learns and (value != 0 or since == 0) else "info"
        yield Finding(
            "stuck_metric", severity,
            f"{tag} is {value:.6g} at all {len(series) - since} points from step {begin} on, to the last digit, while "
            f"{other.tag} goes from {levels.start:.4g} to {levels.end:.4g}.",
            f"Print what {tag} is computed from at two steps: it may be an old copy, or another variable.",
            None, begin, int(series.step[-1]), 0.75 if severity == "warning" else 0.4,
            Evidence((tag, other.tag), (begin, int(series.step[-1]))),
        )  # fmt: skip


def _since(series: Series, points: int) -> int | None:
    """The index from which on it has been the same; None where that is too short a time."""
    value = series.value
    if len(value) < points or not np.isfinite(value[-1]):
        return None
    differs = np.flatnonzero(value != value[-1])
    since = int(differs[-1]) + 1 if len(differs) else 0
    return since if len(value) - since >= max(points, _SHARE * len(value)) else None


def _other(training: Training, tag: str, loss: Series) -> Series | None:
    """What moves meanwhile: the training loss, or for it, another number of the training."""
    if len(loss) >= 5 and loss.tag != tag:
        return loss
    others = (each for each in (*training.roles.train_score, *training.roles.grad_norm) if each != tag)
    return next((training.series(each).finite for each in others), None)
