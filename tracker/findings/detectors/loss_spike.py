"""loss_spike: a single step is out of line.

Definition: up to 3 places in the training loss, of at most 3 points each, lie many times above their surroundings,
which are the same before and after within a few dozen points; and above the height at which the loss began.

Thresholds: a spike must stand above its surroundings by 3 times as much as anything else in the run does (small
batches have heavy tails: their second highest point is near the highest), by 10 standard deviations of the noise
around it, and reach twice the level of the beginning, which a batch of ordinary samples does not once something
has been learned. Below 5 times that level it must stand out by 5 standard deviations of the logarithms as well: one
sample of eight that is misread for once is no fault; by 8 of them it is one from half the level on. Where the loss can
be below 0, the range it has fallen by stands in for that level.

Seen on seeded trainings: right, at the right step, in 18 of 18 whose loss shows it. Not to be seen, and not said, in 6
where a bounded or robust network met one input out of range. Healthy, 198: no warning. Two warnings that were wrong led
to the rules on logarithms and on twice the surroundings: a batch of 8 with one misread sample, a mean over the epoch.
A third, of the last two samples of an epoch, is why a point at a validation is left out; two more, at the height of one
cycle, are why the rate is looked at.

Source: practice; Chowdhery et al. 2022 (PaLM), section 5.1, on spikes and the batches that made them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import noise, smoothed
from tracker.findings.detector import detector
from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug
from tracker.findings.detectors.lr_too_high import lr_too_high
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, searches_rate, training_loss, validation_loss
from tracker.findings.ordered import median, quantile
from tracker.findings.training import Series, Training

_MOST_PLACES, _GAP, _SIGMAS, _ABOVE_START, _FAR_ABOVE_START, _LOG_SIGMAS = 3, 3.0, 10.0, 2.0, 5.0, (5.0, 8.0)


@detector("loss_spike")
def loss_spike(training: Training) -> Iterator[Finding]:
    """The first spike; the others in its sentence."""
    loss = training_loss(training).finite
    found = _places(loss.value) if len(loss) >= 20 else []
    marks = [mark.step for mark in training.marks if mark.kind == "resume" and mark.step is not None]
    stride = max(1, int(median(np.diff(loss.step)))) if len(loss) > 1 else 1
    found = [at for at in found if not any(0 <= loss.step[at] - step <= 3 * stride for step in marks)]
    held = validation_loss(training).step
    if found and len(loss) >= 3 * len(held):
        # The last batch of an epoch may be two samples; their loss varies more than all the others'.
        found = [at for at in found if loss.step[at] not in held]
    if found:
        found = [] if searches_rate(training) else found
        # Where the rate is too high, or leaps, a spike is what it looks like.
        found = [] if any(each.severity != "info" for each in lr_too_high(training)) else found
        leaps = [each.step for each in lr_schedule_bug(training) if each.step is not None]
        found = [at for at in found if not any(0 <= loss.step[at] - step <= 30 * stride for step in leaps)]
    if not found:
        return
    at = found[0]
    around = float(median(np.r_[loss.value[max(0, at - 10) : at], loss.value[at + 4 : at + 14]]))
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    step = int(loss.step[at])
    is_loud = any(_is_far(loss.value, each) or not _is_at_height(training, loss, each) for each in found)
    yield Finding(
        "loss_spike", "warning" if is_loud else "info",
        f"{loss.tag} is {loss.value[at]:.4g} at step {step}, where its surroundings are {around:.4g}{more}.",
        "Look at the batch of that step: an input out of range or wrong labels; clip the gradients to limit the harm.",
        None, step, int(loss.step[found[-1]]), 0.8 if is_loud else 0.4,
        Evidence((loss.tag,), (int(loss.step[max(0, at - 20)]), int(loss.step[min(len(loss) - 1, at + 20)]))),
    )  # fmt: skip


def _is_far(value: np.ndarray, at: int) -> bool:
    """Whether it, or one of the two points after it, reaches twice the level of the beginning."""
    return bool(value[at : at + 3].max() > _ABOVE_START * median(value[: max(1, min(10, len(value) // 20))]))


def _is_at_height(training: Training, loss: Series, at: int) -> bool:
    """Whether the rate, having risen to it, is near its height."""
    lr = learning_rates(training).finite
    now = int(np.searchsorted(lr.step, loss.step[at], "right")) - 1
    return now > 0 and bool(lr.value[now] >= 0.8 * lr.value.max() and lr.value[: now + 1].max() > 2 * lr.value[0])


def _places(value: np.ndarray) -> list[int]:
    """The first points of spikes."""
    n = len(value)
    curve = smoothed(value, 15)
    above = value - curve
    skip = max(5, n // 10)
    level = float(median(value[: max(1, min(10, n // 20))]))
    low = float(quantile(curve, 0.05))
    limit = _ABOVE_START * level if value.min() >= 0 else level + 2 * max(level - low, 0.0)
    least = level / 2 if value.min() > 0 else limit
    far = _FAR_ABOVE_START * abs(level)
    order = np.argsort(above)[::-1]
    places: list[int] = []
    rest = 0.0
    for at in order[: 4 * _MOST_PLACES + 4].tolist():
        near = [each for each in places if abs(each - at) <= 15]
        if near:
            continue
        if len(places) == _MOST_PLACES or value[at] < least or above[at] < _SIGMAS * noise(value):
            rest = float(above[at])
            break
        places.append(at)
    # Only those that stand out from all the rest: what is left is how high the run's ordinary points reach.
    while places and above[places[-1]] < _GAP * rest:
        rest = float(above[places.pop()])
    begun = [_begin(value, curve, at) for at in places if value[at] > far
             or _rarity(value, curve, at) > _LOG_SIGMAS[int(value[at] < limit)]]  # fmt: skip
    return sorted(at for at in begun if at >= skip and value[at] > 2 * curve[at] and _recovers(value, at))


def _rarity(value: np.ndarray, curve: np.ndarray, at: int) -> float:
    """By how many standard deviations its logarithm is out of line: small batches have misread samples now and then."""
    part = slice(max(0, at - 60), at + 40)
    if value[part].min() <= 0:
        return np.inf
    # What the curve itself does over these points is taken off.
    logs = np.log(value[part] / curve[part])
    middle = median(logs)
    spread = 1.4826 * float(median(np.abs(logs - middle)))
    return float(logs[at - part.start] - middle) / spread if spread else np.inf


def _begin(value: np.ndarray, curve: np.ndarray, at: int) -> int:
    """The first point of the place that `at` is the highest of."""
    height = value[at] - curve[at]
    while at > 0 and value[at - 1] - curve[at - 1] > height / 3:
        at -= 1
    return at


def _recovers(value: np.ndarray, at: int) -> bool:
    """Whether its surroundings are the same after it as before it."""
    before = float(median(value[max(0, at - 12) : at]))
    after = value[at + 1 :][:60]
    if not len(after):
        return False
    height = value[at] - before
    # How far down the points after it get: the best ten, so that a slow return counts as one.
    settled = float(median(np.sort(after)[: max(1, min(10, len(after)))]))
    return settled - before < 0.15 * height and int((after[:30] - before > height / 2).sum()) <= 2
