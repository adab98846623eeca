"""Models that are files already: an .onnx file, or a folder of TensorFlow.js. They are read, and looked at, at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tracker.errors import ModelError, ModelTypeError, message
from tracker.models import checks, runners
from tracker.models.exporters import Exported

MAX_SIZE = 8 << 30
"""Bytes of all files of a model together."""


def of_path(path: str | os.PathLike[str], *, asks: bool) -> tuple[str, Exported]:
    """Who wrote a model, and its files as they are now.

    Args:
        path: An .onnx file, a folder with a TensorFlow.js `model.json`, or that file.
        asks: Whether a model whose files do not say its inputs is opened and asked; not where the caller says them.

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
        return _tfjs(where, asks=asks)
    raise ModelTypeError(
        message("log_model: this file is no model that can be kept.", expected=".onnx or model.json", got=where.name)
    )


def _onnx(path: Path) -> tuple[str, Exported]:
    data = _read(path, checks.MAX_ONNX)
    found = checks.onnx(data)
    files = {"model.onnx": data}
    _read_beside(path.parent, found.external, files)
    checks.onnx_beside(found, {name: len(content) for name, content in files.items()})
    return found.producer[:200], Exported("onnx", files, found.inputs, found.outputs)


def _tfjs(path: Path, *, asks: bool) -> tuple[str, Exported]:
    data = _read(path, checks.MAX_JSON)
    found = checks.tfjs(data)
    files = {"model.json": data}
    _read_beside(path.parent, found.shards, files)
    checks.tfjs_shards(found, {name: len(content) for name, content in files.items()})
    # Sizes follow from layer to layer, which only what runs them works out.
    paths = {name: path.parent / name for name in found.shards} | {"model.json": path}
    told = runners.signature_told("tfjs", paths) if asks else None
    return found.made_by, Exported("tfjs", files, *(told or (found.inputs, found.outputs)))


def _read_beside(folder: Path, names: Sequence[str], files: dict[str, bytes]) -> None:
    """Adds files that lie beside another one, of which only the names are known."""
    for name in names:
        if name in files:
            raise ModelError(message("log_model: a file of this model stands for two things.", got=name))
        files[name] = _read(folder / name, MAX_SIZE - sum(map(len, files.values())))


def _read(path: Path, most: int) -> bytes:
    """A file that is no larger than it may be; a pipe or a device is none."""
    if not path.is_file():
        raise ModelError(message("log_model: a file of this model is missing.", got=path.name))
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= most:
            return file.read(size)  # and not as much as there may be, for which room would be made at once
    raise ModelError(message("log_model: this model is too large.", expected=f"{path.name} of at most {most:,} bytes"))
