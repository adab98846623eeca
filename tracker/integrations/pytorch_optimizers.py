"""PyTorch: what the optimizers of a module do, whichever they are and whenever they were made."""

from __future__ import annotations

import weakref
from typing import Any, Protocol


class Listener(Protocol):
    """Who is told."""

    def before_update(self) -> None:
        """An optimizer is about to change the module's parameters."""

    def after_update(self) -> None:
        """It did."""


class Optimizers:
    """Hooks on all optimizers of the process, which tell of those that hold a parameter of a module.

    Args:
        module: A `torch.nn.Module`.
        listener: Held weakly: these hooks do not keep a model alive.
    """

    def __init__(self, module: Any, listener: Listener) -> None:
        from torch.optim import optimizer

        listening = weakref.ref(listener)
        numbers = {id(each) for each in module.parameters()}
        known: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()

        def is_ours(each: Any) -> bool:
            ours = known.get(each)
            if ours is None:
                ours = any(id(p) in numbers for group in each.param_groups for p in group["params"])
                known[each] = ours
            return ours

        def before(each: Any, args: Any, kwargs: Any) -> None:
            told = listening()
            if told is not None and is_ours(each):
                told.before_update()

        def after(each: Any, args: Any, kwargs: Any) -> None:
            told = listening()
            if told is not None and is_ours(each):
                told.after_update()

        self._handles = [
            optimizer.register_optimizer_step_pre_hook(before),
            optimizer.register_optimizer_step_post_hook(after),
        ]
        weakref.finalize(listener, _remove, self._handles).atexit = False

    def stop(self) -> None:
        """Takes the hooks off."""
        _remove(self._handles)


def _remove(handles: list[Any]) -> None:
    while handles:
        handles.pop().remove()
