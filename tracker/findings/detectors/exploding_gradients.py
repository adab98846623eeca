"""exploding_gradients: gradients that grow through layers or time.

Definition: with G the length of all gradients together (logged as such, or from `grad_norm/<parameter>`) and L the
size of the loss in the first steps, G ÷ max(L, 0.1) is above 300 at a fifth of the points; or at least a hundred times
its early median and above 30 at the last points, or until G is no longer finite; or above 1000 in one of the first two
points of a training that keeps more than half of its loss: one such step leaves a network where it cannot learn. The
layer is the one with the largest gradient.

Thresholds: G ÷ L has no unit of the loss, so that regressions with losses in thousands count as others do: trainings
that learn have 0.01 to 10, with single spikes to 100, those of recurrent networks to 300. What ends in NaN is said by
`nan_or_inf`; here it only counts what came before it.

Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"; Philipp et al. 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import learning, module_of, number, table, whole_gradient
from tracker.findings.training import Training

LARGE = 300.0
GREW = 100.0
FIRST = 1000.0
_ADVICE = "Clip gradients to a length of 1 and see whether the loss falls; then look at the initialization and the lr."


@detector("exploding_gradients")
def exploding_gradients(training: Training) -> Iterator[Finding]:
    """One, with the layer whose gradient is the largest."""
    series = whole_gradient(training)
    if series is None:
        return
    value, steps = series.value, series.step
    finite = np.isfinite(value)
    if finite.sum() < 3:
        return
    size = abs(learning(training).first)
    scale = max(size, 0.1) if np.isfinite(size) else 1.0
    relative = np.where(finite, value, np.inf) / scale
    early = float(np.median(relative[finite][: max(3, finite.sum() // 10)]))
    n = max(2, len(relative) // 20)
    is_large = (relative > LARGE).mean() >= 0.2
    has_grown = float(np.median(relative[-n:])) > max(GREW * early, 30.0)
    is_first = (relative[:2] > FIRST).any() and not learning(training).left < 0.5
    if not (is_large or has_grown or is_first):
        return
    limit = LARGE if is_large or is_first else max(GREW * early, 30.0)
    at = int(np.flatnonzero(relative > limit)[0])
    layer, tag = _largest(training, int(steps[at]))
    is_broken = not learning(training).left < 0.7
    yield Finding(
        "exploding_gradients", "error" if is_broken else "warning",
        f"The gradient is {number(float(value[at]))} long at step {steps[at]}"
        + (f", {number(float(relative[at] / early))} times as long as early on." if has_grown and early > 0 else
           f", where the loss began at {number(scale)}."),
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
