"""Answers of a TensorFlow.js model: arrays by the names of its inputs in, arrays by the names of its outputs out."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainer.errors import ArgumentError, sentence
from trainer.tensor import Tensor
from trainer.tfjs.folding import fold
from trainer.tfjs.network import Network, check_input
from trainer.tfjs.plan import MAX_NUMBERS, Plan, shapes_of
from trainer.tfjs.shapes import shape_after
from trainer.tfjs.words import Shape

PLAN_NUMBERS = 2**25
"""In the arrays of one plan: 128 MiB of float32. Larger batches are answered in parts."""

MAX_PART = 256
"""Samples in a part, however small they are."""


class Runner:
    """A network that only answers: without a tape, batch norms folded into convolutions, memory used again.

    Args:
        network: The network.
        input_names, output_names: What to call its inputs and outputs; None for what the file calls them.

    Attributes:
        network: The network itself, whose weights were copied; training it changes no answer.
        inputs, outputs: [{"name", "dtype", "shape"}], None for any length, the first of which is the batch.
    """

    def __init__(
        self, network: Network, input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None
    ) -> None:
        self.network = network
        self._folded = fold(network)
        self._plans: dict[Any, Plan] = {}
        self._most = MAX_PART
        self._lock = threading.Lock()
        shapes = tuple(shape for _, shape in network.inputs)
        self.inputs = _described(input_names or [name for name, _ in network.inputs], shapes)
        self.outputs = _described(output_names or [name for name, _ in network.outputs], _output_shapes(network))
        if not any(None in shape for shape in shapes):
            self._plan(shapes, 1)  # what does not fit in memory is refused now, not at the first question

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs by name, as arrays of their own, for inputs (N, *shape) of numbers.

        Raises:
            ArgumentError: an input is missing, unknown, or another number of samples than the first.
            ShapeError: an input has another shape.
        """
        arrays = self._checked(inputs)
        samples = len(arrays[0])
        shapes = [x.shape[1:] for x in arrays]
        with self._lock:
            parts = []
            start = 0
            for count in self._parts(shapes, samples):
                found = self._plan(shapes, count).run([x[start : start + count] for x in arrays])
                parts.append([y.copy() for y in found])
                start += count
        names = [each["name"] for each in self.outputs]
        return {name: ys[0] if len(ys) == 1 else np.concatenate(ys) for name, *ys in zip(names, *parts, strict=True)}

    def saliency(self, inputs: Mapping[str, Any], output_index: int) -> Any:
        """How much each number of the first input moves one element of the first output: its gradient, (N, *shape).

        Raises:
            ArgumentError, ShapeError: as for `run`; or the output has no such element, or all that is computed on the
            way does not fit in memory.
        """
        arrays = self._checked(inputs)
        kept = len(arrays[0]) * sum(math.prod(each) for each in shapes_of(self._folded, [x.shape[1:] for x in arrays]))
        if kept > MAX_NUMBERS:
            problem = "saliency: what is computed on the way does not fit in memory."
            raise ArgumentError(sentence(problem, f"at most {MAX_NUMBERS:,} numbers", f"{kept:,}", "try fewer samples"))
        tensors = [Tensor(x.astype(np.float32), requires_grad=i == 0) for i, x in enumerate(arrays)]
        found = self.network(*tensors)
        first = found[0] if isinstance(found, tuple) else found
        rows = first.reshape(first.shape[0], -1)
        if not 0 <= output_index < rows.shape[1]:
            expected = f"0 to {rows.shape[1] - 1}"
            raise ArgumentError(sentence("saliency: output_index is no element of the output.", expected, output_index))
        rows[:, output_index].sum().backward()
        grad = tensors[0].grad
        assert grad is not None
        return grad.numpy()

    def _checked(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The arrays in the order of the network's inputs."""
        names = [each["name"] for each in self.inputs]
        if set(inputs) != set(names):
            raise ArgumentError(
                sentence("run: the model has other inputs.", ", ".join(names), ", ".join(inputs) or "none")
            )
        declared = zip(names, (shape for _, shape in self.network.inputs), strict=True)
        arrays = [check_input(each, np.asarray(inputs[each[0]])) for each in declared]
        for name, x in zip(names, arrays, strict=True):
            if x.dtype.kind not in "biuf":
                raise ArgumentError(sentence(f"run: input {name!r} is not made of numbers.", "float32", x.dtype))
            if len(x) != len(arrays[0]) or not len(x):
                raise ArgumentError(sentence(f"run: input {name!r} has no such batch.", "N >= 1, alike in all", len(x)))
        return arrays

    def _parts(self, shapes: Any, samples: int) -> list[int]:
        """`samples` as powers of two, so that few plans do for every number, without a sample that nobody asked for."""
        one = self._plan(shapes, 1).numbers
        part = 1
        while 2 * part * one <= PLAN_NUMBERS and 2 * part <= min(samples, MAX_PART):
            part *= 2
        parts = []
        while samples:
            while part > samples:
                part //= 2
            parts.append(part)
            samples -= part
        return parts

    def _plan(self, shapes: Any, samples: int) -> Plan:
        """The plan for a number of samples, made when it is first needed; of images of one size at a time."""
        key = (tuple(shapes), samples)
        if key not in self._plans:
            if any(of != key[0] for of, _ in self._plans):
                self._plans.clear()
            self._plans[key] = Plan(self._folded, shapes, samples)
        return self._plans[key]


def _described(names: Sequence[str], shapes: Sequence[Shape]) -> list[dict[str, Any]]:
    return [
        {"name": name, "dtype": "float32", "shape": [None, *shape]} for name, shape in zip(names, shapes, strict=True)
    ]


def _output_shapes(network: Network) -> list[Shape]:
    """Of each output, without the batch."""
    shapes = [shape for _, shape in network.inputs]
    for name, taken in network.calls[len(shapes) :]:
        shapes.append(shape_after(network.layers[name], *(shapes[at] for at in taken)))
    return [shapes[at] for _, at in network.outputs]
