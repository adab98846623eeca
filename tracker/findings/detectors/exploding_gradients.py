"""exploding_gradients: gradients that grow through layers or time.

Definition: with G the length of all gradients together (logged as such, or from `grad_norm/<parameter>`) and L the size
of the largest training loss in its first steps (at least 1; of classifiers at most 3, about what chance gives), G ÷ L
is above 50 at a fifth of the points; or above 8 at four of five while the loss keeps 80 % or ends above L; or at least
a hundred times its early median and above 10 at the last points; or above 300 in one of the first two points of a
training that keeps half of its loss: one such step leaves a network where it cannot learn; or above 20 in the middle of
its first twentieth (three points at least) of a classifier whose loss begins at four times L and more, which is at most
12, what chance costs of 160,000 classes; or G itself is above 1000 at the last point before it is not finite. The layer
is the one with the largest gradient.

Thresholds: where the loss is 0 or below there is no such measure, and only growth counts. G ÷ L has no unit of the
loss, so that regressions with losses in thousands count as others do: trainings that learn had 0.01 to 6.3 at most.
What ends in NaN is said by `nan_or_inf`; here only what came before it counts.

Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"; Philipp et al. 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import learning, loss_scale, module_of, number, table, whole_gradient
from tracker.findings.ordered import median
from tracker.findings.training import Training

LARGE = 50.0
STUCK = 8.0
GREW, AT_LEAST = 100.0, 10.0
FIRST = 300.0
BEGAN, FAR = 20.0, 4.0
BROKE = 1000.0
_ADVICE = "Clip gradients to a length of 1 and see whether the loss falls; then look at the initialization and the lr."


@detector("exploding_gradients")
def exploding_gradients(training: Training) -> Iterator[Finding]:
    """One, with the layer whose gradient is the largest."""
    series = whole_gradient(training)
    if series is None:
        return
    value, steps = series.finite.value, series.finite.step
    breaks = 0 < len(value) < len(series) and value[-1] > BROKE and series.step[len(value)] > steps[-1]
    if len(value) < 3 and not breaks:
        return
    learned, scale = learning(training), loss_scale(training)
    left = learned.left
    relative = value / scale
    early = float(median(relative[: max(3, len(value) // 10)]))
    n = max(2, len(relative) // 20)
    is_large = (relative > LARGE).mean() >= 0.2 and not np.isnan(left)
    is_stuck = (left > 0.8 or learned.last > 1.2 * scale) and (relative > STUCK).mean() >= 0.8
    has_grown = float(median(relative[-n:])) > max(GREW * early, AT_LEAST)
    is_first = (relative[:2] > FIRST).any() and left >= 0.5
    began = float(median(relative[: max(3, len(relative) // 20)])) > BEGAN and learned.first > FAR * scale
    if not (is_large or is_stuck or has_grown or is_first or began or breaks):
        return
    limit = (
        relative[-1] * 0.99
        if breaks
        else LARGE
        if is_large or is_first
        else STUCK
        if is_stuck
        else BEGAN
        if began
        else max(GREW * early, AT_LEAST)
    )
    at = int(np.flatnonzero(relative > limit)[0])
    layer, tag = _largest(training, int(steps[at]))
    is_broken = not left < 0.7
    yield Finding(
        "exploding_gradients", "error" if is_broken else "warning",
        f"The gradient is {number(float(value[at]))} long at step {steps[at]}"
        + (f", {number(float(relative[at] / early))} times as long as early on." if has_grown and early > 0 else
           f", {number(float(relative[at]))} times the size of the loss."),
        _ADVICE, layer, int(steps[at]), int(steps[-1]), 0.85 if is_broken else 0.7,
        Evidence((tag or series.tag,), (int(steps[at]), int(steps[-1]))),
    )  # fmt: skip


def _largest(training: Training, step: int) -> tuple[str | None, str | None]:
    paths = [*training.layers("grad_norm")]
    steps, norms = table(training, "grad_norm", paths)
    if not len(steps):
        return None, None
    row = np.nan_to_num(norms[int(np.argmin(abs(steps - step)))], nan=-1.0, posinf=np.inf)
    path = paths[int(row.argmax())]
    return module_of(path), f"grad_norm/{path}"
