"""How long steps of many ranks take where nothing is wrong with any of them, (ranks, steps) of about 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Kind = Callable[[np.random.Generator, tuple[int, int]], Values]


def ar1(random: np.random.Generator, shape: tuple[int, int], memory: float, spread: float) -> Values:
    """Noise that remembers: each value is so much of the one before, and the whole of such a standard deviation."""
    fresh = random.normal(0, spread * np.sqrt(1 - memory**2), shape)
    found = np.empty(shape)
    found[:, 0] = random.normal(0, spread, shape[0])
    for step in range(1, shape[1]):
        found[:, step] = memory * found[:, step - 1] + fresh[:, step]
    return found


def _drift(random: np.random.Generator, shape: tuple[int, int]) -> Values:
    """All ranks become slower and faster together: longer sequences, a shared network, a hot room."""
    step = np.arange(shape[1])
    wave = 0.4 * np.sin(2 * np.pi * (step / random.uniform(50, 400) + random.random()))
    return np.exp(wave + random.normal(0, 0.02, shape[1]).cumsum() + 0.1 * random.normal(size=shape))


def _checkpoint(random: np.random.Generator, shape: tuple[int, int]) -> Values:
    """One rank writes a checkpoint every so often, which takes it some steps several times as long."""
    found = np.exp(0.05 * random.normal(size=shape))
    every, long = int(random.integers(15, 100)), int(random.integers(1, 5))
    for first in range(int(random.integers(every)), shape[1], every):
        found[0, first : first + long] *= random.uniform(1.5, 8)
    return found


INDEPENDENT: dict[str, Kind] = {
    "normal": lambda random, shape: 1 + 0.1 * random.normal(size=shape),
    "lognormal": lambda random, shape: np.exp(0.3 * random.normal(size=shape)),
    "pareto": lambda random, shape: 1 + random.pareto(1.5, shape),
    "pauses": lambda random, shape: np.exp(0.05 * random.normal(size=shape)) * (1 + 10 * (random.random(shape) < 0.03)),
    "unlike": lambda random, shape: np.exp(0.05 * (random.normal(size=shape) + random.normal(size=(shape[0], 1)))),
    "the same": lambda random, shape: np.ones(shape),
}

REMEMBERING: dict[str, Kind] = {
    "AR(1) 0.8": lambda random, shape: np.exp(ar1(random, shape, 0.8, 0.1)),
    "AR(1) 0.9": lambda random, shape: np.exp(ar1(random, shape, 0.9, 0.1)),
    "AR(1) 0.95": lambda random, shape: np.exp(ar1(random, shape, 0.95, 0.1)),
    "AR(1) 0.99": lambda random, shape: np.exp(ar1(random, shape, 0.99, 0.1)),
    "drift": _drift,
    "checkpoint": _checkpoint,
}
