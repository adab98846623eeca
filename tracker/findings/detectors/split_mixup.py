"""split_mixup: training and validation are mixed up.

Definition: one of three. Swapped: what is called validation falls to nothing while what is called training has a lowest
point behind it and rises, as a validation does. The same: both are equal at every validation while they change.
One step on: the validation after an update is the training's loss before the next, where both are of all samples.

Thresholds: dropout and augmentation leave a training loss above the validation, but one that falls with it; so the
"training" must have risen by a fifth of what was learnt (a twelfth will do where the "validation" is under a tenth of
it), and the "validation" be under a third of it. Equality is one
part in 100,000 at three or more points: two sets of samples never agree like that. A validation that is never above the
training down to next to nothing is told, not warned of: easy tasks have it as well.

Measured, and tuned, on 8 trainings with equal or swapped sets: 8 found. On 8 whose validation samples are trained on:
told of 7, warned of none, for nothing in the curves parts these from an easy task. Healthy: told of 6 of 144, warned
of none.

Source: Kaufman et al., "Leakage in Data Mining" (2012); the two forms are practice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.ordered import distinct, median
from tracker.findings.pairs import Pair, accuracy_pair, loss_pair, middle, noise, smooth
from tracker.findings.training import Training

_LEAST_POINTS = 5


@detector("split_mixup")
def split_mixup(training: Training) -> Iterator[Finding]:
    """Names that are swapped, or a set that is both."""
    for pair in (loss_pair(training), accuracy_pair(training)):
        if pair is not None and _equal(pair):
            yield Finding(
                "split_mixup", "error",
                f"{pair.train.tag} and {pair.val.tag} are equal at each of {len(pair)} validations: one set is both.",
                "Compare the identities of the samples in both sets, and validate on samples that are not trained on.",
                None, int(pair.step[0]), None, 0.97, Evidence(pair.tags, (int(pair.step[0]), int(pair.step[-1]))),
            )  # fmt: skip
            return
    pair = loss_pair(training)
    if pair is not None and _next(pair):
        yield Finding(
            "split_mixup", "error",
            f"{pair.val.tag} is what {pair.train.tag} is at the next step, at each of {len(pair)} validations: "
            "it is computed from the samples that are trained on.",
            "Compare the identities of the samples in both sets, and validate on samples that are not trained on.",
            None, int(pair.step[0]), None, 0.95, Evidence(pair.tags, (int(pair.step[0]), int(pair.step[-1]))),
        )  # fmt: skip
    elif pair is not None and len(pair) >= _LEAST_POINTS:
        yield from _swapped(pair) or _along(pair)


def _equal(pair: Pair) -> bool:
    """Whether what both logged at one step is the same, and is not one number all along."""
    _, i, j = np.intersect1d(pair.train.step, pair.val.step, return_indices=True)
    a, b = pair.train.value[i], pair.val.value[j]
    if len(a) < 3 or len(a) < 0.8 * min(len(pair.train), len(pair.val)) or len(distinct(a)) < 3:
        return False
    return bool((np.abs(a - b) <= 1e-5 * np.abs(b) + 1e-12).all())


def _next(pair: Pair) -> bool:
    """Whether each validation foretells the next loss of the training: both of all samples, and the same ones."""
    after = np.searchsorted(pair.train.step, pair.val.step, side="right")
    known = after < len(pair.train)
    a, b = pair.val.value[known], pair.train.value[after[known]]
    if len(a) < _LEAST_POINTS or len(distinct(a)) < _LEAST_POINTS or a[-1] >= a[0]:
        return False
    return bool((np.abs(a - b) <= 1e-4 * np.abs(b)).mean() >= 0.9)


def _swapped(pair: Pair) -> list[Finding]:
    held, learnt_on = smooth(pair.train_level), smooth(pair.val_level)
    low = int(np.argmin(held))
    start = max(float(pair.train_level[0]), float(pair.val_level[0]), float(pair.val.value[0]))
    rise, end = middle(held) - float(held[low]), middle(learnt_on)
    # Where next to nothing is left of the other, less of a rise will do.
    part = 0.2 if end > 0.1 * middle(held) else 0.08
    if low > 0.8 * len(held) or rise < part * (start - held[low]) or rise < 4 * noise(pair.train_level):
        return []
    if end > 0.33 * middle(held) or end > 0.5 * learnt_on[low] or end < 0 or start <= 0 or len(distinct(held)) < 3:
        return []
    at = int(pair.step[low])
    return [Finding(
        "split_mixup", "error",
        f"{pair.train.tag} rose from {held[low]:.3g} to {middle(held):.3g} while {pair.val.tag} fell to {end:.3g}: "
        "it is the validation that is trained on, or the names are swapped.",
        "Check which loader each loss is computed from.",
        None, at, None, 0.9, Evidence(pair.tags, (at, int(pair.step[-1]))),
    )]  # fmt: skip


def _along(pair: Pair) -> list[Finding]:
    """A validation that is never above the training, down to next to nothing: told, as easy tasks do it too."""
    start, half = float(pair.train.value[0]), len(pair) // 2
    val, train = pair.val_level[half:], pair.train_level[half:]
    if len(pair) < 10 or start <= 0 or min(val.min(), train.min()) <= 0 or pair.val_level[1] < 0.1 * start:
        return []
    ratio = val / train
    slow = val[0] > 0.12 * start and middle(val) < 0.12 * start
    if not (slow or middle(val) < 0.02 * start) or ratio.max() > 1.15 or median(ratio) < 0.5:
        return []
    at = int(pair.step[half])
    return [Finding(
        "split_mixup", "info",
        f"{pair.val.tag} follows {pair.train.tag} down to {middle(val):.3g} and is not above it: validation samples "
        "may be among those that are trained on.",
        "Compare the identities of the samples in both sets.",
        None, at, None, 0.35, Evidence(pair.tags, (at, int(pair.step[-1]))),
    )]  # fmt: skip
