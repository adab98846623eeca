"""What every module puts out in one step, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.backend import to_numpy
from trainer.function import Function, Observer
from trainer.nn.module import Module
from trainer.tensor import Tensor


class Trace(Observer):
    """Looks on while a step is made.

    Args:
        model: Whose modules.

    Attributes:
        modules: By path, in the order of the forward pass, what was put out last by modules without modules of their
            own: see `statistics`.
    """

    def __init__(self, model: Module) -> None:
        self._paths = {id(module): path for path, module in model.named_modules()}
        self._inside: list[str] = []
        self.modules: dict[str, dict[str, Any]] = {}

    def enter(self, module: Any) -> None:
        self._inside.append(self._paths.get(id(module), ""))

    def leave(self, module: Any) -> None:
        if self._inside:
            self._inside.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        if self._inside and self._inside[-1] and isinstance(output, Tensor) and output.dtype.kind == "f":
            self.modules[self._inside[-1]] = statistics(output.raw)


def statistics(x: Any) -> dict[str, Any]:
    """Shape, dtype, least, greatest, mean, deviation and length of the finite elements; how many are not finite."""
    array = to_numpy(x)
    finite = array[np.isfinite(array)].astype("float64")
    found: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    if finite.size:
        found |= {
            "min": float(finite.min()), "max": float(finite.max()), "mean": float(finite.mean()),
            "std": float(finite.std()), "norm": float((finite @ finite) ** 0.5),
        }  # fmt: skip
    return {**found, "not_finite": int(array.size - finite.size)}
