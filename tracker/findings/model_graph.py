"""Model graph: what a run's graph says of the model's two ends and of what it has in between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from tracker.findings.training import Training

_SHAPELESS = frozenset("output input parameter view reshape squeeze identity contiguous flatten dropout clone".split())


@dataclass(frozen=True)
class ModelGraph:
    """Nothing in it where no graph was logged."""

    ops: frozenset[str] = frozenset()
    """Names of all operations, in lower case."""
    first_layers: tuple[str, ...] = ()
    """Paths of the modules that the inputs go into first."""
    last_op: str | None = None
    """The operation whose result the model gives."""
    inputs: int | None = None
    """Elements of one sample."""
    outputs: int | None = None
    """Elements of the output's last axis, where it has at least two axes."""

    @property
    def has_modes(self) -> bool:
        """Whether anything in it differs between training and evaluation."""
        return any("dropout" in op or ("norm" in op and "batch" in op) for op in self.ops)


def _is_graph(graph: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it has the parts of one: a file may hold anything."""
    if not isinstance(graph, Mapping):
        return False
    nodes, edges = graph.get("nodes"), graph.get("edges")
    return (
        isinstance(nodes, list)
        and isinstance(edges, list)
        and bool(nodes)
        and all(isinstance(each, Mapping) and isinstance(each.get("name"), str) and "op" in each for each in nodes)
        and all(
            isinstance(each, Mapping) and isinstance(each.get("source"), str) and isinstance(each.get("target"), str)
            for each in edges
        )
    )


def model_graph(training: Training) -> ModelGraph:
    """What can be read from the graph, of either framework."""
    graph = training.read_graph()
    if not _is_graph(graph):
        return ModelGraph()
    nodes = {node["name"]: node for node in graph["nodes"]}
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        sources.setdefault(edge["target"], []).append(edge["source"])
        targets.setdefault(edge["source"], []).append(edge["target"])
    ops = frozenset(str(node["op"]).lower() for node in nodes.values())
    ends = [name for name, node in nodes.items() if node["op"] == "output"]
    begins = [name for name, node in nodes.items() if node["op"] == "input"]
    last = _walk(nodes, ends, sources)
    firsts = _walk(nodes, begins, targets)
    shape = _shape(nodes[ends[0]]) if ends else None
    return ModelGraph(
        ops,
        tuple(dict.fromkeys(name.rpartition("/")[0].replace("/", ".") for name in firsts)),
        str(nodes[last[0]]["op"]).lower() if last else None,
        _elements(nodes[begins[0]]) if begins else None,
        int(shape[-1]) if shape and len(shape) > 1 else None,
    )


def _walk(nodes: Mapping[str, Any], start: Iterable[str], onwards: Mapping[str, list[str]]) -> list[str]:
    """The first nodes that do something, from both ends alike."""
    found, seen, ahead = [], set(start), list(start)
    while ahead:
        for name in onwards.get(ahead.pop(), ()):
            if name in seen or name not in nodes:
                continue
            seen.add(name)
            if str(nodes[name]["op"]).lower() in _SHAPELESS:
                if nodes[name].get("kind") != "parameter":
                    ahead.append(name)
            else:
                found.append(name)
    return found


def _shape(node: Mapping[str, Any]) -> list[int] | None:
    attrs = node.get("attrs")
    shape = attrs.get("shape") if isinstance(attrs, Mapping) else None
    is_shape = isinstance(shape, (list, tuple)) and all(isinstance(size, int) and 0 <= size < 1 << 40 for size in shape)
    return list(shape) if is_shape and shape else None


def _elements(node: Mapping[str, Any]) -> int | None:
    shape = _shape(node)
    return math.prod(shape[1:]) if shape and len(shape) > 1 else None
