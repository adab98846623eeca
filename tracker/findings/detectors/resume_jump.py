"""resume_jump: a training lost something when it was resumed.

Definition: the training loss right after a resume (marked by the tracker, or told by a pause between two points of 5
minutes and 20 times the usual) is above that right before it by more than 4 standard deviations of the noise there and
by a quarter of its height, or by a fifth of all that it had fallen. Where the rate leaps by half or more at the resume,
or steps are left out, the sentence says so.

Thresholds: an optimizer that lost its averages makes the loss rise for some dozen steps, by 10 to 100 % of its level;
weights that were not all loaded bring it back towards its beginning. Small batches have heavy tails, so the
logarithm must have risen by 3.5 standard deviations too, and to 1.3 times what as many points before ever reached,
unless more than half of all that was learnt is lost.

Seen on seeded trainings: right, at the right step, in 10 of 12 whose weights were lost in part or shaken; missed in 2
regressions whose loss hardly changes by it. Healthy resumes, 6: no warning. One that was wrong (batches of 8) led to
the rules on logarithms and on what was reached before.

Source: practice; PyTorch's and Lightning's guides to checkpoints list what has to be saved.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tracker.findings.curves import ends, noise
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import learning_rates, training_loss, validation_loss
from tracker.findings.ordered import median
from tracker.findings.training import Series, Training

_WINDOW, _PAUSE_S, _PAUSE = 8, 300.0, 20.0


@detector("resume_jump")
def resume_jump(training: Training) -> Iterator[Finding]:
    """A finding for each resume after which the loss is higher."""
    for series in (training_loss(training).finite, validation_loss(training).finite):
        found = [each for at in _resumes(training, series) if (each := _jump(training, series, at)) is not None]
        if found:
            yield from found
            return


def _resumes(training: Training, series: Series) -> list[int]:
    """The points at which a training went on."""
    back = np.flatnonzero(np.diff(series.step) < 0) + 1
    if 0 < len(back) <= 3:
        return [int(at) for at in back]  # it counts its steps anew
    steps = {mark.step for mark in training.marks if mark.kind in ("resume", "resumed") and mark.step is not None}
    found = {int(at) for at in np.searchsorted(series.step, sorted(steps), side="right")}
    if len(series) > 20:
        gaps = np.diff(series.wall_time)
        usual = float(median(gaps))
        paused = np.flatnonzero((gaps > _PAUSE_S) & (gaps > _PAUSE * usual))
        if usual > 0 and len(paused) <= 3:
            found |= {int(at) + 1 for at in paused}
    return sorted(found)


def _jump(training: Training, series: Series, at: int) -> Finding | None:
    before, after = series.value[max(0, at - 60) : at], series.value[at : at + _WINDOW]
    if len(before) < 3 or len(after) < 1:
        return None
    old = float(median(before[-_WINDOW:]))
    # The first points show it best: a lost state is made up for within some dozen steps.
    count = max(1, min(len(after), _WINDOW) // 2)
    new = float(median(after[:count]))
    rise = new - old
    fallen = float(median(series.value[: max(1, min(5, at // 4))])) - old
    sigma = max(noise(before), float(np.std(before[-_WINDOW:])) if len(before) < 8 else 0.0)
    if rise <= 4 * sigma * 1.25 * np.sqrt(1 / count + 1 / _WINDOW) or (rise < 0.25 * abs(old) and rise < 0.2 * fallen):
        return None
    # Small batches have heavy tails: so it must stand out by its order of magnitude too, and as many points together
    # must not have been as high in the stretch before.
    if min(before.min(), after.min()) > 0:
        spread = noise(np.log(before)) * 1.25 * np.sqrt(1 / len(after) + 1 / _WINDOW)
        if median(np.log(after)) - median(np.log(before[-_WINDOW:])) < 3.5 * spread:
            return None
    share = rise / fallen if fallen > 0 else 1.0
    if (
        share < 0.6
        and len(before) > count
        and new < 1.3 * float(median(sliding_window_view(before, count), axis=1).max())
    ):
        return None
    first, step = int(series.step[at]), int(series.step[at - 1])
    words = f"{series.tag} leaps from {old:.4g} to {new:.4g} at the resume after step {step}"
    lr = learning_rates(training).finite
    there = int(np.searchsorted(lr.step, step, side="right"))
    if 0 < there < len(lr) and not 2 / 3 < lr.value[there] / max(lr.value[there - 1], 1e-300) < 1.5:
        words += f", where the learning rate goes from {lr.value[there - 1]:g} to {lr.value[there]:g}"
    if first <= step:
        words += f", and the steps go on from {first}"
    stride = float(median(np.diff(series.step[:at]))) if at > 2 else 1.0
    if first - step > 10 * max(stride, 1):
        words += f", and steps {step + 1} to {first - 1} are left out"
    levels = ends(series.value[at:])
    advice = (
        "Load weights, optimizer, schedule and the place in the data; "
        "then compare the first loss after it with the last before."
    )
    severity = "error" if share > 0.7 and levels.end > (old + new) / 2 else "warning"
    shown = int(series.step[max(0, at - 30)]), int(series.step[min(len(series) - 1, at + 30)])
    return Finding(
        "resume_jump", severity, f"{words}.", advice, None, first, int(series.step[-1]), 0.85,
        Evidence((series.tag,), shown),
    )  # fmt: skip
