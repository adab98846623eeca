"""lr_too_low: the training takes steps too short.

Definition: the training loss falls evenly and little (by less than 35 %, in its second half at least 0.4 times as fast
as in its first), or not to be seen, and the updates are below 1e-4 of every weight where they are known. Without them
it must fall evenly, and the rate be small for its optimizer where it is known.

Thresholds: learning slows down as it goes on, since the gradients shrink; a loss that falls along a line has hardly
left its beginning. Updates of 1e-3 are usual, a tenth of that is slow (Karpathy 2019); where the loss falls evenly,
less than half of it is enough, and where the rate is small as well, less than all of it. Both are taken where they are
high, at their fifth that is: a schedule that ends low was not always too low. Rates: 1e-5 for Adam and its
like, 1e-3 x (1 - momentum) for plain descent, are a hundredth of the usual. What is good from its first step on (score
of 0.8, or a loss that varies by more than a third of its height between batches, as that of samples mostly read right
does) is fine-tuned and may move as little as it likes.

Seen on seeded trainings: right in 19 of 20 at a rate of 100 to 1000 times less, once as information. Missed: one of 180
steps whose loss moved by less than its noise (plateau was said). Healthy, 198: no warning; information in 6 (first
epochs of noisy small batches, little signal, fine-tuning).

Source: practice; Smith 2017, "Cyclical learning rates": the loss begins to fall visibly at a rate of some size only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings import settings
from tracker.findings.curves import Ends, ends, noise, slope
from tracker.findings.detector import detector
from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import (
    learning_rates,
    longest_update,
    score,
    searches_rate,
    training_loss,
    update_ratios,
    validation_loss,
)
from tracker.findings.ordered import median, quantile
from tracker.findings.training import Training

_SHORT, _LONG, _LITTLE, _EVEN, _HIGH = 1e-4, 0.05, 0.35, 0.4, 0.8


@detector("lr_too_low")
def lr_too_low(training: Training) -> Iterator[Finding]:
    """One finding where the loss and the updates, or the rate, agree."""
    loss = training_loss(training).finite
    held = validation_loss(training).finite
    if len(held) >= 6 and len(loss) and noise(loss.value) > ends(loss.value).end / 3:
        loss = held  # small batches hide it, and the same samples at every epoch do not
    if (
        len(loss) < (6 if loss is held else 12)
        or loss.value.min() <= 0
        or _is_good(training)
        or searches_rate(training)
    ):
        return
    levels = ends(loss.value)
    if levels.fall > _LITTLE or noise(loss.value) > levels.end / 3 or levels.is_higher:
        return
    updates = [
        float(quantile(each.finite.value, _HIGH)) for each in update_ratios(training).values() if len(each.finite)
    ]
    lr = learning_rates(training).finite.value
    if any(each.severity != "info" for each in lr_schedule_bug(training)):
        return
    rate = float(quantile(lr, _HIGH)) if len(lr) else settings.learning_rate(training.config)
    is_even = any(len(each) >= 6 and _is_even(each.value, ends(each.value)) for each in (loss, held))
    is_small = rate is not None and _is_small(rate, training)
    if updates:
        longest = max(updates)
        moves = is_even or ends(loss.value, 0.3, 1000).is_lower
        if (
            longest == 0
            or longest_update(training) > _LONG
            or longest >= _SHORT * (1 if not moves else 10 if is_small else 5)
        ):
            return
        if not is_even and levels.fall > 0.05:
            return
        why, confidence = f"no weight's step is longer than {max(updates):.1e} of it", 0.85
    else:
        if not is_even:
            return
        why, confidence = "and as fast at the end as at the beginning", 0.7 if is_small else 0.4
    if loss is held and not (updates and is_small and len(held) >= 10):
        confidence = 0.4  # samples mostly read right look like this as well
    yield Finding(
        "lr_too_low", "warning" if confidence >= 0.7 else "info",
        f"{loss.tag} fell only from {levels.start:.4g} to {levels.end:.4g} in {len(loss):,} points, evenly: {why}"
        + (f"; the learning rate is {rate:g}." if rate is not None else "."),
        "Train again with ten times the learning rate, and ten times that if it still falls along a line.",
        None, int(loss.step[0]), int(loss.step[-1]), confidence,
        Evidence((loss.tag, *training.roles.lr[:1]), (int(loss.step[0]), int(loss.step[-1]))),
    )  # fmt: skip


def _is_even(value: np.ndarray, levels: Ends) -> bool:
    """Whether it falls, clearly, and in the second half nearly as fast as in the first."""
    half = len(value) // 2
    first, second = -slope(value[:half]), -slope(value[half:])
    # A line's rise over k points of noise s has a standard deviation of s * sqrt(12 / k).
    doubt = noise(value) * np.sqrt(12 / max(1, half))
    return levels.is_lower and first > 2 * doubt and second > max(2 * doubt, _EVEN * first)


def _is_small(rate: float, training: Training) -> bool:
    if settings.is_adaptive(training.config) is not False:
        return rate <= 1e-5
    return rate / max(1e-3, 1 - (settings.momentum(training.config) or 0)) <= 1e-3


def _is_good(training: Training) -> bool:
    """Whether its score is high: between 0.8 and 1, over the run."""
    values = score(training).finite.value
    return len(values) > 0 and 0.8 <= float(median(values)) <= 1
