"""class_collapse: the model gives one class to everything.

Definition: the validation's accuracy is one number, to the last digit, for the last 60 % of the run, and the training
knows no more than the shares of the classes: its loss is what a constant answer of that accuracy costs, or impossibly
low for it (a loss that does not count the other classes). Or a class's recall is 0 all that time beside it. Or `watch`
saw one class put out for whole batches.

Thresholds: a constant answer that is right for a share a of samples has a loss of at least -a ln a - (1-a) ln(1-a) (for
a <= 0.5: -ln a), and a learner is below 0.93 of it before its accuracy stands still. A wrong answer costs at least ln 2
with cross-entropy, so a loss below half of (1-a) ln 2 is of something else. A validation loss that still falls by a
fifth, an accuracy that had climbed to where it is (and no recall of 0), or batches that are given several classes are
of a learner; an accuracy that rests because the rate is gone says nothing. Above an accuracy of 0.985 nothing is said:
it may be all there is to learn.

Measured, and tuned, on 16 trainings that gave one class: 13 found; two of the others learnt other classes late. Three
with inputs that were not scaled collapsed as well, which is right. Healthy: 0 of 144.

Source: entropy as the loss of the best constant answer; practice with unbalanced classes (He & Garcia, 2009).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates
from tracker.findings.ordered import distinct, median
from tracker.findings.pairs import Floats, accuracies, middle, share, words
from tracker.findings.training import Series, Training

_LEAST_POINTS = 5
_PER_CLASS = frozenset("recall precision f1 sensitivity specificity tpr tnr".split())
_ADVICE = "Print the predictions of one batch and the counts of its labels; then weight or resample the rare classes."


@detector("class_collapse")
def class_collapse(training: Training) -> Iterator[Finding]:
    """An accuracy that is the share of a class, a class that is never recalled, or one answer to whole batches."""
    roles = training.roles
    missed = _missed(training)
    for tag in (accuracies(training, roles.val_score) or accuracies(training, roles.train_score))[:1]:
        right = share(training.series(tag))
        constant = _constant_from(right)
        if constant is None or not 0 < right.value[-1] <= 0.985 or _rests(training, int(right.step[constant])):
            continue
        if _tells_apart(training, right.value[: 0 if missed else constant]):
            continue
        a, step = float(right.value[-1]), int(right.step[constant])
        if not _knows_only_shares(training, a, step, 0.93 if missed is None else 0.5):
            continue
        also = "" if missed is None else f" and {missed} is 0"
        text = f"{tag} is {a:.4g} at every validation since step {step}{also}: one class is given to all."
        yield _finding("warning", text, step, (tag, *([missed] if missed else [])), 0.9)
        return
    if missed is not None:
        text = f"{missed} is 0: the class is never given, or has no sample."
        yield _finding("info", text, int(training.series(missed).step[0]), (missed,), 0.4)
    same = training.series("output/constant").finite
    if len(same) >= _LEAST_POINTS and _classifies(training):
        late = int(0.4 * len(same))
        step = int(same.step[late])
        if same.value[late:].min() >= 0.999 and _knows_only_shares(training, None, step, 0.93):
            text = f"Every batch that was looked at since step {step} was given one class."
            yield _finding("warning", text, step, (same.tag,), 0.85)


def _finding(severity: str, sentence: str, step: int, tags: tuple[str, ...], confidence: float) -> Finding:
    return Finding("class_collapse", severity, sentence, _ADVICE, None, step, None, confidence, Evidence(tags))


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


def _rests(training: Training, step: int) -> bool:
    """Whether the rate is next to nothing for most of what follows: then nothing moves, whatever was learnt."""
    late = _late(learning_rates(training).finite, step)
    return len(late) > 0 and float((late > 0.02 * learning_rates(training).finite.value.max()).mean()) < 0.5


def _tells_apart(training: Training, before: Floats) -> bool:
    """Whether batches are given several classes, or the accuracy had climbed to where it is in steps."""
    same = training.series("output/constant").finite.value
    several = len(same) > 1 and float(median(same[len(same) // 2 :])) < 0.97
    return several or (len(before) >= 3 and bool((np.diff(before) >= 0).all()) and len(distinct(before)) >= 3)


def _knows_only_shares(training: Training, a: float | None, step: int, least: float) -> bool:
    """Whether losses and the training's accuracy since a step are those of a constant answer.

    Args:
        a: The validation's accuracy, where it was logged.
        step: Since when it stands still.
        least: The part of a constant answer's loss that is still one.
    """
    roles = training.roles
    right = [_late(share(training.series(tag)), step) for tag in accuracies(training, roles.train_score)[:1]]
    losses = [late for tag in roles.train_loss[:1] if len(late := _late(training.series(tag).finite, step))]
    if right and len(right[0]):
        own = float(right[0].mean())
        if (a is not None and abs(own - a) > (0.15 if own > 0.6 else 0.25)) or _grows(right[0]):
            return False
    else:
        right, own = [], a if a is not None else 1.0
    if not losses or not 0 < own < 0.995:
        return not losses and least < 0.9  # a recall of nothing has to do
    late = losses[0][int(0.7 * len(losses[0])) :]
    loss = float(late.mean())
    if right and 0 < median(late) < 0.5 * (1 - own) * np.log(2):
        return True  # other classes are not counted, but for batches in which one that is weighs much
    return loss >= least * _constant_answer(own) and _val_agrees(training, a, step, least)


def _grows(right: Floats) -> bool:
    return len(right) > 3 and middle(right, 0.3) - middle(right[::-1], 0.3) > 0.1


def _val_agrees(training: Training, a: float | None, step: int, least: float) -> bool:
    """Whether the validation's loss is not that of somebody who knows more, nor on its way there."""
    for tag in training.roles.val_loss[:1]:
        late = _late(training.series(tag).finite, step)
        if not len(late) or a is None:
            return True
        falls = middle(late, 0.2, 1) < 0.8 * late[len(late) // 2]
        return middle(late) >= least * _two_shares(a) and not falls
    return True


def _constant_answer(a: float) -> float:
    """The least loss of a constant answer that is right for a share of the samples, the largest class."""
    return float(-np.log(a)) if a <= 0.5 else _two_shares(a)


def _two_shares(a: float) -> float:
    """The entropy of two classes."""
    return float(-a * np.log(a) - (1 - a) * np.log(1 - a))


def _late(series: Series, step: int) -> Floats:
    return series.value[np.searchsorted(series.step, step) :]
