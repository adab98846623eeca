"""clipping_always_active: clipping that cuts every gradient, so that it sets the length of the steps.

Definition: (a) `clipped`, the share of gradients that were cut, is above 0.95 in the mean, and what is left of them
(`clip_factor`) is below 0.1 in the middle, or below a quarter with a loss that has not halved. (b) The length of all
gradients is the same to a thousandth at 95 % of ten points or more: it was taken after clipping. (c) The configuration
names a limit, and the length is above ten times that at 95 % of the points. Where clipping always cuts but leaves more,
it is worth knowing only (info), as with (b) where the limit is above 0.1 and the loss falls: many recipes clip to 1 at
every step, and learn.

Source: Pascanu et al. 2013; Zhang et al. 2020, "Why gradient clipping accelerates training".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import learning, number, whole_gradient
from tracker.findings.ordered import median
from tracker.findings.training import Series, Training

ALWAYS = 0.95
LITTLE = 0.1
SOME = 0.25
_LIMIT = re.compile(r"clip|max_?(grad_?)?norm", re.IGNORECASE)
_ADVICE = "Set the limit to about the 90th percentile of the lengths before clipping, or leave clipping out for a run."


@detector("clipping_always_active")
def clipping_always_active(training: Training) -> Iterator[Finding]:
    """At most one."""
    cut, factor = training.series("clipped").finite, training.series("clip_factor").finite
    if len(cut) >= 5:
        if cut.value.mean() >= ALWAYS:
            left = float(median(factor.value)) if len(factor) else 1.0
            is_slow = left <= SOME and not learning(training).left < 0.5
            yield _finding(cut, left <= LITTLE or is_slow, 0.9,
                           f"Every gradient is cut, to {number(left)} of its length in the middle.")  # fmt: skip
        return
    series = whole_gradient(training)
    if series is None or len(series.finite) < 10:
        return
    value = series.finite.value
    middle = float(median(value))
    if middle <= 0:
        return
    if (abs(value / middle - 1) < 1e-3).mean() >= ALWAYS:
        is_slow = not learning(training).left < 0.5
        yield _finding(series, middle <= LITTLE or is_slow, 0.85,
                       f"The gradient is {number(middle)} long at every step: all are cut to that.")  # fmt: skip
        return
    limit = _limit(training.config)
    if limit and (value > limit).mean() >= ALWAYS:
        yield _finding(series, middle * LITTLE >= limit, 0.85,
                       f"The gradient is {number(middle / limit)} times as long as the limit of {number(limit)} in the "
                       "middle, and above it at nearly every step.")  # fmt: skip


def _limit(config: Mapping[str, Any], depth: int = 0) -> float | None:
    for key, value in config.items():
        if isinstance(value, Mapping) and depth < 4:
            found = _limit(value, depth + 1)
            if found:
                return found
        elif _LIMIT.search(str(key)) and isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None


def _finding(series: Series, is_severe: bool, confidence: float, sentence: str) -> Finding:
    step, last = int(series.step[0]), int(series.step[-1])
    return Finding(
        "clipping_always_active", "warning" if is_severe else "info", sentence, _ADVICE, None, step, last,
        confidence if is_severe else 0.4, Evidence((series.tag,), (step, last)),
    )  # fmt: skip
