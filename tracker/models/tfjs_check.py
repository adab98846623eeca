"""TensorFlow.js folders looked at before they are read: what is said of the weights, and what the shards have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from tracker import coerce
from tracker.errors import DamagedBytesError, ModelError, message
from tracker.models.manifest import MAX_FILES, check_file_name
from tracker.values import unpack

MAX_JSON = 8 << 20
"""Bytes of a model.json."""

MAX_WEIGHTS = 100_000
MAX_AXES = 32
MAX_DEPTH = 100
"""Layers within models within layers, and lists of them, in the topology."""

_BYTES = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "uint16": 2, "float16": 2, "complex64": 8}


class Tfjs(NamedTuple):
    """What a TensorFlow.js model.json says of itself.

    Attributes:
        inputs: None: who reads the layers says them.
        outputs: Likewise.
        shards: Names of the files that hold the weights.
        groups: Of each group of weights its shards, and how many bytes they hold together; None with texts among them.
        made_by: What wrote it.
    """

    inputs: list[dict[str, Any]] | None
    outputs: list[dict[str, Any]] | None
    shards: list[str]
    groups: list[tuple[list[str], int | None]]
    made_by: str


def checked(data: bytes) -> Tfjs:
    """What a model.json says of itself.

    Raises:
        ModelError: it is none, or none that should be read.
    """
    if len(data) > MAX_JSON:
        raise _refused(f"its model.json is larger than {MAX_JSON >> 20} MB")
    try:
        said = unpack.parsed(data, "model.json")
    except DamagedBytesError as error:
        raise ModelError(str(error)) from error
    if not isinstance(said, dict) or not isinstance(said.get("modelTopology"), dict):
        raise _refused("its model.json describes no model")
    _check_depth(said["modelTopology"])
    manifest = said.get("weightsManifest")
    if not isinstance(manifest, list) or len(manifest) > MAX_FILES:
        raise _refused("its model.json names no weights")
    groups = [_group(each) for each in manifest]
    shards = [path for paths, _ in groups for path in paths]
    if len(shards) > MAX_FILES or len({*shards, "model.json"}) != len(shards) + 1:
        raise _refused("its model.json names a shard twice, or too many of them")
    if sum(len(each.get("weights", ())) for each in manifest) > MAX_WEIGHTS:
        raise _refused(f"it has more than {MAX_WEIGHTS:,} weights")
    made_by = next((said[key] for key in ("convertedBy", "generatedBy") if isinstance(said.get(key), str)), "")
    return Tfjs(None, None, shards, groups, coerce.text(made_by, 200))


def check_shards(found: Tfjs, sizes: Mapping[str, int]) -> None:
    """That the shards hold what is said of the weights.

    Args:
        found: Of the model.json.
        sizes: Bytes of each file by name.

    Raises:
        ModelError: they do not.
    """
    for paths, needed in found.groups:
        missing = next((path for path in paths if path not in sizes), None)
        if missing is not None:
            raise _refused(f"its shard {missing!r} is missing")
        there = sum(sizes[path] for path in paths)
        if needed is not None and there != needed:
            raise _refused(f"its weights are {needed:,} bytes, and its shards have {there:,}")


def _refused(why: str) -> ModelError:
    return ModelError(message(f"This TensorFlow.js model cannot be read: {why}."))


def _group(value: Any) -> tuple[list[str], int | None]:
    """The shards of a group, and how many bytes its weights are."""
    if not isinstance(value, dict) or not all(isinstance(value.get(key), list) for key in ("paths", "weights")):
        raise _refused("a group of its weights has no paths or no weights")
    sizes = [_size(each) for each in value["weights"]]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    return [check_file_name(path) for path in value["paths"]], total


def _size(weight: Any) -> int | None:
    """Bytes of a weight in its shards; None of texts, which say their lengths themselves."""
    said = weight if isinstance(weight, dict) else {}
    shape, dtype, quantization = said.get("shape"), said.get("dtype"), said.get("quantization")
    stored = quantization.get("dtype") if isinstance(quantization, dict) else dtype
    if (
        not isinstance(shape, list)
        or len(shape) > MAX_AXES
        or not all(type(size) is int and size >= 0 for size in shape)
        or not isinstance(said.get("name"), str)
    ):
        raise _refused(f"a weight has no name, or no shape ({coerce.text(said.get('name'), 100)})")
    if dtype == "string":
        return None
    if not isinstance(stored, str) or stored not in _BYTES:
        raise _refused(f"the weight {coerce.text(said['name'], 100)!r} is of a kind that there is not")
    return math.prod(shape) * _BYTES[stored]


def _check_depth(topology: dict[str, Any]) -> None:
    level: list[Any] = [topology]
    for _ in range(MAX_DEPTH):
        within = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for values in within for value in values if isinstance(value, (dict, list))]
        if not level:
            return
    raise _refused("its layers are nested too deeply")
