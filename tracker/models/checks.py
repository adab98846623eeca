"""Checks: files of models are looked at here before any runner is given them; what is wrong is said in one sentence.

A model may come from anybody: time and memory that looking takes go by the size of its files, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tracker.errors import ModelError, message
from tracker.models import onnx_file
from tracker.models.manifest import check_file_name
from tracker.models.onnx_file import Flow

MAX_JSON = 64 << 20
"""Bytes of a TensorFlow.js model.json."""

MAX_TENSOR_ELEMENTS = 1 << 31
"""Numbers of one tensor."""


class Onnx(NamedTuple):
    """What an ONNX file says of itself.

    Attributes:
        inputs: [{"name", "dtype", "shape"}].
        outputs: Likewise.
        external: Names of files beside it that hold weights.
        needed: How many bytes each of these must have.
        producer: What wrote it.
    """

    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    external: list[str]
    needed: dict[str, int]
    producer: str


def onnx(data: bytes) -> Onnx:
    """What an ONNX file says of itself.

    Raises:
        ModelError: it is none, or none that should be run.
    """
    model = onnx_file.read(data)
    assert model.graph is not None
    weights = {each.name for each in model.graph.weights}
    needed: dict[str, int] = {}
    return Onnx(
        [_spec(each) for each in model.graph.inputs if each.name not in weights],
        [_spec(each) for each in model.graph.outputs],
        list(needed),
        needed,
        model.producer,
    )


def onnx_beside(found: Onnx, sizes: Mapping[str, int]) -> None:
    """That the files beside an ONNX file hold what it takes from them.

    Raises:
        ModelError: they do not.
    """
    for name, needed in found.needed.items():
        if sizes.get(name, 0) < needed:
            raise ModelError(
                message(
                    f"The file {name!r} beside the ONNX model is cut off.",
                    expected=f"{needed:,} bytes",
                    got=f"{sizes.get(name, 0):,}",
                )
            )


def _spec(flow: Flow) -> dict[str, Any]:
    shape = [_size(size) for size in flow.shape or [None]]
    return {"name": flow.name, "dtype": flow.dtype or "float32", "shape": shape}


def _size(size: int | None) -> int | None:
    return None if size is None or size < 0 else size


class Tfjs(NamedTuple):
    """What a TensorFlow.js model.json says of itself; see `Onnx`."""

    inputs: list[dict[str, Any]] | None
    outputs: list[dict[str, Any]] | None
    shards: list[str]
    needed: int


def tfjs(data: bytes) -> Tfjs:
    """What a model.json says of itself.

    Raises:
        ModelError: it is none.
    """
    import json

    said = json.loads(data)
    shards = [check_file_name(path) for group in said.get("weightsManifest", []) for path in group["paths"]]
    return Tfjs(None, None, shards, 0)


def tfjs_shards(found: Tfjs, sizes: Mapping[str, int]) -> None:
    """That the shards hold what the manifest of the weights says."""


def check(files: Mapping[str, Any], manifest: Any) -> None:
    """That the files of a version are a model of its format, and one that should be run.

    Args:
        files: Paths by name.
        manifest: What is said of it.

    Raises:
        ModelError: it is not; a sentence says why.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    if manifest.format == "onnx":
        onnx_beside(onnx(_content(files, "model.onnx", 2 << 30)), sizes)
    elif manifest.format == "tfjs":
        tfjs_shards(tfjs(_content(files, "model.json", MAX_JSON)), sizes)


def _content(files: Mapping[str, Any], name: str, most: int) -> bytes:
    if name not in files:
        raise ModelError(message(f"This model has no file {name!r}.", got=", ".join(sorted(files)[:5])))
    if files[name].stat().st_size > most:
        raise ModelError(message(f"The file {name!r} of this model is too large.", expected=f"{most >> 20:,} MB"))
    with open(files[name], "rb") as file:
        found: bytes = file.read(most + 1)
        return found
