"""Weights of a model as arrays by name: read, written, and put back; for trainer's and PyTorch's modules and dicts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import LoggedTypeError, message
from tracker.values import arrays

State = dict[str, npt.NDArray[Any]]


class Weights:
    """A module's parameters and buffers. Neither framework is imported: they name these things alike.

    Args:
        model: A `torch.nn.Module` or `trainer.nn.Module`.

    Attributes:
        filters: For each parameter that is trained the axes that count its filters; None for those that a random
            direction leaves alone: biases and all else of one axis, and the parameters of norms.

    Raises:
        LoggedTypeError: `model` is something else.
    """

    def __init__(self, model: Any) -> None:
        needs = ("named_parameters", "named_buffers", "named_modules", "load_state_dict", "eval")
        if not all(hasattr(model, name) for name in needs):
            raise LoggedTypeError(
                message(
                    "The landscape of this cannot be computed.",
                    expected="a torch.nn.Module, a trainer.nn.Module, or a dictionary of arrays by name",
                    got=arrays.describe(model),
                )
            )
        self.model = model
        frameworks = (sys.modules.get(each.__module__.partition(".")[0]) for each in type(model).__mro__)
        self._framework = next((each for each in frameworks if hasattr(each, "no_grad")), None)
        self._parameters = dict(model.named_parameters())
        self._buffers = dict(model.named_buffers())
        found: dict[str, tuple[int, ...] | None] = {}
        for path, module in model.named_modules():
            is_norm = "norm" in type(module).__name__.lower()
            counted = (1,) if getattr(module, "transposed", False) else (0,)  # transposed convolutions: (in, out, …)
            for name, parameter in module.named_parameters():
                if "." not in name:
                    is_still = is_norm or len(parameter.shape) < 2
                    found[f"{path}.{name}" if path else name] = None if is_still else counted
        self.filters = {name: found.get(name) for name, each in self._parameters.items() if each.requires_grad}
        if not self.filters:
            raise LoggedTypeError(
                message(
                    "The landscape of a model without weights cannot be computed.",
                    expected="parameters that are trained (requires_grad)",
                    got=f"{len(self._parameters)} that are frozen" if self._parameters else "none",
                )
            )

    def read(self) -> State:
        """Copies of the parameters that are trained; those of 16 bits become float32."""
        return {name: _copied(self._parameters[name], name) for name in self.filters}

    def read_buffers(self) -> State:
        """Copies of what is not learned but belongs to the model: running means and variances, counts."""
        return {name: _copied(each, name) for name, each in self._buffers.items()}

    def write(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Writes arrays into the parameters and buffers of these names, in place; other names are left."""
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(self.model, torch.nn.Module):
            self.model.load_state_dict(state, strict=False)
            return
        tensors = self._parameters | self._buffers
        with torch.no_grad():
            for name, array in state.items():
                if name in tensors:
                    tensors[name].copy_(torch.as_tensor(np.asarray(array)))

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The model in evaluation mode, with nothing recorded. Afterwards each module is in the mode it was in."""
        modes = [(module, module.training) for _, module in self.model.named_modules()]
        self.model.eval()
        try:
            with self._framework.no_grad() if self._framework is not None else nullcontext():
                yield
        finally:
            for module, mode in modes:
                module.training = mode

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Whatever is written within is undone at the end, also after an error; bit for bit."""
        kept = self.read() | self.read_buffers()
        try:
            yield
        finally:
            self.write(kept)


class Arrays(Weights):
    """A dictionary of arrays by name, which the loss is handed as it is: for JAX and functions of one's own."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self.model = {name: np.array(_array(each, name)) for name, each in model.items()}
        has_filters = any(each.ndim > 1 for each in self.model.values())
        self.filters = {
            name: (0,) if each.ndim > 1 else None if has_filters else () for name, each in self.model.items()
        }

    def read(self) -> State:
        return dict(self.model)

    def read_buffers(self) -> State:
        return {}

    def write(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        self.model = self.model | dict(state)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        yield


def weights_of(model: Any) -> Weights:
    """The weights of a module or of a dictionary of arrays."""
    return Arrays(model) if isinstance(model, Mapping) else Weights(model)


def _copied(tensor: Any, name: str) -> npt.NDArray[Any]:
    array = np.array(_array(tensor.data, name))
    return array.astype(np.float32) if array.dtype == np.float16 else array  # sums of half precision lose the way


def _array(values: Any, name: str) -> npt.NDArray[Any]:
    found, xp = arrays.real_array(values, f"weights {name!r}")
    array: npt.NDArray[Any] = found if xp is np else xp.asnumpy(found)
    return array
