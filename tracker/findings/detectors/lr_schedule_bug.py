"""lr_schedule_bug: the learning rate is gone early, never comes, or leaps.

Definition, by the logged rate, any of:
- gone: below 1 % of its height for more than half of the run, from before 45 % of it on, while the loss had not fallen
  to a tenth. A schedule of epochs stepped at every batch does this, or one for a run of another length.
- never there: 0 from the beginning for a tenth of the run, or a warm-up that is still going on at the end.
- leaps: from one point to the next it goes 3 times above all it has been, and the loss follows, or 20 times.
- swings: back and forth between its height and nothing 8 times, or 15 where
  it comes back at once: an annealing of epochs stepped by batch.

Thresholds: cosine, line and square root are below 1 % of their height for at most 7 % of a run, the usual steps of
a tenth (at half and three quarters) for none. A restart comes back to the height that it had, and a warm-up's leaps
lead from less than a hundredth of the run's own height upwards within its first tenth, to what then holds: both pass.
Rates that somebody set on the page are marked ("lr") and are no bug.

Seen on seeded trainings: right in 40 of 40 (gone early, leaps, restarts too high, warm-up without end, stepped beyond
its end). Healthy, 198, of which 40 with schedules: no warning; information in 1.

Source: practice; Loshchilov and Hutter 2017 (restarts), Smith 2018 (one cycle), Goyal et al. 2017 (warm-up).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.curves import ends
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss
from tracker.findings.training import Series, Training

_GONE, _LEAP, _FAR_LEAP, _SWINGS = 0.01, 3.0, 20.0, 15


@detector("lr_schedule_bug")
def lr_schedule_bug(training: Training) -> Iterator[Finding]:
    """The first of its shapes that the rate has."""
    lr = learning_rates(training).finite
    if len(lr) < 12 or lr.value.max() <= 0:
        return
    loss = training_loss(training).finite
    said = _leaps(training, lr, loss) or _never(training, lr) or _gone(lr, loss) or _swings(lr)
    if said is None:
        return
    at, severity, confidence, words, advice = said
    yield Finding(
        "lr_schedule_bug", severity, f"{lr.tag} {words}.", advice, None, int(lr.step[at]), int(lr.step[-1]), confidence,
        Evidence((lr.tag, loss.tag) if loss.tag else (lr.tag,), (int(lr.step[0]), int(lr.step[-1]))),
    )  # fmt: skip


_Said = tuple[int, str, float, str, str] | None


def _leaps(training: Training, lr: Series, loss: Series) -> _Said:
    """Above all that it has been, at once."""
    value = lr.value
    highest = np.maximum.accumulate(value)
    ratio = np.divide(value[1:], highest[:-1], out=np.ones(len(value) - 1), where=highest[:-1] > 0)
    # A warm-up rises at every point: what it leaps from has been left only just now.
    since = np.arange(1, len(value)) - np.maximum.accumulate(np.where(np.diff(highest, prepend=0) > 0,
                                                                      np.arange(len(value)), 0))[:-1]  # fmt: skip
    found = np.flatnonzero((ratio >= _LEAP) & (since >= 3))
    for at in found + 1:
        step, before = int(lr.step[at]), float(highest[at - 1])
        if any(mark.kind in ("lr", "control") and mark.step is not None and abs(mark.step - step) <= 2
               for mark in training.marks):  # fmt: skip
            continue
        words = f"leaps to {value[at]:g} at step {step}, {value[at] / before:.3g} times its highest before"
        advice = "Look at what sets the rate at that step: a restart must come back to the height it had."
        after, level = loss.value[loss.step >= step][:20], loss.value[loss.step < step][-20:]
        follows = len(after) > 1 and len(level) > 2 and bool(np.sort(after)[-2] > 2 * max(level.max(), 0))
        if follows or (value[at] / before >= _FAR_LEAP and at > len(value) // 10):
            return (
                int(at),
                "error" if follows else "warning",
                0.9,
                words + (", and the loss follows" if follows else ""),
                advice,
            )
        if at > len(value) // 10 and value[at] / before >= 2 * _LEAP:
            # Twice is no plan: what began at this height would have said so the first time.
            return int(at), "warning" if value[:at].min() < 0.5 * before else "info", 0.6, words, advice
    return None


def _never(training: Training, lr: Series) -> _Said:
    """0 at first, or on its way up until the end."""
    value = lr.value
    zero = int(np.argmax(value > 0))
    if zero >= max(10, len(value) // 10):
        words = f"is 0 until step {lr.step[zero]}"
        return 0, "warning", 0.8, words, "Look at what sets the rate in the beginning: nothing is learned until then."
    rises = np.diff(value)
    if len(value) < 30 or rises.min() < 0 or not value[0] < 0.1 * value[-1]:
        return None
    # Along a line: what doubles at every so many steps looks for a rate, and is meant to.
    tenth = len(value) // 10
    is_line = abs(value[len(value) // 2] / value[-1] - 0.5) < 0.1 and (rises[-tenth:] > 0).mean() > 0.5
    if not is_line:
        return None
    words = f"was still warming up at the end: {value[0]:g} at first, {value[-1]:g} at step {lr.step[-1]}"
    severity = "info" if training.status == "running" else "warning"
    return (
        0,
        severity,
        0.7,
        words,
        "End the warm-up within the first tenth of the run: compare its steps with the run's.",
    )


def _gone(lr: Series, loss: Series) -> _Said:
    """Next to nothing for most of the run."""
    value = lr.value
    peak = int(np.argmax(value))
    small = value < _GONE * value[peak]
    small[:peak] = False
    if not small[-1]:
        return None
    at = int(len(value) - np.argmin(small[::-1]))  # since when it has been so without a break
    span = int(lr.step[-1] - lr.step[0])
    gone = int(lr.step[at] - lr.step[0])
    if not span or gone > 0.45 * span:
        return None
    levels = ends(loss.value) if len(loss) >= 10 else None
    is_done = levels is not None and levels.fall > 0.9
    words = f"is below 1 % of its height from step {lr.step[at]} on, for {1 - gone / span:.0%} of the run"
    if levels is not None:
        words += f"; {loss.tag} is at {levels.end:.4g} after {levels.start:.4g}"
    severity = "info" if is_done and gone > 0.2 * span else "warning"
    advice = "Step the schedule once an epoch if it counts epochs, and give it the length that the run has."
    return at, severity, 0.5 if is_done else 0.85, words, advice


def _swings(lr: Series) -> _Said:
    """Between its height and nothing, over and over."""
    part = lr.value / lr.value.max()
    side = np.where(part > 0.9, 1, np.where(part < 0.02, -1, 0))
    side = side[side != 0]
    turns = int((np.diff(side) != 0).sum())
    # A restart is at its height at once; what rises as slowly as it fell has been stepped beyond its end.
    rises = (np.diff(part) > 0).sum() / max(1, (np.diff(part) < 0).sum())
    if turns < (_SWINGS if 0.5 < rises < 2 else 2 * _SWINGS):
        return None
    words = f"swings {turns // 2} times between {lr.value.max():g} and nothing"
    advice = "Step the annealing once an epoch, or give it the length of the run in steps."
    return 0, "warning", 0.7, words, advice
