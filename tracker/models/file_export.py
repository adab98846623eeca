"""Models that are files already: an .onnx file, or a folder of TensorFlow.js. They are read, and looked at, at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tracker.errors import ModelError, ModelTypeError, message
from tracker.models import checks
from tracker.models.exporters import Exported

MAX_SIZE = 8 << 30
"""Bytes of all files of a model together."""


def of_path(path: str | os.PathLike[str]) -> Exported:
    """The files of a model as they are now.

    Args:
        path: An .onnx file, a folder with a TensorFlow.js `model.json`, or that file.

    Raises:
        ModelError, ModelTypeError: there is no model.
        OSError: what the disk says.
    """
    where = Path(path)
    if where.is_dir():
        where = where / "model.json"
    if not where.is_file():
        raise ModelError(
            message("log_model: there is no such model.", expected="an .onnx file or a TensorFlow.js folder", got=where)
        )
    if where.suffix == ".onnx":
        return _onnx(where)
    if where.suffix == ".json":
        return _tfjs(where)
    raise ModelTypeError(
        message("log_model: this file is no model that can be kept.", expected=".onnx or model.json", got=where.name)
    )


def _onnx(path: Path) -> Exported:
    data = _read(path, MAX_SIZE)
    found = checks.onnx(data)
    files: dict[str, Any] = {"model.onnx": data}
    left = MAX_SIZE - len(data)
    for name in found.external:
        files[name] = _read(path.parent / name, left)
        left -= len(files[name])
    checks.onnx_beside(found, {name: len(content) for name, content in files.items()})
    return Exported("onnx", files, found.inputs, found.outputs)


def _tfjs(path: Path) -> Exported:
    data = _read(path, checks.MAX_JSON)
    found = checks.tfjs(data)
    files: dict[str, Any] = {"model.json": data}
    left = MAX_SIZE
    for name in found.shards:
        files[name] = _read(path.parent / name, left)
        left -= len(files[name])
    checks.tfjs_shards(found, {name: len(content) for name, content in files.items()})
    return Exported("tfjs", files, found.inputs, found.outputs)


def _read(path: Path, most: int) -> bytes:
    if not path.is_file():
        raise ModelError(message("log_model: a file of this model is missing.", got=path.name))
    if path.stat().st_size > most:
        raise ModelError(
            message("log_model: this model is too large.", expected=f"at most {MAX_SIZE >> 30} GB", got=path.name)
        )
    with open(path, "rb") as file:
        return file.read(most + 1)
