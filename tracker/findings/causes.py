"""Causes: of several findings of a run, which is what went wrong and which only what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tracker.findings.finding import SEVERITIES, Finding

_STILL = ("plateau", "class_collapse", "stuck_metric", "lr_too_low")
"""What any training looks like that does not learn."""
_DEAD = ("dead_relu", "saturated_activations", "vanishing_gradients")
_WILD = ("loss_spike", "exploding_gradients", "nan_or_inf")

EXPLAINS: dict[str, tuple[str, ...]] = {
    "float16_overflow": ("nan_or_inf", "loss_spike", "exploding_gradients", *_STILL),
    "frozen_layer": ("accumulating_gradients", "exploding_gradients"),  # what no optimizer holds is never set to 0
    "accumulating_gradients": ("lr_too_high", "momentum_too_high", *_WILD, *_STILL, *_DEAD),
    "unshuffled_data": ("lr_too_high", "loss_spike", "plateau"),
    "resume_jump": ("lr_schedule_bug", "lr_too_high", *_WILD, *_STILL, *_DEAD),
    "lr_schedule_bug": ("lr_too_high", "momentum_too_high", *_WILD, *_STILL, *_DEAD),
    "weight_decay_too_large": ("bad_initialization", "lr_too_high", *_STILL, *_DEAD),
    "unnormalized_input": ("bad_initialization", "lr_too_high", "momentum_too_high", *_WILD, *_STILL, *_DEAD),
    "bad_initialization": ("lr_too_high", *_WILD, *_STILL, *_DEAD),
    "momentum_too_high": ("lr_too_high", *_WILD, *_STILL, *_DEAD),
    "lr_too_high": (*_WILD, *_STILL, *_DEAD),
    "exploding_gradients": ("loss_spike", "nan_or_inf", *_STILL, *_DEAD),
    "nan_or_inf": ("loss_spike", "wrong_loss", *_STILL, *_DEAD),
    "saturated_activations": ("vanishing_gradients", *_STILL),
    "dead_relu": ("vanishing_gradients", *_STILL),
    "vanishing_gradients": _STILL,
    "clipping_always_active": _STILL,
    "split_mixup": ("overfitting", "label_leakage", "memorizing_labels"),
    "memorizing_labels": ("overfitting",),
    "train_eval_mode": ("overfitting",),
    "wrong_loss": ("overfitting", *_STILL),
    "lr_too_low": ("class_collapse", "stuck_metric", "plateau"),
    "class_collapse": ("stuck_metric", "plateau"),
}
"""What may come of a kind and says little beside it. Each is explained only by kinds above it, so that of several
findings one at least stands."""

SURE = 0.6
"""The confidence from which a finding explains others that are surer than it is."""

SUDDEN = frozenset((*_WILD, "dead_relu"))
"""Kinds whose first step says when they happened: these cannot come of what happened later."""


def reconciled(found: Sequence[Finding]) -> list[Finding]:
    """The findings of a run, each that another one explains worth knowing only (info), with a word on what it comes of.

    What explains an error is one: the training is broken, and by that.
    """
    order = {kind: i for i, kind in enumerate(EXPLAINS)}
    causes: list[Finding] = []
    effects: list[Finding] = []
    for finding in sorted(found, key=lambda each: order.get(each.kind, len(order))):
        at = next((i for i, cause in enumerate(causes) if _explains(cause, finding)), None)
        if finding.severity == "info" or at is None:
            (effects if finding.severity == "info" else causes).append(finding)
            continue
        worst = min(causes[at].severity, finding.severity, key=SEVERITIES.index)
        causes[at] = replace(causes[at], severity=worst)
        said = f"{finding.sentence} It may come of {causes[at].kind}."
        effects.append(replace(finding, severity="info", sentence=said))
    return [*causes, *effects]


def _explains(cause: Finding, effect: Finding) -> bool:
    if effect.kind not in EXPLAINS.get(cause.kind, ()) or cause.confidence < min(SURE, effect.confidence):
        return False
    is_before = cause.step is not None and effect.step is not None and effect.step < cause.step
    return not (is_before and effect.kind in SUDDEN)
