"""Graph: the operations of a model and what flows between them."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import torch_graph
from tracker.values.value import Medium, Value

NODE_KINDS = ("input", "parameter", "op", "output")


class Graph(Value):
    """A computational graph.

    Args:
        nodes: Mappings with `name` (a path: the parts before the last `/` are scopes), `op` (what it does),
            `kind` (one of `NODE_KINDS`, "op" by default) and `attrs` (anything to show: shape, dtype,
            parameters, flops, bytes, device, source).
        edges: Mappings with `source` and `target` (names of nodes), and `shape` and `dtype` of what flows.
        notes: Sentences on how it was taken and what it does not show.

    Raises:
        LoggedTypeError: a node or an edge is not a mapping, or its name is not text.
        LoggedValueError: a name stands twice, or an edge names a node that is not there.
    """

    kind = "graph"

    def __init__(
        self, nodes: Iterable[Mapping[str, Any]], edges: Iterable[Mapping[str, Any]], notes: Iterable[str] = ()
    ) -> None:
        self.notes = [str(note) for note in notes]
        self.nodes = [_node(each) for each in nodes]
        names = {node["name"] for node in self.nodes}
        if len(names) != len(self.nodes):
            twice = Counter(node["name"] for node in self.nodes).most_common(1)[0][0]
            raise LoggedValueError(
                message("Graph: two nodes have the same name.", expected="each name once", got=repr(twice))
            )
        self.edges = [_edge(each, names) for each in edges]

    @classmethod
    def of(cls, model: Any, *example_inputs: Any) -> Graph:
        """The graph of a model that knows its own, one with `to_graph(*example_inputs)`, or of a PyTorch module.

        Raises:
            LoggedTypeError: neither of these.
        """
        if isinstance(model, cls):
            return model
        if isinstance(model, Mapping):
            return cls(model.get("nodes", ()), model.get("edges", ()), model.get("notes", ()))
        if torch_graph.is_module(model) and not callable(getattr(model, "to_graph", None)):
            return cls(**torch_graph.trace(model, example_inputs))
        if not callable(getattr(model, "to_graph", None)):
            raise LoggedTypeError(
                message(
                    "log_graph: the graph of this model cannot be taken.",
                    expected="an nn.Module of trainer or torch, a tracker.Graph, or an object with to_graph(*inputs)",
                    got=type(model).__name__,
                )
            )
        plain = model.to_graph(*example_inputs)
        return cls(plain["nodes"], plain["edges"])

    @property
    def n_bytes(self) -> int:
        return 400 * (len(self.nodes) + len(self.edges)) + 500

    def encode(self) -> list[Medium]:
        plain = json.dumps({"nodes": self.nodes, "edges": self.edges}, default=str, separators=(",", ":"))
        noted: dict[str, Any] = {"nodes": len(self.nodes), "edges": len(self.edges)}
        if self.notes:
            noted["notes"] = self.notes
        return [Medium("application/vnd.everystep.graph+json+zlib", noted, zlib.compress(plain.encode(), 6))]


def _node(plain: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(plain, Mapping) or not isinstance(plain.get("name"), str) or not plain["name"]:
        raise LoggedTypeError(
            message(
                "Graph: a node needs a name.",
                expected='{"name": "fc1/matmul", "op": "matmul", …}',
                got=repr(plain)[:120],
            )
        )
    kind = plain.get("kind", "op")
    if kind not in NODE_KINDS:
        raise LoggedValueError(
            message(
                f"Graph: node {plain['name']!r} is of an unknown kind.", expected=" | ".join(NODE_KINDS), got=repr(kind)
            )
        )
    return {
        "name": plain["name"],
        "op": str(plain.get("op", kind)),
        "kind": kind,
        "attrs": dict(plain.get("attrs") or {}),
    }


def _edge(plain: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    if not isinstance(plain, Mapping):
        raise LoggedTypeError(
            message(
                "Graph: an edge needs a source and a target.",
                expected='{"source": …, "target": …}',
                got=repr(plain)[:120],
            )
        )
    for end in ("source", "target"):
        if plain.get(end) not in names:
            raise LoggedValueError(
                message(
                    f"Graph: the {end} of an edge is not a node.",
                    expected="the name of a node",
                    got=repr(plain.get(end)),
                )
            )
    shape = plain.get("shape")
    return {
        "source": plain["source"],
        "target": plain["target"],
        "shape": list(shape) if shape is not None else None,
        "dtype": str(plain["dtype"]) if plain.get("dtype") is not None else None,
    }
