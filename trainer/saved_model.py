"""A model as two files that no code runs from: its architecture as JSON, its weights as safetensors.

The architecture says of each module the class, by its name in `trainer.nn`, the arguments it was made with, and its
children by name. What is read is made of classes of this package only, and a weight that does not fit is refused: a
stranger's file can be wrong, and can do no more.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer import architecture, safetensors
from trainer.errors import CheckpointError, ExportError, sentence
from trainer.files import written_whole
from trainer.nn.module import Module
from trainer.onnx import onnx_bytes
from trainer.runner import Runner

ARCHITECTURE, WEIGHTS = "architecture.json", "weights.safetensors"
"""The names of the two files."""


_DAMAGE = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError, MemoryError,
)  # fmt: skip
"""What bytes that may be anything bring about."""


def to_files(model: Module) -> dict[str, Any]:
    """A model as what its two files hold: the architecture as bytes, and copies of parameters and buffers by path.

    `safetensors_bytes` makes bytes of the second, which may be done later, on another thread.

    Args:
        model: Modules of `trainer.nn`, nested as you like; one in two places, and a parameter in two, stay one.

    Raises:
        ExportError: a module of another class, or one that is not any more as it was made.
    """
    drawn = architecture.described(model)
    weights = model.state_dict()
    try:
        architecture.built(drawn, weights)
    except CheckpointError as err:
        problem = "the model is not as its arguments say, and could not be read back."
        raise ExportError(sentence(problem, "modules as they were made", err, "try trainer.export_onnx")) from err
    return {ARCHITECTURE: json.dumps(drawn).encode(), WEIGHTS: weights}


def safetensors_bytes(weights: Mapping[str, Any]) -> bytes:
    """Arrays by name as the bytes of a .safetensors file."""
    file = io.BytesIO()
    safetensors.write(weights, file)
    return file.getvalue()


def from_files(drawn: bytes, weights: Mapping[str, Any] | bytes) -> Module:
    """The model that `to_files` took apart, in evaluation mode. Nothing random is drawn.

    Args:
        drawn: The bytes of architecture.json.
        weights: Those of weights.safetensors, or its arrays by name; an array becomes the parameter's own memory.

    Raises:
        CheckpointError: they are damaged, or do not belong together.
    """
    try:
        if isinstance(weights, (bytes, bytearray, memoryview)):
            weights = safetensors.read(io.BytesIO(weights))
        model = architecture.built(json.loads(drawn), weights)
        for name, tensor in model._state():
            tensor.data = np.asarray(weights[name])
    except _DAMAGE as err:
        if isinstance(err, CheckpointError):
            raise
        got = f"{type(err).__name__}: {err}"
        raise CheckpointError(sentence("the model cannot be read.", "what trainer.save_model writes", got)) from err
    return model.eval()


def save_model(model: Module, folder: str | os.PathLike[str]) -> None:
    """Writes a model to a folder, which is made: architecture.json and weights.safetensors, each whole or not at all.

    Raises:
        ExportError: as `to_files`.
    """
    files = to_files(model)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name, content in ((WEIGHTS, safetensors_bytes(files[WEIGHTS])), (ARCHITECTURE, files[ARCHITECTURE])):
        with written_whole(place / name) as file:
            file.write(content)


def load_model(folder: str | os.PathLike[str]) -> Module:
    """The model that `save_model` or a run keeps in a folder, in evaluation mode; `.train()` to go on learning.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
        FileNotFoundError: there is none of them.
    """
    place = Path(folder)
    return from_files((place / ARCHITECTURE).read_bytes(), (place / WEIGHTS).read_bytes())


def to_onnx(files: Mapping[str, Path], manifest: Mapping[str, Any]) -> bytes:
    """A model in two files as an ONNX file.

    Args:
        files: Where architecture.json and weights.safetensors lie.
        manifest: What is said of the model; "inputs" names what it takes, with dtype and shape, the batch first.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
        ExportError: the manifest does not say how large an input is.
    """
    model = from_files(files[ARCHITECTURE].read_bytes(), files[WEIGHTS].read_bytes())
    example = {}
    for each in manifest.get("inputs") or []:
        shape = [2, *(each.get("shape") or [None])[1:]]
        if None in shape or not each.get("shape"):
            problem = f"input {each['name']!r} has no size, and a file of operations is written for one."
            raise ExportError(sentence(problem, "sizes for all axes but the batch", each.get("shape")))
        example[each["name"]] = np.zeros(shape, each.get("dtype") or np.float32)
    names = [each["name"] for each in manifest.get("outputs") or []]
    return onnx_bytes(model, example, output_names=names or None)


def open_runner(files: Mapping[str, Path], manifest: Mapping[str, Any], device: str = "cpu") -> Runner:
    """What answers for a model in two files.

    Args:
        files: Where architecture.json and weights.safetensors lie.
        manifest: What is said of the model; "inputs" names what it takes, in order.
        device: Where to compute.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
    """
    model = from_files(files[ARCHITECTURE].read_bytes(), files[WEIGHTS].read_bytes()).to(device)
    inputs = list(manifest.get("inputs") or [{"name": "input", "dtype": None, "shape": None}])
    return Runner(model, inputs, list(manifest.get("outputs") or []))
