"""Finding: one thing that is wrong with a training, or worth knowing, with its evidence and one thing to try."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tracker import coerce

SEVERITIES = ("error", "warning", "info")
"""error: the training is broken; warning: costs quality or time; info: worth knowing, nothing to do. Worst first."""

KINDS = (
    "nan_or_inf", "float16_overflow", "exploding_gradients", "lr_too_high", "lr_too_low", "lr_schedule_bug",
    "momentum_too_high", "weight_decay_too_large", "clipping_always_active", "vanishing_gradients",
    "accumulating_gradients", "dead_relu", "saturated_activations", "bad_initialization", "frozen_layer", "loss_spike",
    "overfitting", "memorizing_labels", "label_leakage", "split_mixup", "class_collapse", "train_eval_mode",
    "wrong_loss", "unnormalized_input", "unshuffled_data", "data_starvation", "stuck_metric", "plateau", "resume_jump",
    "slow_rank", "silent_rank",
)  # fmt: skip
"""What the detectors of this package say; a user's own may say others."""

MAX_KIND, MAX_SENTENCE, MAX_ID, MAX_TAGS = 100, 2_000, 400, 20
"""Characters of a kind, of a sentence and of an id, and how many tags are drawn. Layers are named as anybody likes."""


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

    @property
    def id(self) -> str:
        """What it is called wherever it is spoken of: `kind`, or `kind:layer`. The same at every examination."""
        if self.layer is None:
            return self.kind
        found = f"{self.kind}:{self.layer}"
        if len(found) <= MAX_ID:
            return found
        return f"{found[:MAX_ID]}…{hashlib.blake2b(found.encode(), digest_size=8).hexdigest()}"

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values, its `id` first."""
        return {
            "id": self.id,
            "kind": self.kind,
            "severity": self.severity,
            "layer": self.layer,
            "step": self.step,
            "step_last": self.step_last,
            "confidence": self.confidence,
            "evidence": {
                "tags": list(self.evidence.tags),
                "window": list(self.evidence.window) if self.evidence.window is not None else None,
            },
            "sentence": self.sentence,
            "advice": self.advice,
        }

    def checked(self) -> Finding:
        """The same in plain values of Python's: what a detector says may come from anybody.

        Raises:
            TypeError: a step is no whole number, or something else is not what it should be.
            ValueError: there is no such severity; a confidence that is no share.
        """
        if self.severity not in SEVERITIES:
            raise ValueError(f"there is no severity {self.severity!r:.80}; there are {', '.join(SEVERITIES)}")
        confidence = float(self.confidence)
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"a confidence of {confidence:g}, which is a share")
        window = self.evidence.window
        return replace(
            self,
            kind=coerce.text(self.kind, MAX_KIND),
            sentence=coerce.text(self.sentence, MAX_SENTENCE),
            advice=coerce.text(self.advice, MAX_SENTENCE),
            layer=None if self.layer is None else coerce.text(self.layer, coerce.MAX_KEY),
            step=None if self.step is None else _step(self.step),
            step_last=None if self.step_last is None else _step(self.step_last),
            confidence=confidence,
            evidence=Evidence(
                tuple(_texts(self.evidence.tags)),
                None if window is None else (_step(window[0]), _step(window[1])),
            ),
        )


def _step(value: Any) -> int:
    found = operator.index(value)
    if not coerce.STEP_MIN <= found <= coerce.STEP_MAX:
        raise ValueError(f"a step of more than 64 bits: {found:.3g}")
    return found


def _texts(tags: tuple[str, ...]) -> Iterator[str]:
    for tag in tags[:MAX_TAGS]:
        if not isinstance(tag, str):
            raise TypeError(f"a tag that is no text: {tag!r:.80}")
        yield coerce.text(tag, coerce.MAX_KEY)


def rank_of(finding: Finding) -> tuple[Any, ...]:
    """By which findings are put in order: the worst first, then the surest, then the earliest."""
    step = math.inf if finding.step is None else finding.step
    return SEVERITIES.index(finding.severity), -finding.confidence, step, finding.kind, finding.layer or ""
