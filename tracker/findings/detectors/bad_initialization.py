"""bad_initialization: the training began with zeros, copies, or weights of a wrong size.

Definition, of weights (no biases, no scales of norms) at the first look:
- zeros: two weights or more are 0 and stay so at every look, or all of them are. One, or such that move later, are a
  last layer or residual branches begun at 0 on purpose.
- copies: a weight of more than one element is one value to a thousandth (1 is left out: it is what scales of norms
  begin with); or its histogram has eight buckets or more of which all counts share a divisor of 4 or more: its units
  are equal to each other.
- too large: root mean square × √(fan-in) is above 3.5 in half of the weights, with an output whose spread begins above
  8 or a loss that begins at ten times its lowest; or above 20 in one that is trained.
- too small: below 0.001 in two weights and in half of all.
Where no weights were logged, a first loss that is told of as `unnormalized_input` may come of this too (info).

Thresholds: initializations in use give √(fan-in) × rms of 0.3 (LeCun's uniform) to 1.5 (He's), with gains 0.01 (the
last layer of a policy) to 3. Embeddings and positions have no fan-in and are left out. Fan-in is read from the graph.

Source: Glorot and Bengio 2010; He et al. 2015; Zhang et al. 2019 (Fixup) for what begins at 0 on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.detectors.unnormalized_input import unnormalized_input
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import update_ratios
from tracker.findings.layers import by_depth, learning, module_of, number, shapes, weights
from tracker.findings.ordered import median
from tracker.findings.training import Training

LARGE, VERY_LARGE, SMALL = 3.5, 20.0, 1e-3
FAR = 8.0
ALIKE = 1e-3
LONG = 0.5
_NO_FAN = re.compile(r"emb|pos|token|fourier|query|cls|wte|wpe|codebook", re.IGNORECASE)
_ADVICE = "Begin with He's initialization for rectifiers or Glorot's for tanh, and biases of 0."


@dataclass(frozen=True)
class _Begun:
    """A weight as it was when it was looked at first."""

    path: str
    length: float
    stays: bool
    size: float | None
    """Root mean square × √(fan-in)."""


@detector("bad_initialization")
def bad_initialization(training: Training) -> Iterator[Finding]:
    """At most one, of the first layer that it is true of."""
    found = _begun(training)
    if not found:
        yield from _from_outside(training)
        return
    step = min(int(training.series(f"weight_norm/{each.path}").step[0]) for each in found)
    zeros = [each.path for each in found if each.length == 0 and each.stays]
    if len(zeros) >= 2 or (zeros and len(zeros) == len(found)):
        yield _finding(training, zeros, step, "error", 0.95, "begin with zeros, and stay so")
        return
    copies = [each.path for each in found if each.length > 0 and _has_copies(training, each.path)]
    if copies:
        yield _finding(training, copies, step, "error", 0.95, "begin with units that are equal to each other")
        return
    first_updates = [each.finite.value[0] for each in update_ratios(training).values() if len(each.finite)]
    if first_updates and median(first_updates) > LONG:
        return  # what is looked at first may be what the first step left
    sized = [each for each in found if each.size is not None and not _NO_FAN.search(each.path)]
    large = [each.path for each in sized if (each.size or 0) > LARGE]
    very = [each.path for each in sized if (each.size or 0) > VERY_LARGE and _is_trained(training, each.path)]
    learned = learning(training)
    output = training.series("output/std").finite.value
    is_far = bool(len(output) and output[0] > FAR) or learned.first > 10 * max(1.0, learned.best)
    if very or (large and len(large) >= len(sized) / 2 and is_far):
        size = max(each.size or 0 for each in sized)
        yield _finding(training, very or large, step, "error" if learned.left > 0.5 and very else "warning", 0.9,
                       f"begin up to {number(size)} times as wide as keeps a signal's size")  # fmt: skip
        return
    small = [each.path for each in sized if 0 < (each.size or 0) < SMALL]
    if len(small) >= 2 and len(small) >= len(sized) / 2:
        size = min(each.size or 0 for each in sized)
        yield _finding(training, small, step, "warning", 0.85,
                       f"begin at {number(size)} of what keeps a signal's size")  # fmt: skip


def _from_outside(training: Training) -> Iterator[Finding]:
    """Without a look at weights: a first loss far above chance, which unscaled inputs have as well (info)."""
    for each in unnormalized_input(training):
        if each.severity == "warning" and each.layer is None and not training.layers("input"):
            text = (
                "The first loss is far above chance: weights that begin too wide do that, as inputs of large scale do."
            )
            yield Finding("bad_initialization", "info", text, _ADVICE, None, each.step, None, 0.4, each.evidence)


def _begun(training: Training) -> list[_Begun]:
    known = shapes(training)
    found = []
    for path in by_depth(training, weights(training, training.layers("weight_norm"))):
        series = training.series(f"weight_norm/{path}").finite
        if not len(series):
            continue
        shape = known.get(path)
        size = None
        if shape is not None and len(shape) >= 2:
            elements, fan_in = float(np.prod(shape)), float(np.prod(shape[1:]))
            size = float(series.value[0]) * float(np.sqrt(fan_in / max(1.0, elements)))
        found.append(_Begun(path, float(series.value[0]), not series.value.any(), size))
    return found


def _first_histogram(training: Training, path: str) -> Any:
    for family in ("parameters", "weights"):
        tag = f"{family}/{path}"
        if tag in training.histogram_tags and training.read_histograms is not None:
            return next(iter(training.read_histograms(tag)), None)
    return None


def _has_copies(training: Training, path: str) -> bool:
    histogram = _first_histogram(training, path)
    if histogram is None or histogram.total < 2:
        return False
    largest = max(abs(histogram.min), abs(histogram.max))
    if histogram.max - histogram.min <= ALIKE * largest:
        return bool(largest != 0 and abs(largest - 1) > ALIKE)
    counts = np.asarray(histogram.counts)
    counts = counts[counts > 0].astype(np.int64)
    # Units that are equal but for rounding may fall on both sides of an edge, so some counts are no multiples.
    commonest = int(np.bincount(counts).argmax()) if len(counts) else 0
    return len(counts) >= 8 and commonest >= 4 and float((counts % commonest == 0).mean()) >= 0.6


def _is_trained(training: Training, path: str) -> bool:
    return bool((training.series(f"update_ratio/{path}").finite.value > 0).any())


def _finding(training: Training, paths: list[str], step: int, severity: str, confidence: float, what: str) -> Finding:
    layers = [*dict.fromkeys(map(module_of, paths))]
    names = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
    histograms = [tag for path in paths[:3] for tag in (f"parameters/{path}", f"weights/{path}")]
    evidence = tuple(tag for tag in histograms if tag in training.histogram_tags)
    return Finding(
        "bad_initialization", severity, f"The weights of {names} {what}.", _ADVICE, layers[0], step, step, confidence,
        Evidence((*evidence, f"weight_norm/{paths[0]}"), (step, step)),
    )  # fmt: skip
