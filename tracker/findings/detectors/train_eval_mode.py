"""train_eval_mode: the model validates in training mode, or trains in evaluation mode.

Definition, one of:

- `watch` counts passes in training mode. Where it saw none any more after a validation while the loss goes on being
  logged, the model trains in evaluation mode; where it never saw one (`passes/train` is 0), it did from the start.
- Where each validation makes the count run ahead of the steps by as much, or passes without a backward pass come at
  validations while none is made in evaluation mode, it validates in training mode.
- A dropout layer that put out something else than its input, and does nothing from some step on while others go on.
- Without any of these: dropout is among the settings and the validation is as high as the training loss while
  both still fall. Dropout makes the training harder, so that an honest validation lies below.

Thresholds: the count must stand still for two and a half of its intervals, right after a validation. A model without
dropout and batch normalization behaves alike in both modes: there it is told, never warned of.

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
from tracker.findings.pairs import loss_pair, words
from tracker.findings.training import Series, Training

_TRAINS = "Call model.train() at the beginning of each epoch."
_EVALUATES = "Call model.eval() before the validation and model.train() after it."


@detector("train_eval_mode")
def train_eval_mode(training: Training) -> Iterator[Finding]:
    """Passes that were counted beside steps that were logged."""
    loss = _often(training)
    if loss is None:
        return
    graph = model_graph(training)
    val = next((training.series(tag) for tag in (*training.roles.val_loss, *training.roles.val_score)), None)
    found = (
        _never_trains(training, loss)
        or _stops(training, loss, val)
        or _dropout_stops(training)
        or _runs_ahead(training, loss, val)
        or _as_high(training)
    )
    if found is None:
        return
    sentence, advice, step, tag, confidence = found
    matters = graph.has_modes or _dropout(training.config) > 0 or (not graph.ops and "dropout" in sentence)
    yield Finding(
        "train_eval_mode", "warning" if matters and confidence >= 0.7 else "info", sentence, advice, None, step, None,
        confidence if matters else 0.3, Evidence((tag, loss.tag), (step, int(loss.step[-1]))),
    )  # fmt: skip


_Found = tuple[str, str, int, str, float]


def _often(training: Training) -> Series | None:
    """The training loss that was logged most often."""
    found = [training.series(tag).finite for tag in training.roles.train_loss]
    return max(found, key=len) if found and max(map(len, found)) >= 10 else None


def _watched(training: Training) -> Series | None:
    """One of the series whose steps count passes in training mode."""
    tags = [tag for tag in training.tags if tag.startswith("act_norm/")]
    tags = tags or [tag for tag in training.tags if tag.startswith("grad_norm/")]
    thinned = any("watching would cost" in str(mark.text) for mark in training.marks)
    found = [training.series(tag) for tag in tags[:8]]
    return None if not found or thinned else max(found, key=len)


def _never_trains(training: Training, loss: Series) -> _Found | None:
    passes, evaluated = training.series("passes/train"), training.series("passes/eval")
    if not len(passes) or passes.value.max() > 0 or not len(evaluated):
        return None
    return "No pass was made in training mode.", _TRAINS, int(loss.step[0]), "passes/train", 0.9


def _stops(training: Training, loss: Series, val: Series | None) -> _Found | None:
    seen = _watched(training)
    if seen is None or val is None or len(seen) < 2 or not len(val) or (np.diff(loss.wall_time) < 0).any():
        return None
    at = np.searchsorted(loss.wall_time, seen.wall_time)  # losses that were logged before each
    widest = max(1, int(np.diff(at).max()))
    left = len(loss) - int(at[-1])
    if left < 2.5 * widest:
        return None
    # The validation after which nothing was seen: within one interval of the last that was.
    t0, t1 = seen.wall_time[-1], loss.wall_time[min(len(loss) - 1, int(at[-1]) + widest + 1)]
    between = np.flatnonzero((val.wall_time >= t0) & (val.wall_time <= t1))
    if not len(between):
        return None
    step = int(val.step[between[0]])
    return (
        f"Passes in training mode end with the validation at step {step}, while {loss.tag} is logged to step "
        f"{int(loss.step[-1])}: it trains in evaluation mode.", _TRAINS, step, seen.tag, 0.95,
    )  # fmt: skip


def _dropout_stops(training: Training) -> _Found | None:
    layers = training.layers("act_norm")
    longest = max((int(series.step[-1]) for series in layers.values() if len(series)), default=0)
    for path, series in layers.items():
        if not any(word.startswith("drop") for word in words(path)) or not len(series):
            continue
        others = [other for name, other in layers.items() if name != path and len(other)]
        last = int(series.step[-1])
        missed = max((int(np.sum(other.step > last)) for other in others), default=0)
        if missed >= 2 and last < longest:
            later = min(int(other.step[other.step > last][0]) for other in others if other.step[-1] > last)
            return f"The dropout {path} does nothing from step {later} on.", _TRAINS, later, f"act_norm/{path}", 0.85
    return None


def _runs_ahead(training: Training, loss: Series, val: Series | None) -> _Found | None:
    if val is None or len(val) < 3:
        return None
    alone, evaluated = training.series("passes/without_backward"), training.series("passes/eval")
    if len(alone) and len(evaluated):
        last = float(alone.value[-1])
        if evaluated.value[-1] > 0 or last < 0.6 * len(val) or last < 2:
            return None
        text = f"{last:.0f} passes in training mode had no backward pass, and none was made in evaluation mode"
        return f"{text}: it validates in training mode.", _EVALUATES, int(val.step[0]), alone.tag, 0.9
    seen = _watched(training)
    if seen is None or len(seen) < 3 or seen.step[0] != 0 or (np.diff(loss.wall_time) < 0).any():
        return None
    before = np.searchsorted(loss.wall_time, seen.wall_time)
    if (np.diff(loss.step) != 1).any():
        return None  # only where each pass is logged do steps count passes
    ahead = seen.step - np.where(before > 0, loss.step[np.maximum(before, 1) - 1] + 1, loss.step[0])
    validated = np.searchsorted(val.wall_time, seen.wall_time, "right")
    known = validated >= 1
    if known.sum() < 2 or ahead[-1] < 2 or ahead[-1] > 0.6 * len(loss) or (ahead[~known] != 0).any():
        return None
    each = ahead[known] / validated[known]
    if each.min() < 0.9 or np.ptp(each) > 0.02 * each.max() + 1e-9:
        return None
    text = f"Each validation adds {each[-1]:.0f} to the passes in training mode"
    return f"{text}: it validates in training mode.", _EVALUATES, int(val.step[0]), seen.tag, 0.9


def _as_high(training: Training) -> _Found | None:
    rate, pair = _dropout(training.config), loss_pair(training)
    if rate < 0.2 or pair is None or len(pair) < 5:
        return None
    falling = np.flatnonzero(pair.val_level > 1.3 * pair.val_level.min())[:6]
    if len(falling) < 3:
        return None
    ratio = np.median(pair.val_level[falling] / pair.train_level[falling])
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


