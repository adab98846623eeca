"""A TensorFlow.js layers model, model.json and its shards, as a network."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer import nn
from trainer.creation import drafted
from trainer.errors import CheckpointError
from trainer.nn.module import Module
from trainer.ops.geometry import Pair
from trainer.tfjs.layers import build
from trainer.tfjs.network import Network
from trainer.tfjs.shapes import shape_after
from trainer.tfjs.topology import MAX_CALLS, read_topology
from trainer.tfjs.weights import read_weights, size_of
from trainer.tfjs.words import Shape, Words, check_elements, shown

FILE = "model.json"

MAX_TENSORS = 5
"""Of a layer; a batch norm has the most."""

MAX_BYTES = 8 * 1024 * 1024
"""Of model.json, of which empty lists take twenty times as much memory; MobileNet v2's has 90 kB."""

MAX_COLUMNS = 2**28
"""Numbers that a convolution writes out as columns for one image."""


def read_network(files: Mapping[str, Path]) -> Network:
    """The network in evaluation mode, with its weights.

    Args:
        files: Where model.json and its shards lie, by name.

    Raises:
        CheckpointError: whatever is wrong with them, in a sentence.
    """
    document = _document(files)
    topology = read_topology(document)
    weights = read_weights(document.get("weightsManifest", []), files)
    layers: dict[str, Module] = {}
    named: dict[int, tuple[str, list[Shape]]] = {}
    shapes: list[Shape] = []
    calls = []
    with drafted(MAX_CALLS * MAX_TENSORS):  # memory comes with the weights, and no random number is drawn
        for i, (words, taken) in enumerate(topology.calls):
            if i < len(topology.inputs):
                shapes.append(topology.inputs[i][1])
                calls.append((words.name, taken))
                continue
            given = [shapes[at] for at in taken]
            if id(words) not in named:
                name = words.name if words.name not in layers else f"{words.name} {len(layers)}"
                layers[name], named[id(words)] = build(words, given, weights), (name, given)
            name, first = named[id(words)]
            if given != first:
                words.refuse(
                    f"is called with {shown(given)} and with {shown(first)}; a shared layer takes one shape here"
                )
            shapes.append(_checked(words, layers[name], given))
            calls.append((name, taken))
    weights.finish()
    return Network(layers, calls, topology.inputs, topology.outputs).eval()


def _document(files: Mapping[str, Path]) -> Any:
    path = files.get(FILE)
    if path is None:
        raise CheckpointError("there is no model.json, which says what a TensorFlow.js model is made of")
    size = size_of(path)
    if size > MAX_BYTES:
        raise CheckpointError(f"model.json has {size:,} bytes; at most {MAX_BYTES:,} are read")
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MAX_BYTES + 1).decode("utf-8"))
    except OSError as err:
        raise CheckpointError(f"model.json cannot be read: {err.strerror}") from err
    except RecursionError as err:
        raise CheckpointError("model.json is nested too deep to be a model") from err
    except ValueError as err:
        raise CheckpointError(f"model.json is no JSON, or truncated: {err}") from err
    if not isinstance(document, dict):
        raise CheckpointError(f"model.json holds {shown(document)}, not a model")
    return document


def _checked(words: Words, module: Module, shapes: list[Shape]) -> Shape:
    """The shape behind a layer, once each of its parts fits in memory."""
    parts = list(module) if isinstance(module, nn.Sequential) else [module]
    given = shapes
    try:
        for part in parts:
            if isinstance(part, nn.Conv2d):
                _check_columns(words, part, shape_after(part, *given))
            given = [shape_after(part, *given)]
            check_elements(words, given[0])
    except ValueError as err:
        if isinstance(err, CheckpointError):
            raise
        words.refuse(f"does not fit its input {shown(shapes)}: {err}")
    return given[0]


def _check_columns(words: Words, layer: nn.Conv2d, shape: Shape) -> None:
    window: Pair = layer.kernel_size
    columns = layer.in_channels * math.prod(window) * (shape[0] or 1) * (shape[1] or 1)
    if columns > MAX_COLUMNS:
        words.refuse(f"multiplies {columns:,} numbers for one image; at most {MAX_COLUMNS:,} are computed")
