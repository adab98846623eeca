"""PyTorch: what a module's parts put out at a step that is looked at, activations called as functions included."""

from __future__ import annotations

import weakref
from typing import Any

from tracker.integrations.pytorch_autopsy import Autopsy
from tracker.integrations.pytorch_ends import first_output
from tracker.integrations.pytorch_functions import Functions, module_here
from tracker.integrations.pytorch_units import ACTIVATIONS, dead_share, saturated_share
from tracker.overhead import Budget

_CHANNELS_FIRST = ("Conv", "BatchNorm", "GroupNorm", "InstanceNorm")
_FEATURES_LAST = ("Linear", "LayerNorm", "RMSNorm", "Embedding", "Attention", "RNN", "LSTM", "GRU")
_RECURRENT = frozenset(("rnn", "lstm", "gru"))


class OutputStats:
    """Hooks on the modules without modules of their own, which look at what these put out while `due`.

    Tags, as `found` has them, each a tensor of one number:
        act_norm/<module>: the Euclidean length of the output.
        dead/<module>, saturated/<module>: as in `pytorch_units`. An activation that is called as a function is told of
            under the module whose output it was given, or else under the module that called it.

    Args:
        module: A `torch.nn.Module`.
        autopsy: Told of the first output that is not finite.
        budget: Counts what the statistics take.
        every_pass: Whether each pass is looked at for these, and not only those that are due.

    Attributes:
        due: Whether the pass that runs is looked at.
        watches: Whether it is one of the training at all.
        found: What it told, until somebody takes it.
    """

    def __init__(self, module: Any, autopsy: Autopsy, budget: Budget, *, every_pass: bool = False) -> None:
        self.due = self.watches = False
        self.found: dict[str, Any] = {}
        self._autopsy = autopsy
        self._budget = budget
        self._every_pass = every_pass
        self._paths = {id(each): name for name, each in module.named_modules()}
        self._leaves = {id(each) for each in module.modules() if next(each.children(), None) is None}
        self._functions: Functions | None = None
        self._last: tuple[str, Any] = ("", None)
        self._is_channels_first: bool | None = None
        self._module = weakref.ref(module)
        self._handles: list[Any] = []
        if every_pass:
            self._hook_all()

    def stop(self) -> None:
        """Takes the hooks off."""
        self.end()
        self._unhook_all()

    def begin(self, due: bool) -> None:
        """A pass of the training begins."""
        self.due, self.watches = due, True
        self._is_channels_first = None
        if due:
            if not self._handles:
                self._hook_all()
            self._functions = Functions(self._look_at_function)
            self._functions.enter()

    def end(self) -> None:
        """It ends, well or not."""
        if self._functions is not None:
            self._functions.leave()
        self._functions, self._last = None, ("", None)
        self.due = self.watches = False
        if self._handles and not self._every_pass:
            self._unhook_all()  # a hook costs a microsecond at every pass

    def _hook_all(self) -> None:
        module = self._module()
        for name, each in [] if module is None else module.named_modules():
            if name and id(each) in self._leaves:
                self._handles.append(each.register_forward_hook(self._hook(name, each)))

    def _unhook_all(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _hook(self, name: str, owner: Any) -> Any:
        owned = weakref.ref(owner)

        def look(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            # A copy of the model has these hooks as well, and is another model.
            if not self.watches or not (self.due or self._every_pass) or module is not owned():
                return
            functions, self._functions = self._functions, None  # what is computed here is none of the model's
            try:
                with self._budget.spending("outputs"):
                    self._look_at_module(name, module, inputs, output)
            finally:
                self._functions = functions

        return look

    def _look_at_module(self, name: str, module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        y = first_output(output)
        if y is None or not y.numel():
            return
        detached = y.detach()
        if self._every_pass:
            self._autopsy.look(name, module, inputs, detached)
        if not self.due:
            return
        kind = type(module).__name__
        if kind.startswith(_FEATURES_LAST) or "Linear" in kind:
            self._is_channels_first = False
        elif any(part in kind for part in _CHANNELS_FIRST):
            self._is_channels_first = True
        self.found[f"act_norm/{name}"] = detached.float().norm()
        self._activation(name, kind.lower(), detached, module)
        self._last = (name, y)

    def _look_at_function(self, function: str, args: tuple[Any, ...], output: Any) -> None:
        kind = function.replace("_", "")
        if self._functions is None or kind not in ACTIVATIONS or kind in _RECURRENT or first_output(output) is None:
            return
        path, module = module_here(self._paths)
        if id(module) in self._leaves and type(module).__name__.lower() in ACTIVATIONS:
            return  # the module's own hook tells of it
        name, before = self._last
        if not (args and before is args[0] and name):
            name = path if id(module) in self._leaves else f"{path}.{function}".lstrip(".")
        functions, self._functions = self._functions, None
        try:
            with self._budget.spending("outputs"):
                self._activation(name, kind, output.detach())
        finally:
            self._functions = functions

    def _activation(self, name: str, kind: str, output: Any, module: Any = None) -> None:
        if kind not in ACTIVATIONS or output.dim() < 2:
            return
        is_first = output.dim() > 3 if self._is_channels_first is None else self._is_channels_first
        low, high = getattr(module, "min_val", None), getattr(module, "max_val", None)
        dead = dead_share(kind, output, 1 if is_first else output.dim() - 1, float(getattr(module, "alpha", 1.0)))
        saturated = saturated_share(kind, output, low, high)
        if dead is not None:
            self.found[f"dead/{name}"] = dead
        if saturated is not None:
            self.found[f"saturated/{name}"] = saturated
