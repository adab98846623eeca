"""Keras 3 models as ONNX files by Keras' own export where it can, else as TensorFlow.js layers folders.

Which needs what: with TensorFlow behind it Keras asks tf2onnx, with JAX jax2onnx; with PyTorch a model is a torch
module, which `torch_export` takes. Where that is not there the layers and weights are written as TensorFlow.js reads
them, and `trainer` does.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import ModelError, message
from tracker.models import torch_export
from tracker.models.exporters import Exported
from tracker.models.source import as_source, in_one_line


def snapshot(
    model: Any,
    example: Any,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Exported:
    """A built Keras model as files; all of it on the caller's thread, as of torch.

    Args:
        model: The model.
        example: What to call it with, where it was never built nor called.
        input_names: Of the inputs; by default what Keras calls them.
        output_names: Of the outputs, where PyTorch is behind Keras.

    Raises:
        ModelError: it is not built, so that it has no weights yet.
    """
    import keras

    backend = str(keras.backend.backend())
    if example is not None and not model.built:
        with contextlib.suppress(Exception):  # told below, in a sentence
            model(*example) if isinstance(example, tuple) else model(example)
    if not model.built:
        raise ModelError(
            message(
                "log_model: the Keras model has no weights yet.",
                expected="a model that is built, or inputs=x to call it with",
                got=f"{type(model).__name__} that was never called",
            )
        )
    inputs, outputs = _described(model, "inputs"), _described(model, "outputs")
    reasons = []
    try:
        if backend != "torch":
            return Exported("onnx", {"model.onnx": _by_keras(model, _example(inputs))}, inputs, outputs)
        names = input_names or [each["name"] for each in inputs] or None
        made = torch_export.snapshot(
            model, _example(inputs) if example is None else example, input_names=names, output_names=output_names
        )
        if made.format == "onnx":
            return made
        reasons.append(made.note.rstrip("."))
    except Exception as error:  # noqa: BLE001 a converter that is missing, or one that fails in any way
        reasons.append(in_one_line(error))
    try:
        return Exported("tfjs", _as_layers(model), inputs, outputs, f"Kept as layers: {reasons[0]}.")
    except (ValueError, TypeError, LookupError, NotImplementedError) as error:
        reasons.append(in_one_line(error))
    found = as_source(
        {str(each.path): each.numpy() for each in model.weights},
        [type(model), *(type(each) for each in model._flatten_layers())],
        "keras",
        f"Keras cannot export it: {'; '.join(reasons)}",
        {"architecture.json": _config(model)},
    )
    return found._replace(inputs=inputs, outputs=outputs)


def export(held: Exported, example: Any, **names: Any) -> Exported:
    """What `snapshot` made."""
    return held


def _described(model: Any, side: str) -> list[dict[str, Any]]:
    """{"name", "dtype", "shape"} of a model's inputs or outputs; nothing of a subclassed one, which says none."""
    try:
        return [
            {"name": str(each.name), "dtype": str(each.dtype), "shape": [None, *each.shape[1:]]}
            for each in getattr(model, side) or ()
        ]
    except (AttributeError, ValueError, TypeError):
        return []


def _example(inputs: list[dict[str, Any]]) -> Any:
    """Ones of the shapes that a model takes; None where it does not say them all."""
    if not inputs or any(None in each["shape"][1:] for each in inputs):
        return None
    return tuple(np.ones([2, *each["shape"][1:]], each["dtype"]) for each in inputs)


def _by_keras(model: Any, example: tuple[Any, ...] | None) -> bytes:
    """By Keras' own export, which writes a file, speaks on standard output, and takes a model that was called only."""
    with (
        tempfile.TemporaryDirectory(prefix="everystep-keras-") as folder,
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        if example is not None:
            model(example[0] if len(example) == 1 else list(example), training=False)
        path = Path(folder, "model.onnx")
        model.export(str(path), format="onnx", verbose=False)
        return path.read_bytes()


def _config(model: Any) -> str:
    """How a model is made, as Keras says it; empty of a subclassed one that cannot."""
    try:
        return str(model.to_json())
    except Exception:  # noqa: BLE001 a model of somebody's own may raise anything there
        return ""


# --- as TensorFlow.js has layers -----------------------------------------------------------------------------------


def _as_layers(model: Any) -> dict[str, Any]:
    """`model.json` (format "layers-model") and one shard of float32 weights, little-endian, one after the other.

    Raises:
        ValueError: the model is no Sequential or Functional one, or calls a layer as the format has no word for.
    """
    import keras

    entries, parts = [], []
    for name, value in _weights(model):
        array = np.ascontiguousarray(value, "<f4").reshape(value.shape)
        entries.append({"name": name, "shape": list(array.shape), "dtype": "float32"})
        parts.append(array.tobytes())
    topology = {"keras_version": keras.__version__, "model_config": _model(json.loads(model.to_json()))}
    described = {
        "format": "layers-model",
        "generatedBy": f"keras v{keras.__version__}",
        "convertedBy": "everystep",
        "modelTopology": topology,
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": entries}],
    }
    return {"model.json": json.dumps(described).encode(), "group1-shard1of1.bin": parts}


_NAMES = {("DepthwiseConv2D", "kernel"): "depthwise_kernel"}
"""Weights that Keras 3 calls otherwise."""


def _weights(model: Any) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """(layer/weight, array) of all that a pass uses; not what random layers keep to draw from."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _weights(layer)
            continue
        for each in layer.weights:
            own = _NAMES.get((type(layer).__name__, each.name), each.name)
            if not own.startswith("seed_generator"):
                yield f"{layer.name}/{own}", each.numpy()


def _model(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a model as Keras 2 wrote it, which is what TensorFlow.js reads."""
    kind, inside = config["class_name"], config["config"]
    if kind not in ("Sequential", "Functional", "Model"):
        raise ValueError(f"{kind} is written in Python, and not of layers alone")
    layers = [_layer(each) for each in inside["layers"]]
    if kind == "Sequential":
        return {"class_name": "Sequential", "config": {"name": inside["name"], "layers": layers}}
    ends = {side: _ends(inside[side]) for side in ("input_layers", "output_layers")}
    return {"class_name": "Functional", "config": {"name": inside["name"], "layers": layers, **ends}}


def _layer(each: dict[str, Any]) -> dict[str, Any]:
    kind, config = each["class_name"], each["config"]
    if kind in ("Sequential", "Functional", "Model"):
        made = _model(each)
    elif each.get("module", "keras.layers").split(".")[0] != "keras":
        raise ValueError(f"{kind} is a layer of somebody's own")
    else:
        made = {"class_name": kind, "config": {name: _plain(value) for name, value in config.items()}}
        if "batch_shape" in made["config"]:
            made["config"]["batch_input_shape"] = made["config"].pop("batch_shape")
    made["name"] = config["name"]
    made["inbound_nodes"] = [_node(node, config["name"]) for node in each.get("inbound_nodes", ())]
    return made


def _plain(value: Any) -> Any:
    """A setting of a layer: an object of Keras by its class and settings, its dtype policy by its name."""
    if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    if isinstance(value, dict) and "class_name" in value:
        return {"class_name": value["class_name"], "config": _plain(value.get("config", {}))}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _node(node: dict[str, Any], name: str) -> list[list[Any]]:
    """Where a layer's inputs come from: [layer, which of its calls, which of its outputs, more arguments] of each."""
    given = node["args"]
    if len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    if any(not isinstance(each, dict) or each.get("class_name") != "__keras_tensor__" for each in given):
        raise ValueError(f"{name} is called with more than tensors")
    more = {key: value for key, value in node.get("kwargs", {}).items() if value is not None}
    if any(isinstance(value, (dict, list)) for value in more.values()):
        raise ValueError(f"{name} is called with tensors by name")
    return [[*each["config"]["keras_history"], more] for each in given]


def _ends(ends: Any) -> list[Any]:
    """Inputs or outputs as a list of [layer, call, output]; Keras 3 writes one alone without the list around it."""
    return [ends] if ends and isinstance(ends[0], str) else list(ends)
