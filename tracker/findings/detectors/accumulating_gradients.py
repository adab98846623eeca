"""accumulating_gradients: gradients that are added up over steps, because nobody sets them to 0.

Definition: (a) `accumulated`, how many times as long the gradient is that an optimizer is given as the one that the
backward pass before it made, with one backward pass since the last update, is above 1.5 at two looks or more after the
first, and above 3 at one. (b) Without it: the length of all gradients grows with the steps, to 8 times what it was or
more, with a rank correlation above 0.9 with the step, in the first third or all along, while the loss does not fall
below half of what it was; or to 30 times with a correlation above 0.8, and 20 times as long as the loss is large.

Thresholds: with gradients set to 0 `accumulated` is 1, to the last digits. (b) asks for much, as gradients grow in
healthy trainings too: twofold to fivefold, and unevenly, while the loss falls.

Source: practice; "missing zero_grad" is the commonest of training-loop faults in Humbatova et al. 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import learning, loss_scale, number, whole_gradient
from tracker.findings.training import Series, Training

_ADVICE = "Call optimizer.zero_grad() once in every step, before backward()."


@detector("accumulating_gradients")
def accumulating_gradients(training: Training) -> Iterator[Finding]:
    """At most one, without a layer: it is the loop's."""
    told = training.series("accumulated").finite
    if len(told) >= 3:
        later = told.value[1:]
        if (later > 1.5).sum() >= 2 and later.max() > 3:
            at = int(np.flatnonzero(told.value > 1.5)[0])
            times = number(float(np.median(later[later > 1.5])))
            text = f"The optimizer is given gradients {times} times as long as a backward pass makes them."
            yield _finding(told, at, 0.97, text)
        return
    series = whole_gradient(training)
    if series is None or len(series.finite) < 8:
        return
    is_learned = learning(training).left < 0.5
    finite = series.finite
    for part in (len(finite), max(8, len(finite) // 3)):
        value = finite.value[:part]
        start = float(np.median(value[: max(2, part // 20)]))
        ranks = np.argsort(np.argsort(value))
        even = float(np.corrcoef(ranks, np.arange(part))[0, 1])
        growth = float(np.median(value[-max(2, part // 10) :])) / start if start > 0 else 0.0
        end = float(np.median(value[-max(2, part // 10) :])) / loss_scale(training)
        if (growth >= 8 and even > 0.9 and not is_learned) or (growth >= 30 and even > 0.8 and end > 20):
            at = int(np.flatnonzero(value >= 2 * start)[0])
            text = f"The gradient grows with the steps, {number(growth)} times as long as at first."
            yield _finding(finite, at, 0.7, text)
            return


def _finding(series: Series, at: int, confidence: float, sentence: str) -> Finding:
    step, last = int(series.step[at]), int(series.step[-1])
    return Finding(
        "accumulating_gradients", "error" if confidence > 0.9 else "warning", sentence, _ADVICE, None, step, last,
        confidence, Evidence((series.tag,), (step, last)),
    )  # fmt: skip
