"""saturated_activations: a tanh or sigmoid at its ends.

Definition: `saturated/<layer>`, the share of outputs within 2 % of an end of the range, stays at or above 0.8 until
the end, for three looks or more, in a layer inside the network; or begins at 0.6 and stays above 0.65. Softmax and
what the output comes out of are left out: there it is what learning aims at. Where it came during a training that lost
nine tenths of its loss, it is worth knowing only (info).

Thresholds: tanh and sigmoid networks that learn begin below 0.05 and come to 0.7 at most, where the loss is next to 0;
units that are fed values or weights tens of times too large begin at 0.75 and above.

Source: Glorot and Bengio 2010, section 3; LeCun et al. 1998, section 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import activation_at, percent, span
from tracker.findings.stuck_layers import Bounds, stuck_layers
from tracker.findings.training import Training

BOUNDS = Bounds(most=0.8, almost_all=0.95, at_first=0.6, some=0.65)
_NOT_HIDDEN = re.compile(r"softmax|prob|(^|\.)out|head|gate|att|lstm|gru|classif|logit|mask", re.IGNORECASE)
_ADVICE = "Scale the inputs to a spread of 1, and begin with Glorot's initialization; watch the share fall."


@detector("saturated_activations")
def saturated_activations(training: Training) -> Iterator[Finding]:
    """The layers where it began first, at most three."""

    def is_spared(path: str) -> bool:
        known = activation_at(training, path)
        return bool(_NOT_HIDDEN.search(path)) or (known is not None and (known[1] or "softmax" in known[0]))

    stuck = stuck_layers(training, "saturated", BOUNDS, is_spared, lambda left: left > 0.8)
    for step, path, share, severity, series in stuck:
        yield Finding(
            "saturated_activations", severity,
            f"{percent(share)} of what {path} puts out lies at an end of its range, from step {step} on: "
            "hardly a gradient passes there.",
            _ADVICE, path, step, span(series)[1], {"error": 0.9, "warning": 0.8, "info": 0.4}[severity],
            Evidence((series.tag,), (step, span(series)[1])),
        )  # fmt: skip
