"""Small networks that read digits, for tests of models in runs."""

from __future__ import annotations

from typing import Any

import numpy as np

import tracker
import trainer
from trainer import nn

DIGITS = [str(digit) for digit in range(10)]
SHAPE = (None, 1, 8, 8)


def network() -> nn.Sequential:
    """A small classifier of digits."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def changed(model: nn.Sequential, by: float) -> None:
    """As a step of training does: in place."""
    weight = model[1].weight
    with trainer.no_grad():
        weight += by


def answer(model: nn.Module, x: Any) -> Any:
    """What the network itself says."""
    with trainer.no_grad():
        return model(trainer.tensor(x)).numpy()


def batch(count: int = 3) -> Any:
    """Pictures of noise."""
    return np.random.default_rng(0).normal(size=(count, 1, 8, 8)).astype(np.float32)


def kept(run: tracker.Run) -> set[str]:
    """The names of the files of its models."""
    return {each.name for each in (run.folder / "models").iterdir()}
