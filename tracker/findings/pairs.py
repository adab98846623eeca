"""Pairs: a number of the training beside the same number of the validation, point by point."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.findings.ordered import median
from tracker.findings.training import Series, Training

Floats = npt.NDArray[np.float64]

MAX_POINTS = 60
"""More are averaged in stretches: what follows looks for what lasts, and a stretch is less noisy than a point."""

_SIDES = frozenset("train training val valid validation test testing eval evaluation dev held holdout".split())
_PLACES = frozenset("step epoch batch mean avg average".split())
_ACCURACY = frozenset("acc accuracy acc1 top1".split())


@dataclass(frozen=True)
class Pair:
    """Both series at the steps of the one that is logged more rarely; arrays of one length, at most `MAX_POINTS`."""

    train: Series
    val: Series
    step: npt.NDArray[np.int64]
    train_level: Floats
    """Means of the training since the validation before."""
    val_level: Floats

    def __len__(self) -> int:
        return len(self.step)

    @property
    def tags(self) -> tuple[str, str]:
        """Training, validation."""
        return self.train.tag, self.val.tag


def loss_pair(training: Training) -> Pair | None:
    """Training loss and validation loss; None where either was not logged."""
    return _pair(training, training.roles.train_loss, training.roles.val_loss)


def accuracy_pair(training: Training) -> Pair | None:
    """Accuracies, as shares from 0 to 1; None where either was not logged."""
    roles = training.roles
    return _pair(training, accuracies(training, roles.train_score), accuracies(training, roles.val_score))


def accuracies(training: Training, tags: Sequence[str]) -> tuple[str, ...]:
    """Those of the tags that are shares of what was read right: of all classes, never above 1 (or 100)."""
    return tuple(tag for tag in tags if is_accuracy(tag) and len(training.series(tag).finite))


def is_accuracy(tag: str) -> bool:
    """Whether it is called a share of what was read right."""
    return bool(_ACCURACY & {*words(tag)})


def share(series: Series) -> Series:
    """An accuracy as a share, whether it was logged as one or in percent."""
    finite = series.finite
    if not len(finite) or finite.value.max() <= 1.0 or finite.value.max() > 100:
        return finite
    return Series(finite.tag, finite.step, finite.value / 100, finite.wall_time)


def words(tag: str) -> list[str]:
    """The words of a tag in lower case: `valLoss/epoch` has val, loss and epoch."""
    return re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tag).lower())


def middle(values: Floats, share_of: float = 0.1, least: int = 3) -> float:
    """The median of the last points: where a series ended up."""
    return float(median(values[-max(least, int(len(values) * share_of)) :]))


def beginning(series: Series) -> float:
    """Where a series began: its first point, for what a network says before it learns is what chance gives."""
    return float(series.value[0])


def never_learnt(pair: Pair) -> bool:
    """Whether a validation loss began where the training did (0.85 of it: one batch is not exact) and was never really
    below its own first point: 0.95 of that, 0.92 where the training fell far, as much as a few dozen samples vary."""
    start, first = max(beginning(pair.train), float(pair.train.value[:5].mean())), float(pair.val_level[0])
    far = middle(pair.train_level) <= 0.4 * start
    least = float(smooth(pair.val_level).min())
    return start > 0 and first >= 0.85 * start and least >= (0.92 if far else 0.95) * min(first, start)


def noise(values: Floats) -> float:
    """The standard deviation of what is not trend, from second differences (robust); 0 for fewer than 3 points."""
    if len(values) < 3:
        return 0.0
    return float(1.4826 * median(np.abs(np.diff(values, 2))) / np.sqrt(6))


def smooth(values: Floats) -> Floats:
    """Medians of three neighbours; the ends stay."""
    if len(values) < 3:
        return values
    inner = median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return np.concatenate([values[:1], inner, values[-1:]])


def _pair(training: Training, train: Sequence[str], val: Sequence[str]) -> Pair | None:
    for val_tag in val:
        held = share(training.series(val_tag)) if is_accuracy(val_tag) else training.series(val_tag).finite
        partner = _partner(val_tag, train)
        if len(held) and partner is not None:
            series = training.series(partner)
            other = share(series) if is_accuracy(partner) else series.finite
            if len(other):
                return _align(other, held)
    return None


def _partner(val_tag: str, train: Sequence[str]) -> str | None:
    """The training's tag of the same words, else the likeliest."""
    wanted = {*words(val_tag)} - _SIDES - _PLACES
    same = [tag for tag in train if {*words(tag)} - _SIDES - _PLACES == wanted]
    return next(iter(same or train), None)


def _align(train: Series, val: Series) -> Pair:
    rare, often = (train, val) if len(train) < len(val) else (val, train)
    at, clock = _clocks(rare, often)
    until = np.searchsorted(clock, at, "right")
    since = np.concatenate([[0], until[:-1]])
    empty = until <= since
    until, since = np.where(empty, np.maximum(until, 1), until), np.where(empty, np.maximum(until, 1) - 1, since)
    total = np.concatenate([[0.0], np.cumsum(often.value)])
    mean = (total[until] - total[since]) / (until - since)
    step, own = rare.step, rare.value
    if len(step) > MAX_POINTS:
        edges = np.linspace(0, len(step), MAX_POINTS + 1).astype(np.intp)
        width = np.diff(edges)
        own, mean = np.add.reduceat(own, edges[:-1]) / width, np.add.reduceat(mean, edges[:-1]) / width
        step = step[edges[1:] - 1]
    return Pair(train, val, step, *((own, mean) if rare is train else (mean, own)))


def _clocks(rare: Series, often: Series) -> tuple[Floats, Floats]:
    """Steps of both; the time, where they count differently (epochs beside batches)."""
    spans = [int(each.step[-1]) - int(each.step[0]) for each in (rare, often)]
    if len(rare) > 2 and not 0.5 <= (spans[0] + 1) / (spans[1] + 1) <= 2 and (np.diff(often.wall_time) >= 0).all():
        return rare.wall_time, often.wall_time
    return rare.step.astype(np.float64), often.step.astype(np.float64)
