"""Module: parameters, buffers and other modules under names, and a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from trainer.backend import as_array, to_numpy
from trainer.errors import CheckpointError, TrainerError, sentence
from trainer.function import mode
from trainer.mutation import mutations
from trainer.tensor import Tensor

M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that is learned: a module finds it by itself when it is assigned to an attribute."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad=requires_grad)


class Module:
    """A part of a model. Subclass it, assign parameters and modules to attributes, and write `forward`.

    What is assigned to an attribute is found again by its name: `conv1.weight` is the parameter `weight` of the module
    assigned to `conv1`. The order is that of assignment. No call of `super().__init__()` is needed.

    Attributes:
        training: Whether layers such as dropout behave as in training; set by `train()` and `eval()`.
    """

    training: bool = True
    _buffers: tuple[str, ...] = ()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs `forward`. NumPy and CuPy arrays become tensors, floats in the dtype of the parameters."""
        for x in args:
            if hasattr(x, "dtype") and not isinstance(x, Tensor):
                args = self._as_tensors(args)
                break
        observer = mode.observer
        if observer is not None:
            observer.enter(self)
        try:
            return self.forward(*args, **kwargs)
        except TrainerError as err:
            self._sign(err)
            raise
        finally:
            if observer is not None:
                observer.leave(self)

    # What it is made of

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules assigned to attributes, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator[Module]:
        for _, module in self.named_children():
            yield module

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, by path: "", "block", "block.conv"."""
        yield from self._walk(prefix, set())

    def modules(self) -> Iterator[Module]:
        for _, module in self.named_modules():
            yield module

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, by path."""
        seen: set[Parameter] = set()
        for path, module in self.named_modules(prefix):
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and value not in seen:
                    seen.add(value)
                    yield _join(path, name), value

    def parameters(self) -> Iterator[Parameter]:
        for _, parameter in self.named_parameters():
            yield parameter

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Keeps a tensor that is not learned but belongs to the state, such as a running mean."""
        if name not in self._buffers:
            self._buffers = (*self._buffers, name)
        setattr(self, name, tensor)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """All buffers by path."""
        for path, module in self.named_modules(prefix):
            for name in module._buffers:
                value = getattr(module, name)
                if value is not None:
                    yield _join(path, name), value

    def _walk(self, path: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield path, self
        for name, child in self.named_children():
            yield from child._walk(_join(path, name), seen)

    # What can be done with it

    def train(self: M, mode: bool = True) -> M:
        """Training behaviour for this module and all below it; gives the module back."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Evaluation behaviour: no dropout, running statistics."""
        return self.train(False)

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Calls `fn` with every module below, then with this one."""
        for module in reversed(list(self.modules())):
            fn(module)
        return self

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Whether the parameters are learned; False freezes them."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self: M, target: Any = None, *, dtype: Any = None, device: str | None = None) -> M:
        """Moves parameters and buffers to a device ("cuda"), a float dtype, or both.

        Optimizers made before keep working. Buffers of integers keep their dtype.
        """
        if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
            device = target
        elif target is not None:
            dtype = target
        for tensor in [*self.parameters(), *(b for _, b in self.named_buffers())]:
            kept = tensor.dtype if tensor.dtype.kind != "f" else dtype
            tensor.data = tensor.detach().to(dtype=kept, device=device).data
            if tensor.grad is not None:
                tensor.grad = tensor.grad.detach().to(dtype=kept, device=device)
        return self

    def float(self: M) -> M:
        return self.to(np.float32)

    def double(self: M) -> M:
        return self.to(np.float64)

    def cpu(self: M) -> M:
        return self.to("cpu")

    def cuda(self: M) -> M:
        return self.to("cuda")

    # Its state

    def state_dict(self) -> dict[str, Any]:
        """Parameters and buffers by path, as NumPy arrays of their own.

        They are copies, unlike PyTorch's: the optimizer changes parameters in place, and a state kept as the best one
        so far must not change with them.
        """
        return {name: to_numpy(tensor.data).copy() for name, tensor in self._state()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Writes a state into the parameters and buffers.

        Args:
            state_dict: Arrays by path, as `state_dict` gives them.
            strict: Whether the names must be the same on both sides; otherwise the common ones are taken.

        Raises:
            CheckpointError: a name is missing or unknown, or a shape differs. Nothing was changed then.
        """
        own = dict(self._state())
        missing = [name for name in own if name not in state_dict]
        unknown = [name for name in state_dict if name not in own]
        if strict and (missing or unknown):
            raise CheckpointError(
                sentence(
                    "load_state_dict: the state belongs to another model.",
                    ", ".join(own),
                    f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}",
                    "try strict=False to load what both have",
                )
            )
        common = [name for name in own if name in state_dict]
        for name in common:
            shape = tuple(np.shape(state_dict[name]))
            if shape != own[name].shape:
                raise CheckpointError(sentence(f"load_state_dict: {name} has another shape.", own[name].shape, shape))
        for name in common:
            value = state_dict[name]
            tensor = own[name]
            raw = value.data if isinstance(value, Tensor) else value
            mutations.note(tensor.data)
            tensor.data[...] = as_array(raw, tensor.dtype, tensor.device)

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.named_parameters()
        yield from self.named_buffers()

    def to_graph(self, *example_inputs: Any) -> dict[str, Any]:
        """The operations of one forward pass as plain nodes and edges; see `graph.trace`."""
        from trainer.graph import trace  # here, because graph.py draws modules

        return trace(self, *example_inputs)

    def summary(self, *example_inputs: Any) -> Any:
        """Layers, shapes, parameters and flops as a table to print; see `trainer.summary`."""
        from trainer.summary import summary  # here, because summary.py traces modules

        return summary(self, *example_inputs)

    # How it looks

    def extra_repr(self) -> str:
        """What stands in the parentheses when the module is printed."""
        return ""

    def __repr__(self) -> str:
        children = [f"  ({name}): {module!r}".replace("\n", "\n  ") for name, module in self.named_children()]
        head = type(self).__name__
        if not children:
            return f"{head}({self.extra_repr()})"
        return "\n".join([f"{head}({self.extra_repr()}", *children, ")"])

    def _sign(self, err: TrainerError) -> None:
        """Notes on an error which layer it comes from, and the path to it, as it leaves one module after another.

        Only a layer without layers of its own is named; what a model refuses itself, it says in its own words.
        """
        if err.layer is None:
            if next(self.named_children(), None) is None:
                err.layer, err.left = f"{type(self).__name__}({self.extra_repr()})", self
            return
        for name, child in self.named_children():
            if child is err.left:
                err.path, err.left = _join(name, err.path), self
                return

    def _as_tensors(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """`args` with tensors in the place of arrays."""
        like = next(self.parameters(), None)
        tensors = []
        for x in args:
            if hasattr(x, "dtype") and not isinstance(x, Tensor):
                is_float = x.dtype.kind == "f"
                x = Tensor(x, dtype=like.dtype if like is not None and is_float else None)
                if like is not None:
                    x = x.to(device=like.device)
            tensors.append(x)
        return tuple(tensors)


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """The model in evaluation mode and nothing recorded inside; after it every module is as it was, frozen ones too."""
    was_training = [(module, module.training) for module in model.modules()]
    recorded = mode.enabled
    model.eval()
    mode.enabled = False
    try:
        yield
    finally:
        mode.enabled = recorded
        for module, training in was_training:
            module.training = training


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
