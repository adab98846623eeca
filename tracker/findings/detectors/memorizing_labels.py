"""memorizing_labels: the labels say nothing of the inputs, and are learnt by heart.

Definition: the training loss falls, and the validation loss is never below what it was before the first step: not at
the first validation and not later. (Where it fell first and rose then, it is `overfitting`.)

Thresholds: the first validation is at 0.85 of the first training loss or more, which is chance for a network that knows
nothing, and none is below 0.95 of it (0.92 where the training loss fell far); a task with anything to learn is below
that before the training loss has fallen by a fifth. Accuracy, where it is logged, must not have grown by
a tenth, nor be above 0.75. A training loss that has halved is an error, one that fell by a fifth a warning.

Measured, and tuned, on 12 trainings with shuffled labels or targets: 8 found. Missed: three regressions whose first
losses lay far above chance, and three classes of wine. One collapsed training of a dozen validation samples was
called this. Healthy: 0 of 144.

Source: Zhang et al., "Understanding Deep Learning Requires Rethinking Generalization" (2017): networks fit random
labels, and only the validation tells.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.pairs import (
    Pair,
    accuracies,
    accuracy_pair,
    beginning,
    loss_pair,
    middle,
    never_learnt,
    noise,
    share,
    smooth,
)  # fmt: skip
from tracker.findings.training import Training

_LEAST_POINTS = 4
_ADVICE = "Look at twenty samples beside their labels: a shuffle, a join or an index may have parted them."


@detector("memorizing_labels")
def memorizing_labels(training: Training) -> Iterator[Finding]:
    """A training loss that falls beside a validation that never learns."""
    pair = loss_pair(training)
    if pair is None:
        yield from _by_accuracy(accuracy_pair(training))
        return
    if len(pair) < _LEAST_POINTS:
        return
    start, train_end = beginning(pair.train), middle(pair.train_level)
    val = smooth(pair.val_level)
    if not 0 < train_end <= 0.8 * start or middle(val) < 0.97 * start or not never_learnt(pair):
        return
    if not _begins_at_chance(pair):
        return
    for tag in accuracies(training, training.roles.val_score)[:1]:
        right = share(training.series(tag)).value
        if middle(right) > min(float(right[0]) + 0.1, 0.75):
            return
    step = int(pair.step[0])
    yield Finding(
        "memorizing_labels", "error" if train_end <= 0.5 * start else "warning",
        f"{pair.train.tag} fell from {start:.3g} to {train_end:.3g}, but {pair.val.tag} was never below "
        f"{val.min():.3g}: what is learnt says nothing of the validation.",
        _ADVICE, None, step, None, 0.9, Evidence(pair.tags, (step, int(pair.step[-1]))),
    )  # fmt: skip


def _begins_at_chance(pair: Pair) -> bool:
    """Whether the first training loss is of a network that knows nothing yet.

    It is where steps were logged before the first validation. A first epoch's mean is where it is about ln 2, or more
    than 0.85: the variance of standardised targets, or three classes and more.
    """
    start = beginning(pair.train)
    logged = int(np.searchsorted(pair.train.step, pair.val.step[0]))
    return logged >= 2 or abs(start / np.log(2) - 1) < 0.1 or start > 0.85


def _by_accuracy(pair: Pair | None) -> Iterator[Finding]:
    """Where no loss was validated: an accuracy that stays where it began, far below that of the training."""
    if pair is None or len(pair) < 2 * _LEAST_POINTS:
        return
    began, train_end, val = float(pair.val_level[:3].mean()), middle(pair.train_level), smooth(pair.val_level)
    if began > 0.6 or train_end < began + 0.3 or val.max() > began + 0.06 + 2 * noise(pair.val_level):
        return
    if pair.train_level[0] > began + 0.2:  # it had learnt before the first validation
        return
    step = int(pair.step[0])
    yield Finding(
        "memorizing_labels", "warning",
        f"{pair.train.tag} grew to {train_end:.1%}, and {pair.val.tag} is {middle(val):.1%} as it was at first.",
        _ADVICE, None, step, None, 0.8, Evidence(pair.tags, (step, int(pair.step[-1]))),
    )  # fmt: skip
