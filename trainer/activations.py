"""What the modules of a model put out, while it runs: for lengths of activations, dead and saturated units."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from trainer.backend import array_module
from trainer.function import Function, Observer, mode
from trainer.nn.module import Module
from trainer.tensor import Tensor
from trainer.units import ACTIVATIONS, dead_share, saturated_share

# Modules with these in their names put units on the axis after the samples', those on the right on the last one.
_CHANNELS_FIRST = ("Conv", "BatchNorm")
_FEATURES_LAST = ("Linear", "LayerNorm", "Embedding", "RNN", "LSTM", "GRU")
_RECURRENT = frozenset(("rnn", "lstm", "gru"))
_COMPOSED = frozenset(("gelu", "silu"))  # functions of several operations, of which none is the activation


class Activations(Observer):
    """Looks on from `start` to `stop`, in this thread, unless somebody else does already.

    Outputs of modules without modules of their own and of activations are kept until `values` is called, which copies
    nothing.

    Args:
        model: Whose modules.
    """

    def __init__(self, model: Module) -> None:
        modules = list(model.named_modules())
        self._paths = {id(module): path for path, module in modules}
        self._leaves = {id(module) for _, module in modules if next(module.children(), None) is None}
        self._inside: list[Any] = []
        self._outputs: dict[str, tuple[Any, Any]] = {}
        self._functions: dict[str, tuple[str, Any, Any]] = {}
        self._last: tuple[str, Any] = ("", None)

    def start(self) -> None:
        """From now on outputs are kept; those of before are forgotten."""
        self._outputs, self._functions, self._inside, self._last = {}, {}, [], ("", None)
        if mode.observer is None:
            mode.observer = self

    def stop(self) -> None:
        """Looks no more."""
        if mode.observer is self:
            mode.observer = None

    def values(self) -> dict[str, float]:
        """act_norm/<module>: the Euclidean length of what it put out last; dead/<module> of rectifiers and
        saturated/<module> of what has ends: see `units`. An activation that was called as a function is told of under
        the module whose output it was given, or else under the module that called it."""
        found: dict[str, float] = {}
        axes: dict[str, int | None] = {}
        axis: int | None = None
        for path, (module, raw) in self._outputs.items():
            xp, flat = array_module(raw), raw.reshape(-1)
            found[f"act_norm/{path}"] = float(xp.sqrt(flat @ flat))
            axis = axes[path] = _axis(type(module).__name__, axis)
            _tell(found, path, type(module).__name__.lower(), raw, axis)
        for path, (kind, raw, made_by) in self._functions.items():
            _tell(found, path, kind, raw, axes.get(made_by, axis))
        self._outputs, self._functions, self._last = {}, {}, ("", None)
        return found

    # What an observer is told

    def enter(self, module: Any) -> None:
        self._inside.append(module)

    def leave(self, module: Any) -> None:
        self._inside.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        if not isinstance(output, Tensor) or output.dtype.kind != "f":
            return
        module = self._inside[-1] if self._inside else None
        path, is_leaf = self._paths.get(id(module), ""), id(module) in self._leaves
        kind = op.name.replace("_", "")
        if kind in ACTIVATIONS and self._paths.get(id(module)) is not None:
            self._activation(kind, op.name, path, module, is_leaf, inputs, output)
        if is_leaf and path:
            # Its last operation stands for it; the place among the others is that of the last as well.
            self._outputs.pop(path, None)
            self._outputs[path] = (module, output.raw)
            self._last = (path, output)

    def _activation(
        self, kind: str, name: str, path: str, module: Any, is_leaf: bool, inputs: Sequence[Any], output: Tensor
    ) -> None:
        if is_leaf and type(module).__name__.lower() in ACTIVATIONS:
            return
        if sys._getframe(4).f_code.co_name in _COMPOSED or sys._getframe(5).f_code.co_name in _COMPOSED:
            return
        made_by, before = self._last
        if inputs and inputs[0] is before and made_by:
            place = made_by
        else:
            place = path if is_leaf else f"{path}.{name}".lstrip(".")
        if place:
            self._functions[place] = (kind, output.raw, made_by)


def _axis(kind: str, before: int | None) -> int | None:
    """Where units lie after a module of this kind; None where nobody said."""
    if kind.startswith(_FEATURES_LAST):
        return -1
    return 1 if any(part in kind for part in _CHANNELS_FIRST) else before


def _tell(found: dict[str, float], path: str, kind: str, raw: Any, axis: int | None) -> None:
    if kind not in ACTIVATIONS or raw.ndim < 2 or not raw.size:
        return
    dead = dead_share(kind, raw, (1 if raw.ndim > 3 else -1) if axis is None else axis)
    saturated = saturated_share(kind, raw)
    if dead is not None:
        found[f"dead/{path}"] = dead
    if saturated is not None:
        found[f"saturated/{path}"] = saturated
