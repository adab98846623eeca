"""What all optimizers share: groups of parameters with settings, state for each parameter, its way to disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trainer.backend import Array, array_module, as_array, to_numpy
from trainer.errors import ArgumentError, CheckpointError, DTypeError, GradientError, sentence
from trainer.function import mode, span
from trainer.mutation import mutations
from trainer.tensor import Tensor

# Elements that are updated at a time. Measured with Adam and 670,000 float32, three quiet runs: 1.34 ms with 16,384,
# 1.20 with 32,768, 1.12 with 65,536, 1.22 with 131,072, all at once more. A second thread that takes every other piece
# gains nothing: OpenBLAS's own still spin where it would run (after a product of matrices 1.09 ms with it and without),
# and without them the system puts both threads on one core (0.54 ms beside 0.52; 0.35 where each is bound to its own).
BLOCK = 65_536

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]


class Optimizer:
    """Changes parameters by their gradients, in place. Subclass it with `update`: one rule, one class, one paper.

    Args:
        params: Tensors to change, or groups of them: dicts with "params" and settings that differ for the group.
        defaults: Settings for groups that do not have their own.

    Attributes:
        param_groups: A dict for each group: "params", and settings by name. Changing "lr" here takes effect at once.
        state: For each parameter what the rule remembers, by name.
    """

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._scratch: dict[tuple[int, Any], Array] = {}
        entries: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not entries:
            raise ArgumentError(
                sentence(
                    f"{type(self).__name__}: there is nothing to optimize.",
                    "parameters",
                    "none",
                    "try model.parameters(), and note that a generator can be used once",
                )
            )
        for group in entries if isinstance(entries[0], Mapping) else [{"params": entries}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Adds parameters with settings of their own, such as layers that are unfrozen later."""
        given = param_group["params"]
        params = [given] if isinstance(given, Tensor) else list(given)
        known = {p for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise DTypeError(sentence("params must be tensors.", "Tensor", type(p).__name__))
            if not p.is_leaf:
                raise ArgumentError(sentence("params must not be computed from others.", "a leaf", repr(p.grad_fn)))
            if p in known:
                raise ArgumentError(sentence("a parameter belongs to one group.", "a new one", "one that is there"))
            known.add(p)
        group = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        self.check(group)
        self.param_groups.append(group)

    def check(self, group: dict[str, Any]) -> None:
        """Raises ArgumentError where a setting is outside its range."""
        for name in ("lr", "eps", "weight_decay", "momentum"):
            if name in group and not group[name] >= 0:
                raise ArgumentError(sentence(f"{type(self).__name__}: {name} is out of range.", ">= 0", group[name]))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients, or sets them to 0 when `set_to_none` is False."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad = Tensor(array_module(p.raw).zeros_like(p.data))

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Changes every parameter that has a gradient.

        Args:
            closure: Computes the loss and its gradients anew; called first, when given.

        Returns:
            What `closure` gave, or None.
        """
        loss = None if closure is None else closure()
        with span("optimizer"):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state.get(p)
                    if state is None:
                        state = self.state[p] = self.first_state(p.data, group)
                    data = p.data
                    mutations.note(data)
                    self.update(data, p.grad.raw, state, group)
        return loss

    def first_state(self, p: Array, group: dict[str, Any]) -> dict[str, Any]:
        """What is remembered about a parameter before its first update."""
        return {}

    def update(self, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Changes the array `p` by its gradient `g`, in place; `g` itself is left as it is."""
        raise NotImplementedError

    def scratch(self, like: Array, number: int = 0) -> Array:
        """Memory of the size of `like` to compute in, the same for all parameters: nothing is allocated in a step."""
        key = (number, like.dtype)
        buffer = self._scratch.get(key)
        if buffer is None or buffer.size < like.size or array_module(buffer) is not array_module(like):
            buffer = self._scratch[key] = array_module(like).empty(like.size, dtype=like.dtype)
        return buffer[: like.size].reshape(like.shape)

    def decayed(self, p: Array, g: Array, weight_decay: float) -> Array:
        """The gradient of loss + weight_decay / 2 * |p|^2; `g` itself where there is no decay."""
        if not weight_decay:
            return g
        xp = array_module(p)
        out = self.scratch(p, 1)
        xp.multiply(p, weight_decay, out=out)
        return xp.add(out, g, out=out)

    def state_dict(self) -> dict[str, Any]:
        """Settings and state, parameters by number in the order they were given; arrays are copies in main memory."""
        numbers = {p: i for i, p in enumerate(self._params())}
        return {
            "state": {
                str(numbers[p]): {k: to_numpy(v).copy() if hasattr(v, "shape") else v for k, v in state.items()}
                for p, state in self.state.items()
            },
            "param_groups": [
                {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Takes settings and state over from `state_dict` of an optimizer with the same parameters.

        Raises:
            CheckpointError: another number of groups or of parameters in one. Nothing was changed then.
        """
        groups = state_dict["param_groups"]
        own, theirs = ([len(g["params"]) for g in gs] for gs in (self.param_groups, groups))
        if own != theirs:
            raise CheckpointError(sentence("load_state_dict: groups hold other numbers of parameters.", own, theirs))
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in saved.items() if k != "params"})
        params = self._params()
        self.state = {}
        for number, state in state_dict["state"].items():
            p = params[int(number)]
            self.state[p] = {
                k: as_array(v, p.dtype, p.device).copy() if getattr(v, "shape", ()) == p.shape and k != "step" else v
                for k, v in state.items()
            }

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v}" for k, v in self.param_groups[0].items() if k != "params")
        return f"{type(self).__name__}({settings})"


def in_blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Arrays of one shape in pieces that stay in the processor's cache from one pass over them to the next.

    An update of Adam makes ten passes; in pieces of 256 KiB it takes 1.1 ms for 670,000 float32, at once 1.9. On a GPU,
    where each call costs more than it saves, and where memory is not in one piece, the whole arrays are the one piece.
    """
    first = arrays[0]
    if first.size <= BLOCK or array_module(first) is not np or not all(a.flags.c_contiguous for a in arrays):
        yield arrays
        return
    flat = [a.reshape(-1) for a in arrays]
    for start in range(0, first.size, BLOCK):
        yield tuple(a[start : start + BLOCK] for a in flat)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Shrinks all gradients together so that their common length is at most `max_norm`.

    They are multiplied by max_norm / (length + 1e-6), as in PyTorch, when that is below 1.

    Args:
        parameters: Tensors; those without a gradient are passed over.
        max_norm: The longest they may be.
        norm_type: 2 for the Euclidean length, `math.inf` for the largest element, or another p of the p-norm.
        error_if_nonfinite: Raise when the length is NaN or inf; otherwise the gradients are left as they are then.

    Returns:
        The length before.

    Raises:
        GradientError: the length is not finite, and `error_if_nonfinite`.

    Source: Pascanu et al. 2013.
    """
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [p.grad.data for p in tensors if p.grad is not None]
    total = _length(grads, norm_type)
    if not math.isfinite(total):
        if error_if_nonfinite:
            raise GradientError(sentence("clip_grad_norm_: a gradient is not finite.", "a finite length", total))
        return total
    factor = max_norm / (total + 1e-6)
    mode.clips += 1
    mode.left += min(1.0, factor)
    if factor < 1:
        mode.cuts += 1
        for g in grads:
            g *= factor
            mutations.note(g)
    return total


def _length(grads: list[Array], norm_type: float) -> float:
    """The p-norm of all elements of all arrays together, summed in float64."""
    if math.isinf(norm_type):
        return max((float(abs(g).max()) for g in grads if g.size), default=0.0)
    powers = (abs(g.astype("float64")) ** norm_type for g in grads)
    return float(sum(float(p.sum()) for p in powers) ** (1 / norm_type))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Holds every element of every gradient between -clip_value and clip_value."""
    is_cut = False
    for p in [parameters] if isinstance(parameters, Tensor) else parameters:
        if p.grad is not None:
            data = p.grad.data
            is_cut = is_cut or bool(data.size and (data.max() > clip_value or data.min() < -clip_value))
            array_module(data).clip(data, -clip_value, clip_value, out=data)
            mutations.note(data)
    mode.clips += 1
    mode.cuts += is_cut
    mode.left += 1.0  # of elements, not of the whole
