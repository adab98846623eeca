"""Writes TensorFlow.js layers models as their format is documented: from layers said by hand, or from a Keras model.

What `tensorflowjs_converter` does to a Keras model: the topology as Keras 2 wrote it, and the weights of all layers in
one group, cut into shards, quantised when asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

MODELS = ("Functional", "Sequential", "Model")


def write(
    folder: Path,
    topology: Mapping[str, Any],
    weights: Mapping[str, Any],
    quantised: str | None = None,
    shard_bytes: int = 4 * 1024 * 1024,
) -> Path:
    """model.json and its shards in a new folder.

    Args:
        topology: A model, {"class_name", "config"}.
        weights: Arrays by name.
        quantised: "uint8", "uint16" or "float16" for all that are float32.
        shard_bytes: Where shards are cut, which need not be between weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries, parts = [], []
    for name, array in weights.items():
        array = np.asarray(array)
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
        if quantised is not None and array.dtype == np.float32:
            array, entry["quantization"] = quantise(array, quantised)
        entries.append(entry)
        parts.append(array.tobytes())
    data = b"".join(parts)
    count = max(1, -(-len(data) // shard_bytes))
    paths = [f"group1-shard{i + 1}of{count}.bin" for i in range(count)]
    for i, path in enumerate(paths):
        (folder / path).write_bytes(data[i * shard_bytes : (i + 1) * shard_bytes])
    document = {
        "format": "layers-model",
        "generatedBy": "keras v2.15.0",
        "convertedBy": "TensorFlow.js Converter v4.22.0",
        "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology},
        "weightsManifest": [{"paths": paths, "weights": entries}],
    }
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def quantise(array: Any, dtype: str) -> tuple[Any, dict[str, Any]]:
    """A float32 array as the format's whole numbers, with what makes values of them again."""
    said: dict[str, Any] = {"dtype": dtype, "original_dtype": "float32"}
    if dtype == "float16":
        return array.astype(np.float16), said
    low, high = float(array.min()), float(array.max())
    scale = (high - low) / np.iinfo(dtype).max or 1.0
    if low <= 0 <= high:  # so that 0 stays 0
        low = -round(-low / scale) * scale
    numbers = np.clip(np.round((array - low) / scale), 0, np.iinfo(dtype).max)
    return numbers.astype(dtype), {**said, "scale": scale, "min": low}


def sequential(*layers: tuple[str, str, dict[str, Any]], shape: Sequence[int | None]) -> dict[str, Any]:
    """Layers (class, name, config) one behind the other, the first of which is given the input's shape."""
    written = [{"class_name": kind, "config": {"name": name, **config}} for kind, name, config in layers]
    written[0]["config"]["batch_input_shape"] = [None, *shape]  # type: ignore[index]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": written}}


def functional(
    layers: Mapping[str, tuple[str, dict[str, Any], list[str]]],
    outputs: Sequence[str],
    inputs: Mapping[str, Sequence[int | None]],
) -> dict[str, Any]:
    """Layers by name: class, config, and whose results they take."""
    written = [
        {
            "class_name": "InputLayer",
            "name": name,
            "config": {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "name": name},
            "inbound_nodes": [],
        }
        for name, shape in inputs.items()
    ]
    for name, (kind, config, taken) in layers.items():
        nodes = [[[source, 0, 0, {}] for source in taken]]
        written.append({"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes})
    ends = {"input_layers": [[n, 0, 0] for n in inputs], "output_layers": [[n, 0, 0] for n in outputs]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": written, **ends}}


# From Keras 3 to what Keras 2 wrote


def keras_topology(model: Any) -> dict[str, Any]:
    """The topology of a Keras 3 model in Keras 2's words."""
    return _layer({"class_name": type(model).__name__, "config": model.get_config()})


def keras_weights(model: Any) -> dict[str, Any]:
    """Its weights under Keras 2's names, layers of models in it under their own."""
    found: dict[str, Any] = {}
    for layer in model.layers:
        if type(layer).__name__ in MODELS:
            found.update(keras_weights(layer))
            continue
        for weight in layer.weights:
            name = weight.name
            if type(layer).__name__ == "DepthwiseConv2D" and name == "kernel":
                name = "depthwise_kernel"
            if name != "seed_generator_state":  # of dropout, which Keras 2 did not have
                found[f"{layer.name}/{name}"] = np.asarray(weight.numpy(), dtype=np.float32)
    return found


def write_keras(model: Any, folder: Path, quantised: str | None = None, shard_bytes: int = 4 * 1024 * 1024) -> Path:
    """A Keras 3 model as a folder of TensorFlow.js."""
    return write(folder, keras_topology(model), keras_weights(model), quantised, shard_bytes)


def _layer(said: dict[str, Any]) -> dict[str, Any]:
    """A layer, or a model and its layers, of Keras 3 in Keras 2's words."""
    config = {
        word: _value(value) for word, value in said["config"].items() if word not in ("layers", "build_input_shape")
    }
    if "batch_shape" in config:
        config["batch_input_shape"] = list(config.pop("batch_shape"))
    if said["class_name"] in MODELS:
        config["layers"] = [_layer(each) for each in said["config"]["layers"]]
        for word in ("input_layers", "output_layers"):
            ends = config.get(word)
            if ends and isinstance(ends[0], str):
                config[word] = [ends]
    if "dtype" in config:
        config["dtype"] = "float32"
    if said["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    written = {"class_name": said["class_name"], "config": config}
    if "inbound_nodes" in said:
        written["name"] = said["name"]
        written["inbound_nodes"] = [
            [[*history, {}] for history in _histories(node["args"])] for node in said["inbound_nodes"]
        ]
    return written


def _value(value: Any) -> Any:
    """An initializer and the like without the names of Keras 3's modules."""
    if isinstance(value, dict) and "module" in value:
        return {"class_name": value["class_name"], "config": _value(value.get("config") or {})}
    if isinstance(value, dict):
        return {word: _value(each) for word, each in value.items()}
    return [_value(each) for each in value] if isinstance(value, (list, tuple)) else value


def _histories(value: Any) -> list[Any]:
    """Where each tensor in the arguments of a call comes from."""
    if isinstance(value, dict):
        return [value["config"]["keras_history"]] if value.get("class_name") == "__keras_tensor__" else []
    return [found for each in value for found in _histories(each)] if isinstance(value, (list, tuple)) else []
