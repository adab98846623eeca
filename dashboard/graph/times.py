"""What the nodes of a graph took, out of a profile of the same run: only what was measured, and only where it is sure.

Three profiles say where an operation belongs. TensorFlow's name the node. The trainer's name the module and the
operation; where a module does the same operation several times, events and nodes stand in the same order, step after
step, and a gradient is found by the arrow from the operation it is of. PyTorch's are matched as a whole; see
`torch_times`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.graph import torch_times
from dashboard.profiles.trace import Trace

Floats = npt.NDArray[np.float64]


def node_times(trace: Trace, nodes: Sequence[Mapping[str, Any]]) -> tuple[Floats, float]:
    """What each node took.

    Args:
        trace: A profile.
        nodes: As `GraphView.nodes`: mappings with "name", "op" and "kind".

    Returns:
        µs of each node, (N,), over the whole profile; and µs of all operations that say where they belong, of nodes
        of this graph or not.
    """
    found, total = _by_module(trace, nodes)
    named, more = _by_name(trace, nodes)
    ordered, rest = torch_times.node_times(trace, nodes)
    if not (found.any() or named.any()):
        return ordered, rest if ordered.any() else total + more
    return found + named, total + more


def _by_name(trace: Trace, nodes: Sequence[Mapping[str, Any]]) -> tuple[Floats, float]:
    """Of events that name a node. A GPU's operation is told by its launch and by its kernels: the longer counts."""
    own = {node["name"]: i for i, node in enumerate(nodes)}
    # Graphs that were stored side by side, and functions, are each below a scope that the profile does not tell.
    below: dict[str, int] = {}
    for name, i in own.items():
        rest = name.partition("/")[2]
        below[rest] = i if rest not in below else -1
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for told, track, duration in zip(trace.arguments, trace.track.tolist(), trace.duration.tolist(), strict=True):
        node = told.get("node") if isinstance(told, Mapping) else None
        if isinstance(node, str):
            spent[node.partition(":")[0]][trace.tracks[track].process] += duration
    found, total = np.zeros(len(nodes)), 0.0
    for name, places in spent.items():
        longest = max(places.values())
        total += longest
        i = own.get(name, below.get(name, -1))
        if i >= 0:
            found[i] += longest
    return found, total


def _by_module(trace: Trace, nodes: Sequence[Mapping[str, Any]]) -> tuple[Floats, float]:
    """Of events that name a module and an operation."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    scopes = set()
    for i, node in enumerate(nodes):
        if node["kind"] == "op":
            scope = node["name"].rpartition("/")[0]
            scopes.add(scope)
            rows[scope, node["op"]].append(i)
    events: dict[tuple[str, str], list[int]] = defaultdict(list)
    total = 0.0
    for event, told in enumerate(trace.arguments):
        module = told.get("module") if isinstance(told, Mapping) else None
        if not isinstance(module, str):
            continue
        total += trace.self_time[event]
        # The model itself goes by its class; what was done outside of it is not in its graph.
        if module and trace.categories[trace.category[event]] == "forward":
            scope = module if module in scopes or "/" in module else ""
            events[scope, trace.names[trace.name[event]]].append(event)
    found = np.zeros(len(nodes))
    of_event: dict[int, int] = {}
    for key, each in events.items():
        row = rows.get(key)
        if row and len(each) % len(row) == 0:
            of_event.update(zip(each, row * (len(each) // len(row)), strict=True))
    gradients = {b: of_event[a] for a, b in trace.flows.tolist() if a in of_event and b not in of_event}
    for event, i in (*of_event.items(), *gradients.items()):
        found[i] += trace.self_time[event]
    return found, total
