"""weight_decay_too_large: weight decay that shrinks the weights to nothing.

Definition: of the weights (no biases, no scales of norms) nine of ten end below half of the length they began with,
all of them together below 0.35, falling at most looks; and the loss keeps more than 60 % of what it was, or rises
again from its lowest by half. Or the configuration has a weight decay of 0.5 or more, the weights shrink by a tenth,
and the loss keeps 30 %. Without lengths of weights: a decay of 0.3 or more that, times the rate and the number of
points, is 3 or more, and a loss that keeps 80 %, or 30 % where the decay is 0.5 or more.

Thresholds: healthy decay of 0.01 to 0.1 with AdamW shortens weights by 10 to 30 % in a small run while others grow;
networks with batch norm may shrink and learn all the same, as their function does not change by it, which is why the
loss must say so too.

Source: Krogh and Hertz 1991; Loshchilov and Hutter 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import learning, number, percent, table, weights
from tracker.findings.settings import learning_rate
from tracker.findings.training import Training

STRONG = 0.5
_ADVICE = "Try a hundredth of the weight decay: 0.01 is usual with AdamW, 1e-4 with SGD."


@detector("weight_decay_too_large")
def weight_decay_too_large(training: Training) -> Iterator[Finding]:
    """At most one, without a layer: all shrink."""
    paths = weights(training, training.layers("weight_norm"))
    steps, norms = table(training, "weight_norm", paths)
    if not len(steps):
        yield from _by_settings(training)
    if len(steps) < 4 or not np.isfinite(norms).all():
        return
    whole = np.sqrt((norms**2).sum(axis=1))
    if whole[0] <= 0:
        return
    ends = norms[-1] / np.maximum(norms[0], 1e-300)
    shrunk = float(whole[-1] / whole[0])
    strength = _strength(training.config)
    if strength >= STRONG and shrunk < 0.9 and learning(training).left > 0.3:
        yield Finding(
            "weight_decay_too_large", "warning",
            f"With a weight decay of {number(strength)} the weights shrink to {number(shrunk)} of their length, "
            "and the loss keeps much of what it was.",
            _ADVICE, None, int(steps[0]), int(steps[-1]), 0.75,
            Evidence(tuple(f"weight_norm/{path}" for path in paths[:6]), (int(steps[0]), int(steps[-1]))),
        )  # fmt: skip
        return
    if (ends < 0.5).mean() < 0.9 or shrunk > 0.35 or (np.diff(whole) <= whole[1:] * 0.02).mean() < 0.7:
        return
    learned = learning(training)
    is_lost = not learned.left < 0.6 or learned.last > 1.5 * learned.best + 0.1 * abs(learned.first)
    at = int(np.flatnonzero(whole < 0.7 * whole[0])[0])
    yield Finding(
        "weight_decay_too_large", ("error" if shrunk < 0.1 else "warning") if is_lost else "info",
        f"All weights shrink together, to {number(shrunk)} of their length at first"
        + (", and the loss does not fall." if is_lost else "."),
        _ADVICE, None, int(steps[at]), int(steps[-1]), 0.9 if is_lost else 0.3,
        Evidence(tuple(f"weight_norm/{path}" for path in paths[:6]), (int(steps[0]), int(steps[-1]))),
    )  # fmt: skip


def _by_settings(training: Training) -> Iterator[Finding]:
    """Without lengths of weights: a decay that takes them away within the run, and a loss that keeps too much."""
    strength, rate, learned = _strength(training.config), learning_rate(training.config), learning(training)
    if strength < 0.3 or rate is None or learned.points < 20 or not learned.left > (0.3 if strength >= STRONG else 0.8):
        return
    taken = strength * rate * learned.points
    if taken < 3:
        return
    span = training.series(learned.tag or "")
    yield Finding(
        "weight_decay_too_large", "warning",
        f"A weight decay of {number(strength)} at a rate of {number(rate)} takes weights down to e^-{number(taken)} of "
        f"their length, and {span.tag} keeps {percent(learned.left)} of what it was.",
        _ADVICE, None, int(span.step[0]), int(span.step[-1]), 0.8,
        Evidence((span.tag,), (int(span.step[0]), int(span.step[-1]))),
    )  # fmt: skip


def _strength(config: Mapping[str, Any], depth: int = 0) -> float:
    """The weight decay that a configuration names; 0 where it does not."""
    for key, value in config.items():
        if isinstance(value, Mapping) and depth < 4:
            found = _strength(value, depth + 1)
            if found:
                return found
        elif str(key).lower().replace("-", "_") in _NAMES and isinstance(value, (int, float)):
            return float(value)
    return 0.0


_NAMES = frozenset("weight_decay weightdecay wd l2 l2_penalty".split())
