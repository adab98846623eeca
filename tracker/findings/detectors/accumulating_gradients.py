"""accumulating_gradients: gradients that are added up over steps, because nobody sets them to 0.

Definition: (a) `accumulated`, how many times as long the gradient is that an optimizer is given as the one that the
backward pass before it made, with one backward pass since the last update, is above 1.5 at two looks or more after the
first, and above 3 at one. (b) Without it: the length of all gradients grows with the steps, to 8 times what it was or
more, with a rank correlation above 0.9 with the step, in the first third or all along, while the loss does not fall
below half of what it was, or the length is even from one step to the next (5 %); or to 30 times, whatever the loss
does. In the middle it is a fifth of the end or more, as what is added up grows with the steps and not by factors. (c)
It grows within most of four epochs or more (rank correlation above 0.75 in the middle, the end 1.8 times the beginning)
and is less than 0.4 of its end with the next epoch's first step, while the loss does not rise like that: it is set to 0
once an epoch.

Thresholds: with gradients set to 0 `accumulated` is 1, to the last digits. (b) asks for much, as gradients grow in
healthy trainings too: twofold to fivefold, and unevenly, while the loss falls. (c) Within an epoch they do not: the
rank correlation is 0.3 at most, and what falls at its end is as much as between any two steps.

Source: practice; "missing zero_grad" is the commonest of training-loop faults in Humbatova et al. 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tracker.findings.curves import noise
from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import training_loss, validation_loss
from tracker.findings.layers import learning, loss_scale, number, whole_gradient
from tracker.findings.ordered import distinct, median
from tracker.findings.training import Series, Training

_EVEN = 0.05
_ADVICE = "Call optimizer.zero_grad() once in every step, before backward()."


@detector("accumulating_gradients")
def accumulating_gradients(training: Training) -> Iterator[Finding]:
    """At most one, without a layer: it is the loop's."""
    told = training.series("accumulated").finite
    if len(told) >= 3:
        later = told.value[1:]
        if (later > 1.5).sum() >= 2 and later.max() > 3:
            at = int(np.flatnonzero(told.value > 1.5)[0])
            times = number(float(median(later[later > 1.5])))
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
        start, even = float(median(value[: max(2, part // 20)])), _rank(value)
        height = float(median(value[-max(2, part // 10) :]))
        growth, end = height / start if start > 0 else 0.0, height / loss_scale(training)
        if float(median(value[part * 2 // 5 : part * 3 // 5])) < 0.2 * height:
            continue
        # A sum changes by one batch at a time: it is even where a gradient of one batch is not.
        is_sum = even > 0.97 and part >= 50 and noise(np.log(np.maximum(value, 1e-300))) < _EVEN
        if (growth >= 8 and even > 0.9 and (is_sum or not is_learned)) or (
            growth >= 30 and (even > 0.9 or (even > 0.8 and end > 20))
        ):
            at = int(np.flatnonzero(value >= 2 * start)[0])
            text = f"The gradient grows with the steps, {number(growth)} times as long as at first."
            yield _finding(finite, at, 0.7, text)
            return
    within = _within_epochs(training, finite)
    if within is not None:
        text = (
            f"The gradient grows {number(within)} times within an epoch, over and over, and is short again at the next."
        )
        yield _finding(finite, 0, 0.8, text)


def _within_epochs(training: Training, gradient: Series) -> float | None:
    """By how much it grows from the beginning of an epoch to its end, in the middle of all; None unless it does."""
    ends = distinct(validation_loss(training).step)
    loss = training_loss(training).finite
    found: list[tuple[float, float, float, float]] = []
    for since, until in pairwise(ends):
        start, stop = np.searchsorted(gradient.step, (since, until), "right")
        value = gradient.value[start:stop]
        losses = loss.value[slice(*np.searchsorted(loss.step, (since, until), "right"))]
        if min(len(value), len(losses)) < 8 or stop >= len(gradient):
            continue
        few = max(2, len(value) // 5)
        first, last = float(median(value[:few])), float(median(value[-few:]))
        found.append((_rank(value), _rank(losses), last / max(first, 1e-12), last / max(gradient.value[stop], 1e-12)))
    if len(found) < 4:
        return None
    even, worse, growth, drop = median(np.array(found), axis=0)
    return float(growth) if even > 0.75 and worse < 0.5 and growth > 1.8 and drop > 2.5 else None


def _rank(value: npt.NDArray[np.float64]) -> float:
    """The rank correlation with the order, from -1 to 1."""
    return float(np.corrcoef(np.argsort(np.argsort(value)), np.arange(len(value)))[0, 1])


def _finding(series: Series, at: int, confidence: float, sentence: str) -> Finding:
    step, last = int(series.step[at]), int(series.step[-1])
    return Finding(
        "accumulating_gradients", "error" if confidence > 0.9 else "warning", sentence, _ADVICE, None, step, last,
        confidence, Evidence((series.tag,), (step, last)),
    )  # fmt: skip
