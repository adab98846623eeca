"""wrong_loss: the loss does not suit what the model puts out.

Definition, and thresholds, one of:

- Softmax twice. Cross-entropy takes logits; of K probabilities it is at least ln(1 + (K - 1) / e), which is 1.4612 for
  10 classes, and at an accuracy a that floor + 1 - a. Told where the loss rests within 0.08 of that for the last third
  of the run, with an accuracy above 0.6; or, where the graph or `output/row_sum` says that the model gives
  probabilities, where it is never below the floor although it learnt.
- Sigmoid twice. A probability of a probability is at most 0.731, so that the binary loss rests between 0.31 and 0.69:
  told at an accuracy of 0.93, whose loss is at most 0.26 otherwise, where the loss rests above 0.36.
- The likelihood without its logarithm. A classifier's loss below 0: of probabilities it runs from -1/K to -1, of logits
  it has no end.
- One output. Cross-entropy of a single class is 0 at every step.
- A loss that falls by half while the accuracy of the very same samples stays at chance, or to a quarter of what the
  wrong ones cost at the least ((1 - a) ln 2 with cross-entropy).

A smoothed label (0.1: floor 0.50 for 10 classes, 0.33 for 2 at 0.2) lies apart from all of these.

Measured, and tuned, on 28 trainings with such losses: 26 found, 25 of them as a warning. Missed: a sigmoid twice
where no accuracy was logged, and a softmax twice that had not come to rest. Healthy, with smoothed labels, mixup and
squared errors of probabilities among them: 0 of 144.

Source: the floors follow from the formulas; the mistakes are those of Humbatova et al., "Taxonomy of Real Faults in
Deep Learning Systems" (2020), and of NeuraLint (Nikanjam et al., 2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.model_graph import ModelGraph, model_graph
from tracker.findings.ordered import distinct
from tracker.findings.pairs import Floats, accuracies, beginning, middle, share
from tracker.findings.training import Series, Training

_LEAST_POINTS = 5


@detector("wrong_loss")
def wrong_loss(training: Training) -> Iterator[Finding]:
    """A loss whose values the output cannot have with the loss that fits it."""
    roles = training.roles
    losses = [training.series(tag).finite for tag in roles.train_loss]
    losses = [loss for loss in losses if len(loss) >= _LEAST_POINTS]
    if not losses:
        return
    loss = losses[0]
    scores = [share(training.series(tag)) for tag in accuracies(training, (*roles.train_score, *roles.val_score))]
    graph = model_graph(training)
    score = scores[0] if scores and len(scores[0]) >= 3 else None
    found = (
        _nothing(loss, len(losses))
        or _below_zero(loss, score, graph)
        or _softmax_twice(training, loss, score, graph)
        or _sigmoid_twice(loss, score, graph)
        or _blind(training, loss, graph)
    )
    if found is not None:
        severity, sentence, advice, confidence = found
        tags = (loss.tag, *((score.tag,) if score is not None else ()))
        yield Finding(
            "wrong_loss", severity, sentence, advice, None, int(loss.step[0]), None, confidence,
            Evidence(tags, (int(loss.step[0]), int(loss.step[-1]))),
        )  # fmt: skip


_Found = tuple[str, str, str, float]


def _nothing(loss: Series, n_losses: int) -> _Found | None:
    if n_losses > 1 or np.any(np.abs(loss.value) > 1e-9):
        return None
    return (
        "error", f"{loss.tag} is 0 at every step: cross-entropy of one output is always 0.",
        "Give the model an output for each class, or train it with binary cross-entropy.", 0.9,
    )  # fmt: skip


def _below_zero(loss: Series, score: Series | None, graph: ModelGraph) -> _Found | None:
    late = loss.value[len(loss) // 2 :]
    if np.mean(late < -0.02) < 0.95:
        return None
    bounded = float(loss.value.min()) >= -1.0 - 1e-6
    probabilities = graph.last_op is not None and "softmax" in graph.last_op and "log" not in graph.last_op
    if bounded and (probabilities or (score is not None and abs(middle(score.value) + middle(loss.value)) < 0.15)):
        return (
            "warning", f"{loss.tag} lies between -1 and 0: it is the likelihood of probabilities without a logarithm.",
            "Give the loss logits (cross-entropy), or log_softmax where it is the negative log-likelihood.", 0.9,
        )  # fmt: skip
    if score is None or bounded:
        return None
    return (
        "error", f"{loss.tag} falls without end, to {loss.value.min():.3g}, although classes are told apart.",
        "Give the negative log-likelihood log_softmax of the output, or use cross-entropy.", 0.9,
    )  # fmt: skip


def _softmax_twice(training: Training, loss: Series, score: Series | None, graph: ModelGraph) -> _Found | None:
    start, end = _first(loss), middle(loss.value, 0.15)
    guessed = round(float(np.exp(min(start, 8.0))))
    classes = graph.outputs if graph.outputs and graph.outputs > 1 else guessed
    if classes < 2 or abs(start - np.log(classes)) > 0.12:
        return None
    last = graph.last_op or ""
    # The most by which one output of the model can be above another: that of tanh lies between -1 and 1.
    floor = float(np.log1p((classes - 1) / np.exp(2.0 if "tanh" in last else 1.0)))
    row_sum = training.series("output/row_sum").finite.value
    sums_to_one = len(row_sum) > 0 and float(np.abs(row_sum - 1).max()) < 1e-3
    bounded = any(name in last for name in ("softmax", "sigmoid", "tanh")) and "log" not in last
    probabilities = sums_to_one or bounded
    known_otherwise = bool(last) and not probabilities and len(row_sum) > 0
    right = middle(score.value, 0.15) if score is not None else None
    learnt = end < start - 0.15 * (start - floor)
    lowest = float(_stretches(loss.value).min())
    sure = 0.0
    if probabilities and learnt and lowest > floor - 0.02 and (right is None or end > floor + 1 - right - 0.08):
        rests = _rests(loss.value, 0.1 * (start - floor) + 0.02)
        sure = 0.95 if (right is not None and right > 0.6) or rests else 0.5
    elif right is not None and not known_otherwise and right > 0.6 and _rests(loss.value, 0.1):
        near = abs(end - (floor + 1 - right)) < (0.08 if classes > 3 else 0.03)
        sure = 0.9 if near and lowest > floor - 0.02 and end > 1.6 * _cost(right, classes) else 0.0
    elif right is None and not known_otherwise:
        wide = 0.12 if classes >= 5 else 0.03
        sure = 0.5 if floor - 0.1 * wide < lowest and end < floor + wide and _rests(loss.value, 0.4 * wide) else 0.0
    if not sure:
        return None
    told = f" at an accuracy of {right:.1%}" if right is not None else ""
    return (
        "warning" if sure > 0.6 else "info",
        f"{loss.tag} rests at {end:.3g}{told}; cross-entropy of {_named(last)} cannot fall below {floor:.3g} "
        f"for {classes} classes.",
        f"Take the {last if bounded else 'softmax'} out of the model: the loss does what is needed.", sure,
    )  # fmt: skip


def _named(last: str) -> str:
    return "outputs of tanh" if "tanh" in last else "probabilities"


def _sigmoid_twice(loss: Series, score: Series | None, graph: ModelGraph) -> _Found | None:
    start, end = _first(loss), middle(loss.value, 0.15)
    if score is None or abs(start - np.log(2)) > 0.15 or not 0.36 < end < 0.66:
        return None
    right = middle(score.value, 0.15)
    if right < 0.93 or not _rests(loss.value, 0.06) or (graph.outputs or 1) > 2:
        return None
    return (
        "warning", f"{loss.tag} rests at {end:.3g} at an accuracy of {right:.1%}, as where a sigmoid is taken twice.",
        "Take the sigmoid out of the model, or use the loss that takes probabilities.", 0.85,
    )  # fmt: skip


def _blind(training: Training, loss: Series, graph: ModelGraph) -> _Found | None:
    """A loss that falls beside an accuracy, of the same samples, that does not grow."""
    scores = [share(training.series(tag)) for tag in accuracies(training, training.roles.train_score)[:1]]
    if not scores or len(scores[0]) < _LEAST_POINTS or _is_constant(training):
        return None
    score, start, end = scores[0], _first(loss), middle(loss.value, 0.15)
    right, late = _stretches(score.value), middle(score.value, 0.3)
    if not 0 < end < 0.5 * start or late > 0.6:
        return None
    cheap = end < 0.25 * (1 - late) * np.log(2) and end < 0.2 * start and late < float(right[0]) + 0.15
    chance = 1 / graph.outputs if graph.outputs and graph.outputs > 1 else float(right[0])
    if not cheap:
        costs = -np.log(max(late, chance, 1e-3))  # of chance; who began worse than chance may end there
        if late > 1.2 * max(chance, float(right[0])) + 0.05 or 0.85 * costs <= end <= 1.15 * costs:
            return None
        if end > costs:
            return None  # it came down from what is worse than chance, and nothing is learnt yet
    return (
        "warning", f"{loss.tag} fell from {start:.3g} to {end:.3g}, and {score.tag} is {late:.1%}: what "
        "is made smaller is not what is counted.",
        "Check what the loss is given: class numbers beside logits, or one-hot rows beside a squared error.", 0.6,
    )  # fmt: skip


def _is_constant(training: Training) -> bool:
    """Whether the validation's accuracy does not move: then it is `class_collapse`."""
    for tag in accuracies(training, training.roles.val_score)[:1]:
        value = training.series(tag).finite.value
        return len(value) >= _LEAST_POINTS and len(distinct(value[len(value) // 2 :])) == 1
    return False


def _first(loss: Series) -> float:
    return beginning(loss)


def _stretches(values: Floats) -> Floats:
    """Means of at most 20 equal stretches."""
    edges = np.linspace(0, len(values), min(20, len(values)) + 1).astype(np.intp)
    return np.asarray(np.add.reduceat(values, edges[:-1]) / np.diff(edges))


def _rests(values: Floats, span: float) -> bool:
    """Whether the last third moves by no more than a span."""
    late = _stretches(values)
    late = late[-max(3, len(late) // 3) :]
    return bool(late.max() - late.min() <= span)


def _cost(right: float, classes: int) -> float:
    """The most that a calibrated classifier's loss is at an accuracy: all that is left spread evenly."""
    wrong = min(max(1 - right, 1e-6), 1 - 1e-6)
    return float(-wrong * np.log(wrong / max(1, classes - 1)) - (1 - wrong) * np.log(1 - wrong))
