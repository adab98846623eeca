"""What the modules of a model put out, while it runs: for lengths of activations and shares of dead units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.backend import array_module
from trainer.function import Function, Observer, mode
from trainer.nn.module import Module
from trainer.tensor import Tensor

_RECTIFIERS = frozenset(("relu", "relu6"))


class Activations(Observer):
    """Looks on from `start` to `stop`, in this thread, unless somebody else does already.

    Only modules without modules of their own are looked at. Their outputs are kept until `values` is called, which
    copies nothing.

    Args:
        model: Whose modules.
    """

    def __init__(self, model: Module) -> None:
        modules = list(model.named_modules())
        self._paths = {id(module): path for path, module in modules if path and next(module.children(), None) is None}
        self._inside: list[str] = []
        self._outputs: dict[str, tuple[str, Any]] = {}

    def start(self) -> None:
        """From now on outputs are kept; those of before are forgotten."""
        self._outputs, self._inside = {}, []
        if mode.observer is None:
            mode.observer = self

    def stop(self) -> None:
        """Looks no more."""
        if mode.observer is self:
            mode.observer = None

    def values(self) -> dict[str, float]:
        """act_norm/<module>: the Euclidean length of what it put out last; dead/<module>, of rectifiers: the share of
        units (channels) that were 0 for every sample."""
        found = {}
        for path, (op, raw) in self._outputs.items():
            xp, flat = array_module(raw), raw.reshape(-1)
            found[f"act_norm/{path}"] = float(xp.sqrt(flat @ flat))
            if op in _RECTIFIERS and raw.size:
                others = tuple(axis for axis in range(raw.ndim) if axis != 1) if raw.ndim > 1 else ()
                found[f"dead/{path}"] = float((raw <= 0).all(axis=others).mean())
        self._outputs = {}
        return found

    # What an observer is told

    def enter(self, module: Any) -> None:
        self._inside.append(self._paths.get(id(module), ""))

    def leave(self, module: Any) -> None:
        self._inside.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        if self._inside and self._inside[-1] and isinstance(output, Tensor) and output.dtype.kind == "f":
            self._outputs[self._inside[-1]] = (op.name, output.raw)
