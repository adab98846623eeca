"""Headline: the curve by which a training is judged, and what it says in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.findings.ordered import median
from tracker.findings.pairs import is_accuracy, share
from tracker.findings.training import Series, Training


def training_loss(training: Training) -> Series:
    """The loss of the training's samples that has the most to say: the plainest name, of those with points enough."""
    return _longest(training, training.roles.train_loss)


def validation_loss(training: Training) -> Series:
    """That of samples held back."""
    return _longest(training, training.roles.val_loss)


def score(training: Training) -> Series:
    """A metric that is better when higher: of the training's samples, else of those held back; accuracies as shares."""
    found = _longest(training, training.roles.train_score)
    found = found if len(found) >= 3 else _longest(training, training.roles.val_score)
    return share(found) if is_accuracy(found.tag) else found


def update_ratios(training: Training) -> dict[str, Series]:
    """`update_ratio/<parameter>` of weights: a bias begins at 0, so that its first steps are long by that measure."""
    found = training.layers("update_ratio")
    return {path: each for path, each in found.items() if not path.endswith(("bias", ".b"))} or found


def typical_update(training: Training) -> float | None:
    """The median over weights of the median update ratio in the later half of the run; None without any."""
    found = [median(each.finite.value[len(each.finite) // 2 :]) for each in update_ratios(training).values()
             if len(each.finite)]  # fmt: skip
    return float(median(found)) if found else None


def longest_update(training: Training) -> float:
    """The longest update ratio of any weight at any step; 0 without any."""
    return max(
        (float(each.finite.value.max()) for each in update_ratios(training).values() if len(each.finite)), default=0.0
    )


def learning_rates(training: Training) -> Series:
    """The learning rate: of the first group where there are several."""
    return _longest(training, training.roles.lr)


def searches_rate(training: Training) -> bool:
    """Whether it looks for the rate at which it breaks: the rate rises by factors to the end (Smith 2017)."""
    lr = learning_rates(training).finite.value
    return len(lr) > 9 and bool(lr[-1] >= lr.max() > 100 * lr[0] > 0 and lr[len(lr) // 2] < 0.2 * lr[-1])


def _longest(training: Training, tags: Sequence[str]) -> Series:
    """The first of them unless a later one has four times its points: a last mean beside the curve is one point."""
    found = [training.series(tag) for tag in tags[:4]]
    best = found[0] if found else training.series("")
    for each in found[1:]:
        if len(each) >= 4 * len(best):
            best = each
    return best
