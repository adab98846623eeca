"""class_collapse: the model gives one class to everything.

Definition: the validation's accuracy is one number, to the last digit, for the last 60 % of the run, and the training
knows no more than the shares of the classes: its loss is what a constant answer of that accuracy costs, or impossibly
low for it (a loss that does not count the other classes). Or a class's recall is 0 all that time beside it. Or `watch`
saw one class put out for whole batches.

Thresholds: a constant answer that is right for a share a of samples has a loss of at least -a ln a - (1-a) ln(1-a)
(for a <= 0.5: -ln a), and a learner is below 0.93 of it before its accuracy stands still. A wrong answer costs at least
ln 2 with cross-entropy, so a loss below half of (1-a) ln 2 is of something else. Above an accuracy of 0.985 nothing is
said: it may be all there is to learn.

Source: entropy as the loss of the best constant answer; practice with unbalanced classes (He & Garcia, 2009).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.pairs import accuracies, middle, share, words
from tracker.findings.training import Series, Training

_LEAST_POINTS = 5
_PER_CLASS = frozenset("recall precision f1 sensitivity specificity tpr tnr".split())
_ADVICE = "Print the predictions of one batch and the counts of its labels; then weight or resample the rare classes."


@detector("class_collapse")
def class_collapse(training: Training) -> Iterator[Finding]:
    """An accuracy that is the share of a class."""
    roles = training.roles
    missed = _missed(training)
    for tag in accuracies(training, roles.val_score)[:1]:
        right = share(training.series(tag))
        constant = _constant_from(right)
        if constant is None or not 0 < right.value[-1] <= 0.985:
            continue
        a = float(right.value[-1])
        since = int(right.step[constant])
        if missed is None and not (_knows_only_shares(training, a, since) and _val_agrees(training, a, since)):
            continue
        also = "" if missed is None else f" and {missed} is 0"
        step = int(right.step[constant])
        yield _finding(f"{tag} is {a:.4g} at every validation since step {step}{also}: one class is given to all.",
                       step, int(right.step[-1]), (tag, *([missed] if missed else [])), 0.9)  # fmt: skip
        return
    same = training.series("output/constant").finite
    if len(same) >= _LEAST_POINTS:
        late = same.value[int(0.4 * len(same)) :]
        step = int(same.step[int(0.4 * len(same))])
        if late.min() >= 0.999 and _classifies(training) and _knows_only_shares(training, None, step):
            yield _finding(f"The model gave one class to the whole of every batch that was looked at since step {step}.",
                           step, int(same.step[-1]), ("output/constant",), 0.85)  # fmt: skip


def _finding(sentence: str, step: int, last: int, tags: tuple[str, ...], confidence: float) -> Finding:
    return Finding("class_collapse", "warning", sentence, _ADVICE, None, step, None, confidence,
                   Evidence(tags, (step, last)))  # fmt: skip


def _constant_from(series: Series) -> int | None:
    """The index since which it is one number; None unless that is the last 60 %."""
    if len(series) < _LEAST_POINTS:
        return None
    differs = np.flatnonzero(np.abs(series.value - series.value[-1]) > 1e-9)
    since = int(differs[-1]) + 1 if len(differs) else 0
    return since if since <= 0.4 * len(series) and len(series) - since >= _LEAST_POINTS else None


def _missed(training: Training) -> str | None:
    """A class's recall, or the like, that is 0 for the last 60 %, where another number of the run is not."""
    for tag in training.tags:
        if _PER_CLASS & {*words(tag)}:
            series = training.series(tag).finite
            since = _constant_from(series)
            if since is not None and series.value[-1] == 0:
                return tag
    return None


def _classifies(training: Training) -> bool:
    return bool(accuracies(training, (*training.roles.train_score, *training.roles.val_score)))


def _knows_only_shares(training: Training, a: float | None, step: int) -> bool:
    """Whether the training's loss and accuracy since a step are those of a constant answer."""
    right = [_late(training.series(tag).finite, step) for tag in accuracies(training, training.roles.train_score)[:1]]
    losses = [_late(training.series(tag).finite, step) for tag in training.roles.train_loss[:1]]
    if not losses or not len(losses[0]):
        return False
    loss = float(losses[0][int(0.7 * len(losses[0])) :].mean())
    if right and len(right[0]):
        own = float(right[0].mean()) / (100 if right[0].max() > 1 else 1)
        if a is not None and abs(own - a) > (0.15 if own > 0.6 else 0.25):
            return False
        a = own
    if a is None or not 0 < a < 0.995:
        return False
    least = _constant_answer(a)
    grew = bool(right) and len(right[0]) > 3 and middle(right[0], 0.3) - middle(right[0][::-1], 0.3) > 0.1
    return not grew and (loss >= 0.93 * least or (bool(right) and 0 < loss < 0.5 * (1 - a) * np.log(2)))


def _val_agrees(training: Training, a: float, step: int) -> bool:
    """Whether the validation's loss is not that of somebody who knows more than the share of a class."""
    for tag in training.roles.val_loss[:1]:
        late = _late(training.series(tag).finite, step)
        return not len(late) or late.mean() >= 0.9 * _constant_answer(a) or late.mean() < 0.1 * _constant_answer(a)
    return True


def _constant_answer(a: float) -> float:
    """The least loss of a constant answer that is right for a share of the samples."""
    return float(-np.log(a) if a <= 0.5 else -a * np.log(a) - (1 - a) * np.log(1 - a))


def _late(series: Series, step: int) -> np.ndarray:
    return series.value[np.searchsorted(series.step, step) :]
