"""First values of parameters: each function fills a tensor in place and gives it back.

Random numbers come from the generator that `trainer.manual_seed` sets, drawn on the CPU in float64, so that one seed
gives the same weights in every dtype and on every device.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.backend import generator, to_device
from trainer.creation import drafting
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.mutation import mutations
from trainer.tensor import Tensor

_GAINS = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0)}


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """By how much a nonlinearity shrinks what passes through; weights are made larger by it.

    Args:
        nonlinearity: "linear", "conv2d", "sigmoid", "tanh", "relu" or "leaky_relu".
        param: The slope of leaky_relu.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + param**2))
    if nonlinearity not in _GAINS:
        raise ArgumentError(
            sentence("calculate_gain: nonlinearity is unknown.", ", ".join([*_GAINS, "leaky_relu"]), repr(nonlinearity))
        )
    return _GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform between `a` and `b`."""
    return tensor if drafting() else _fill(tensor, generator().uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal around `mean` with standard deviation `std`."""
    return tensor if drafting() else _fill(tensor, generator().normal(mean, std, tensor.shape))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere."""
    return _fill(tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return _fill(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return _fill(tensor, 1.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform such that the variance is the same going forward and backward.

    Source: Glorot and Bengio 2010.
    """
    fan_in, fan_out = fans(tensor.shape)
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal such that the variance is the same going forward and backward.

    Source: Glorot and Bengio 2010.
    """
    fan_in, fan_out = fans(tensor.shape)
    return normal_(tensor, 0.0, gain * math.sqrt(2 / (fan_in + fan_out)))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform such that relus keep the variance.

    Args:
        a: Slope of leaky_relu; 0 is relu.
        mode: "fan_in" keeps the variance going forward, "fan_out" going backward.

    Source: He et al. 2015.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal such that relus keep the variance; arguments as for `kaiming_uniform_`.

    Source: He et al. 2015.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs each output has, and how many outputs each input, for weights (out, in, ...)."""
    if len(shape) < 2:
        raise ShapeError(sentence("fans need inputs and outputs.", "weights of at least two axes", shape))
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(sentence("kaiming: mode is unknown.", '"fan_in" or "fan_out"', repr(mode)))
    fan = fans(tensor.shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan))


def _fill(tensor: Tensor, values: Any) -> Tensor:
    if drafting():
        return tensor
    mutations.note(tensor.data)
    tensor.data[...] = to_device(values, tensor.device) if isinstance(values, np.ndarray) else values
    return tensor
