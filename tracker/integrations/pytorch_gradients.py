"""PyTorch: gradients as they come out of the backward pass, which parameters get none, and which are cut after it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from tracker.overhead import Budget
from tracker.values.histogram import Histogram


class Gradients:
    """Hooks on the parameters that want a gradient, which look at it at the first backward pass after `begin`.

    Tags, as `take` gives them, tensors of one number unread:
        gradients/<parameter>: histograms, where asked for. grad_norm/<parameter>: Euclidean lengths.
        unused/<parameter>: 1 for one that wants a gradient and got none, while others got theirs.
        clipped: 1 where the optimizer was given a shorter gradient than the backward pass had made, 0 otherwise; told
            of the smallest parameter that has one, as clipping by norm shortens all alike. A factor that is a power of
            two is a loss scale that was taken back, and no clipping. clip_factor: what it was shortened to; 1 where it
            was not.
        accumulated: how many times as long the gradient is that the optimizer is given as the one that the backward
            pass made, before clipping; told where there was one such pass since the update before. 1 where gradients
            are set to 0 in every step.

    Args:
        module: A `torch.nn.Module`.
        budget: Counts what it takes.
    """

    def __init__(self, module: Any, budget: Budget) -> None:
        self.awaited = False
        self.step = 0
        # Hooks of parameters lead here, and would keep parameters alive.
        self._module = weakref.ref(module)
        self._budget = budget
        self._histograms = self._norms = False
        self._found: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._hooked: dict[str, Any] = {}
        self._measured: Callable[[], Any] = lambda: None
        self._own: Any = None
        self._made: Any = None
        self._backwards = 0
        self._handles: list[Any] = []

    def stop(self) -> None:
        """Takes the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def begin(self, step: int, *, histograms: bool, norms: bool) -> None:
        """The gradients that come next are those of a step that is due, for which these are looked at."""
        self.stop()
        self._histograms, self._norms = histograms, norms
        self._hook_all()
        self.awaited, self.step, self._made, self._own = True, step, None, None
        self._found, self._seen = {}, set()

    def backward(self) -> None:
        """A backward pass begins."""
        self._backwards += 1

    def before_update(self) -> None:
        """An optimizer is about to use them."""
        made, own, backwards = self._made, self._own, self._backwards
        self._made, self._backwards = None, 0
        measured = self._measured()
        if made is None or measured is None or measured.grad is None:
            return
        if own is not None and backwards == 1:
            self._found["accumulated"] = (made / own).nan_to_num(1.0, 1.0, 1.0)
        factor = measured.grad.detach().float().norm() / made
        power = factor.log2()
        is_scale = (power - power.round()).abs() < 1e-4
        is_cut = (factor < 0.999) & ~is_scale
        self._found |= {"clipped": is_cut.float(), "clip_factor": factor.where(is_cut, factor.new_ones(()))}

    def take(self) -> dict[str, Any]:
        """What was found, once there was a backward pass; the next is looked at after `begin`."""
        if not self._seen:
            return {}
        found, self._found = self._found, {}
        if self._norms:
            unused = [name for name, each in self._hooked.items() if name not in self._seen and _is_trained(each())]
            found |= {f"unused/{name}": 1.0 for name in unused}
        self.awaited, self._made = False, None
        self._seen = set()
        self.stop()  # a hook costs a microsecond at every step
        return found

    def _hook_all(self) -> None:
        """On all that want a gradient now."""
        self._hooked, self._measured = {}, lambda: None
        module = self._module()
        for name, each in [] if module is None else module.named_parameters():
            if each.requires_grad:
                self._hooked[name] = weakref.ref(each)
                self._handles.append(each.register_hook(self._hook(name)))
                measured: Any = self._measured()
                smaller = measured is None or each.numel() <= measured.numel()
                if self._norms and smaller and hasattr(each, "register_post_accumulate_grad_hook"):
                    self._measured = weakref.ref(each)
                    self._handles.append(each.register_post_accumulate_grad_hook(self._measure))

    def _hook(self, name: str) -> Any:
        def look(gradient: Any) -> None:
            if not self.awaited:
                return
            self._seen.add(name)
            if self._histograms:
                with self._budget.spending("histograms"):
                    self._found[f"gradients/{name}"] = Histogram(gradient)
            if self._norms:
                with self._budget.spending("norms"):
                    length = self._found[f"grad_norm/{name}"] = gradient.detach().float().norm()
                if self._hooked[name]() is self._measured():
                    self._own = length

        return look

    def _measure(self, parameter: Any) -> None:
        """With what was there before: the whole that an optimizer is given, unless somebody shortens it."""
        if parameter is self._measured() and self.awaited and parameter.grad is not None:
            self._made = parameter.grad.detach().float().norm()


def _is_trained(parameter: Any) -> bool:
    return parameter is not None and bool(parameter.requires_grad)
