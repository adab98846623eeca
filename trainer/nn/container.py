"""Modules made of modules: one after the other, or in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from trainer.errors import DTypeError, IndexRangeError, sentence
from trainer.function import mode
from trainer.nn.activation import ReLU
from trainer.nn.module import Module
from trainer.nn.pool import MaxPool2d


class _Numbered(Module):
    """Children under the names 0, 1, 2 … or, from a mapping, under its keys."""

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int) -> Module:
        children = list(self.children())
        if not -len(children) <= index < len(children):
            last = len(children) - 1
            raise IndexRangeError(sentence(f"{type(self).__name__} has no such module.", f"0 to {last}", index))
        return children[index]

    def append(self, module: Module) -> None:
        """Adds a module at the end."""
        self._add(str(len(self)), module)

    def _add(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise DTypeError(sentence(f"{type(self).__name__} is made of modules.", "a Module", type(module).__name__))
        setattr(self, name, module)


class Sequential(_Numbered):
    """Modules one after the other, each fed with what the one before gives.

    Sequential(a, b), Sequential([a, b]) and Sequential({"first": a, "second": b}) are all understood.

    Where `ReLU` stands before `MaxPool2d` and nobody looks on (no graph is drawn, nothing watched, profiled or
    exported), the largest of each window is taken first: values and gradients are the same, and `ReLU` meets a fraction
    of the numbers.
    """

    def __init__(self, *modules: Module | Iterable[Module] | Mapping[str, Module]) -> None:
        parts: Any = modules
        if len(modules) == 1 and not isinstance(modules[0], Module):
            parts = modules[0]
        named = parts.items() if isinstance(parts, Mapping) else ((str(i), m) for i, m in enumerate(parts))
        for name, module in named:
            self._add(name, module)

    def forward(self, x: Any) -> Any:
        modules = [*self.children()]
        if mode.observer is None:
            for i, (first, second) in enumerate(pairwise(modules)):
                if _is_itself(first, ReLU) and _is_itself(second, MaxPool2d):
                    modules[i : i + 2] = second, first
        for module in modules:
            x = module(x)
        return x

    def fit(self, loader: Any, loss: Any, optimizer: Any, epochs: int, **options: Any) -> Any:
        """Trains this model; see `trainer.fit`."""
        from trainer.loop import fit  # here, because the loop is made for every module

        return fit(self, loader, loss, optimizer, epochs, **options)

    def evaluate(self, loader: Any, loss: Any = None, metrics: Any = None) -> dict[str, float]:
        """Loss and metrics over a loader; see `trainer.evaluate`."""
        from trainer.loop import evaluate  # as above

        return evaluate(self, loader, loss, metrics)

    def predict(self, inputs: Any, batch_size: int = 256) -> Any:
        """The outputs for an array of inputs, as a NumPy array; see `trainer.predict`."""
        from trainer.loop import predict  # as above

        return predict(self, inputs, batch_size)


class ModuleList(_Numbered):
    """A list of modules whose parameters are found; it has no forward pass of its own."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for i, module in enumerate(modules):
            self._add(str(i), module)


def _is_itself(module: Module, kind: type[Module]) -> bool:
    """Whether a module computes what `kind` does: a subclass, or one with a `forward` of its own, may do anything."""
    return type(module) is kind and "forward" not in vars(module)
