"""TensorFlow.js layers models: read as networks of this package, and answered fast."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.errors import CheckpointError
from trainer.tfjs.model_json import FILE, read_network
from trainer.tfjs.network import Network
from trainer.tfjs.runner import Runner

__all__ = ["Network", "Runner", "load", "open_runner"]


def load(folder: str | os.PathLike[str]) -> Network:
    """The network in a folder that `tensorflowjs_converter` wrote, or in the folder of a model.json.

    It is in evaluation mode; `train()` and an optimizer go on from there. It takes and gives images as Keras does,
    (N, H, W, C). For answers alone, `Runner(load(folder))` is several times as fast.

    Raises:
        CheckpointError: it is no such folder, or holds what cannot be read; what, and what to do, in a sentence.
    """
    place = Path(folder)
    place = place.parent if place.name == FILE else place
    try:
        files = {each.name: place / each.name for each in os.scandir(place)}
    except OSError as err:
        raise CheckpointError(f"{place} is no folder that can be read: {err.strerror}") from err
    return read_network(files)


def open_runner(files: Mapping[str, Path], manifest: Mapping[str, Any], device: str = "cpu") -> Runner:
    """What answers for the files of a logged model.

    Args:
        files: Where model.json and its shards lie, by name.
        manifest: What is said of the model; "inputs" and "outputs" name them, where it says as many as there are.
        device: Its plans are of NumPy's arrays and answer on the CPU, wherever other models do.

    Raises:
        CheckpointError: they hold what cannot be read.
    """
    network = read_network(files)
    inputs, outputs = ([each["name"] for each in manifest.get(side) or ()] for side in ("inputs", "outputs"))
    return Runner(
        network,
        inputs if len(inputs) == len(network.inputs) else None,
        outputs if len(outputs) == len(network.outputs) else None,
    )
