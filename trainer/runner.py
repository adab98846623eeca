"""A model that answers questions: arrays by name in, arrays by name out, and how the input moved the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer.autograd import enable_grad, no_grad
from trainer.backend import to_numpy
from trainer.errors import ArgumentError, sentence
from trainer.nn.module import Module
from trainer.onnx.tape import tensors
from trainer.tensor import Tensor


class Runner:
    """A model that answers questions: arrays by name in, arrays by name out.

    Attributes:
        inputs, outputs: What the manifest says of them: name, dtype, shape.
        model: The model, in evaluation mode.
    """

    def __init__(self, model: Module, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
        self.model = model.eval().requires_grad_(False)
        self.inputs = inputs
        self.outputs = outputs

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs for some inputs; nothing is recorded.

        Args:
            inputs: An array for each name, with the batch as its first axis.

        Raises:
            TrainerError: an input is missing or does not fit.
        """
        with no_grad():
            found = tensors(self.model(*self._given(inputs)))
        return {name: to_numpy(tensor.data) for name, tensor in zip(self._names(len(found)), found, strict=True)}

    def saliency(self, inputs: Mapping[str, Any], output_index: int) -> Any:
        """How much each number of the input moves one output: the gradient of that with regard to the first input.

        Args:
            inputs: As for `run`.
            output_index: Which number of a sample's first output, such as a class.

        Returns:
            An array in the shape of the first input, each sample with the gradient of its own output.

        Raises:
            TrainerError: as `run`; or there is no such output, or the input has no gradient, as numbers of rows.
        """
        given = self._given(inputs)
        first = given[0] if isinstance(given[0], Tensor) else Tensor(given[0])
        if first.dtype.kind != "f":
            problem = f"saliency: input {self.inputs[0]['name']!r} has no gradient."
            raise ArgumentError(sentence(problem, "an input of floats", first.dtype))
        with enable_grad():
            x = first.detach().requires_grad_()
            y = tensors(self.model(x, *given[1:]))[0]
            rows = y.reshape(len(y), -1) if y.ndim else y.reshape(1, 1)
            if not 0 <= output_index < rows.shape[1]:
                problem = "saliency: there is no such output."
                raise ArgumentError(sentence(problem, f"0 to {rows.shape[1] - 1}", output_index))
            rows[:, output_index].sum().backward()
        return np.zeros(x.shape, x.dtype) if x.grad is None else to_numpy(x.grad.data)

    def _given(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The inputs in the order the model takes them, floats in the dtype of its weights."""
        names = [each["name"] for each in self.inputs]
        if set(names) != set(inputs):
            problem = "the model is asked with other inputs than it has."
            raise ArgumentError(sentence(problem, ", ".join(names), ", ".join(map(str, inputs)) or "none"))
        given = []
        like = next(self.model.parameters(), None)
        for each in self.inputs:
            x = Tensor(inputs[each["name"]])
            wanted = np.dtype(each.get("dtype") or x.dtype)
            x = x.to(like.dtype if like is not None and wanted.kind == "f" else wanted)
            given.append(x if like is None else x.to(device=like.device))
        return given

    def _names(self, count: int) -> list[str]:
        known = [each["name"] for each in self.outputs]
        return known if len(known) == count else output_names(count)


def output_names(count: int) -> list[str]:
    """What outputs are called that nobody named."""
    return ["output"] if count == 1 else [f"output_{i}" for i in range(count)]
