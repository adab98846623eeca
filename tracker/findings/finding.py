"""Finding: one thing that is wrong with a training, or worth knowing, with its evidence and one thing to try."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("error", "warning", "info")
"""error: the training is broken; warning: costs quality or time; info: worth knowing, nothing to do. Worst first."""

KINDS = (
    "nan_or_inf", "float16_overflow", "exploding_gradients", "lr_too_high", "lr_too_low", "lr_schedule_bug",
    "momentum_too_high", "weight_decay_too_large", "clipping_always_active", "vanishing_gradients",
    "accumulating_gradients", "dead_relu", "saturated_activations", "bad_initialization", "frozen_layer", "loss_spike",
    "overfitting", "memorizing_labels", "label_leakage", "split_mixup", "class_collapse", "train_eval_mode",
    "wrong_loss", "unnormalized_input", "unshuffled_data", "data_starvation", "stuck_metric", "plateau", "resume_jump",
)  # fmt: skip
"""What the detectors of this package say; a user's own may say others."""


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on: the tags to draw, and from which step to which."""

    tags: tuple[str, ...] = ()
    window: tuple[int, int] | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    kind: str
    severity: str
    sentence: str
    """What was seen, with its numbers."""
    advice: str
    """One experiment to try."""
    layer: str | None = None
    """The path of the module or parameter, as the tags have it; None where it has no place."""
    step: int | None = None
    """The first at which it shows."""
    step_last: int | None = None
    """The last; that of the run's newest point while it goes on."""
    confidence: float = 0.5
    """From 0 to 1: how often a finding with such evidence was right."""
    evidence: Evidence = Evidence()
