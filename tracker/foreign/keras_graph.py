"""Keras models as graphs, from the JSON that `model.to_json()` gives: layers, and what flows between them.

Both forms are read, that of Keras 3 and that of Keras 2 and tf.keras, whose connections are written otherwise. A model
within a model is a scope.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.errors import LoggedValueError, message

_MODELS = frozenset(("Functional", "Model", "Sequential"))
_SHOWN = frozenset(
    (
        "units filters kernel_size strides padding activation rate use_bias axis epsilon momentum pool_size input_dim "
        "output_dim num_heads key_dim target_shape return_sequences dtype"
    ).split()
)
"""What of a layer's settings says something on the page; the others are initializers and the like."""

DEEPEST = 20
"""Models within models; more is a mistake or an attack."""

Counts = Mapping[str, int]


def graph_of(model: Any) -> dict[str, Any]:
    """Nodes, edges and notes of a model, as `tracker.Graph` takes them.

    Args:
        model: JSON as text or bytes, what it says as a mapping, or a Keras model, whose layers' parameters are counted.

    Raises:
        LoggedValueError: it is none of these, or describes no model.
    """
    counts: dict[str, int] = {}
    if callable(getattr(model, "to_json", None)):
        counts = dict(_counts(model, ""))
        model = model.to_json()
    if isinstance(model, (str, bytes)):
        try:
            model = json.loads(model)
        except (ValueError, RecursionError):
            model = None
    if not isinstance(model, Mapping) or not isinstance(model.get("config"), (Mapping, list)):
        raise LoggedValueError(
            message(
                "Graph.from_keras: this describes no Keras model.",
                expected="a Keras model, or the JSON of model.to_json()",
                got=repr(model)[:120],
            )
        )
    reading = _Reading(counts)
    reading.model(model, "", 0)
    notes = [] if counts else ["JSON does not say how many parameters a layer has."]
    return {"nodes": list(reading.nodes.values()), "edges": reading.edges(), "notes": notes}


def _counts(model: Any, scope: str) -> Iterator[tuple[str, int]]:
    """How many parameters each layer has."""
    for layer in getattr(model, "layers", ()):
        name = f"{scope}{layer.name}"
        if getattr(layer, "layers", None) and type(layer).__name__ in _MODELS:
            yield from _counts(layer, f"{name}/")
        elif getattr(layer, "built", False):
            yield name, int(layer.count_params())


class _Reading:
    def __init__(self, counts: Counts) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self._edges: dict[tuple[str, str], dict[str, Any]] = {}
        self._counts = counts

    def edges(self) -> list[dict[str, Any]]:
        """Those whose two ends there are."""
        return [edge for edge in self._edges.values() if edge["source"] in self.nodes and edge["target"] in self.nodes]

    def model(self, model: Mapping[str, Any], scope: str, depth: int) -> tuple[list[str], list[str]]:
        """Adds the layers of a model below a scope; its first nodes and its last ones."""
        config = model["config"]
        layers = config if isinstance(config, list) else config.get("layers") or []  # Keras 1 wrote a bare list
        layers = [each for each in layers if isinstance(each, Mapping) and isinstance(each.get("config"), Mapping)]
        chained = not any(_connections(each) for each in layers)
        ends: dict[str, tuple[list[str], list[str]]] = {}
        before: list[str] = []
        for layer in layers:
            name = str(layer.get("name") or layer["config"].get("name") or layer.get("class_name") or "layer")
            known = ends[name] = self._layer(layer, name, scope, depth)
            if chained:
                for source in before:
                    self._edge(source, known[0], None, None)
                before = known[1]
        for layer in layers:
            name = str(layer.get("name") or layer["config"].get("name") or "layer")
            for source, shape, dtype in _connections(layer):
                for end in ends.get(source, ([], []))[1]:
                    self._edge(end, ends[name][0], shape, dtype)
        if chained or isinstance(config, list):
            return (ends[next(iter(ends))][0], before) if ends else ([], [])
        return _named(config.get("input_layers"), ends, 0), _named(config.get("output_layers"), ends, 1)

    def _layer(self, layer: Mapping[str, Any], name: str, scope: str, depth: int) -> tuple[list[str], list[str]]:
        op, config = str(layer.get("class_name") or "layer"), layer["config"]
        path = scope + name.strip("/")
        if op in _MODELS and isinstance(config.get("layers"), list) and depth < DEEPEST:
            return self.model(layer, f"{path}/", depth + 1)
        wrapped = config.get("layer") if isinstance(config.get("layer"), Mapping) else None
        shape = config.get("batch_input_shape") or config.get("batch_shape")
        attrs = {key: _plain(value) for key, value in config.items() if key in _SHOWN and value is not None}
        attrs |= {"shape": shape if _is_shape(shape) else None, "parameters": self._counts.get(path, 0)}
        if wrapped:
            attrs["wraps"] = str(wrapped.get("class_name"))
        self.nodes[path] = {"name": path, "op": op, "kind": "input" if op == "InputLayer" else "op", "attrs": attrs}
        return [path], [path]

    def _edge(self, source: str, targets: list[str], shape: Any, dtype: str | None) -> None:
        for target in targets:
            if source != target:
                self._edges[source, target] = {"source": source, "target": target, "shape": shape, "dtype": dtype}


def _connections(layer: Mapping[str, Any]) -> list[tuple[str, Any, str | None]]:
    """(source, shape, dtype) of each tensor that a layer is called with."""
    found: list[tuple[str, Any, str | None]] = []
    waiting = [layer.get("inbound_nodes")]
    while waiting and len(found) < 10_000:
        at = waiting.pop(0)
        if isinstance(at, Mapping):
            config = at.get("config")
            if at.get("class_name") == "__keras_tensor__" and isinstance(config, Mapping):
                history, shape = config.get("keras_history"), config.get("shape")
                if isinstance(history, list) and history:
                    found.append((str(history[0]), shape if _is_shape(shape) else None, config.get("dtype")))
            else:
                waiting += at.values()
        elif isinstance(at, list):
            # Keras 2: [layer, node, tensor, arguments].
            if len(at) >= 3 and isinstance(at[0], str) and isinstance(at[1], int) and isinstance(at[2], int):
                found.append((at[0], None, None))
            else:
                waiting += at
    return found


def _named(places: Any, ends: Mapping[str, tuple[list[str], list[str]]], side: int) -> list[str]:
    """The nodes of the layers that a model names as its inputs (side 0) or outputs (1); a single one needs no list."""
    if isinstance(places, list) and places and isinstance(places[0], str):
        places = [places]
    names = [each[0] for each in places or () if isinstance(each, list) and each and isinstance(each[0], str)]
    return [node for name in names for node in ends.get(name, ([], []))[side]]


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def _plain(value: Any) -> Any:
    """A setting as one would say it: a dtype policy or an activation by its name."""
    if isinstance(value, Mapping):
        config = value.get("config")
        return str((config.get("name") if isinstance(config, Mapping) else None) or value.get("class_name"))[:100]
    return value if isinstance(value, (int, float, str, list)) else str(value)[:100]
