"""A model that a run keeps, as an ONNX file: what a browser runs of a network of this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer.nn.module import Module
from trainer.onnx.export import onnx_bytes

Tensors = list[dict[str, Any]]
"""Each {"name", "dtype", "shape"}, as manifests have them."""

ANY_LENGTH = 8
"""Of an axis beside the batch that may have any length: what the file is made with."""


def onnx_of(files: Mapping[str, Path], manifest: Mapping[str, Any]) -> bytes:
    """The bytes of an .onnx file, whose inputs and outputs are called as those of the model.

    Args:
        files: Where the model's files lie, by name.
        manifest: What is said of it: its format, "trainer" or "tfjs", and its inputs and outputs.

    Raises:
        CheckpointError: the files are damaged, or do not belong together.
        ExportError: it does something that an ONNX file cannot say.
    """
    model, inputs, outputs = _opened(files, manifest)
    wanted = list(manifest["inputs"]) or inputs
    example = [np.zeros(_shape(each["shape"]), np.dtype(each["dtype"])) for each in wanted]
    named = [each["name"] for each in list(manifest["outputs"]) or outputs] or None
    return onnx_bytes(model, example, input_names=[each["name"] for each in wanted], output_names=named)


def _shape(shape: list[int | None]) -> list[int]:
    return [1, *(ANY_LENGTH if size is None else size for size in shape[1:])]


def _opened(files: Mapping[str, Path], manifest: Mapping[str, Any]) -> tuple[Module, Tensors, Tensors]:
    """The network, and what its files say of what it takes and gives, where its manifest does not."""
    if manifest["format"] == "tfjs":
        from trainer import tfjs

        runner = tfjs.open_runner(files, manifest)
        return runner.network, runner.inputs, runner.outputs
    from trainer.saved_model import ARCHITECTURE, WEIGHTS, from_files

    return from_files(files[ARCHITECTURE].read_bytes(), files[WEIGHTS].read_bytes()), [], []
