"""Case: one training of the corpus and what is true of it, in a register."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.faults import cases as folder

STYLES = ("watch", "trainer", "scalars")
"""PyTorch with `tracker.watch`; our trainer with its callback; nothing but `run.log` of numbers."""

_registered: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """A training, to be done in each of its styles, with whatever varies drawn from a seed."""

    name: str
    train: Callable[[Any], None]
    """Of a `Bench`. It may say of `bench.layers` and `bench.steps` where the fault lies this time."""
    styles: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    """Any of these names the fault; the first was planted. None: it is healthy."""
    also: tuple[str, ...] = ()
    """May be said beside it."""


def faulty(styles: str, *kinds: str, also: str = "") -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Registers a training with a fault; `styles` and `also` are words."""

    def add(train: Callable[[Any], None]) -> Callable[[Any], None]:
        name = train.__name__
        if name in _registered:
            raise ValueError(f"two cases are called {name}")
        chosen = STYLES if styles == "all" else tuple(styles.split())
        _registered[name] = Case(name, train, chosen, kinds, tuple(also.split()))
        return train

    return add


def healthy(styles: str = "all", also: str = "") -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Registers a training that is as it should be."""
    return faulty(styles, also=also)


@cache
def all_cases() -> dict[str, Case]:
    """Every case by name, faulty ones first."""
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    return dict(sorted(_registered.items(), key=lambda each: (not each[1].kinds, each[0])))
