"""unnormalized_input: the model is fed features of very large scale, or some that are.

Definition: the inputs are large (as `input/*` says, or the first layer's gradient where nothing else does) and it
shows: the first loss of a classifier is far above chance, or the gradient of the first layer's weights is far above
that of its bias. With scalars alone the first loss has to do.

Thresholds: standardised features have a spread of 1, bytes one of about 70; raw digits, up to 16, are harmless: large
is a spread of 30 or a reach of 120. The gradient of a linear layer's weights is at most the input's length times that
of its bias, and about as much: 1 to 60 in healthy trainings, 500 and more for bytes or raw tables. A classifier's first
loss is about the logarithm of its number of classes whatever it was fed if it was fed small numbers; three times that
is no start, unless the loss is as high when classes are told apart (a sum over the batch, in which wrong answers cost
as much more). With scalars alone it is told at that, and warned of where it is what outputs of a spread of 10 cost, ten
times the usual: s sqrt(2 ln K), by which the largest of K normal outputs of spread s lies above any one of them. A
regression is told of where nearly all of its first loss is gone within a twenty-fifth of the run, an eighth where that
is in thousands.

Measured, and tuned, on 16 trainings with bytes, raw tables or a few large features: 13 found, 11 of them as a
warning. Missed: those with scalars alone whose first loss lay below three times chance. Healthy: told of 1 of 144,
warned of none.

Source: LeCun et al., "Efficient BackProp" (1998), section 4.3; outputs of layers as in He et al. (2015); the expected
maximum of normal numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import training_loss
from tracker.findings.model_graph import ModelGraph, model_graph
from tracker.findings.ordered import median
from tracker.findings.pairs import accuracies, middle, share
from tracker.findings.training import Series, Training

_SPREAD = 30.0
_REACH = 120.0
_LENGTH = 250.0
_LOGITS = 10.0
_LEAST_POINTS = 10
_THOUSANDS = 1000.0
_ADVICE = "Standardise each feature with the training set's mean and deviation (bytes: divide by 255)."


@detector("unnormalized_input")
def unnormalized_input(training: Training) -> Iterator[Finding]:
    """Large inputs and what they do."""
    graph = model_graph(training)
    if any("embedding" in op for op in graph.ops):
        return  # numbers of words are large and mean nothing
    loss, chance = _first_loss(training, graph)
    start = float(loss.value[0]) if loss is not None else 0.0
    far = loss is not None and start > max(3 * chance, chance + 1.5) and not _is_scaled(training, loss, chance)
    begins = f"{loss.tag} begins at {start:.3g}, where chance is {chance:.3g}" if far and loss is not None else ""
    losses = (loss.tag,) if far and loss is not None else ()
    spread, reach = training.series("input/std").finite.value, _reach(training)
    large = reach > _REACH or (len(spread) > 0 and float(median(spread)) > _SPREAD)
    if len(spread) and not large:
        return
    length, layer = _input_length(training, graph, reach)
    if large or length > _LENGTH:
        seen = f"inputs reach {reach:.3g}" if large else f"the gradient of {layer} is {length:.3g} times its bias's"
        tags = ("input/std", "input/max") if large else (f"grad_norm/{layer}.weight", f"grad_norm/{layer}.bias")
        loud = far or length > _LENGTH
        if not loud and graph.first_layers and layer is None:
            return  # they are large, and something without a bias takes them in first, such as a normalization
        yield _finding(f"The inputs are not scaled: {seen}{'; ' if begins else ''}{begins}.", layer,
                       (*tags, *losses), loud, 0.9 if loud else 0.5)  # fmt: skip
    elif far and not length and loss is not None:
        loud = start > _LOGITS * np.sqrt(2 * chance) and len(loss) >= _LEAST_POINTS
        yield _finding(f"{begins}: the inputs may not be scaled.", None, losses, bool(loud), 0.5)
    elif not length and loss is None and (fallen := _fell_at_once(training)) is not None:
        tag, words = fallen
        yield _finding(f"{words}: the inputs may not be scaled.", None, (tag,), False, 0.45)


def _finding(sentence: str, layer: str | None, tags: tuple[str, ...], loud: bool, confidence: float) -> Finding:
    severity = "warning" if loud else "info"
    return Finding("unnormalized_input", severity, sentence, _ADVICE, layer, 0, None, confidence, Evidence(tags))


def _reach(training: Training) -> float:
    """The largest size of an input at a typical step; 0 where it was not logged."""
    ends = [np.abs(training.series(f"input/{end}").finite.value) for end in ("min", "max")]
    return max((float(median(end)) for end in ends if len(end)), default=0.0)


def _first_loss(training: Training, graph: ModelGraph) -> tuple[Series | None, float]:
    """The loss of a classifier and what chance costs it; None for what may be no classifier."""
    tags = accuracies(training, training.roles.train_score) or accuracies(training, training.roles.val_score)
    losses = [series for tag in training.roles.train_loss if len(series := training.series(tag).finite)]
    if not tags or not losses:
        return None, 0.0
    if graph.outputs and graph.outputs > 1:
        return losses[0], float(np.log(graph.outputs))
    right = share(training.series(tags[0]))
    if right.step[0] > losses[0].step[min(4, len(losses[0]) - 1)]:
        return None, 0.0  # by then it knows more than chance
    first = right.value[:5]
    if first.mean() > 0.8 or right.value.max() < 0.05:
        return None, 0.0  # it knows more already, or is no classifier whatever it counts
    return losses[0], float(-np.log(np.clip(min(first[0], first.mean()), 0.01, 0.5)))


def _fell_at_once(training: Training) -> tuple[str, str] | None:
    """The loss of a regression that is a twentieth within its first steps, and a thousandth at the end: what it began
    with was no guess at the targets, since who says nothing at first is off by their spread."""
    loss = training_loss(training).finite
    value = loss.value
    if len(value) < 40 or value.min() <= 0 or value[0] < 1000 * middle(value):
        return None
    few = max(2, len(value) // (25 if value[0] < _THOUSANDS else 8))
    if float(median(value[few : 3 * few])) > 0.05 * value[0]:
        return None
    return (
        loss.tag,
        f"{loss.tag} falls from {value[0]:.3g} to {value[few]:.3g} in {few} points and ends at {middle(value):.3g}",
    )


def _is_scaled(training: Training, loss: Series, chance: float) -> bool:
    """Whether the loss is high at the end as well, where classes are told apart: a sum over the batch, or of terms."""
    tags = accuracies(training, training.roles.train_score) or accuracies(training, training.roles.val_score)
    right = share(training.series(tags[0])).value
    end, known = middle(loss.value), middle(right)
    if end <= chance or known <= max(0.6, 2 * float(right[:5].mean())):
        return False
    # In a sum that begins so many times above chance each wrong answer costs as many times ln 2 at the least.
    least = 0.5 * (1 - known) * np.log(2) * float(loss.value[0]) / chance
    return end >= least or not accuracies(training, training.roles.train_score)


def _input_length(training: Training, graph: ModelGraph, reach: float) -> tuple[float, str | None]:
    """How many times the gradient of the first layer's weights is that of its bias, and the layer's path."""
    norms = training.layers("grad_norm")
    for path in graph.first_layers or _likely_first(list(norms)):
        weight, bias = (norms.get(f"{path}.{part}") for part in ("weight", "bias"))
        if weight is None or bias is None or len(weight) != len(bias) or not len(weight):
            continue
        # A bias before a normalization has a gradient of rounding errors.
        floor = min(1e-4, 0.1 / max(reach, 1.0))
        some = (bias.value > floor * weight.value) & np.isfinite(weight.value) & np.isfinite(bias.value)
        if some.any():
            return float(median(weight.value[some] / bias.value[some])), path
    return 0.0, None


def _likely_first(names: list[str]) -> list[str]:
    """Without a graph: layers whose names say that they are the first."""
    paths = sorted({name.rpartition(".")[0] for name in names})
    first = ("fc1", "conv1", "linear1", "0", "l1", "layer1", "stem")
    return [path for path in paths if path.rpartition(".")[2] in first]
