"""dead_relu: a layer most of whose rectifiers are always 0.

Definition: `dead/<layer>`, the share of units that did nothing for any sample of a batch, stays at or above 0.85 until
the end, for three looks or more; or begins at 0.7 and stays there. From 0.97 on hardly anything passes the layer.
Where it came during a training that lost nine tenths of its loss all the same, it is worth knowing only (info).

Thresholds: in some 60 trainings that learned, at most 0.62 of the units of a layer were dead, 0.54 at the beginning;
those of small batches are off at times and on at others, which is why the share must last. Leaky rectifiers pass a
gradient where they are negative and are left out where the graph names them; a unit of GELU or SiLU counts only where
it is flat.

Source: Lu et al. 2019, "Dying ReLU and initialization"; Maas et al. 2013.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.layers import activation_at, percent, span
from tracker.findings.stuck_layers import Bounds, stuck_layers
from tracker.findings.training import Training

BOUNDS = Bounds(most=0.85, almost_all=0.97, at_first=0.7, some=0.7)
_LEAKY = frozenset(("leaky_relu", "prelu", "rrelu"))
_ADVICE = "Begin with biases of 0 and He's initialization; try a tenth of the lr, or a leaky rectifier in this layer."


@detector("dead_relu")
def dead_relu(training: Training) -> Iterator[Finding]:
    """The layers where it began first, at most three."""

    def is_spared(path: str) -> bool:
        known = activation_at(training, path)
        return known is not None and known[0] in _LEAKY

    stuck = stuck_layers(training, "dead", BOUNDS, is_spared, lambda left: not left < 0.5)
    for step, path, share, severity, series in stuck:
        yield Finding(
            "dead_relu", severity,
            f"{percent(share)} of the rectifiers of {path} put out nothing for any sample, from step {step} on.",
            _ADVICE, path, step, span(series)[1], {"error": 0.95, "warning": 0.85, "info": 0.4}[severity],
            Evidence((series.tag,), (step, span(series)[1])),
        )  # fmt: skip
