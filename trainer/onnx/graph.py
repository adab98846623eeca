"""An ONNX graph while it is written: nodes, constants and the names of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.onnx import messages
from trainer.onnx.messages import Dim
from trainer.onnx.passes import Batch, Size, Sizes
from trainer.onnx.wire import Message

BATCH = "batch"
"""What the first axis is called."""


class Graph:
    """What has been written so far.

    Args:
        opset: Version of the operations.
        names: Those of inputs and outputs, which nothing else may have.
        weights: Names for arrays, by their identity.
    """

    def __init__(self, opset: int, names: Sequence[str], weights: Mapping[int, str]) -> None:
        self.opset = opset
        self._weights = weights
        self._ends = frozenset(names)
        self._taken = set(names)
        self._nodes: list[_Node] = []
        self._given: dict[str, str] = {}
        self._constants: dict[str, Any] = {}
        self._named: dict[Any, str] = {}
        self._batches: dict[int, str] = {}
        self._values: dict[str, tuple[Any, Sequence[Dim]]] = {}
        self.batch_of = names[0]

    def node(self, op: str, inputs: Sequence[str], path: str, **attributes: Any) -> str:
        """Adds an operation; the name of its result."""
        name = self._free(f"{path}/{op}" if path else op)
        self._nodes.append(_Node(op, name, list(inputs), name, attributes))
        return name

    def constant(self, array: Any, name: str = "constant") -> str:
        """The name of an array: a weight's own where it is one; the same numbers are kept once."""
        known = self._named.get(id(array))
        if known is not None:
            return known
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 16 else id(array)
        wanted = self._weights.get(id(array))
        if wanted is None and key in self._named:
            return self._named[key]
        name = self._free(wanted or name)
        self._constants[name] = array  # which keeps it, and so its identity
        self._named[id(array)] = self._named[key] = name
        return name

    def lengths(self, sizes: Sequence[Size]) -> str:
        """The name of a list of whole numbers, of which some may be multiples of the batch."""
        if not any(isinstance(size, Batch) for size in sizes):
            return self.constant(np.array(sizes, np.int64).reshape(-1), "sizes")
        parts = [self._batch(size.times) if isinstance(size, Batch) else self.lengths([size]) for size in sizes]
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, "", axis=0)

    def note(self, name: str, dtype: Any, sizes: Sizes) -> None:
        """What the result of a node is."""
        if name not in self._constants and name not in self._ends:
            self._values[name] = dtype, dims(sizes)

    def give(self, name: str, output: str) -> None:
        """Makes a value an output. A result takes its name; what is none, or is another output already, is copied."""
        if not any(node.output == name for node in self._nodes):
            name = self._given.get(name, name)
            self._nodes.append(_Node("Identity", output, [name], output, {}))
            return
        for node in self._nodes:
            node.inputs = [output if each == name else each for each in node.inputs]
            node.output = output if node.output == name else node.output
        self._given[name] = output
        self._values.pop(name, None)

    def message(self, name: str, inputs: Sequence[Message], outputs: Sequence[Message]) -> Message:
        """The whole of it."""
        return messages.graph(
            name,
            [messages.node(each.op, each.name, each.inputs, [each.output], each.attributes) for each in self._nodes],
            [messages.tensor(own, array) for own, array in self._constants.items()],
            inputs,
            outputs,
            [messages.value(own, dtype, shape) for own, (dtype, shape) in self._values.items()],
        )

    def _batch(self, times: int) -> str:
        """The name of so many times the batch, as a list of one number."""
        if times not in self._batches:
            if times == 1:
                self._batches[1] = self.node("Shape", [self.batch_of], "", start=0, end=1)
            else:
                factor = self.lengths([times])
                self._batches[times] = self.node("Mul", [self._batch(1), factor], "")
        return self._batches[times]

    def _free(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


@dataclass(slots=True)
class _Node:
    """An operation of the file, which has one result."""

    op: str
    name: str
    inputs: list[str]
    output: str
    attributes: Mapping[str, Any]


def dims(sizes: Sizes) -> list[Dim]:
    """A shape as the file has it."""
    return [
        (BATCH if size.times == 1 else f"{size.times}*{BATCH}") if isinstance(size, Batch) else size for size in sizes
    ]
