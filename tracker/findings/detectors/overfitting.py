"""overfitting: the training learns its samples by heart.

Definition: the validation loss has a lowest point behind it and has risen since, while the training loss went on
falling. It had fallen before (where it never did, the labels say nothing: `memorizing_labels`).

Thresholds: what was learnt is the fall of the validation loss from where the run began; a rise of a twentieth of it is
told, a fifth that is also a quarter of the lowest loss and has lasted is a warning, as is a tenth of the lowest loss
where the accuracy has fallen as well, by 0.02 and four times its noise, and lies 0.1 below the training's. A tenth of
what was learnt that is a quarter of the lowest is one, too, where the training's samples are known by heart: all but 1
in 50 are read right, less than a tenth of the validation's loss is left of theirs, and one in seven of the others is
read wrong. Small rises are everywhere: a network that is sure of what it reads wrong has a validation loss that grows
slowly at an accuracy that does not change. The rise must be four times the noise of the validation, because the lowest
of many noisy points lies low by chance.

Measured, and tuned, on 12 trainings of few samples with wrong labels, or few of a regression: 9 found, 7 of them as a
warning; the others had rises below the noise. Two of 4 regressions with shuffled targets were called this. Healthy: 0
of 144 warned.

Source: Prechelt, "Early Stopping - But When?" (1998), whose generalization loss is the rise relative to the lowest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.pairs import (
    Pair,
    accuracy_pair,
    beginning,
    loss_pair,
    middle,
    never_learnt,
    noise,
    smooth,
    words,
)
from tracker.findings.training import Training

_LEAST_POINTS = 5
_PERPLEXITY = frozenset(("ppl", "perplexity"))
_ADVICE = "Keep the weights of the lowest validation loss; then try weight decay, dropout or more samples."


@detector("overfitting")
def overfitting(training: Training) -> Iterator[Finding]:
    """A rise of the validation loss that lasts."""
    pair = loss_pair(training)
    if pair is None:
        yield from _by_accuracy(accuracy_pair(training))
        return
    if len(pair) < _LEAST_POINTS:
        return
    if never_learnt(pair):
        return
    val, train = smooth(pair.val_level), smooth(pair.train_level)
    low = int(np.argmin(val))
    end, start = middle(val), max(beginning(pair.train), float(pair.val_level[0]))
    learnt, rise = start - float(val[low]), end - float(val[low])
    if learnt <= 0.05 * abs(start) or rise < 0.05 * learnt or rise < 4 * noise(pair.val_level) or low > 0.8 * len(val):
        return
    train_end = middle(train)
    fell = train[low] - train_end >= 0.3 * (train[low] - min(0.0, train_end)) and train_end < val[low]
    late = val[low + 2 * (len(val) - low) // 3 :]
    if not fell or end - train_end < 0.2 * learnt or np.mean(late > val[low] + rise / 3) < 0.8:
        return
    many = rise >= 0.2 * learnt
    if _PERPLEXITY & {*words(pair.val.tag)}:  # e to the loss: by that measure nearly all is learnt with the first steps
        many = bool(np.log(end / val[low]) >= 0.2 * np.log(start / val[low]))
    # As heavy where less is left of the training loss than a tenth, and much of what was learnt is lost again.
    is_lost = rise >= 0.3 * learnt and 0 <= train_end < 0.1 * end and rise >= 0.15 * abs(val[low])
    by_heart = 0 <= train_end < 0.1 * end and rise >= 0.1 * learnt and _reads_training_only(training)
    heavy = (
        ((many or by_heart) and rise >= 0.25 * abs(val[low]))
        or is_lost
        or (_reads_worse(training) and rise >= 0.1 * abs(val[low]))
    )
    heavy = heavy and len(val) - low >= 4 and not _generalizes(training)
    at = int(pair.step[low])
    yield Finding(
        "overfitting", "warning" if heavy else "info",
        f"{pair.val.tag} was lowest at step {at} ({val[low]:.3g}) and rose to {end:.3g}, while {pair.train.tag} fell "
        f"from {train[low]:.3g} to {train_end:.3g}{_accuracy(training)}.",
        _ADVICE, None, at, None, 0.95 if heavy else 0.7, Evidence(pair.tags, (at, int(pair.step[-1]))),
    )  # fmt: skip


def _by_accuracy(pair: Pair | None) -> Iterator[Finding]:
    """Where no loss was validated: the best accuracy is behind, and the training's went on growing."""
    if pair is None or len(pair) < 2 * _LEAST_POINTS:
        return
    val = smooth(pair.val_level)
    best = int(np.argmax(val))
    fell = float(val[best]) - middle(val)
    grew = middle(pair.train_level) - float(pair.train_level[best])
    if fell < max(0.03, 4 * noise(pair.val_level)) or grew < 0.02 or best > 0.8 * len(val):
        return
    at = int(pair.step[best])
    yield Finding(
        "overfitting", "warning" if fell >= 0.05 else "info",
        f"{pair.val.tag} was best at step {at} ({val[best]:.1%}) and fell to {middle(val):.1%}, while {pair.train.tag} "
        f"grew to {middle(pair.train_level):.1%}.",
        _ADVICE, None, at, None, 0.8, Evidence(pair.tags, (at, int(pair.step[-1]))),
    )  # fmt: skip


def _generalizes(training: Training) -> bool:
    """Whether samples held back are read right as often as the training's: a few of them only cost more and more."""
    pair = accuracy_pair(training)
    return pair is not None and middle(pair.val_level) >= middle(pair.train_level)


def _reads_training_only(training: Training) -> bool:
    """Whether all but one in fifty of the training's samples are read right, and of others far fewer."""
    pair = accuracy_pair(training)
    return pair is not None and middle(pair.train_level) >= 0.98 and middle(pair.val_level) <= 0.85


def _reads_worse(training: Training) -> bool:
    """Whether fewer samples held back are read right than before, and far fewer than of the training's."""
    pair = accuracy_pair(training)
    if pair is None or len(pair) < 2 * _LEAST_POINTS:
        return False
    val = smooth(pair.val_level)
    fell, apart = float(val.max()) - middle(val), middle(pair.train_level) - middle(val)
    return fell >= max(0.02, 4 * noise(pair.val_level)) and apart >= 0.1


def _accuracy(training: Training) -> str:
    pair: Pair | None = accuracy_pair(training)
    if pair is None:
        return ""
    return f"; accuracy is {middle(pair.train_level):.1%} in training and {middle(pair.val_level):.1%} in validation"
