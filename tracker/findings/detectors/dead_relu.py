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
from tracker.findings.layers import activation_at, lasting, learning, percent, span
from tracker.findings.training import Training

MOST = 0.85
ALL = 0.97
LEARNED = 0.1
AT_FIRST = 0.7
SOME = 0.7
_LEAKY = frozenset(("leaky_relu", "prelu", "rrelu"))
_ADVICE = "Begin with biases of 0 and He's initialization; try a tenth of the lr, or a leaky rectifier in this layer."


@detector("dead_relu")
def dead_relu(training: Training) -> Iterator[Finding]:
    """The layers where it began first, at most three."""
    found = []
    for path, series in training.layers("dead").items():
        if not len(series) or series.value[-1] < SOME:
            continue  # as of most layers
        finite = series.finite
        step = lasting(finite, MOST)
        if step is None and len(finite) and finite.value[0] >= AT_FIRST:
            step = lasting(finite, SOME)
        severity = "warning"
        if step is None:
            step, severity = lasting(finite, SOME, 5), "info"
        if step is None:
            continue
        known = activation_at(training, path)
        if known is not None and known[0] in _LEAKY:
            continue
        share = float(finite.value[finite.step >= step].min())
        if finite.value[0] < 0.5 and learning(training).left < LEARNED:
            severity = "info"  # it came while the network learned what it had to learn
        if severity == "warning" and share >= ALL and not learning(training).left < 0.5:
            severity = "error"
        found.append((step, path, share, severity, series))
    found.sort(key=lambda each: (each[3] == "info", each[0], -each[2]))
    for step, path, share, severity, series in found[:3]:
        yield Finding(
            "dead_relu", severity,
            f"{percent(share)} of the rectifiers of {path} put out nothing for any sample, from step {step} on.",
            _ADVICE, path, step, span(series)[1], {"error": 0.95, "warning": 0.85, "info": 0.4}[severity],
            Evidence((series.tag,), (step, span(series)[1])),
        )  # fmt: skip
