"""A Keras model's own description of itself (`model.to_json()`), as nodes and edges."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.values.graph import Graph

_SHOWN = (str, int, float, bool)

MAX_DEPTH = 50
"""Models within models; Keras itself gives up before."""


def graph_of(data: bytes) -> Graph:
    """The layers and what flows between them; a model within a model is a scope.

    Args:
        data: JSON of Keras 2 or 3: a Sequential, a functional model, or one that says its layers only.

    Raises:
        DamagedBytesError: no description of a model.
    """
    try:
        plain = json.loads(data)
        found = _Walk()
        found.model(plain, "", 0)
        return Graph(found.nodes.values(), found.edges)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedBytesError(f"this is no model of Keras ({error})") from error


class _Walk:
    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[dict[str, str]] = []

    def model(self, plain: Mapping[str, Any], scope: str, depth: int) -> tuple[list[str], list[str]]:
        """Adds a model's layers; the names of those that it takes in, and gives out."""
        if depth > MAX_DEPTH:
            raise ValueError("models within models without end")
        config = plain["config"]
        # Before Keras 2.3 a Sequential was the bare list of its layers.
        layers = config if isinstance(config, list) else config["layers"]
        name = "" if isinstance(config, list) else str(config.get("name") or "")
        scope = f"{scope}{name or plain.get('class_name') or 'model'}/"
        ends: dict[str, tuple[list[str], list[str]]] = {}
        fed: set[str] = set()
        sequence: list[str] = []
        for number, layer in enumerate(layers):
            settings = layer.get("config") or {}
            own = str(layer.get("name") or settings.get("name") or f"{layer['class_name']}_{number}")
            is_model = "layers" in settings
            ends[own] = self.model(layer, scope, depth + 1) if is_model else self._layer(layer, scope + own, settings)
            sequence.append(own)
        is_chain = plain.get("class_name") == "Sequential"
        for number, (own, layer) in enumerate(zip(sequence, layers, strict=True)):
            before = sequence[:number][-1:] if is_chain else list(_sources(layer.get("inbound_nodes")))
            for source in dict.fromkeys(before):
                for start in ends[source][1] if source in ends else ():
                    self.edges += [{"source": start, "target": end} for end in ends[own][0]]
            fed.update(before)
        firsts = sequence[:1] if is_chain else _ends(config, "input_layers", sequence)
        unread = [own for own in sequence if own not in fed]
        lasts = sequence[-1:] if is_chain else _ends(config, "output_layers", unread)
        return [each for own in firsts for each in ends[own][0]], [each for own in lasts for each in ends[own][1]]

    def _layer(self, layer: Mapping[str, Any], name: str, settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        attrs: dict[str, Any] = {
            key: value for key, value in settings.items() if isinstance(value, _SHOWN) and key != "name"
        }
        shape = settings.get("batch_input_shape") or settings.get("batch_shape")
        if isinstance(shape, list):
            attrs["shape"] = shape
        kind = "input" if layer["class_name"] == "InputLayer" else "op"
        self.nodes[name] = {"name": name, "op": str(layer["class_name"]), "kind": kind, "attrs": attrs}
        return [name], [name]


def _ends(config: Any, key: str, otherwise: list[str]) -> list[str]:
    given = config.get(key) if isinstance(config, Mapping) else None
    names = list(_names(given)) if given else []
    return list(dict.fromkeys(names)) or otherwise


def _names(given: Any) -> Iterator[str]:
    """Of `["dense", 0, 0]`, a list of such, or a mapping of them."""
    if isinstance(given, list) and given and isinstance(given[0], str):
        yield given[0]
    elif isinstance(given, (list, Mapping)):
        for each in given.values() if isinstance(given, Mapping) else given:
            yield from _names(each)


def _sources(inbound: Any) -> Iterator[str]:
    """The layers that a layer is called on: `["dense", 0, 0, {}]` in Keras 2, `keras_history` in Keras 3."""
    if isinstance(inbound, Mapping):
        if "keras_history" in inbound:
            yield str(inbound["keras_history"][0])
            return
        for each in inbound.values():
            yield from _sources(each)
    elif isinstance(inbound, list):
        if len(inbound) >= 3 and isinstance(inbound[0], str) and all(isinstance(each, int) for each in inbound[1:3]):
            yield inbound[0]
            inbound = inbound[3:]
        for each in inbound:
            yield from _sources(each)
