"""The graph of a PyTorch module, by tracing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.values.graph import Graph

_SILENT = frozenset(
    "prim::Constant prim::GetAttr prim::ListConstruct prim::TupleConstruct prim::ListUnpack prim::TupleUnpack "
    "prim::NumToTensor aten::Int aten::size".split()
)
"""What moves values about and computes nothing: what it takes in goes straight to who asks for it."""


def graph_of(module: Any, inputs: Sequence[Any], *, strict: bool = True) -> Graph:
    """Operations by the modules they lie in, with parameters, inputs and outputs.

    Args:
        module: A `torch.nn.Module`.
        inputs: What it would be called with.
        strict: As `torch.jit.trace` takes it; False allows dictionaries as outputs.

    Raises:
        Whatever the module raises when it is called with these inputs, or tracing does.
    """
    import warnings

    import torch

    was_training = module.training
    module.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing warns of every branch on a value; the graph is of this one path
            trace: Any = torch.jit.trace  # which has no types
            traced = trace(module, tuple(inputs), strict=strict, check_trace=False)
    finally:
        module.train(was_training)
    graph = traced.inlined_graph
    nodes: list[dict[str, Any]] = []
    sources: dict[str, list[tuple[str, Any]]] = {}
    edges: list[dict[str, Any]] = []
    names: set[str] = set()

    def add(wanted: str, op: str, kind: str, value: Any, **attrs: Any) -> str:
        name, number = wanted, 1
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.add(name)
        shape, dtype = _type_of(value)
        known = {"shape": shape, "dtype": dtype, **attrs}
        nodes.append({"name": name, "op": op, "kind": kind, "attrs": {k: v for k, v in known.items() if v is not None}})
        return name

    places: dict[str, str] = {}
    first, *rest = graph.inputs()
    places[first.debugName()] = ""
    for number, value in enumerate(rest):
        sources[value.debugName()] = [(add(f"input/{number}", "input", "input", value), value)]
    for node in graph.nodes():
        if node.kind() == "prim::GetAttr":
            (owner,) = node.inputs()
            path = f"{places.get(owner.debugName(), '')}/{node.s('name')}".lstrip("/")
            places[node.output().debugName()] = path
            if node.output().type().kind() == "TensorType":
                parameter = _parameter(module, path)
                name = add(path, "parameter", "parameter", parameter if parameter is not None else node.output())
                sources[node.output().debugName()] = [(name, node.output())]
            continue
        given = [source for value in node.inputs() for source in sources.get(value.debugName(), [])]
        if node.kind() in _SILENT:
            for output in node.outputs():
                sources[output.debugName()] = given
            continue
        scope = node.scopeName().rpartition("/")[2].removeprefix("__module").lstrip(".").replace(".", "/")
        op = node.kind().rpartition("::")[2]
        outputs = list(node.outputs())
        name = add(f"{scope}/{op}".lstrip("/"), op, "op", outputs[0] if outputs else None)
        for source, value in given:
            shape, dtype = _type_of(value)
            edges.append({"source": source, "target": name, "shape": shape, "dtype": dtype})
        for output in outputs:
            sources[output.debugName()] = [(name, output)]
    for number, value in enumerate(graph.outputs()):
        name = add(f"output/{number}", "output", "output", value)
        for source, each in sources.get(value.debugName(), []):
            shape, dtype = _type_of(each)
            edges.append({"source": source, "target": name, "shape": shape, "dtype": dtype})
    return Graph(nodes, edges)


def _parameter(module: Any, path: str) -> Any:
    for part in path.split("/"):
        module = getattr(module, part, None)
    return module


def _type_of(value: Any) -> tuple[list[int] | None, str | None]:
    if value is None:
        return None, None
    if hasattr(value, "dtype"):
        return list(value.shape), str(value.dtype).removeprefix("torch.")
    kind = value.type()
    if kind.kind() != "TensorType":
        return None, None
    dtype = kind.dtype()
    return kind.sizes(), None if dtype is None else str(dtype).removeprefix("torch.")
