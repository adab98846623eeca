"""Graph: the operations of a model and what flows between them."""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tracker import coerce
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
        self.notes = [coerce.text(note) for note in notes]
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
        """The graph of a model: one with `to_graph(*example_inputs)`, a PyTorch module, or the path of a model's file.

        Raises:
            LoggedTypeError: neither of these.
            LoggedValueError: the file holds no model; see `from_onnx`, `from_keras` and `from_graphdef`.
            OSError: it cannot be read.
        """
        if isinstance(model, cls):
            return model
        if isinstance(model, (str, os.PathLike)):
            return cls.from_file(model)
        if isinstance(model, Mapping):
            return cls(model.get("nodes", ()), model.get("edges", ()), model.get("notes", ()))
        if torch_graph.is_module(model) and not callable(getattr(model, "to_graph", None)):
            return cls(**torch_graph.trace(model, example_inputs))
        if not callable(getattr(model, "to_graph", None)):
            raise LoggedTypeError(
                message(
                    "log_graph: the graph of this model cannot be taken.",
                    expected="an nn.Module of trainer or torch, a tracker.Graph, an object with to_graph(*inputs), "
                    "or the path of a file (.onnx, .pb, a Keras model's .json)",
                    got=type(model).__name__,
                )
            )
        plain = model.to_graph(*example_inputs)
        return cls(plain["nodes"], plain["edges"])

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Graph:
        """The graph of a model's file, by its ending: .onnx, .pb (a GraphDef of TensorFlow) or .json (of Keras).

        Raises:
            LoggedValueError: another ending, or no such model in it.
            OSError: it cannot be read.
        """
        readers = {".onnx": cls.from_onnx, ".pb": cls.from_graphdef, ".json": cls.from_keras}
        reader = readers.get(os.path.splitext(path)[1].lower())
        if reader is None:
            raise LoggedValueError(
                message(
                    "Graph: the graph of this file cannot be taken.", expected=" | ".join(readers), got=os.fspath(path)
                )
            )
        with open(path, "rb") as file:
            return reader(file.read())

    @classmethod
    def from_onnx(cls, model: Any) -> Graph:
        """The graph of an ONNX model: operations, weights, and the shapes of what flows as far as it says them.

        Args:
            model: The path of an .onnx file, its bytes, or an `onnx.ModelProto`; the package onnx is not needed.

        Raises:
            LoggedValueError: it is no ONNX model.
            OSError: it cannot be read.
        """
        from tracker.foreign import onnx_graph

        return cls(**onnx_graph.graph_of(_bytes_of(model)))

    @classmethod
    def from_keras(cls, model: Any) -> Graph:
        """The graph of a Keras model: its layers, and what they are called with.

        Args:
            model: A Keras model, whose layers' parameters are counted; or what its `to_json()` gives, as text, bytes
                or a mapping.

        Raises:
            LoggedValueError: it describes no model.
        """
        from tracker.foreign import keras_graph

        return cls(**keras_graph.graph_of(model))

    @classmethod
    def from_graphdef(cls, graph: Any) -> Graph:
        """The graph of a GraphDef of TensorFlow, the functions of its library as scopes.

        Args:
            graph: The path of a .pb file, its bytes, or a `tf.compat.v1.GraphDef`.

        Raises:
            LoggedValueError: it is no GraphDef.
            OSError: it cannot be read.
        """
        from google.protobuf.message import DecodeError

        from tracker.foreign import tfgraph

        data = _bytes_of(graph)
        try:
            nodes, edges, dangling = tfgraph.parts_of(data)
        except DecodeError:
            nodes = []
        if not nodes:
            raise LoggedValueError(
                message("Graph.from_graphdef: this is no GraphDef.", expected="the bytes of one", got=repr(data[:24]))
            )
        notes = [f"{dangling:,} inputs name no node of the graph."] if dangling else []
        return cls(nodes, edges, notes)

    @property
    def n_bytes(self) -> int:
        return 400 * (len(self.nodes) + len(self.edges)) + 500

    def encode(self) -> list[Medium]:
        plain = coerce.dumps({"nodes": self.nodes, "edges": self.edges})
        noted: dict[str, Any] = {"nodes": len(self.nodes), "edges": len(self.edges)}
        if self.notes:
            noted["notes"] = self.notes
        return [Medium("application/vnd.everystep.graph+json+zlib", noted, zlib.compress(plain.encode(), 6))]


def _bytes_of(model: Any) -> bytes:
    """The bytes of a message: as they are, of a file, or of protobuf's own object."""
    if isinstance(model, (bytes, bytearray, memoryview)):
        return bytes(model)
    if callable(getattr(model, "SerializeToString", None)):
        return bytes(model.SerializeToString())
    if isinstance(model, (str, os.PathLike)):
        with open(model, "rb") as file:
            return file.read()
    raise LoggedTypeError(
        message("Graph: a model is given as its file.", expected="a path, or bytes", got=type(model).__name__)
    )


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
        "name": coerce.text(plain["name"]),
        "op": coerce.text(plain.get("op", kind)),
        "kind": kind,
        "attrs": {coerce.text(key): value for key, value in dict(plain.get("attrs") or {}).items()},
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
    ends = {}
    for end in ("source", "target"):
        given = plain.get(end)
        ends[end] = coerce.text(given) if isinstance(given, str) else None
        if ends[end] not in names:
            raise LoggedValueError(
                message(f"Graph: the {end} of an edge is not a node.", expected="the name of a node", got=repr(given))
            )
    shape = plain.get("shape")
    return {
        **ends,
        "shape": coerce.plain(list(shape)) if shape is not None else None,
        "dtype": coerce.text(plain["dtype"]) if plain.get("dtype") is not None else None,
    }
