"""unnormalized_input: the model is fed features of very large, or very different, scale.

Definition: the inputs are large (as `input/*` or the first layer says) and it shows: the first loss of a classifier is
far above chance, or the first layer's gradient is.

Thresholds: standardised features have a spread of 1, bytes one of about 70. Without `input/*`, the gradient of a linear
layer's weights is at most the input's length times that of its bias, and about as much: 5 to 60 for inputs that are
scaled (64 to 3,000 features), 500 and more for bytes or raw tables. A classifier's first loss is about the logarithm of
its number of classes whatever it was fed if it was fed small numbers; five times that, or 7 where the number is not
known (a thousand classes), is no start.

Source: LeCun et al., "Efficient BackProp" (1998), section 4.3; outputs of layers as in He et al. (2015).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.model_graph import ModelGraph, model_graph
from tracker.findings.pairs import accuracies, share
from tracker.findings.training import Training

_LARGE = 30.0
_LENGTH = 250.0
_ADVICE = "Standardise each feature with the training set's mean and deviation (bytes: divide by 255)."


@detector("unnormalized_input")
def unnormalized_input(training: Training) -> Iterator[Finding]:
    """Large inputs and what they do."""
    graph = model_graph(training)
    if "embedding" in graph.ops:
        return  # numbers of words are large and mean nothing
    start, tag = _first_loss(training)
    chance = np.log(graph.outputs) if graph.outputs and graph.outputs > 1 else _chance(training)
    far = start > max(3 * chance, chance + 1.5)
    spread = training.series("input/std").finite.value
    extremes = [np.abs(training.series(f"input/{end}").finite.value) for end in ("min", "max")]
    large = float(np.median(np.concatenate(extremes))) if all(map(len, extremes)) else 0.0
    length, layer = _input_length(training, graph)
    seen = (len(spread) > 0 and float(np.median(spread)) > _LARGE) or large > 4 * _LARGE
    if seen or length > _LENGTH:
        normed = bool(graph.first_layers) and layer is None
        if normed and not far:
            return
        what = f"inputs reach {large:.3g}" if seen else f"the gradient of {layer} is {length:.3g} times that of its bias"
        told = f", and {tag} begins at {start:.3g}" if far else ""
        tags = (*(("input/std", "input/max") if seen else (f"grad_norm/{layer}.weight",)), *((tag,) if tag else ()))
        loud = far or length > _LENGTH
        yield _finding(f"The scale of the inputs is large: {what}{told}.", layer, tags,
                       "warning" if loud else "info", 0.9 if loud else 0.5)  # fmt: skip
    elif far and not len(spread) and not length and tag:
        yield _finding(f"{tag} begins at {start:.3g}, far above chance: the inputs may not be scaled.", None, (tag,),
                       "warning" if start > 5 * chance else "info", 0.5)  # fmt: skip


def _finding(sentence: str, layer: str | None, tags: tuple[str, ...], severity: str, confidence: float) -> Finding:
    return Finding("unnormalized_input", severity, sentence, _ADVICE, layer, 0, None, confidence, Evidence(tags))


def _first_loss(training: Training) -> tuple[float, str | None]:
    """The first loss of a classifier and its tag; 0 for what may be no classifier."""
    roles = training.roles
    if not accuracies(training, (*roles.train_score, *roles.val_score)):
        return 0.0, None
    for tag in roles.train_loss:
        loss = training.series(tag).finite
        if len(loss):
            return float(loss.value[0]), tag
    return 0.0, None


def _chance(training: Training) -> float:
    """What a guess costs, from the accuracy of the first steps; at least that of two classes."""
    tags = accuracies(training, training.roles.train_score) or accuracies(training, training.roles.val_score)
    first = share(training.series(tags[0])).value[:5] if tags else np.zeros(0)
    return float(-np.log(np.clip(first.mean(), 0.01, 0.5))) if len(first) else 7.0


def _input_length(training: Training, graph: ModelGraph) -> tuple[float, str | None]:
    """How many times the gradient of the first layer's weights is that of its bias, and the layer's path."""
    norms = training.layers("grad_norm")
    firsts = graph.first_layers or _likely_first(list(norms))
    for path in firsts:
        weight, bias = (norms.get(f"{path}.{part}") for part in ("weight", "bias"))
        if weight is None or bias is None or len(weight) != len(bias) or not len(weight):
            continue
        # A bias before a normalization has a gradient of rounding errors.
        some = (bias.value > 1e-4 * weight.value) & np.isfinite(weight.value) & np.isfinite(bias.value)
        if some.any():
            return float(np.median(weight.value[some] / bias.value[some])), path
    return 0.0, None


def _likely_first(names: list[str]) -> list[str]:
    """Without a graph: the only layer with a bias whose name says that it is the first."""
    paths = sorted({name.rpartition(".")[0] for name in names})
    return [path for path in paths if path.rpartition(".")[2] in ("fc1", "conv1", "linear1", "0", "l1", "layer1", "stem")]
