"""W&B's offline files (`run-*.wandb`): records of protobuf in blocks of 32 KiB, as LevelDB keeps its log."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from tracker.foreign.axis import seconds
from tracker.foreign.batch import Item
from tracker.foreign.log import LONGEST_SAID, Log, named, parsed, whole
from tracker.foreign.log import number as as_number
from tracker.plain_text import writable
from tracker.series import sketch
from tracker.values import opaque
from tracker.values.value import Medium

MAGIC = b":W&B"
_BLOCK = 32 * 1024
_HEAD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

_FIELD = descriptor_pb2.FieldDescriptorProto


def _record_class() -> Any:
    """The part of W&B's Record that is read: history (2), config (5), run (17) and their items."""
    file = descriptor_pb2.FileDescriptorProto(name="everystep_wandb.proto", package="w", syntax="proto3")
    for name, fields in {
        "Item": [("key", 1, "bytes", False), ("nested_key", 2, "bytes", True), ("value_json", 16, "bytes", False)],
        "Step": [("num", 1, "int64", False)],
        "History": [("item", 1, "Item", True), ("step", 2, "Step", False)],
        "Config": [("update", 1, "Item", True)],
        "Run": [
            ("run_id", 1, "bytes", False),
            ("project", 3, "bytes", False),
            ("config", 4, "Config", False),
            ("display_name", 8, "bytes", False),
        ],
        "Record": [("history", 2, "History", False), ("config", 5, "Config", False), ("run", 17, "Run", False)],
    }.items():
        message = file.message_type.add(name=name)
        for label, number, kind, repeated in fields:
            added = message.field.add(name=label, number=number)
            added.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if kind[0].isupper():
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".w.{kind}"
            else:
                added.type = getattr(_FIELD, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("w.Record"))


_Record = _record_class()


def read(path: Path) -> Iterable[Log]:
    """The run of a file: its history at its steps, its configuration."""
    log = Log()
    for body in _records(path.read_bytes(), log):
        try:
            record = _Record.FromString(body)
        except DecodeError:
            log.left_out["records that cannot be read"] += 1
            continue
        with log.reading("records"):
            _read_record(log, record, path)
    if not log.points and not log.items and not log.fault:
        log.fault = "a run of W&B that logged nothing: its file holds no history"
    return [log]


def _read_record(log: Log, record: Any, path: Path) -> None:
    if record.HasField("run"):
        log.run = (record.run.display_name or record.run.run_id).decode("utf-8", "replace")
        _configure(log, record.run.config.update)
    _configure(log, record.config.update)
    if record.HasField("history"):
        row = _row(record.history.item)
        step = whole(row.get("_step"))
        wall_time = seconds(row.get("_timestamp")) or path.stat().st_mtime
        at = record.history.step.num if step is None else step
        for tag, value in _items(row, ""):
            _take(log, tag, value, at, wall_time, path.parent / "files")
        log.add_row(row, at, wall_time, ("_step", "_timestamp", "_runtime"))


def _row(items: Any) -> dict[str, Any]:
    """What was logged at a step: W&B takes dictionaries apart, and puts each part down by its path."""
    row: dict[str, Any] = {}
    for item in items:
        *above, last = [part.decode("utf-8", "replace") for part in item.nested_key or [item.key]]
        place = row
        for part in above:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                below = place[part] = {}
            place = below
        place[last] = parsed(item.value_json.decode("utf-8", "replace"))
    return row


def _items(row: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Takes out of a row what is no number and has a kind of ours: words, and what W&B gave a type."""
    for key in list(row):
        value, tag = row[key], f"{above}{key}"
        if isinstance(value, dict) and "_type" not in value:
            yield from _items(value, f"{tag}/")
        elif isinstance(value, dict) or (isinstance(value, str) and as_number(value) is None):
            yield tag, row.pop(key)


def _take(log: Log, tag: str, value: Any, step: int, wall_time: float, files: Path) -> None:
    """Takes what is no number: words, a histogram, a picture or a sound, whose file lies beside the log."""
    if isinstance(value, str):
        words = Medium("text/plain", {"markdown": False}, writable(value).encode())
        log.items.append(Item("text", named(tag), step, wall_time, [words]))
        return
    kind = str(value["_type"])
    try:
        if kind == "histogram":
            log.items.append(Item("histogram", named(tag), step, wall_time, _histogram(value)))
        elif kind == "image-file":
            picture = opaque.picture(_file(files, value), int(value.get("width", 0)), int(value.get("height", 0)))
            log.items.append(Item("image", named(tag), step, wall_time, [picture]))
        elif kind == "audio-file":
            log.items.append(Item("audio", named(tag), step, wall_time, [opaque.wave(_file(files, value))]))
        else:
            log.left_out[f"values of {tag!r} of W&B's type {kind}"] += 1
    except (OSError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        log.left_out[f"values of {tag[:LONGEST_SAID]!r}: {error}"] += 1


def _histogram(value: dict[str, Any]) -> sketch.Sketch:
    counts = [float(count) for count in value["values"]]
    packed = value.get("packedBins")
    edges = [packed["min"] + k * packed["size"] for k in range(packed["count"] + 1)] if packed else value["bins"]
    middle = [(low + high) / 2 for low, high in itertools.pairwise(edges)]
    total = sum(count * at for count, at in zip(counts, middle, strict=True))
    squares = sum(count * at * at for count, at in zip(counts, middle, strict=True))
    return sketch.from_edges(edges, counts, float(edges[0]), float(edges[-1]), total, squares)


def _file(files: Path, value: dict[str, Any]) -> bytes:
    """A file that the log names, out of the folder beside it and of no other."""
    path = (files / str(value["path"])).resolve()
    if not path.is_relative_to(files.resolve()):
        raise ValueError("its file lies outside of the run's folder")
    return path.read_bytes()


def _configure(log: Log, items: Any) -> None:
    for item in items:
        if _key(item) != "_wandb":
            log.config[_key(item)] = parsed(item.value_json.decode("utf-8", "replace"))


def _key(item: Any) -> str:
    return (b"/".join(item.nested_key) or item.key).decode("utf-8", "replace")


def _records(data: bytes, log: Log) -> Iterator[bytes]:
    """The bodies of the sound records. A damaged block costs what is in it."""
    at, parts = 7, b""
    while at + _HEAD.size <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEAD.size:
            at += left
            continue
        crc, length, kind = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        if not length and not kind:
            at += left
            continue
        if len(body) < length:
            log.left_out["records that the file ends in"] += 1
            return
        if zlib.crc32(bytes([kind]) + body) != crc:
            log.left_out["blocks of 32 KiB with a wrong checksum, from there on"] += 1
            at, parts = at + left, b""
            continue
        at += _HEAD.size + length
        parts = body if kind in (_FULL, _FIRST) else parts + body
        if kind in (_FULL, _LAST):
            yield parts
