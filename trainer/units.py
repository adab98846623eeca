"""Which share of an activation's units is dead, and which of its outputs are at an end of its range."""

from __future__ import annotations

from trainer.backend import Array

_RECTIFIERS = frozenset("relu relu6 leakyrelu".split())
_SMOOTH = frozenset("gelu silu".split())
_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "rnn": (-1.0, 1.0), "lstm": (-1.0, 1.0), "gru": (-1.0, 1.0)}
_SOFTMAX = frozenset("softmax logsoftmax".split())

ACTIVATIONS = _RECTIFIERS | _SMOOTH | _RANGES.keys() | _SOFTMAX | {"softplus"}
"""Names of modules and operations, in lower case and without underscores, of which something is told."""

NEAR = 0.02
"""What is nearer to an end than this share of the range is at the end: there a sigmoid's slope is below 8 % of its
largest."""


def dead_share(kind: str, y: Array, axis: int) -> float | None:
    """The share of units that do nothing for any sample; None for what is no rectifier.

    Args:
        kind: One of `ACTIVATIONS`. Of ReLU and its leaky kin a unit counts that is never above 0; of GELU and SiLU one
            that stays between -0.02 and 0; of Softplus one that stays below 0.02.
        y: What it put out, (N, C, ...) or (N, ..., C).
        axis: The axis of units.
    """
    others = tuple(each for each in range(y.ndim) if each != axis % y.ndim)
    highest = y.max(axis=others)
    if kind in _RECTIFIERS:
        return float((highest <= 0).mean())
    if kind in _SMOOTH:
        return float(((highest <= 0) & (y.min(axis=others) >= -NEAR)).mean())
    return float((highest <= NEAR).mean()) if kind == "softplus" else None


def saturated_share(kind: str, y: Array) -> float | None:
    """The share of outputs within 2 % of an end of the range; None for other activations.

    Of softmax it is the share of rows whose largest probability is above 0.98: with many classes nearly all
    probabilities are next to 0, and nothing is wrong with that. Of recurrent layers it is that of their outputs.
    """
    if kind in _SOFTMAX:
        return float((y.max(axis=-1) >= (1 - NEAR if kind == "softmax" else -NEAR)).mean())
    if kind not in _RANGES:
        return None
    low, high = _RANGES[kind]
    return float((abs(y - (low + high) / 2) >= (0.5 - NEAR) * (high - low)).mean())
