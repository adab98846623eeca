"""TensorFlow's GraphDef, which PyTorch's writer uses too, as nodes and edges."""

from __future__ import annotations

from typing import Any

from tracker.foreign import protos
from tracker.values import unpack

_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 19: "float16", 20: "resource", 22: "uint32", 23: "uint64",
}  # fmt: skip

_INPUTS = frozenset(("Placeholder", "PlaceholderWithDefault", "IteratorGetNext", "_Arg"))
_PARAMETERS = frozenset(
    ("Variable", "VariableV2", "VarHandleOp", "prim::Param", "Parameter", "GetAttr", "prim::GetAttr")
)
_OUTPUTS = frozenset(("_Retval",))
LONGEST_ATTR = 300


def parts_of(*parts: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Nodes, edges, and how many inputs named no node.

    Raises:
        google.protobuf.message.DecodeError: the bytes are no GraphDef.
    """
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for number, data in enumerate(parts):
        message = protos.GraphDef.FromString(data)
        beside = f"graph_{number + 1}/" if len(parts) > 1 else ""
        scopes = [(message.node, beside)]
        scopes += [
            (function.node_def, f"{beside}{protos.text(function.signature.name) or 'function'}/")
            for function in message.library.function
        ]
        for found, scope in scopes:
            more, between = _part(found, scope)
            nodes += more
            edges += between
    known: dict[str, Any] = {}
    for node in nodes:
        known.setdefault(node["name"], node)
    whole = [edge for edge in edges if edge["source"] in known]
    return list(known.values()), whole, len(edges) - len(whole)


def _part(messages: Any, scope: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    nodes, edges = [], []
    shapes: dict[str, Any] = {}
    for message in messages:
        attrs = {protos.text(entry.key): _attr(entry.value) for entry in message.attr}
        name, op = scope + (protos.text(message.name) or "unnamed"), protos.text(message.op)
        shape = attrs.pop("_output_shapes", None)
        shapes[name] = shape[0] if isinstance(shape, list) and shape and isinstance(shape[0], list) else None
        if message.device:
            attrs["device"] = protos.text(message.device)
        if shapes[name] is not None:
            attrs["shape"] = shapes[name]
        nodes.append({"name": name, "op": op or "?", "kind": _kind(op, name), "attrs": attrs})
    for message in messages:
        target = scope + (protos.text(message.name) or "unnamed")
        for given in message.input:
            control = given.startswith(b"^")
            source = protos.text(given).lstrip("^")
            # "name:1" is the second output; in a function "name:output:0".
            source = scope + source.partition(":")[0]
            dtype = "control" if control else None
            edges.append({"source": source, "target": target, "shape": shapes.get(source), "dtype": dtype})
    return nodes, edges


def _kind(op: str, name: str) -> str:
    if op in _INPUTS or (op == "IO Node" and name.startswith("input")):
        return "input"
    if op in _OUTPUTS or op == "IO Node":
        return "output"
    return "parameter" if op in _PARAMETERS else "op"


def _attr(value: Any) -> Any:
    which = value.WhichOneof("value")
    if which == "s":
        return protos.text(value.s)[:LONGEST_ATTR]
    if which in ("i", "f", "b"):
        return getattr(value, which)
    if which == "type":
        return _TYPES.get(value.type, value.type)
    if which == "shape":
        return _shape(value.shape)
    if which == "tensor":
        return {"dtype": _TYPES.get(value.tensor.dtype, value.tensor.dtype), "shape": _shape(value.tensor.tensor_shape)}
    listed = value.list
    return [
        *(protos.text(each)[:LONGEST_ATTR] for each in listed.s),
        *listed.i,
        *listed.f,
        *listed.b,
        *(_TYPES.get(each, each) for each in listed.type),
        *(_shape(each) for each in listed.shape),
    ]


def _shape(message: Any) -> list[int] | None:
    return None if message.unknown_rank else [dim.size for dim in message.dim]


def graph_def(encoded_graph: bytes) -> bytes:
    """A stored graph as the bytes of a GraphDef, for TensorBoard."""
    plain = unpack.unpacked_json(encoded_graph, "graph")
    message = protos.GraphDef()
    message.versions.producer = 22
    inputs: dict[str, list[bytes]] = {}
    for edge in plain["edges"]:
        control = b"^" if edge.get("dtype") == "control" else b""
        inputs.setdefault(edge["target"], []).append(control + edge["source"].encode())
    for node in plain["nodes"]:
        added = message.node.add(name=node["name"].encode(), op=str(node["op"]).encode())
        # Control inputs come last: TensorBoard refuses others after them.
        added.input.extend(sorted(inputs.get(node["name"], []), key=lambda name: name.startswith(b"^")))
        for key, value in (node.get("attrs") or {}).items():
            if isinstance(value, (str, int, float)):
                added.attr.add(key=key.encode()).value.s = str(value).encode()
    data: bytes = message.SerializeToString()
    return data
