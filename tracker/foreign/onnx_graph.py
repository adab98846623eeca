"""ONNX models as graphs: operations, weights and what flows between them, read without the package onnx.

Only the structure is looked at: the numbers of the weights, in the file or beside it, are neither unpacked nor copied.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError

from tracker.errors import LoggedValueError, message
from tracker.foreign import protos

_ONNX = protos.classes(
    """
Model: ir_version 1 int64, producer_name 2 string, graph 7 Graph, opset_import 8 Opset*, functions 25 Function*
Opset: domain 1 string, version 2 int64
Graph: node 1 Node*, name 2 string, initializer 5 Tensor*, input 11 ValueInfo*, output 12 ValueInfo*,
    value_info 13 ValueInfo*, sparse_initializer 15 SparseTensor*
Node: input 1 string*, output 2 string*, name 3 string, op_type 4 string, attribute 5 Attribute*, domain 7 string,
    metadata_props 9 Entry*
Entry: key 1 string, value 2 string
Attribute: name 1 string, f 2 float, i 3 int64, s 4 bytes, t 5 Tensor, g 6 Graph, floats 7 float*, ints 8 int64*,
    strings 9 bytes*, tensors 10 Tensor*, graphs 11 Graph*, type 20 int32
Tensor: dims 1 int64*, data_type 2 int32, name 8 string, data_location 14 int32
SparseTensor: values 1 Tensor, dims 3 int64*
ValueInfo: name 1 string, type 2 Type
Type: tensor_type 1 TensorType value, sequence_type 4 SequenceType value, optional_type 9 SequenceType value
TensorType: elem_type 1 int32, shape 2 Shape
SequenceType: elem_type 1 Type
Shape: dim 1 Dim*
Dim: dim_value 1 int64 value, dim_param 2 string value
Function: name 1 string, domain 10 string
""",
    "everystep.onnx",
)

_TYPES = {
    1: ("float32", 4), 2: ("uint8", 1), 3: ("int8", 1), 4: ("uint16", 2), 5: ("int16", 2), 6: ("int32", 4),
    7: ("int64", 8), 8: ("string", 0), 9: ("bool", 1), 10: ("float16", 2), 11: ("float64", 8), 12: ("uint32", 4),
    13: ("uint64", 8), 14: ("complex64", 8), 15: ("complex128", 16), 16: ("bfloat16", 2), 17: ("float8_e4m3fn", 1),
    18: ("float8_e4m3fnuz", 1), 19: ("float8_e5m2", 1), 20: ("float8_e5m2fnuz", 1), 21: ("uint4", 0.5),
    22: ("int4", 0.5), 23: ("float4_e2m1", 0.5),
}  # fmt: skip

_EXTERNAL = 1
_GRAPH, _GRAPHS = 5, 10
"""Types of an attribute that is a graph, or several: the branches of If, the bodies of Loop and Scan."""

_FREE = frozenset(
    (
        "Reshape Transpose Squeeze Unsqueeze Flatten Identity Cast Concat Split Slice Gather Constant Shape "
        "ConstantOfShape Expand ConstantFill GivenTensorFill"
    ).split()
)
DEEPEST = 20
"""Graphs within graphs; more is a mistake or an attack."""

Shape = list[int | str | None]


def graph_of(data: bytes) -> dict[str, Any]:
    """Nodes, edges and notes of a model, as `tracker.Graph` takes them.

    Scopes are those of the nodes' names, and of PyTorch's exporter, which says beside each node whose module it is.
    A weight stands in the scope of the operation that uses it. The graphs inside of If, Loop and Scan are scopes beside
    them. What an input refers to and the file does not have stands as a weight, without numbers.

    Args:
        data: The bytes of an .onnx file.

    Raises:
        LoggedValueError: they are no ONNX model.
    """
    try:
        model = _ONNX["Model"].FromString(data)
    except DecodeError:
        model = None
    if model is None or not model.HasField("graph") or not (model.graph.node or model.graph.input):
        raise LoggedValueError(
            message(
                "Graph.from_onnx: this is no ONNX model.", expected="the bytes of an .onnx file", got=repr(data[:24])
            )
        )
    reading = _Reading({protos.text(each.name) for each in model.functions})
    reading.graph(model.graph, "", 0)
    return {"nodes": list(reading.nodes.values()), "edges": reading.edges, "notes": reading.notes()}


class _Reading:
    """What has been made of a model so far."""

    def __init__(self, functions: set[str]) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[dict[str, Any]] = []
        self._functions = functions
        self._taken: Counter[str] = Counter()
        self._types: dict[bytes, Any] = {}
        self._weights: dict[bytes, Any] = {}
        self._values: dict[bytes, _Value] = {}
        self._external = self._missing = 0
        self._shaped = self._flowing = 0

    def notes(self) -> list[str]:
        """What the picture does not show, a sentence each."""
        found = []
        if self._flowing and self._shaped < self._flowing / 2:
            found.append(
                "The file says the shapes of few of the values that flow; onnx.shape_inference.infer_shapes adds them."
            )
        if self._external:
            found.append(f"Of the weights {self._external:,} lie in files beside the model.")
        if self._missing:
            found.append(f"Of the weights {self._missing:,} are referred to and not in the file.")
        if self._functions:
            found.append("Functions of the model are shown as single operations.")
        return found

    def graph(self, graph: Any, scope: str, depth: int) -> list[_Value]:
        """Adds a graph below a scope; the values that it gives back.

        Args:
            graph: The message.
            scope: What stands before its nodes' names, with the "/" at its end.
            depth: In how many others it stands; it sees their values, and a name means one thing in all of them.
        """
        types, values, weights = self._types, self._values, self._weights
        types |= {each.name: each.type for part in (graph.value_info, graph.output, graph.input) for each in part}
        weights |= {each.name: each for each in graph.initializer}
        weights |= {each.values.name: each.values for each in graph.sparse_initializer}
        for given in graph.input:
            if given.name not in weights:
                shape, dtype = _typed(given.type)
                values[given.name] = self._add(scope + _name(given.name), "input", "input", shape, dtype)
        for number, node in enumerate(graph.node):
            self._node(node, number, scope, depth)
        ends = []
        for given in graph.output:
            if given.name in weights and given.name not in values:
                values[given.name] = self._weight(given.name, scope)
            if given.name in values:
                ends.append(values[given.name])
        if not depth:
            for end, given in zip(ends, graph.output, strict=False):
                made = self._add(f"output/{_name(given.name)}", "output", "output", end.shape, end.dtype)
                self._edge(end, made.node)
        return ends

    def _node(self, node: Any, number: int, scope: str, depth: int) -> None:
        types, values = self._types, self._values
        op = protos.text(node.op_type) or "?"
        outputs = [each for each in node.output if each]
        own = _name(node.name) or (_name(outputs[0]) if outputs else f"{op}_{number}")
        inside = [
            (protos.text(each.name), graph)
            for each in node.attribute
            for graph in ([each.g] if each.type == _GRAPH else each.graphs if each.type == _GRAPHS else ())
        ]
        path = scope + _module(node) + own
        shape, dtype = _typed(types.get(outputs[0])) if outputs else (None, None)
        made = self._add(f"{path}/{op}" if inside else path, op, "op", shape, dtype)
        for each in node.attribute:
            if each.type not in (_GRAPH, _GRAPHS):
                self.nodes[made.node]["attrs"].setdefault(protos.text(each.name), _attr(each))
        here = made.node.rpartition("/")[0]
        given = []
        for name in node.input:
            if name and name not in values:
                values[name] = self._weight(name, f"{here}/" if here else "")
            if name:
                given.append(values[name])
                self._edge(values[name], made.node)
        self.nodes[made.node]["attrs"]["flops"] = _flops(op, given, shape, node)
        for name in outputs:
            shape, dtype = _typed(types.get(name))
            values[name] = _Value(made.node, shape, dtype)
        for name, graph in inside if depth < DEEPEST else ():
            for end in self.graph(graph, f"{path}/{name}/", depth + 1):
                self._edge(end, made.node)

    def _weight(self, name: bytes, scope: str) -> _Value:
        """A weight, in the scope of who uses it first."""
        weight = self._weights.get(name)
        if weight is None:
            self._missing += 1
            shape, dtype = _typed(self._types.get(name))
        else:
            self._external += weight.data_location == _EXTERNAL
            shape, dtype = list(weight.dims), _TYPES.get(weight.data_type, (str(weight.data_type), 0))[0]
        whole = _name(name)
        last = whole.rpartition("/")[2].rpartition(".")[2] if scope else whole
        made = self._add(scope + last, "parameter", "parameter", shape, dtype)
        self.nodes[made.node]["attrs"] |= {"parameters": _elements(shape), "weight": whole}
        return made

    def _add(self, wanted: str, op: str, kind: str, shape: Shape | None, dtype: str | None) -> _Value:
        self._taken[wanted] += 1
        name = wanted if self._taken[wanted] == 1 else f"{wanted}_{self._taken[wanted]}"
        while name in self.nodes:
            name += "_"
        size = next((size for known, size in _TYPES.values() if known == dtype), 0)
        attrs = {"shape": shape, "dtype": dtype, "bytes": int(_elements(shape) * size)}
        self.nodes[name] = {"name": name, "op": op, "kind": kind, "attrs": attrs}
        return _Value(name, shape, dtype)

    def _edge(self, value: _Value, target: str) -> None:
        if value.node == target:
            return
        if self.nodes[value.node]["kind"] == "op":
            self._flowing += 1
            self._shaped += value.shape is not None
        self.edges.append({"source": value.node, "target": target, "shape": value.shape, "dtype": value.dtype})


class _Value:
    """Something that flows: which node makes it, and what it is."""

    def __init__(self, node: str, shape: Shape | None, dtype: str | None) -> None:
        self.node = node
        self.shape = shape
        self.dtype = dtype


def _name(data: bytes) -> str:
    """A name as a path of our kind: no empty parts, no sign that it is generated."""
    parts = protos.text(data).replace("::", "/").split("/")
    return "/".join(part for part in parts if part and part != "onnx")


def _module(node: Any) -> str:
    """The module that PyTorch's exporter says a node came from, as a scope; empty where it says nothing."""
    for entry in node.metadata_props:
        if entry.key == b"pkg.torch.onnx.name_scopes":
            try:
                scopes = json.loads(protos.text(entry.value).replace("'", '"'))
                path = scopes[-2]
            except (ValueError, LookupError, TypeError):
                return ""
            return f"{path.replace('.', '/')}/" if isinstance(path, str) and path else ""
    return ""


def _typed(kind: Any) -> tuple[Shape | None, str | None]:
    """Shape and dtype of a value; a size that is known at run time only is its name, or None without one."""
    which = kind.WhichOneof("value") if kind is not None else None
    if which in ("sequence_type", "optional_type"):
        inner = _typed(getattr(kind, which).elem_type)[1]
        return None, f"{which.partition('_')[0]} of {inner or 'values'}"
    if which != "tensor_type":
        return None, None
    dtype = _TYPES.get(kind.tensor_type.elem_type, (None, 0))[0]
    if not kind.tensor_type.HasField("shape"):
        return None, dtype
    return [_size(each) for each in kind.tensor_type.shape.dim], dtype


def _size(dim: Any) -> int | str | None:
    return dim.dim_value if dim.WhichOneof("value") == "dim_value" else protos.text(dim.dim_param) or None


def _elements(shape: Iterable[int | str | None] | None) -> int:
    """How many numbers; 0 where that is not known."""
    sizes = [0] if shape is None else list(shape)
    return math.prod(size for size in sizes if isinstance(size, int)) if all(isinstance(s, int) for s in sizes) else 0


def _flops(op: str, given: list[_Value], shape: Shape | None, node: Any) -> int:
    """Floating-point operations, a product and a sum counted as two; one an element where nothing better is known."""
    size = _elements(shape)
    if op in _FREE:
        return 0
    kernel = given[1].shape if len(given) > 1 else None
    if op in ("Conv", "ConvInteger", "QLinearConv") and kernel:
        return 2 * size * _elements(kernel[1:])
    if op in ("MatMul", "Gemm", "MatMulInteger") and given and given[0].shape:
        turned = op == "Gemm" and any(each.name == b"transA" and each.i for each in node.attribute)
        inner = given[0].shape[0 if turned else -1]
        return 2 * size * inner if isinstance(inner, int) else 0
    return size


def _attr(attribute: Any) -> Any:
    """An attribute as JSON values; of a tensor what it is, not what it holds."""
    if attribute.HasField("t"):
        return {"dtype": _TYPES.get(attribute.t.data_type, ("?", 0))[0], "shape": list(attribute.t.dims)}
    if attribute.type == 1:
        return attribute.f
    if attribute.type == 2:
        return attribute.i
    if attribute.type == 3:
        return protos.text(attribute.s)[:300]
    return [*attribute.floats, *attribute.ints, *(protos.text(each)[:300] for each in attribute.strings)][:100]
