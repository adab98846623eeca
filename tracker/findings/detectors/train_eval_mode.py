"""train_eval_mode: the model validates in training mode, or trains in evaluation mode.

Definition, one of:

- Backward passes follow forward passes in evaluation mode (`passes/backward_in_eval`): it trains there.
- Passes in training mode without a backward pass come at validations (`passes/without_backward`) while none is made in
  evaluation mode (`passes/eval`): it validates in training mode.
- A dropout layer puts out what goes into it from some step on (its `act_norm` is its input's, or not there at all,
  while others go on): it trains in evaluation mode.
- Without any of these: dropout is among the settings, and the validation loss is as high as the training's while both
  still fall. Dropout makes the training harder, so that an honest validation lies below. This is told only.

Thresholds: a twentieth of the steps for passes in evaluation mode, so that a probe of gradients beside the training is
none; 0.6 passes without a backward pass for each validation. A model without dropout and batch normalization is the
same in both modes: there it is told, never warned of. Dropout at a rate of 0.2 makes the training loss a few per cent
larger, which 0.97 to 1.3 times leaves out.

Measured, and tuned, on 16 trainings in the wrong mode with `watch` or the trainer: 16 found. With scalars alone 0 of
4. Healthy: told of 1 of 144 (a plain network that is validated in training mode), warned of none.

Source: Srivastava et al., "Dropout" (2014) and Ioffe & Szegedy, "Batch Normalization" (2015) for what the modes
change; the mistake is one of Humbatova et al., "Taxonomy of Real Faults in Deep Learning Systems" (2020).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tracker.findings.detector import detector
from tracker.findings.finding import Evidence, Finding
from tracker.findings.model_graph import model_graph
from tracker.findings.ordered import median
from tracker.findings.pairs import loss_pair, words
from tracker.findings.training import Training

_TRAINS = "Call model.train() at the beginning of each epoch."
_EVALUATES = "Call model.eval() before the validation and model.train() after it."

_Found = tuple[str, str, int, str, float]
"""Sentence, advice, step, tag, confidence."""


@detector("train_eval_mode")
def train_eval_mode(training: Training) -> Iterator[Finding]:
    """Passes in the wrong mode, or what they leave behind."""
    found = _trains_in_eval(training) or _dropout_stops(training) or _validates_in_train(training) or _as_high(training)
    if found is None:
        return
    sentence, advice, step, tag, confidence = found
    graph, dropout = model_graph(training), _dropout(training.config)
    matters = graph.has_modes or dropout > 0 or tag.startswith("act_norm/")
    last = int(training.series(tag).step[-1])
    yield Finding(
        "train_eval_mode", "warning" if matters and confidence >= 0.7 else "info", sentence, advice, None, step, None,
        confidence if matters else 0.3, Evidence((tag, *training.roles.val_loss[:1]), (step, max(step, last))),
    )  # fmt: skip


def _trains_in_eval(training: Training) -> _Found | None:
    wrong, passes = training.series("passes/backward_in_eval"), training.series("passes/train")
    if not len(wrong) or not len(passes):
        return None
    count = float(wrong.value[-1])
    if count < 3 or count < 0.05 * (count + float(passes.value[-1])):
        return None
    none_yet = np.flatnonzero(wrong.value == 0)
    step = int(wrong.step[none_yet[-1]]) + 1 if len(none_yet) else int(wrong.step[0])
    sentence = f"{count:.0f} backward passes follow passes in evaluation mode, from step {step} on: it trains there."
    return sentence, _TRAINS, step, wrong.tag, 0.95


def _validates_in_train(training: Training) -> _Found | None:
    alone, evaluated = training.series("passes/without_backward"), training.series("passes/eval")
    val = next((training.series(tag) for tag in (*training.roles.val_loss, *training.roles.val_score)), None)
    if val is None or not len(val) or not len(alone) or not len(evaluated):
        return None
    # The last validation comes after the last count.
    validated = int(np.searchsorted(val.step, alone.step[-1]))
    count = float(alone.value[-1])
    if validated < 2 or count < 0.6 * validated or evaluated.value[-1] > 0.3 * validated:
        return None
    sentence = f"{count:.0f} passes in training mode had no backward pass, and none was made in evaluation mode"
    return f"{sentence}: it validates in training mode.", _EVALUATES, int(val.step[0]), alone.tag, 0.9


def _dropout_stops(training: Training) -> _Found | None:
    layers = {path: series for path, series in training.layers("act_norm").items() if len(series)}
    for path, series in layers.items():
        if not any(word.startswith("drop") for word in words(path)):
            continue
        step = None
        for other_path, other in layers.items():
            if other_path == path:
                continue
            missed = other.step[other.step > series.step[-1]]
            if len(missed) >= 2:
                step = int(missed[0])
                break
            _, i, j = np.intersect1d(series.step, other.step, return_indices=True)
            same = np.abs(series.value[i] - other.value[j]) <= 1e-6 * np.abs(other.value[j])
            # From some step on it is the same, and before that it was not.
            if len(same) >= 3 and same[-2:].all() and not same.all():
                step = int(series.step[i][np.flatnonzero(~same)[-1] + 1])
                break
        if step is not None:
            return f"The dropout {path} does nothing from step {step} on.", _TRAINS, step, f"act_norm/{path}", 0.85
    return None


def _as_high(training: Training) -> _Found | None:
    rate, pair = _dropout(training.config), loss_pair(training)
    if rate < 0.2 or pair is None or len(pair) < 5:
        return None
    falling = np.flatnonzero(pair.val_level > 1.3 * pair.val_level.min())[:6]
    if len(falling) < 3 or pair.train_level[falling].min() <= 0:
        return None
    ratio = median(pair.val_level[falling] / pair.train_level[falling])
    if ratio < 0.97 or ratio > 1.3:
        return None
    return (
        f"With dropout {rate:g}, {pair.val.tag} is {ratio:.2f} of {pair.train.tag} while both fall; it lies well below "
        "where dropout rests at validation.", _EVALUATES, int(pair.step[0]), pair.val.tag, 0.4,
    )  # fmt: skip


def _dropout(config: Mapping[str, Any]) -> float:
    """The largest dropout among the settings."""
    rates = [float(value) for name, value in config.items()
             if "drop" in str(name).lower() and isinstance(value, int | float) and 0 <= value < 1]  # fmt: skip
    return max(rates, default=0.0)
