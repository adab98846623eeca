"""TensorFlow's RunMetadata: what a step spent its time on, as a trace, and the graphs that were run in it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from tracker.foreign import protos, tfgraph
from tracker.values import profile
from tracker.values.graph import Graph
from tracker.values.value import Medium

FORM = "application/x-tensorflow-run-metadata"


def items(data: bytes, tag: str) -> Iterator[tuple[str, str, list[Medium]]]:
    """(kind, tag, content) of all that can be looked at, and the message itself, which `viz export` writes again.

    Raises:
        google.protobuf.message.DecodeError: the bytes are no RunMetadata.
    """
    message = protos.message_class("RunMetadata").FromString(data)
    yield "file", tag, [Medium(FORM, {}, data)]
    events = list(_events(message.step_stats))
    if events:
        packed = gzip.compress(json.dumps({"traceEvents": events}, separators=(",", ":")).encode(), 6, mtime=0)
        yield "profile", tag, [Medium(profile.FORM, {"name": tag}, packed)]
    graphs = [each.pre_optimization_graph for each in message.function_graphs if each.pre_optimization_graph]
    if graphs:
        yield "graph", tag, graph_items(*graphs)


def _events(stats: Any) -> Iterator[dict[str, Any]]:
    """The operations that were run, in Chrome's trace-event format."""
    for number, device in enumerate(stats.dev_stats):
        if not device.node_stats:
            continue
        name = protos.text(device.device)
        yield {"ph": "M", "name": "process_name", "pid": number, "args": {"name": name}}
        for node in device.node_stats:
            label = protos.text(node.timeline_label)
            noted = {"node": protos.text(node.node_name)}
            if label:
                noted["label"] = label
            yield {
                "ph": "X", "pid": number, "tid": node.thread_id, "name": _operation(noted["node"], label),
                "ts": node.all_start_micros, "dur": max(node.all_end_rel_micros, node.op_end_rel_micros), "args": noted,
            }  # fmt: skip


def _operation(node: str, label: str) -> str:
    """The operation out of a label such as "dense/MatMul = MatMul(x, w)"; the node's name where it says none."""
    operation = label.partition(" = ")[2].partition("(")[0].strip()
    return operation or node


def graph_items(*parts: bytes) -> list[Medium]:
    """The graph of a GraphDef's bytes, or of several side by side, as the items of a value of kind "graph".

    Functions of its library become scopes. An input that names no node, as PyTorch's own tracing leaves some, is
    no edge; how many there were is among the attributes, as `dangling`.

    Raises:
        google.protobuf.message.DecodeError: the bytes are no GraphDef.
    """
    nodes, edges, dangling = tfgraph.parts_of(*parts)
    said = {"dangling": dangling} if dangling else {}
    return [item._replace(attributes={**item.attributes, **said}) for item in Graph(nodes, edges).encode()]
