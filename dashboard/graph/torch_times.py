"""What the nodes of a PyTorch graph took, out of torch.profiler's trace.

The profiler does not say which module an operation is of. But the graph has its operations in the order in which the
model runs them, and so has the trace: where the whole model's sequence stands there, operation by operation and
nothing in between, these are the model's. One that stands there in part, as when a model that trains does other things
than one that is evaluated, is told nothing of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.profiles.trace import Trace

Floats = npt.NDArray[np.float64]

FREE = frozenset(
    "view reshape permute transpose t expand squeeze unsqueeze slice select alias detach flatten unflatten contiguous "
    "to split chunk unbind narrow clone view_as expand_as lift_fresh".split()
)
"""What looks at the same numbers in another way: it takes no time, and the two need not agree about it."""

SURE = 4
"""Operations in a row that are no chance: a shorter sequence could be of another model."""


def node_times(trace: Trace, nodes: Sequence[Mapping[str, Any]]) -> tuple[Floats, float]:
    """µs of each node over the whole trace, forward and backward, (N,); and µs of all operations.

    An operation that launched kernels of a GPU took as long as these, where they took longer than the launch.
    """
    found = np.zeros(len(nodes))
    operations = _operations(trace)
    if not operations.any():
        return found, 0.0
    rows = [i for i, node in enumerate(nodes) if node["kind"] == "op" and node["op"] not in FREE]
    inside = _inside(trace, operations)
    of_event = _matched(trace, np.flatnonzero(operations & (inside < 0)), rows, [nodes[i]["op"] for i in rows])
    # A gradient is of the operation that its arrow comes from, or of the one that this lies in.
    spans = dict(of_event)
    for source, target in trace.flows.tolist():
        around = _up(trace, target, "autograd::engine::evaluate_function")
        if around is not None and (node := of_event.get(_outermost(inside, source))) is not None:
            spans.setdefault(around, node)
    on_gpu = trace.on_gpu()
    launched, elsewhere = np.zeros(len(nodes)), float(trace.duration[on_gpu].sum())
    for source, target in trace.flows.tolist():
        if on_gpu[target] and (node := _owner(trace, source, spans)) is not None:
            launched[node] += trace.duration[target]
            elsewhere -= float(trace.duration[target])
    for event, node in spans.items():
        found[node] += trace.duration[event]
    outer = np.flatnonzero(operations & (inside < 0))
    others = [event for event in outer.tolist() if _owner(trace, event, spans) is None]
    found = np.maximum(found, launched)
    return found, float(found.sum()) + max(float(trace.duration[others].sum()), elsewhere)


def _operations(trace: Trace) -> npt.NDArray[np.bool_]:
    """Which events are operations of the library, and not Python's, the user's or the engine's."""
    of_library = np.array([name.startswith("aten::") for name in trace.names], bool)
    return of_library[trace.name] if len(trace) else np.zeros(0, bool)


def _inside(trace: Trace, operations: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Of each event the outermost operation that it lies in, or -1; parents come before what lies in them."""
    found = np.full(len(trace), -1)
    for event, parent in enumerate(trace.parent.tolist()):
        if parent >= 0:
            found[event] = found[parent] if found[parent] >= 0 else parent if operations[parent] else -1
    return found


def _outermost(inside: npt.NDArray[np.int64], event: int) -> int:
    return event if inside[event] < 0 else int(inside[event])


def _up(trace: Trace, event: int, begins: str) -> int | None:
    """The event or the nearest around it whose name begins so."""
    while event >= 0 and not trace.names[trace.name[event]].startswith(begins):
        event = int(trace.parent[event])
    return event if event >= 0 else None


def _owner(trace: Trace, event: int, spans: Mapping[int, int]) -> int | None:
    """The node whose operation, or gradient, an event lies in."""
    while event >= 0:
        if event in spans:
            return spans[event]
        event = int(trace.parent[event])
    return None


def _matched(trace: Trace, events: npt.NDArray[np.int64], rows: Sequence[int], ops: Sequence[str]) -> dict[int, int]:
    """Node by event, of every place where the whole sequence of operations stands on one thread."""
    known = set(ops)
    found: dict[int, int] = {}
    if len(ops) < SURE:
        return found
    plain = [name.removeprefix("aten::").strip("_") for name in trace.names]
    for track in range(len(trace.tracks)):
        here = [
            event
            for event in events[trace.track[events] == track].tolist()
            if plain[trace.name[event]] in known and _up(trace, event, "autograd::") is None
        ]
        said = [plain[trace.name[event]] for event in here]
        at = 0
        while at + len(ops) <= len(said):
            if said[at] == ops[0] and said[at : at + len(ops)] == list(ops):
                found.update(zip(here[at : at + len(ops)], rows, strict=True))
                at += len(ops)
            else:
                at += 1
    return found
