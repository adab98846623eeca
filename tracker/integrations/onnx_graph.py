"""The graph of an ONNX model."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tracker.values.graph import Graph


def graph_of(path: Any) -> Graph:
    """Operations, initializers, inputs and outputs; edges carry the names of the values that flow.

    Args:
        path: An ONNX file, or a loaded `onnx.ModelProto`.

    Raises:
        ImportError: the package onnx is not there.
    """
    import onnx

    model = path if hasattr(path, "graph") else onnx.load(str(path), load_external_data=False)
    graph = model.graph
    nodes: list[dict[str, Any]] = []
    sources: dict[str, str] = {}
    edges: list[dict[str, Any]] = []
    taken: Counter[str] = Counter()

    def add(wanted: str, op: str, kind: str, **attrs: Any) -> str:
        taken[wanted] += 1
        name = wanted if taken[wanted] == 1 else f"{wanted}_{taken[wanted]}"
        nodes.append({"name": name, "op": op, "kind": kind, "attrs": attrs})
        return name

    for weight in graph.initializer:
        sources[weight.name] = add(weight.name, "initializer", "parameter", shape=list(weight.dims))
    for value in graph.input:
        if value.name not in sources:
            sources[value.name] = add(value.name, "input", "input")
    for number, node in enumerate(graph.node):
        attrs = {each.name: _attr(onnx.helper.get_attribute_value(each)) for each in node.attribute}
        name = add(node.name.strip("/") or f"{node.op_type}_{number}", node.op_type, "op", **attrs)
        edges += [{"source": sources[given], "target": name} for given in node.input if given in sources]
        sources.update((output, name) for output in node.output if output)
    for value in graph.output:
        if value.name in sources:
            edges.append({"source": sources[value.name], "target": add(f"output/{value.name}", "output", "output")})
    return Graph(nodes, edges)


def _attr(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")[:300]
    return value if isinstance(value, (int, float, str)) else str(value)[:300]
