"""One operation on its way into the file: what it was given, and how to write nodes for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from trainer.errors import ExportError, sentence
from trainer.onnx import messages
from trainer.onnx.graph import Graph
from trainer.onnx.passes import Batch, Passes, Size, Sizes
from trainer.onnx.tape import Place, Ref

_AXES_ARE_INPUTS = {"ReduceSum": 13, "ReduceMean": 18, "ReduceMax": 18, "ReduceMin": 18}
"""From which version of the operations on the axes of a reduction are an input instead of an attribute."""


class Call:
    """An operation as a counterpart sees it.

    Args:
        graph: Where nodes go.
        passes: Where the operation was done.
        step: Its number there.
        name_of: The name in the graph of a value of the passes.

    Attributes:
        inputs: Values, numbers and None, as given.
        options: Axes, strides, an index.
        dtype: Of the result.
    """

    def __init__(self, graph: Graph, passes: Passes, step: int, name_of: Callable[[Ref, Place], str]) -> None:
        made = passes.steps[step]
        self.graph = graph
        self.inputs = passes.inputs_of(step)
        self.options = passes.options_of(step)
        self.dtype = passes.dtype(made.output)
        self._passes = passes
        self._op = made.op
        self._output = made.output
        self._place = made.place
        self._name_of = name_of

    @cached_property
    def sizes(self) -> Sizes:
        """The shape of the result."""
        return self._passes.sizes(self._output)

    # What it was given

    def name(self, x: Any, dtype: Any = None) -> str:
        """The name of a value or a number.

        Args:
            x: An input, or what stands in an option.
            dtype: What it is cast to; None leaves a value as it is, and gives a number the dtype of the result.
        """
        if isinstance(x, Batch):
            count = self.node("Squeeze", self.lengths(x), self.lengths(0))
            return self.node("Cast", count, to=messages.type_of(dtype or self.dtype))
        if not isinstance(x, Ref):
            return self.constant(np.asarray(x, dtype or self.dtype))
        own = self._passes.dtype(x)
        name = self._name_of(x, self._place)
        return name if dtype is None or own == dtype else self.node("Cast", name, to=messages.type_of(dtype))

    def names(self, dtype: Any = None) -> list[str]:
        """Those of all inputs that are there."""
        return [self.name(x, dtype) for x in self.inputs if x is not None]

    def sizes_of(self, x: Any) -> Sizes:
        """The shape of a value; () of a number."""
        return self._passes.sizes(x) if isinstance(x, Ref) else ()

    def dtype_of(self, x: Any) -> Any:
        """The dtype of a value."""
        return self._passes.dtype(x)

    def fixed(self, x: Any) -> Any:
        """The numbers of a constant; None for what depends on the input."""
        return None if self._passes.varies(x) else self._passes.fixed(x, self._place)

    def axes(self, dim: Any) -> list[int]:
        """The axes of the first input that an option names, from 0 on; all of them for None."""
        rank = len(self.sizes_of(self.inputs[0]))
        named = range(rank) if dim is None else [dim] if isinstance(dim, int) else dim
        return [axis % rank for axis in named] if rank else []

    # What it writes

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node; the name of its result."""
        return self.graph.node(op, inputs, self._place.path.replace(".", "/"), **attributes)

    def constant(self, array: Any) -> str:
        """Numbers that stand in the file."""
        return self.graph.constant(np.asarray(array), f"{self._place.path or 'model'}.{self._op.name}")

    def lengths(self, *sizes: Size) -> str:
        """A list of whole numbers."""
        return self.graph.lengths(sizes)

    def reduce(self, op: str, x: str, dim: Any, keepdim: bool) -> str:
        """A reduction along axes."""
        axes = self.axes(dim)
        if not axes:
            return self.node("Identity", x)
        if self.graph.opset >= _AXES_ARE_INPUTS[op]:
            return self.node(op, x, self.lengths(*axes), keepdims=keepdim)
        return self.node(op, x, axes=axes, keepdims=keepdim)

    def reshape(self, x: str, sizes: Sequence[Size]) -> str:
        """`x` under another shape; one size that depends on the batch is left to be worked out."""
        several = sum(isinstance(size, Batch) for size in sizes) > 1 or 0 in sizes
        wanted = sizes if several else [-1 if isinstance(size, Batch) else size for size in sizes]
        return self.node("Reshape", x, self.lengths(*wanted), allowzero=int(0 in sizes))

    def refuse(self, why: str, hint: str) -> ExportError:
        """What to raise where there is no counterpart."""
        problem = f"export_onnx: {self._op.name} {why}."
        got = f"{self._op.name}, in {self._place}"
        return ExportError(sentence(problem, "operations that ONNX has", got, hint))
