"""lr_too_high: the training takes steps too long.

Definition, any of: the training loss leaps far above where it began within the first third, at more than one point, and
is still high, or needed to come back from more than ten times its beginning; it climbs and ends above its beginning;
it had fallen and is back near its beginning for good, with no step of the rate that explains it; it grew by orders
until it was no longer finite; it swings by a third of its height, without having fallen, at updates above 2 % of the
weights; it leapt by half at steps of a fifth of the weights and more, and nothing was learned after.

Thresholds: 3 x the first loss, since a rate that works overshoots by less (2.3 x at most in 161 healthy trainings; 8 x
in one whose batches differ by such factors, for which the threshold grows); updates of 0.02 are twenty times the 1e-3
that are usual (Karpathy, "A recipe for training neural networks", 2019; Cockpit, Schneider et al. 2021). A settled
level is taken from a tenth of the points.

Seen on seeded trainings (digits, tables, text; 198 healthy ones): right in 26 of 27 with 30 to 1000 times the rate.
Missed: a network that died within its first steps, whose loss then stays 6 % above its beginning. Besides it was said
in 1 of 6 of momentum 0.99 that no setting told. Healthy: no warning; a task made harder in mid-run was one until it
had to come back to the very beginning.

Source: practice; Bengio 2012, "Practical recommendations", section 3.1.1: the loss that diverges within the first steps
shows a rate above the largest one that works, often by a factor of 2 only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings import settings
from tracker.findings.curves import ends, noise, smoothed
from tracker.findings.detector import detector
from tracker.findings.detectors.lr_schedule_bug import lr_schedule_bug
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import (
    learning_rates,
    longest_update,
    score,
    searches_rate,
    training_loss,
    typical_update,
    update_ratios,
)
from tracker.findings.ordered import median
from tracker.findings.training import Series, Training

_LEAP, _FAR, _CLIMB, _LONG_UPDATE, _SHORT_UPDATE, _HUGE_UPDATE, _FIRST_UPDATE = 3.0, 10.0, 1.5, 0.02, 3e-3, 0.2, 0.05


@detector("lr_too_high")
def lr_too_high(training: Training) -> Iterator[Finding]:
    """The first of its shapes that the training loss has."""
    whole = training_loss(training)
    loss = whole.finite
    if len(loss) < 3 or loss.value.min() < 0 or (settings.momentum(training.config) or 0) >= 0.98:
        return
    if searches_rate(training):
        return
    if 0 < longest_update(training) < _SHORT_UPDATE and len(loss) == len(whole):
        return  # steps of this length cannot be what is wrong
    said = _exploded(whole, loss) or _leapt(loss) or _knocked_out(loss, longest_update(training), _is_wild(training))
    if said is None and not any(each.severity == "error" for each in lr_schedule_bug(training)):
        said = _climbed(loss) or _came_back(training, loss)  # and no leap of the rate that says why
    said = (
        said or _swings(loss, typical_update(training)) or _overstepped(training, loss) or _stays_above(training, loss)
    )
    if said is None:
        return
    at, severity, confidence, words = said
    height = _rate(training)
    rate = f" at a learning rate of {height:g}" if height is not None else ""
    yield Finding(
        "lr_too_high", severity, f"{loss.tag} {words}{rate}.",
        "Train again with a tenth of the learning rate; if that works, try a warm-up to a third of it.",
        None, int(loss.step[at]), int(whole.step[-1]), confidence,
        Evidence((whole.tag, *training.roles.lr[:1]), (int(loss.step[0]), int(whole.step[-1]))),
    )  # fmt: skip


_Said = tuple[int, str, float, str] | None


def _exploded(whole: Series, loss: Series) -> _Said:
    """It grew step by step until it was not finite."""
    odd = np.flatnonzero(~np.isfinite(whole.value))
    if not len(odd) or odd[-1] < len(whole) - 2 or odd[0] < 2:
        return None
    before = whole.value[: odd[0]]
    first = before[0]
    high = np.flatnonzero(before > _LEAP * first)
    # One batch that is out of line is another kind: the growth must have been going on.
    if len(high) < 2 or before[-1] < _LEAP * first or before[-2] < _LEAP * median(before[: max(1, high[0])]):
        return None
    return int(high[0]), "error", 0.85, f"grew from {first:.4g} to {before[-1]:.4g} and was then no longer finite"


def _leapt(loss: Series) -> _Said:
    """It went far up at once."""
    value = loss.value
    n = len(value)
    early = value[: max(4, n // 3)]
    first = value[0]
    later = value[n // 3 :]
    if n < 8 or first <= 0:
        return None
    # Where batches differ by factors, the first may be one that is low by chance.
    limit = min(_LEAP * float(np.exp(2 * noise(np.log(later[later > 0])))), 2 * _FAR) * first
    high = np.flatnonzero(early > limit)
    if len(high) < 2 or high[0] > max(3, n // 8):
        return None
    # The second highest: a single batch out of line is no leap.
    peak, end = np.sort(early)[-2], ends(value)
    words = f"leapt from {first:.4g} to {peak:.4g} within {int(high[0]) + 1} points"
    if end.end > 0.7 * first:
        return int(high[0]), "error", 0.9, f"{words} and is still at {end.end:.4g}"
    if peak > max(limit, _FAR * first):
        return int(high[0]), "warning", 0.7, words
    return int(high[0]), "info", 0.4, words


def _knocked_out(loss: Series, longest: float, is_wild: bool) -> _Said:
    """Single steps that changed the weights by a fifth of them, or a wild rate, and nothing was learned after."""
    value = loss.value
    if len(value) < 20 or not (longest >= _HUGE_UPDATE or (is_wild and not longest)):
        return None
    levels = ends(value)
    high = np.flatnonzero(value[: len(value) // 3] > 1.5 * value[0])
    if len(high) < 2 or levels.end < 0.9 * value[0]:
        return None
    after = f"a step as long as {longest:.0%} of the weights" if longest else f"it leapt to {value[high].max():.4g}"
    return int(high[0]), "error", 0.8, f"is still at {levels.end:.4g} after {after}"


def _climbed(loss: Series) -> _Said:
    """It ends above where it began."""
    if len(loss) < 12:
        return None
    levels = ends(loss.value)
    if levels.end < _CLIMB * levels.start or not levels.is_higher or loss.value[0] > levels.end:
        return None
    above = np.flatnonzero(smoothed(loss.value, 5) > _CLIMB * levels.start)
    words = f"climbed from {levels.start:.4g} to {levels.end:.4g}"
    return int(above[0]) if len(above) else 0, "error", 0.7, words


def _came_back(training: Training, loss: Series) -> _Said:
    """It had fallen and is back for good."""
    value = loss.value
    n = len(value)
    if n < 40:
        return None
    curve = smoothed(value, max(5, n // 40))
    levels, first = ends(value), float(median(value[:3]))
    low = int(np.argmin(curve))
    if curve[low] > 0.6 * first or levels.end < 0.9 * first or low > 0.85 * n:
        return None
    if max(first, levels.start) - curve[low] < 4 * noise(value):
        return None  # it has never fallen by more than its noise
    back = np.flatnonzero(curve[low:] > (curve[low] + levels.end) / 2)
    if not len(back) or levels.end - curve[low] < 4 * noise(value) or median(value[low + back[0] :]) < 0.85 * first:
        return None
    at = low + int(back[0])
    step = int(loss.step[at])
    reach = 3 * max(1, int(loss.step[-1] - loss.step[0]) // n) + n // 40
    if any(
        mark.kind == "resume" and mark.step is not None and abs(mark.step - step) <= reach for mark in training.marks
    ):
        return None
    lr = learning_rates(training).finite
    rates = lr.value[(lr.step >= step - 3 * reach) & (lr.step <= step + reach)]
    if len(rates) > 1 and rates.max() > 2 * rates[0]:
        return None  # the schedule is what to look at
    return at, "warning", 0.6, f"had fallen to {curve[low]:.4g} and is back at {levels.end:.4g}"


def _swings(loss: Series, updates: float | None) -> _Said:
    """It goes up and down by its own height, at long updates."""
    if updates is None or updates < _LONG_UPDATE or len(loss) < 30:
        return None
    later = loss.value[len(loss) // 2 :]
    levels = ends(loss.value)
    if levels.fall > 0.3 or noise(later) < 0.3 * levels.start:
        return None
    words = f"is still at {levels.end:.4g} after {levels.start:.4g}, with updates of {updates:.0%} of the weights,"
    return 0, "warning" if noise(later) < 3 * levels.end else "error", 0.7, words


def _overstepped(training: Training, loss: Series) -> _Said:
    """Its first steps were a twentieth of the weights and more, and nothing was learned after."""
    first = [each.finite.value[0] for each in update_ratios(training).values() if len(each.finite)]
    if len(loss) < 30 or not first or median(first) < _FIRST_UPDATE or ends(loss.value).end < 0.9 * loss.value[0]:
        return None
    words = f"is still at {ends(loss.value).end:.4g}, and its first step was {median(first):.0%} of the weights,"
    return 0, "error", 0.75, words


def _stays_above(training: Training, loss: Series) -> _Said:
    """It rose with its first steps, stays there, and the score does not rise either."""
    scores = score(training).finite.value
    if len(loss) < 30 or len(scores) < 5 or loss.value[0] <= 0:
        return None
    later = loss.value[5:]
    above = (later > 1.1 * loss.value[0]).mean() > 0.9 and median(later) > 1.25 * loss.value[0]
    levels = ends(scores)
    if not above or levels.is_higher or levels.end > max(1.5 * levels.start, 0.05) or levels.end > 0.7:
        return None
    return 1, "error", 0.75, f"rose from {loss.value[0]:.4g} at once and stays at {median(later):.4g}"


def _is_wild(training: Training) -> bool:
    """Whether the rate is one that hardly any model bears: plain descent's from 1 on, Adam's from 0.1."""
    rate = _rate(training)
    adaptive = settings.is_adaptive(training.config)
    return rate is not None and rate >= (0.1 if adaptive else 1.0)


def _rate(training: Training) -> float | None:
    logged = learning_rates(training).finite.value
    return float(logged.max()) if len(logged) else settings.learning_rate(training.config)
