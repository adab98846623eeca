"""The weights of a TensorFlow.js model: `weightsManifest` and its shards, as arrays by name.

A group's shards, one behind the other, are the bytes of its weights, one behind the other, little-endian. A quantised
weight is kept as whole numbers: value = number * scale + min. Sizes are compared with what is declared before anything
is read, so a model cannot ask for more memory than it brings bytes.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trainer.errors import CheckpointError
from trainer.tfjs.words import MAX_LENGTH, Words, shown

MAX_WEIGHTS = 2**29
"""Numbers in all weights together: 2 GiB as float32. MobileNet v2 has 3.5 million."""

MAX_ENTRIES = 100_000
"""Weights by name."""

MAX_NAME = 200
"""Characters of a file's name."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"), "float16": np.dtype("<f2"), "int32": np.dtype("<i4"), "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"), "bool": np.dtype("u1"),
}  # fmt: skip
_QUANTISED = ("uint8", "uint16", "float16")


class Entry(NamedTuple):
    """Where one weight lies in its group, and what its bytes mean."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    group: int
    offset: int
    scale: float = 1.0
    minimum: float = 0.0
    is_whole: bool = False  # a quantised int32, rounded as TensorFlow.js does

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Weights:
    """Arrays by name, made float32 when they are taken."""

    def __init__(self, entries: dict[str, Entry], groups: list[Any]) -> None:
        self._entries = entries
        self._groups = groups
        self._takers: dict[str, Words] = {}
        # Keras says "dense/kernel"; some versions of TensorFlow put the cell between: "lstm/cell/kernel".
        self._short = {"/".join([*name.split("/")[:-2], name.split("/")[-1]]): name for name in reversed(entries)}

    def take(self, words: Words, weight: str, shape: tuple[int, ...]) -> Any:
        """The weight of a layer as float32, of `shape`.

        Raises:
            CheckpointError: there is none, another layer of the same name has it, or it has another shape.
        """
        wanted = f"{words.name}/{weight}"
        name = wanted if wanted in self._entries else self._short.get(wanted)
        if name is None:
            words.refuse(f"has no weight {shown(wanted)} in weightsManifest")
        if self._takers.setdefault(name, words) is not words:
            words.refuse("has the name of another layer, so that their weights cannot be told apart")
        entry = self._entries[name]
        if entry.shape != shape:
            words.refuse(f"needs its {weight} in shape {shown(shape)}, but weightsManifest has {shown(entry.shape)}")
        raw = self._groups[entry.group][entry.offset : entry.offset + entry.size].view(entry.dtype)
        if entry.scale == 1.0 and entry.minimum == 0.0:
            return raw.astype(np.float32).reshape(shape)
        values = raw * np.float64(entry.scale) + entry.minimum
        return (np.floor(values + 0.5) if entry.is_whole else values).astype(np.float32).reshape(shape)

    def finish(self) -> None:
        """Says so when a weight belongs to no layer: the topology is that of another model then."""
        for name in self._entries:
            if name not in self._takers:
                raise CheckpointError(
                    f"weightsManifest of model.json has {shown(name)}, which no layer of the model takes"
                )


def read_weights(manifest: Any, files: Mapping[str, Path]) -> Weights:
    """The weights that `weightsManifest` names, read from its shards.

    Args:
        manifest: The list in model.json.
        files: Where the shards lie, by name.

    Raises:
        CheckpointError: a shard is missing, shorter or longer than its weights, or not beside model.json; a weight of
            a dtype or quantisation that the format does not have; more numbers than fit in memory.
    """
    if not isinstance(manifest, list):
        raise CheckpointError(f"weightsManifest of model.json is {shown(manifest)}, not a list of groups of weights")
    entries: dict[str, Entry] = {}
    groups: list[Any] = []
    numbers = 0
    seen: set[str] = set()
    plans = []
    for i, group in enumerate(manifest):
        if not isinstance(group, dict) or not all(isinstance(group.get(word), list) for word in ("paths", "weights")):
            raise CheckpointError(
                f"weightsManifest of model.json has {shown(group)} where a group has paths and weights"
            )
        offset = 0
        for said in group["weights"]:
            name, entry, is_ours = _entry(said, i, offset)
            if name in entries or len(entries) >= MAX_ENTRIES:
                raise CheckpointError(f"weightsManifest of model.json has {shown(name)} twice, or too many weights")
            offset += entry.size
            numbers += math.prod(entry.shape)
            if is_ours:
                entries[name] = entry
        if numbers > MAX_WEIGHTS:
            raise CheckpointError(
                f"the weights of model.json are {numbers:,} numbers; at most {MAX_WEIGHTS:,} are read"
            )
        plans.append(([_shard(path, files, seen) for path in group["paths"]], offset))
    for paths, size in plans:
        groups.append(_read_group(paths, size))
    return Weights(entries, groups)


def _entry(said: Any, group: int, offset: int) -> tuple[str, Entry, bool]:
    """One weight of the manifest: its name, where it lies, and whether it is the model's and not the optimizer's."""
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str):
        raise CheckpointError(f"weightsManifest of model.json has {shown(said)} where a weight has a name")
    what = f"weight {shown(name)} of model.json"
    shape, dtype, quantised = said.get("shape"), said.get("dtype"), said.get("quantization")
    if not isinstance(shape, list) or len(shape) > 8 or not all(
        type(n) is int and 0 <= n <= MAX_LENGTH for n in shape
    ):  # fmt: skip
        raise CheckpointError(f"{what} has shape {shown(shape)}, which is no list of up to 8 lengths")
    scale, minimum, is_whole = 1.0, 0.0, False
    if quantised is not None:
        stored = quantised.get("dtype") if isinstance(quantised, dict) else None
        if stored not in _QUANTISED or dtype not in ("float32", "int32"):
            raise CheckpointError(f"{what} is {shown(dtype)} quantised as {shown(quantised)}; known are {_QUANTISED}")
        if stored != "float16":
            scale, minimum = (_finite(quantised.get(word), f"{what}: its {word}") for word in ("scale", "min"))
        is_whole, dtype = dtype == "int32", stored
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise CheckpointError(f"{what} has dtype {shown(dtype)}; known are {', '.join(_DTYPES)}")
    entry = Entry(tuple(shape), _DTYPES[dtype], group, offset, scale, minimum, is_whole)
    return name, entry, said.get("group") != "optimizer"


def _finite(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e30:  # NaN is not <=
        raise CheckpointError(f"{what} is {shown(value)}, which is no finite number")
    return float(value)


def check_name(name: Any) -> str:
    """A file's name that leads nowhere else.

    Raises:
        CheckpointError: it is a path, or no name at all.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or name in (".", ".."):
        raise CheckpointError(f"model.json names a shard {shown(name)}, which is no file's name")
    if any(sign in name for sign in "/\\\0"):
        raise CheckpointError(
            f"model.json names a shard {shown(name)}; shards lie beside it, under names without / and .."
        )
    return name


def _shard(path: Any, files: Mapping[str, Path], seen: set[str]) -> Path:
    name = check_name(path)
    if name in seen:
        raise CheckpointError(f"model.json names the shard {shown(name)} twice")
    seen.add(name)
    if name not in files:
        raise CheckpointError(
            f"the shard {shown(name)} that model.json names is not there; copy all files of the folder"
        )
    return files[name]


def _read_group(paths: list[Path], size: int) -> Any:
    """The bytes of a group's shards in one array."""
    lengths = [size_of(path) for path in paths]
    if sum(lengths) != size:
        names = f"{paths[0].name} and the {len(paths) - 1} behind it have" if len(paths) > 1 else "its shard has"
        raise CheckpointError(
            f"the weights of a group of model.json are {size:,} bytes, but {names} {sum(lengths):,}: a shard is"
            " truncated, or belongs to another model"
        )
    data: Any = np.empty(size, dtype=np.uint8)
    start = 0
    for path, length in zip(paths, lengths, strict=True):
        try:
            with path.open("rb") as file:
                count = file.readinto(memoryview(data)[start : start + length])
        except OSError as err:
            raise CheckpointError(f"the shard {shown(path.name)} cannot be read: {err.strerror}") from err
        if count != length:
            raise CheckpointError(f"the shard {shown(path.name)} became shorter while it was read")
        start += length
    return data


def size_of(path: Path) -> int:
    """Bytes of a file on a disk: a pipe or a device would be read for ever.

    Raises:
        CheckpointError: it is not there, or is no such file.
    """
    try:
        found = os.stat(path)
    except OSError as err:
        raise CheckpointError(f"{shown(path.name)} cannot be read: {err.strerror}") from err
    if not stat.S_ISREG(found.st_mode):
        raise CheckpointError(f"{shown(path.name)} is no file but a folder, a pipe or a device")
    return found.st_size
