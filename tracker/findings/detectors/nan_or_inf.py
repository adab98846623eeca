"""nan_or_inf: the training makes a value that is not finite.

Definition: who made the first such value was marked; or the training loss, or a length of gradients, weights or
activations, is NaN or infinite and does not come back. The layer is the one whose output is the first; without outputs,
the one parameter whose gradient or weights are.

There is no threshold, but not every such number is a fault: a length of gradients that is infinite now and then, with a
finite loss, is a loss scaler at work; a metric that is NaN between evaluations, or where it is not defined (the area
under a curve of one class), is NaN by design; infinity before the first value is a best value that is yet to come. A
loss that is NaN at single points and goes on as before is a warning, a validation that is NaN for good beside a finite
training as well, and a score of that kind is information.

Seen on seeded trainings: right in 12 of 12, all at the first step that shows it. Healthy, 198: nothing. The layer is
right where the mark names it, or outputs of a layer before are finite at the same step; it is unknown, and not
guessed, where all layers are broken by the step that is looked at.

Source: Odena et al. 2019 (TensorFuzz); TensorBoard's Debugger V2 looks for the same first tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.headline import training_loss
from tracker.findings.training import Series, Training

_ADVICE = "Train again with detect_anomaly=True to have the operation and its line named, and a tenth of the lr."


@dataclass(frozen=True)
class Odd:
    """The first value that is not finite and stays so."""

    sentence: str
    layer: str | None
    step: int
    step_last: int | None
    tags: tuple[str, ...]
    told: str = ""
    """All that a mark says of it, in small letters."""


@detector("nan_or_inf")
def nan_or_inf(training: Training) -> Iterator[Finding]:
    """The first value that is not finite; else what is not finite and does less harm."""
    odd = first_odd(training)
    if odd is not None:
        yield Finding(
            "nan_or_inf", "error", odd.sentence, _ADVICE, odd.layer, odd.step, odd.step_last, 0.95,
            Evidence(odd.tags, (odd.step, odd.step)),
        )  # fmt: skip
        return
    for tag in (*training.roles.train_loss[:1], *training.roles.val_loss, *training.roles.val_score):
        said = _less_harm(training, training.series(tag))
        if said is not None:
            yield said


def first_odd(training: Training) -> Odd | None:
    """The first value that is not finite in what must be finite, and where it was made."""
    mark = next((mark for mark in training.marks if mark.kind == "anomaly"), None)
    shown = [(int(series.step[at]), tag, int(series.step[-1])) for tag in _must_be_finite(training)
             if (at := _for_good(series := training.series(tag))) is not None]  # fmt: skip
    if mark is not None:
        # Watching looks at the steps that are due: the loss may have shown it before.
        first = min([*([mark.step] if mark.step is not None else []), *(step for step, _, _ in shown)], default=0)
        last = max((step for _, _, step in shown), default=None)
        told = f"{mark.text} {mark.attributes}".lower()
        tags = tuple(tag for _, tag, _ in sorted(shown)[:2]) or training.roles.train_loss[:1]
        return Odd(mark.text, _marked_layer(mark), first, last, tags, told)
    layer = _first_layer(training)
    if layer is not None:
        shown.append(layer)
    if not shown:
        return None
    step, tag, last = min(shown, key=lambda each: each[0])
    path = layer[1].partition("/")[2] if layer is not None else None
    where = f", and {layer[1]} is the first of its layers from step {layer[0]} on" if layer and layer[1] != tag else ""
    value = training.series(tag)
    what = "NaN" if np.isnan(value.value[~np.isfinite(value.value)][0]) else "infinite"
    tags = (tag,) if layer is None or layer[1] == tag else (tag, layer[1])
    return Odd(f"{tag} is {what} from step {step} on{where}.", path, step, last, tags)


def _must_be_finite(training: Training) -> list[str]:
    loss = training_loss(training)
    return [*([loss.tag] if len(loss) else []), *training.roles.game_loss[:4], *training.roles.grad_norm]


def _for_good(series: Series) -> int | None:
    """The first index from which on it is not finite to its end; None where it is finite again."""
    finite = np.isfinite(series.value)
    if not len(finite) or finite[-1]:
        return None
    since = int(len(finite) - np.argmax(finite[::-1])) if finite.any() else 0
    # All but never finite: it is not known to be so by accident.
    return since if finite.any() or len(finite) < 3 or series.tag.lower().find("loss") >= 0 else None


def _first_layer(training: Training) -> tuple[int, str, int] | None:
    """The first of layers' series that is not finite for good: step, tag, last step.

    Outputs come before weights and gradients of the same step. Where all layers' are, it cannot be told which was
    first, unless the model's order is known by the graph.
    """
    for family in ("act_norm", "grad_norm", "weight_norm"):
        found = []
        layers = training.layers(family)
        for path, series in layers.items():
            at = _for_good(series)
            if at is not None:
                found.append((int(series.step[at]), f"{family}/{path}", int(series.step[-1])))
        if not found:
            continue
        first = min(step for step, _, _ in found)
        tied = [each for each in found if each[0] == first]
        if len(tied) < max(2, len(layers)):
            return _in_order(training, tied)[0]
    return None


def _in_order(training: Training, tied: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """By the model's order where its graph is known."""
    graph = training.graph
    names = [str(node.get("name", node.get("id", ""))) for node in graph.get("nodes", ()) if isinstance(node, dict)]
    at = {name.replace("/", "."): i for i, name in reversed(list(enumerate(names)))}
    return sorted(tied, key=lambda each: at.get(each[1].partition("/")[2], len(at)))


def _marked_layer(mark: Any) -> str | None:
    """The module's path, without the operation within it."""
    node, operation = str(mark.attributes.get("node") or ""), mark.attributes.get("operation")
    parts = node.split("/")
    if len(parts) > 1 and parts[-1] == operation:
        parts = parts[:-1]
    return ".".join(parts) or None


def _less_harm(training: Training, series: Series) -> Finding | None:
    """A value that is not finite where that is no disaster, or may be meant."""
    odd = np.flatnonzero(~np.isfinite(series.value))
    n = len(series)
    if n < 3 or not len(odd) or odd[0] == 0:
        return None
    is_for_good = len(odd) == n - odd[0]
    if len(odd) > n // 3 and not is_for_good:
        return None  # where nothing was measured
    step = int(series.step[odd[0]])
    is_loss = series.tag in training.roles.train_loss
    is_warning = is_loss or (is_for_good and series.tag in training.roles.val_loss)
    return Finding(
        "nan_or_inf", "warning" if is_warning else "info",
        f"{series.tag} is not finite at {len(odd)} of {n} points, first at step {step}.",
        "Look at the batch of that step: the training went on." if is_loss
        else "See whether it is defined for these samples.",
        None, step, int(series.step[odd[-1]]), 0.7 if is_warning else 0.4, Evidence((series.tag,), (step, step)),
    )  # fmt: skip
