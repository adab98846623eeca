"""momentum_too_high: the training overshoots for many steps.

Definition: the smoothed training loss swings in slow waves, at least two and a half of them, each far longer than a
step and more than twice as high as the noise, with no wave of the rate and no epoch that would explain them; or the
settings say a momentum of 0.98 or more and the loss overshot: it rose again by more than a third of what it had fallen,
or twice by a quarter of all it fell, or ended above where it began, or rises above its beginning by half for a while;
or the validation loss, which is of the same samples each time and hides nothing in batches, rose by half of all it fell
and came down again, or rose twice by a fifth of all that was learnt.

Thresholds: a momentum of m goes on for 1 / (1 - m) steps: 50 at 0.98, where overshooting can be seen, and at 0.9, the
usual one, for 10. A swing must take 8 points and more.

Seen on seeded trainings of momentum 0.99 to 0.999: right in 11 of 12, 2 as information since they trained well; the
twelfth had no settings and diverged (lr_too_high was said). Healthy, 198: no warning; information in all 6 of momentum
0.99 with a rate to match, and in 1 whose task grew harder twice.

Source: Goh 2017, "Why momentum really works"; O'Donoghue and Candes 2015, "Adaptive restart": the ripples of
accelerated descent whose momentum is above the critical one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings import settings
from tracker.findings.curves import ends, noise, smoothed, waves
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss, typical_update, validation_loss
from tracker.findings.ordered import median, quantile
from tracker.findings.pairs import Pair, beginning, loss_pair
from tracker.findings.training import Series, Training

_HIGH = 0.98
_ROSE, _SWING, _HELD, _TWICE = 1 / 3, 0.25, 0.5, 0.2


@detector("momentum_too_high")
def momentum_too_high(training: Training) -> Iterator[Finding]:
    """By the settings and the loss, or by waves that nothing else explains."""
    whole = training_loss(training)
    loss = whole.finite
    if len(loss) < 8 or loss.value.min() < 0:
        return
    momentum = settings.momentum(training.config)
    curve = smoothed(loss.value, max(3, len(loss) // 60))
    strength, period = _waves(training, loss, curve)
    overshoot = _overshoot(loss.value, curve) or _rolled(loss, loss_pair(training))
    updates = typical_update(training)
    if momentum is not None and momentum >= _HIGH and momentum < 1.0000001:
        if len(loss) < len(whole) and not np.isfinite(whole.value[-1]):
            at, words = overshoot or (len(loss) - 1, "is no longer finite")
            severity, confidence = "error", 0.8
        elif overshoot or period:
            at, words = overshoot or (0, f"swings in waves of {period} points")
            severity, confidence = "error" if ends(loss.value).fall < 0.1 else "warning", 0.85
        else:
            # Some train well like this, with a rate to match: nnU-Net's is 0.99.
            at, words, severity, confidence = 0, f"goes from {loss.value[0]:.4g} to {loss.value[-1]:.4g}", "info", 0.4
        words += f" at a momentum of {momentum:g}"
    elif period and strength > 0.5 and (momentum is None or momentum >= 0.95) and (updates is None or updates > 1e-4):
        at, severity, confidence = 0, "warning" if strength > 0.6 else "info", 0.5
        words = f"swings in waves of {period} points, which neither the rate nor the epochs explain"
    else:
        return
    yield Finding(
        "momentum_too_high", severity, f"{loss.tag} {words}.",
        "Train again with a momentum of 0.9, and the same rate.",
        None, int(loss.step[at]), int(loss.step[-1]), confidence,
        Evidence((loss.tag,), (int(loss.step[0]), int(loss.step[-1]))),
    )  # fmt: skip


def _overshoot(value: np.ndarray, curve: np.ndarray) -> tuple[int, str] | None:
    """Where the curve rose again, after falling or at once, by more than noise does."""
    first = float(median(value[:3]))
    high = np.flatnonzero(curve > 1.5 * first)
    if len(high) >= 3:
        return int(high[0]), f"rose from {first:.4g} to {curve.max():.4g}"
    lowest = np.minimum.accumulate(curve)
    rise = curve - lowest
    top = int(np.argmax(rise))
    low = int(np.argmin(curve[: top + 1]))
    fallen = first - lowest[top]
    if rise[top] > _ROSE * fallen > 0 and rise[top] > max(4 * noise(value), 0.1 * first) and top - low >= 4:
        return low, f"fell to {curve[low]:.4g} and rose to {curve[top]:.4g} again"
    least = max(_SWING * (first - float(curve.min())), 4 * noise(value), 0.1 * first)
    rises = _rises(curve, least)
    if len(rises) >= 2:
        return rises[0], f"fell to {curve[rises[0]]:.4g} and rose by {least:.2g} and more, {len(rises)} times,"
    return None


def _rolled(loss: Series, pair: Pair | None) -> tuple[int, str] | None:
    """Where the validation, which is of the same samples each time, rose again and came down after that."""
    if pair is None or len(pair.val) < 8:
        return None
    held, value = pair.val, pair.val.value
    rise = value - np.minimum.accumulate(value)
    top = int(np.argmax(rise))
    low = int(np.argmin(value[: top + 1]))
    least = max(_HELD * float(value[0] - value.min()), 4 * noise(value), 0.1 * float(value[0]))
    is_once = rise[top] > least and value[top:].min() <= value[low] + rise[top] / 3
    fall = max(beginning(pair.train), float(value[0])) - float(value.min())
    if not is_once and len(_rises(value, _TWICE * fall, 1)) < 2:
        return None
    at = min(int(np.searchsorted(loss.step, held.step[low])), len(loss) - 1)
    return at, f"overshot: {held.tag} rose from {value[low]:.4g} to {value[top]:.4g} and came down again,"


def _rises(curve: np.ndarray, least: float, points: int = 4) -> list[int]:
    """Where it turned and rose by at least so much, in so many points, having fallen as much before."""
    found: list[int] = []
    high = low = 0
    is_falling = False
    for at, value in enumerate(curve):
        if is_falling:
            low = at if value < curve[low] else low
            if value - curve[low] >= least > 0 and at - low >= points:
                found.append(low)
                high, is_falling = at, False
        else:
            high = at if value > curve[high] else high
            if curve[high] - value >= least:
                low, is_falling = at, True
    return found


def _waves(training: Training, loss: Series, curve: np.ndarray) -> tuple[float, int]:
    """How strong and how long its swings are; (0, 0) where there are none, or the rate or the epochs explain them."""
    lr = learning_rates(training).finite.value
    rises = np.flatnonzero(np.diff(lr) > 0)
    if len(rises) and rises[-1] > len(lr) // 4 and lr.max() > 1.1 * lr.min():
        return 0.0, 0
    later = curve[len(curve) // 10 :]
    if later.min() <= 0:
        return 0.0, 0
    strength, period = waves(np.log(later))
    if period < 8 or len(later) < 2.5 * period or strength < 0.3:
        return 0.0, 0
    swing = quantile(later, 0.9) - quantile(later, 0.1)
    if swing < 4 * noise(loss.value) or swing < 0.2 * median(later):
        return 0.0, 0
    held = validation_loss(training).step
    epoch = float(median(np.diff(held))) / max(1.0, float(median(np.diff(loss.step)))) if len(held) > 2 else 0.0
    if epoch > 1 and abs(period / epoch - max(1, round(period / epoch))) < 0.1:
        return 0.0, 0
    return strength, period
