"""A tensor out of a checkpoint of TensorFlow 2, without TensorFlow.

A checkpoint is a table of names (`<prefix>.index`) that says where in `<prefix>.data-00000-of-00001` each tensor lies.

Source: LevelDB's table format (google/leveldb, doc/table_format.md), and tensorflow/core/protobuf/tensor_bundle.proto:
BundleEntryProto.dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5; BundleHeaderProto.num_shards = 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracker.errors import DamagedBytesError, LoggedValueError, message
from tracker.values.protobuf import fields, varint

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
MOST_INDEX_BYTES = 256 << 20
MOST_TENSOR_BYTES = 4 << 30

_DTYPES = {1: "<f4", 2: "<f8", 14: "<u2", 19: "<f2"}
_BFLOAT16 = 14
_LATEST = re.compile(r'^\s*model_checkpoint_path:\s*"([^"]+)"', re.MULTILINE)


def latest(folder: Path) -> Path | None:
    """The prefix of a folder's newest checkpoint, as the file `checkpoint` says; None where there is none."""
    try:
        said = _LATEST.search((folder / "checkpoint").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    if said is None:
        return None
    path = folder / said[1]
    # A folder that was moved still names the place that it was at.
    path = path if files(path) else folder / Path(said[1]).name
    return path if files(path) else None


def files(prefix: Path) -> list[Path]:
    """The files of a checkpoint, its index first; none where it is not there."""
    index = prefix.with_name(f"{prefix.name}.index")
    if not index.is_file():
        return []
    return [index, *sorted(prefix.parent.glob(f"{_literal(prefix.name)}.data-*-of-*"))]


def names(prefix: Path) -> list[str]:
    """The tensors of a checkpoint.

    Raises:
        LoggedValueError: the index is none, or is damaged.
        OSError: it cannot be read.
    """
    return [key.decode("utf-8", "replace") for key, _ in _entries(prefix) if key]


def tensor(prefix: Path, name: str) -> npt.NDArray[Any]:
    """A tensor of floating point numbers; bfloat16 as float32.

    Raises:
        LoggedValueError: there is none of this name, or it is of another type, or the checkpoint is damaged.
        OSError: it cannot be read.
    """
    found = dict(_entries(prefix))
    wanted = next((key for key in (name.encode(), name.partition(":")[0].encode()) if key in found), None)
    if wanted is None or not wanted:
        there = ", ".join(key.decode("utf-8", "replace") for key in list(found)[:8] if key)
        raise LoggedValueError(message(f"{prefix.name}: no tensor {name!r} in this checkpoint.", got=there or "none"))
    try:
        return _read(prefix, name, dict(fields(found[wanted])), dict(fields(found.get(b"", b""))))
    except (DamagedBytesError, TypeError) as error:
        raise _damaged(prefix, str(error)) from error


def _read(prefix: Path, name: str, entry: dict[int, Any], header: dict[int, Any]) -> npt.NDArray[Any]:
    dtype, size = _DTYPES.get(entry.get(1, 0)), entry.get(5, 0)
    shape = [dict(fields(dim)).get(1, 0) for number, dim in fields(entry.get(2, b"")) if number == 2]
    if (
        dtype is None
        or size > MOST_TENSOR_BYTES
        or size != np.dtype(dtype).itemsize * int(np.prod([1, *shape], dtype=object))
    ):
        raise LoggedValueError(
            message(
                f"{prefix.name}: {name!r} is no tensor of floating point numbers.",
                got=f"type number {entry.get(1, 0)}, shape {shape}, {size:,} bytes",
            )
        )
    shard = f"{prefix.name}.data-{entry.get(3, 0):05}-of-{header.get(1, 1):05}"
    with prefix.with_name(shard).open("rb") as file:
        file.seek(entry.get(4, 0))
        data = file.read(size)
    if len(data) != size:
        raise _damaged(prefix, f"{shard} ends before {name!r} does")
    array = np.frombuffer(data, dtype).reshape(shape)
    return (array.astype(np.uint32) << 16).view(np.float32) if entry.get(1) == _BFLOAT16 else array


def _entries(prefix: Path) -> Iterator[tuple[bytes, bytes]]:
    """(name, entry) of each tensor; the first, without a name, is the header."""
    index = prefix.with_name(f"{prefix.name}.index")
    with index.open("rb") as file:
        data = file.read(MOST_INDEX_BYTES)
    if len(data) < FOOTER_BYTES or int.from_bytes(data[-8:], "little") != MAGIC:
        raise _damaged(prefix, "its index cannot be read")
    try:
        _, at = varint(data, len(data) - FOOTER_BYTES)
        _, at = varint(data, at)
        for _, handle in _block(data, *_handle(data[at:])):
            yield from _block(data, *_handle(handle))
    except DamagedBytesError as error:
        raise _damaged(prefix, str(error)) from error


def _handle(data: bytes) -> tuple[int, int]:
    begin, at = varint(data, 0)
    length, _ = varint(data, at)
    return begin, length


def _block(data: bytes, begin: int, length: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; each key is told by what it shares with the one before."""
    if begin + length + 1 > len(data) or length < 4 or data[begin + length]:
        raise DamagedBytesError("a block is cut off, or packed in a way that TensorFlow does not pack")
    restarts = int.from_bytes(data[begin + length - 4 : begin + length], "little")
    at, stop = begin, begin + length - 4 * (restarts + 1)
    key = b""
    while at < stop:
        shared, at = varint(data, at)
        own, at = varint(data, at)
        size, at = varint(data, at)
        if shared > len(key) or at + own + size > stop:
            raise DamagedBytesError("an entry ends after its block")
        key = key[:shared] + data[at : at + own]
        yield key, data[at + own : at + own + size]
        at += own + size


def _damaged(prefix: Path, why: str) -> LoggedValueError:
    return LoggedValueError(message(f"{prefix.name}: this checkpoint cannot be read.", got=why))


def _literal(name: str) -> str:
    """A name in a pattern of `glob`."""
    return re.sub(r"([\[*?])", r"[\1]", name)
