"""The computational graph of a model, as plain nodes and edges: one forward pass, looked at while it runs.

Every operation is a node under the path of the module that ran it, so that a viewer can fold modules. Names are the
same in every call: an operation is called after itself, the second of its kind in a module has a _1 at the end, and so
on.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from types import CodeType
from typing import Any

from trainer.function import Function, Observer, mode
from trainer.nn.module import Module, evaluating
from trainer.tensor import Tensor

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

# Operations that only look at the same numbers in another way.
_FREE = frozenset({"reshape", "permute", "expand", "get_item", "cat", "clone", "cast", "move"})


def trace(model: Module, *example_inputs: Any) -> dict[str, Any]:
    """The operations of one forward pass of `model`.

    The pass runs in evaluation mode and nothing is recorded: no statistics change, no random number is drawn.

    Args:
        model: Any module.
        example_inputs: What to call it with; one sample is enough. Arrays and tensors become nodes.

    Returns:
        {"nodes": [...], "edges": [...]}, all of it fit for JSON. A node: "name" (path with "/"), "op", "kind" ("input",
        "parameter", "op" or "output"), "attrs" with "shape", "dtype", "parameters" (how many numbers are learned here),
        "flops" (floating-point operations, a product and a sum counted as two), "bytes" (of the result), "device" and
        "source" ("file.py:12"). An edge: "source", "target" (names), "shape", "dtype" of what flows.
    """
    tracer = _Tracer(model)
    inputs = [Tensor(x) if hasattr(x, "dtype") and not isinstance(x, Tensor) else x for x in example_inputs]
    for i, tensor in enumerate(inputs):
        if isinstance(tensor, Tensor):
            tracer.add("input" if len(inputs) == 1 else f"input_{i}", "input", "input", tensor)
    before = mode.observer
    mode.observer = tracer
    try:
        with evaluating(model):
            result = model(*inputs)
    finally:
        mode.observer = before
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    for i, tensor in enumerate(outputs):
        tracer.add_output("output" if len(outputs) == 1 else f"output_{i}", tensor)
    return {"nodes": tracer.nodes, "edges": tracer.edges}


class _Tracer(Observer):
    """Collects nodes and edges while the model runs. Holds every tensor it saw, so that no identity is used twice."""

    def __init__(self, model: Module) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self._paths = {id(module): path.replace(".", "/") for path, module in model.named_modules()}
        self._parameters = {id(p): path.replace(".", "/") for path, p in model.named_parameters()}
        self._scopes: list[str] = []
        self._counts: dict[str, int] = {}
        self._made: dict[int, tuple[str, Tensor]] = {}

    def enter(self, module: Any) -> None:
        self._scopes.append(self._paths.get(id(module), self._scopes[-1] if self._scopes else ""))

    def leave(self, module: Any) -> None:
        self._scopes.pop()

    def operation(self, op: type[Function], inputs: Sequence[Any], options: dict[str, Any], output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        scope = self._scopes[-1] if self._scopes else ""
        base = f"{scope}/{op.name}" if scope else op.name
        count = self._counts[base] = self._counts.get(base, -1) + 1
        name = f"{base}_{count}" if count else base
        sources = [source for x in inputs if (source := self._source_of(x)) is not None]
        node = self.add(name, op.name, "op", output)
        node["attrs"]["flops"] = flops(op.name, inputs, output)
        node["attrs"]["source"] = line_outside()
        for source in sources:
            self._connect(source, name)

    def add(self, name: str, op: str, kind: str, tensor: Tensor) -> dict[str, Any]:
        """A node for a tensor; it is what later operations on the tensor are connected to."""
        node = _node(name, op, kind, tensor)
        self.nodes.append(node)
        self._made[id(tensor)] = (name, tensor)
        return node

    def add_output(self, name: str, tensor: Any) -> None:
        """A node for a result of the model."""
        if isinstance(tensor, Tensor):
            self.nodes.append(_node(name, "output", "output", tensor))
            if id(tensor) in self._made:
                self._connect(tensor, name)

    def _source_of(self, x: Any) -> Tensor | None:
        """`x` when it comes from a node; a parameter becomes one where it is used first."""
        if not isinstance(x, Tensor):
            return None
        if id(x) not in self._made:
            if id(x) not in self._parameters:
                return None
            node = self.add(self._parameters[id(x)], "parameter", "parameter", x)
            node["attrs"]["parameters"] = x.numel()
        return x

    def _connect(self, source: Tensor, target: str) -> None:
        name = self._made[id(source)][0]
        edge = {"source": name, "target": target, "shape": list(source.shape), "dtype": str(source.dtype)}
        if edge not in self.edges:
            self.edges.append(edge)


def flops(name: str, inputs: Sequence[Any], output: Tensor) -> int:
    """How many floating-point operations produce `output`; one an element where nothing better is known."""
    size = output.numel()
    if name in _FREE:
        return 0
    if name in ("linear", "mat_mul"):
        return 2 * size * int(inputs[0].shape[-1])
    if name == "conv2d":
        return 2 * size * int(math.prod(inputs[1].shape[1:]))
    if name == "lstm":
        steps, batch = inputs[0].shape[:2]
        return 2 * int(steps * batch * (inputs[1].numel() + inputs[2].numel()))
    largest = max((x.numel() for x in inputs if isinstance(x, Tensor)), default=0)
    return size if size > largest else largest


def _node(name: str, op: str, kind: str, tensor: Tensor) -> dict[str, Any]:
    attrs = {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "parameters": 0,
        "flops": 0,
        "bytes": int(tensor.raw.nbytes),
        "device": tensor.device,
        "source": "",
    }
    return {"name": name, "op": op, "kind": kind, "attrs": attrs}


def line_outside(root: CodeType | None = None) -> str:
    """The line of the user's code that asked for the operation; for a layer of this package, the line in the layer.

    Args:
        root: Where the model is called; what lies outside of it asked for all operations. None for `trace`.
    """
    root = root or trace.__code__
    frame = sys._getframe(1)
    inside = ""
    while frame is not None and frame.f_code is not root:
        name = frame.f_code.co_filename
        where = f"{os.path.basename(name)}:{frame.f_lineno}"
        if not name.startswith(_PACKAGE):
            return where
        if not inside and name.startswith(_PACKAGE + "nn"):
            inside = where
        frame = frame.f_back  # type: ignore[assignment]
    return inside
