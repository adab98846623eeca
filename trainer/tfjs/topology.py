"""The topology in model.json: which layer takes what from which, as a list of calls in the order they are computed.

Keras writes a `Sequential` as a list of layers and a `Functional` model (once `Model`) as layers with `inbound_nodes`:
for each time a layer is called, the results it takes, each as [layer, which of its calls, which of its results]. A
model may be a layer of another; its layers are called in its place, so what is left is one flat list.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from trainer.errors import CheckpointError
from trainer.tfjs.words import Shape, Words, checked_shape, shown

MAX_CALLS = 10_000
"""Of layers, nested models counted through: two calls of two calls of … grow without end."""

MAX_LOOKS = 100_000
"""At layers, at their calls and at what these take, each time their model is called, whether it computes or not."""

MAX_DEPTH = 16
"""Models in models."""

MODELS = ("Sequential", "Functional", "Model")


class Call(NamedTuple):
    """One use of a layer.

    Attributes:
        words: The layer; calls of the same layer have the same.
        inputs: Which calls' results it takes.
    """

    words: Words
    inputs: tuple[int, ...]


class Topology(NamedTuple):
    """A model, flat.

    Attributes:
        calls: Each takes results of earlier ones only. The first ones are the inputs, with `InputLayer`.
        inputs: Name and shape of each input, in the order of the first calls.
        outputs: Name of each output, and the call that gives it.
    """

    calls: list[Call]
    inputs: list[tuple[str, Shape]]
    outputs: list[tuple[str, int]]


def read_topology(document: Any) -> Topology:
    """The calls of the model in a parsed model.json.

    Raises:
        CheckpointError: it is a graph model, or no model; a layer that is not there is named, layers wait for each
            other in a circle, or there are too many.
    """
    topology = document.get("modelTopology") if isinstance(document, dict) else None
    if not isinstance(topology, dict):
        raise CheckpointError(
            "model.json has no modelTopology, so it says nothing of layers; is it from tensorflowjs_converter?"
        )
    if document.get("format") == "graph-model" or "node" in topology:
        raise CheckpointError(
            "model.json is a TensorFlow.js graph model, in which layers are dissolved into operations; convert the"
            " Keras model with tensorflowjs_converter --output_format=tfjs_layers_model, or save it as ONNX"
        )
    walk = _Walk()
    words = walk.words(topology.get("model_config", topology))
    if words.kind not in MODELS:
        words.refuse(f"is no model; known are {', '.join(MODELS)}")
    outputs: dict[str, int] = {}
    for name, at in walk.model(words, None, 0):
        outputs[name if name not in outputs else f"{name}_{len(outputs)}"] = at
    return Topology(walk.calls, walk.inputs, list(outputs.items()))


class _Walk:
    """Goes through a model and the models in it, and writes down each call."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.inputs: list[tuple[str, Shape]] = []
        self._known: dict[int, Words] = {}
        self._looks = 0

    def words(self, said: Any) -> Words:
        """The class, name and config of a layer: the same each time its model is called."""
        if id(said) not in self._known:
            self._known[id(said)] = _words(said)
        return self._known[id(said)]

    def model(self, words: Words, given: Sequence[int] | None, depth: int) -> list[tuple[str, int]]:
        """Calls all layers of a model with the results `given`, or with inputs of its own; gives its outputs."""
        if depth >= MAX_DEPTH:
            words.refuse(f"lies in {depth} models, one in another; at most {MAX_DEPTH} are followed")
        said = words.config.get("layers")
        if not isinstance(said, list):
            words.refuse(f"has layers = {shown(said)}, which is no list")
        self._look(words, 1 + len(said))
        if words.kind == "Sequential":
            return self._sequential(words, given, depth)
        return self._functional(words, given, depth)

    def _look(self, words: Words, count: int) -> None:
        self._looks += count
        if self._looks > MAX_LOOKS:
            words.refuse(f"comes after {MAX_LOOKS:,} others, models of models counted through; no more are followed")

    def call(self, words: Words, inputs: Sequence[int], depth: int) -> list[int]:
        """Calls a layer, which may be a model; gives where its results are."""
        if words.kind in MODELS:
            return [at for _, at in self.model(words, inputs, depth + 1)]
        if len(self.calls) >= MAX_CALLS:
            words.refuse(f"is called after {MAX_CALLS:,} others; no more are followed")
        if len(inputs) > MAX_CALLS:
            words.refuse(f"takes {len(inputs):,} inputs")
        self.calls.append(Call(words, tuple(inputs)))
        return [len(self.calls) - 1]

    def _input(self, words: Words, name: str) -> int:
        """A new input of the whole model."""
        word = "batch_input_shape" if "batch_input_shape" in words.config else "batch_shape"
        self.inputs.append((name, checked_shape(words, words.config.get(word), word)))
        return self.call(Words("InputLayer", name, {}), (), 0)[0]

    def _sequential(self, words: Words, given: Sequence[int] | None, depth: int) -> list[tuple[str, int]]:
        layers = [self.words(each) for each in words.config["layers"]]
        if layers and layers[0].kind == "InputLayer":
            first, layers = layers[0], layers[1:]
            results = [self._input(first, first.name)] if given is None else list(given)
        elif not layers:
            words.refuse("has no layers")
        elif given is not None:
            results = list(given)
        elif layers[0].kind in MODELS:  # the model in it has the inputs
            first, layers = layers[0], layers[1:]
            results = [at for _, at in self.model(first, None, depth + 1)]
        else:
            results = [self._input(layers[0], f"{layers[0].name}_input")]
        for layer in layers:
            results = self.call(layer, results, depth)
        return [(layers[-1].name if layers else words.name, at) for at in results]

    def _functional(self, words: Words, given: Sequence[int] | None, depth: int) -> list[tuple[str, int]]:
        layers: dict[str, Words] = {}
        waiting: dict[tuple[str, int], list[Any]] = {}
        for each in words.config["layers"]:
            layer = self.words(each)
            if layer.name in layers:
                layer.refuse("has the name of another layer of its model")
            layers[layer.name] = layer
            nodes = each.get("inbound_nodes") or []
            if not isinstance(nodes, list) or len(nodes) > MAX_CALLS:
                layer.refuse(f"has inbound_nodes = {shown(nodes)}, which is no list of its calls")
            for i, node in enumerate(nodes):
                waiting[layer.name, i] = _taken(layer, node)
                self._look(layer, 1 + len(waiting[layer.name, i]))
        results: dict[tuple[str, int], list[int]] = {}
        entrances = _ends(words, "input_layers")
        if given is not None and len(given) != len(entrances):
            words.refuse(f"has {len(entrances)} inputs, but is given {len(given)}")
        for i, (name, _, _) in enumerate(entrances):
            if name not in layers or (name, 0) in results:
                words.refuse(f"has {shown(name)} among its input_layers, but no such layer, or twice")
            results[name, 0] = [self._input(layers[name], name) if given is None else given[i]]
            waiting.pop((name, 0), None)
        self._in_order(words, layers, waiting, results, depth)
        return [
            (name if node == 0 else f"{name}_{node}", _result(words, results, (name, node, tensor)))
            for name, node, tensor in _ends(words, "output_layers")
        ]

    def _in_order(
        self,
        words: Words,
        layers: dict[str, Words],
        waiting: dict[tuple[str, int], list[Any]],
        results: dict[tuple[str, int], list[int]],
        depth: int,
    ) -> None:
        """Makes each call as soon as all that it takes is there."""
        followers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        missing: dict[tuple[str, int], int] = {}
        for node, taken in waiting.items():
            sources = {(name, number) for name, number, _ in taken}
            for source in sources:
                if source not in waiting and source not in results:
                    layers[node[0]].refuse(
                        f"takes what {shown(source[0])} gives in its call {source[1]}, which is not there"
                    )
                followers.setdefault(source, []).append(node)
            missing[node] = len(sources - results.keys())
        ready = deque(node for node, count in missing.items() if not count)
        done = 0
        while ready:
            node = ready.popleft()
            layer = layers[node[0]]
            results[node] = self.call(layer, [_result(layer, results, each) for each in waiting[node]], depth)
            done += 1
            for follower in followers.get(node, ()):
                missing[follower] -= 1
                if not missing[follower]:
                    ready.append(follower)
        if done < len(waiting):
            stuck = next(name for (name, _), count in missing.items() if count)
            words.refuse(f"has layers that wait for each other in a circle, {shown(stuck)} among them")


def _words(said: Any) -> Words:
    """The class, name and config of a layer."""
    kind = said.get("class_name") if isinstance(said, dict) else None
    if not isinstance(kind, str):
        raise CheckpointError(f"model.json has {shown(said)} where a layer has a class_name")
    config = said.get("config")
    if isinstance(config, list) and kind == "Sequential":  # as Keras wrote it before 2.2.3
        config = {"layers": config}
    name = said.get("name") or (config.get("name") if isinstance(config, dict) else None) or kind.lower()
    if not isinstance(config, dict) or not isinstance(name, str) or len(name) > 1000:
        raise CheckpointError(f"a layer of model.json, {shown(name)} ({kind[:60]}), has no config, or no name")
    return Words(kind, name, config)


def _taken(layer: Words, node: Any) -> list[tuple[str, int, int]]:
    """What one call takes: [["conv", 0, 0, {}], …], or as Keras 3 has it {"args": [tensors], "kwargs": {}}."""
    if isinstance(node, dict):
        found: list[Any] = []
        _tensors(node.get("args"), found, 0)
        taken = found
    elif isinstance(node, list):
        taken = [node] if node and isinstance(node[0], str) else node
        for each in taken:
            named = each[3] if isinstance(each, list) and len(each) > 3 else {}
            if not isinstance(named, dict) or named.keys() - {"training", "mask"}:
                layer.refuse(f"is called with {shown(named)}, which is not followed")
    else:
        taken = [node]
    return [_place(layer, each) for each in taken]


def _tensors(value: Any, found: list[Any], depth: int) -> None:
    """Appends the history of each tensor in the arguments of a call, as Keras 3 nests them."""
    if depth > 4 or len(found) > MAX_CALLS:
        return
    if isinstance(value, list):
        for each in value:
            _tensors(each, found, depth + 1)
    elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        found.append(config.get("keras_history") if isinstance(config, dict) else None)


def _ends(words: Words, word: str) -> list[tuple[str, int, int]]:
    """`input_layers` or `output_layers`: a list of [layer, call, result], or one alone."""
    said = words.config.get(word)
    if isinstance(said, list) and said and isinstance(said[0], str):
        said = [said]
    if not isinstance(said, list) or not said:
        words.refuse(f"has {word} = {shown(said)}, which is no list of layers")
    return [_place(words, each) for each in said]


def _place(words: Words, said: Any) -> tuple[str, int, int]:
    """[layer, which of its calls, which of its results]."""
    if not isinstance(said, list) or len(said) < 3 or not isinstance(said[0], str) or not all(
        type(n) is int and 0 <= n <= MAX_CALLS for n in said[1:3]
    ):  # fmt: skip
        words.refuse(f"names {shown(said)}, which is no result such as ['conv1', 0, 0]")
    return said[0], said[1], said[2]


def _result(words: Words, results: dict[tuple[str, int], list[int]], place: tuple[str, int, int]) -> int:
    """Where the result lies that a place names."""
    found = results.get(place[:2], [])
    if place[2] >= len(found):
        words.refuse(f"names the result {place[2]} of {shown(place[0])}, call {place[1]}, which is not there")
    return found[place[2]]
