"""PyTorch: which share of an activation's units is dead, and which of its outputs are at an end of its range."""

from __future__ import annotations

from typing import Any

_RECTIFIERS = frozenset("relu relu6 threshold leakyrelu prelu rrelu".split())
_SMOOTH = frozenset("gelu silu mish hardswish".split())
_EXPONENTIAL = {"elu": 1.0, "celu": 1.0, "selu": 1.7580993}
_RANGES = {
    "sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hardtanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0), "rnn": (-1.0, 1.0), "lstm": (-1.0, 1.0), "gru": (-1.0, 1.0),
}  # fmt: skip
_SOFTMAX = frozenset("softmax logsoftmax".split())

ACTIVATIONS = _RECTIFIERS | _SMOOTH | _EXPONENTIAL.keys() | _RANGES.keys() | _SOFTMAX | {"softplus"}
"""Names of modules and functions, in lower case and without underscores, of which something is told."""

NEAR = 0.02
"""What is nearer to an end than this share of the range is at the end: there a sigmoid's slope is below 8 % of its
largest."""


def dead_share(kind: str, output: Any, axis: int, alpha: float = 1.0) -> Any:
    """The share of units that do nothing for any sample, as a tensor of one number; None for what is no rectifier.

    Args:
        kind: One of `ACTIVATIONS`. Of ReLU and its leaky kin a unit counts that is never above 0; of GELU, SiLU, Mish
            and Hardswish one that stays between -0.02 and 0; of ELU, CELU and SELU one that stays within 2 % of its
            lowest value; of Softplus one that stays below 0.02.
        output: What it put out, (N, C, ...) or (N, ..., C).
        axis: The axis of units.
        alpha: Of ELU and CELU.
    """
    if kind not in _RECTIFIERS and kind not in _SMOOTH and kind not in _EXPONENTIAL and kind != "softplus":
        return None
    units = output.movedim(axis, 0).reshape(output.shape[axis], -1)
    highest = units.amax(1)
    if kind in _RECTIFIERS:
        is_dead = highest <= 0
    elif kind in _SMOOTH:
        is_dead = (highest <= 0) & (units.amin(1) >= -NEAR)
    elif kind == "softplus":
        is_dead = highest <= NEAR
    else:
        is_dead = highest <= -(1 - NEAR) * _EXPONENTIAL[kind] * alpha
    return is_dead.float().mean()


def saturated_share(kind: str, output: Any, low: float | None = None, high: float | None = None) -> Any:
    """The share of outputs within 2 % of an end of the range, as a tensor of one number; None for other activations.

    Of softmax it is the share of rows whose largest probability is above 0.98: with many classes nearly all
    probabilities are next to 0, and nothing is wrong with that. Of recurrent layers it is that of their outputs.

    Args:
        kind: One of `ACTIVATIONS`.
        output: What it put out; of softmax with the classes along the last axis.
        low, high: The range where it is not the usual one, as of Hardtanh.
    """
    if kind in _SOFTMAX:
        largest = output.amax(-1)
        return ((largest.exp() if kind == "logsoftmax" else largest) >= 1 - NEAR).float().mean()
    if kind not in _RANGES:
        return None
    bottom, top = _RANGES[kind]
    bottom, top = bottom if low is None else low, top if high is None else high
    return ((output - (bottom + top) / 2).abs() >= (0.5 - NEAR) * (top - bottom)).float().mean()
