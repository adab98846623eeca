"""float16_overflow: the training exceeds what half precision holds.

Definition: a value that is not finite where the settings, or the mark of who made it, say float16 (not bfloat16); or a
loss scale that fell by 2 ** 10 and more and ends at its lowest.

Thresholds: float16 ends at 65504. A loss scaler lets gradients overflow now and then, and halves its scale at each: so
a length of the gradients that is infinite at a few steps, with a loss that stays finite, is how it works. Ten halvings
without a way back mean that no scale is small enough: the values themselves overflow.

Seen on seeded trainings whose settings say so in six ways: right in 6 of 6, beside nan_or_inf. Healthy, 198: nothing.

Source: Micikevicius et al. 2018, "Mixed precision training", section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from tracker.findings import settings
from tracker.findings.detector import detector
from tracker.findings.detectors.nan_or_inf import first_odd
from tracker.findings.finding import Evidence, Finding
from tracker.findings.training import Training

_ADVICE = "Compute in bfloat16, or keep the layer in float32; look at the largest value of what it puts out."
_COLLAPSE = 2.0**10


@detector("float16_overflow")
def float16_overflow(training: Training) -> Iterator[Finding]:
    """Where something is not finite in half precision, else where the loss scale has collapsed."""
    odd = first_odd(training)
    if odd is not None and (settings.is_half(training.config) or re.search(r"(?<!b)float16|fp16|\bhalf\b", odd.told)):
        yield Finding(
            "float16_overflow", "error", f"In half precision, which ends at 65504: {odd.sentence}", _ADVICE, odd.layer,
            odd.step, odd.step_last, 0.95, Evidence(odd.tags, (odd.step, odd.step)),
        )  # fmt: skip
        return
    for tag in training.tags:
        if not re.search(r"(loss|grad|amp)[_/-]?scale|scaler", tag.lower()):
            continue
        scale = training.series(tag).finite
        if len(scale) < 8 or scale.value[-1] <= 0:
            continue
        highest = int(np.argmax(scale.value))
        if scale.value[highest] >= _COLLAPSE * scale.value[-1] and scale.value[-1] <= scale.value[highest:].min():
            yield Finding(
                "float16_overflow", "warning",
                f"{tag} fell from {scale.value[highest]:g} to {scale.value[-1]:g} and does not come back: the "
                "gradients overflow at every scale.", _ADVICE, None, int(scale.step[highest]), int(scale.step[-1]), 0.8,
                Evidence((tag,), (int(scale.step[highest]), int(scale.step[-1]))),
            )  # fmt: skip
            return
