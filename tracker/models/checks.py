"""Checks: files of models are looked at here before any runner is given them; what is wrong is said in one sentence.

A model may come from anybody: time and memory that looking takes go by the size of its files, and nothing is written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.errors import DamagedBytesError, ModelError, message
from tracker.models import onnx_check, tfjs_check
from tracker.models.manifest import Manifest
from tracker.models.onnx_check import Onnx as Onnx
from tracker.models.onnx_check import check_beside
from tracker.models.tfjs_check import Tfjs as Tfjs
from tracker.models.tfjs_check import check_shards
from tracker.values import unpack

onnx, onnx_beside = onnx_check.checked, check_beside
tfjs, tfjs_shards = tfjs_check.checked, check_shards
MAX_JSON = tfjs_check.MAX_JSON

MAX_ONNX = 2 << 30
"""Bytes of an ONNX file, which is one message of protocol buffers; what is larger keeps weights beside it."""

MAX_ARCHITECTURE = 16 << 20
MAX_HEAD = 64 << 20
"""Bytes of what a safetensors file says of its arrays."""

_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
    "U8": 1, "BOOL": 1,
}  # fmt: skip


def check(files: Mapping[str, Path], manifest: Manifest) -> None:
    """That the files of a version are a model of its format, and one that should be run.

    Args:
        files: Paths by name.
        manifest: What is said of it.

    Raises:
        ModelError: it is not; a sentence says why.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    if manifest.format == "onnx":
        onnx_beside(onnx(_content(files, _onnx_name(files), MAX_ONNX)), sizes)
    elif manifest.format == "tfjs":
        tfjs_shards(tfjs(_content(files, "model.json", MAX_JSON)), sizes)
    elif manifest.format == "trainer":
        _parsed(_content(files, "architecture.json", MAX_ARCHITECTURE), "architecture.json")
        safetensors(_place(files, "weights.safetensors"))


def safetensors(path: Path) -> None:
    """That a file is one of safetensors, and holds what it says.

    Raises:
        ModelError: it does not.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEAD, size - 8):
            raise _no_weights("it is cut off, or none at all")
        head = _parsed(file.read(length), "file of weights")
    if not isinstance(head, dict):
        raise _no_weights("its head is no object")
    end = 0
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        try:
            start, stop = entry["data_offsets"]
            wanted = math.prod(entry["shape"]) * _BYTES[entry["dtype"]]
            fits = 0 <= start <= stop <= size - 8 - length and stop - start == wanted
            fits = fits and all(type(each) is int and each >= 0 for each in entry["shape"])
        except (LookupError, TypeError, ValueError):
            fits = False
        if not fits:
            raise _no_weights(f"{name[:100]!r} is not as large as it says, or lies outside of the file")
        end = max(end, stop)


def _no_weights(why: str) -> ModelError:
    return ModelError(message(f"The weights of this model cannot be read: {why}."))


def _onnx_name(files: Mapping[str, Path]) -> str:
    named = (name for name in files if name.endswith(".onnx"))
    return "model.onnx" if "model.onnx" in files else next(named, "model.onnx")


def _place(files: Mapping[str, Path], name: str) -> Path:
    if name not in files:
        raise ModelError(message(f"This model has no file {name!r}.", got=", ".join(sorted(files)[:5])))
    return files[name]


def _content(files: Mapping[str, Path], name: str, most: int) -> bytes:
    place = _place(files, name)
    size = place.stat().st_size
    if size > most:
        raise ModelError(message(f"The file {name!r} of this model is too large.", expected=f"{most >> 20:,} MB"))
    with open(place, "rb") as file:
        return file.read(size)


def _parsed(text: bytes, what: str) -> Any:
    try:
        return unpack.parsed(text, what)
    except DamagedBytesError as error:
        raise ModelError(str(error)) from error
