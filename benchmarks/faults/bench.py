"""Bench: what a case trains with: a framework in one of three styles, chance of its own, names and sizes that vary."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

import tracker
import trainer
from benchmarks.faults import torch_loop, trainer_loop
from benchmarks.faults.data import Pair
from benchmarks.faults.plan import NAMES, Names, Plan

OURS = Names("train/loss", "val/loss", "train/accuracy", "val/accuracy", "lr", "grad_norm")
"""As the callback of our trainer has it."""


class Bench:
    """One training of a case.

    Attributes:
        style: "watch", "trainer" or "scalars".
        random: Where all chance comes from.
        nn, optim: Of PyTorch, or of our trainer.
        names: The tags of this training.
        layers, steps: Where the fault lies, if it has a place: names of modules, first and last step that are right.
    """

    def __init__(self, logdir: str, name: str, case: str, style: str, seed: int) -> None:
        self.style = style
        self.seed = seed
        self.random = np.random.default_rng([zlib.crc32(case.encode()), seed])
        start = int(self.random.integers(2**31))
        torch.manual_seed(start)
        trainer.manual_seed(start)
        self.nn: Any = trainer.nn if style == "trainer" else torch.nn
        self.optim: Any = trainer.optim if style == "trainer" else torch.optim
        names = NAMES[int(self.random.integers(len(NAMES)))]
        self.names = OURS if style == "trainer" else names
        self.heavy_every = self.pick(10, 16, 20, 25)
        self.layers: tuple[str, ...] = ()
        self.steps: tuple[int, int] | None = None
        self.run: Any = None
        self._where = logdir, name
        self._watching: Any = None

    # --- chance

    def pick(self, *options: Any) -> Any:
        """One of these."""
        return options[int(self.random.integers(len(options)))]

    def between(self, low: float, high: float) -> float:
        """A number between, evenly in its logarithm."""
        return float(f"{np.exp(self.random.uniform(np.log(low), np.log(high))):.3g}")

    # --- models

    def init(self, config: dict[str, Any] | None = None, **options: Any) -> Any:
        """Starts the run, or goes on with it."""
        logdir, name = self._where
        self.run = tracker.init(logdir=logdir, name=name, config=config, machine=False, controls=False, **options)
        return self.run

    def sequential(self, parts: dict[str, Any]) -> Any:
        """Modules by name, one after the other."""
        if self.style == "trainer":
            return trainer.nn.Sequential(parts)
        model = torch.nn.Sequential()
        for name, part in parts.items():
            model.add_module(name, part)
        return model

    def mlp(self, *sizes: int, act: str = "ReLU", norm: bool = False, dropout: float = 0.0) -> Any:
        """fc1, norm1, act1, drop1, fc2 …, and `out`."""
        nn, parts = self.nn, {}
        for i, (a, b) in enumerate(pairwise(sizes[:-1]), 1):
            parts[f"fc{i}"] = nn.Linear(a, b)
            if norm:
                parts[f"norm{i}"] = nn.BatchNorm1d(b)
            parts[f"act{i}"] = getattr(nn, act)()
            if dropout:
                parts[f"drop{i}"] = nn.Dropout(dropout)
        parts["out"] = nn.Linear(sizes[-2], sizes[-1])
        return self.sequential(parts)

    def hidden(self, depth: int | None = None) -> list[int]:
        """Widths of hidden layers."""
        width = self.pick(24, 32, 48, 64)
        return [width] * (depth or self.pick(1, 2, 2, 3))

    def write(self, parameter: Any, value: Any) -> None:
        """Sets a parameter to an array or a number."""
        array = np.broadcast_to(np.asarray(value, dtype=np.float32), tuple(parameter.shape))
        if self.style == "trainer":
            parameter.data[...] = array
        else:
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(array.copy()))

    def read(self, parameter: Any) -> Any:
        """A copy of a parameter, or of its gradient, as an array."""
        return np.array(parameter.data if self.style == "trainer" else parameter.detach().numpy())

    def scale(self, model: Any, factor: float, only: Callable[[str], bool] = lambda name: True) -> None:
        """Multiplies weights (not biases) whose name is right."""
        for name, parameter in model.named_parameters():
            if name.endswith("weight") and only(name):
                self.write(parameter, self.read(parameter) * factor)

    def sgd(self, model: Any, lr: float, **options: Any) -> Any:
        """Of a model, or of a list of parameters."""
        return self.optim.SGD(model if isinstance(model, list) else list(model.parameters()), lr=lr, **options)

    def adam(self, model: Any, lr: float, **options: Any) -> Any:
        """Of a model, or of a list of parameters."""
        return self.optim.Adam(model if isinstance(model, list) else list(model.parameters()), lr=lr, **options)

    # --- learning

    def watch(self, model: Any, step: int = 0, **options: Any) -> None:
        """In the style of that name."""
        if self.style == "watch":
            self._watching = tracker.watch(model, every=self.heavy_every, step=step, **options)

    def learn(self, model: Any, optimizer: Any, train: Pair, held: Pair | None, **options: Any) -> int:
        """Trains as planned; gives the next step."""
        plan = Plan(**options)
        if self.style == "trainer":
            plan = replace(plan, by_epoch=False)
            seed = int(self.random.integers(1000))
            return trainer_loop.learn(self.run, model, optimizer, train, held, plan, self.heavy_every, seed)
        if self._watching is None:
            self.watch(model, plan.first)
        if self.style == "watch":
            plan = replace(plan, by_epoch=False)
        return torch_loop.learn(self.run, model, optimizer, train, held, plan, self.names, self.random)

    def maybe_by_epoch(self) -> bool:
        """Whether this user logs epochs only: about one in four does."""
        return bool(self.random.random() < 0.25)
