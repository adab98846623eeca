"""Bodies that no shipper of ours sends, by kinds: each is a name and what is sent."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import msgpack
import numpy as np
from every_kind import zipped

from tracker.series import checksums
from tracker.series.summary import SUMMARY_FIELDS, summaries_of
from tracker.store import columns
from tracker.store.shipment import FORM, LARGEST_BYTES, NUMBERED, Row, Shipment
from tracker.store.write import schema

TABLES = {
    "state": columns.STATE, "segment": columns.SEGMENT, "series": columns.SERIES[:-1], "scalars": columns.SCALARS,
    "sketches": columns.SKETCH, "media": columns.MEDIA, "marks": columns.MARK, "receipts": columns.RECEIPT,
}  # fmt: skip


def body(shipment: Shipment, **other: Any) -> bytes:
    """The bytes of a shipment, with other parts."""
    said = {each.name: getattr(shipment, each.name) for each in fields(shipment)}
    return bytes(msgpack.packb({"form": FORM, **said, **other}, unicode_errors="surrogatepass"))


def sealed(table: str, row: Sequence[Any]) -> Row:
    """A row with the checksums of what stands in it, where what stands there has any."""
    try:
        if table != "scalars":
            return checksums.with_checksum(tuple(row[:-1]))
        said = dict(zip(columns.SCALARS, row, strict=True))
        last = {"last_step": said["step"], "last_wall_time": said["wall_time"]}
        whole = said if said["last_step"] is not None else {**said, **last}
        kinds = {"series", "level", "n", "count", "step", "last_step"}
        head = [np.array([whole[name]], np.int64 if name in kinds else np.float64) for name in checksums.HEAD_FIELDS]
        packed = (said["steps"], said["wall_times"], said["points"])
        said["checksum"] = checksums.of_points(checksums.of_heads(*head)[0], packed)
        if said["summary_checksum"] is not None:
            with np.errstate(all="ignore"):
                summaries = summaries_of([[said[name] for name in SUMMARY_FIELDS]])
            (said["summary_checksum"],) = checksums.of_summaries([said["series"]], said["level"], summaries)[1]
        return tuple(said.values())
    except (TypeError, ValueError, OverflowError, AttributeError, struct.error):
        return tuple(row)


def changed(shipment: Shipment, table: str, column: str, value: Any, which: int = 0) -> Shipment:
    """A shipment with another value in one row, whose checksums are right."""
    is_one = table in ("state", "segment")
    rows: list[Row] = [getattr(shipment, table)] if is_one else list(shipment.rows(table))
    row = list(rows[which])
    row[TABLES[table].index(column)] = value
    rows[which] = tuple(row) if column.endswith("checksum") else sealed(table, row)
    return replace(shipment, **{table: rows[0] if is_one else rows})


WRONG = (None, True, "x", b"x", 1.5, 3, 1 << 63, (1,), "\ud800", msgpack.ExtType(5, b"x"))


def wrong_types(good: Shipment) -> Iterator[tuple[str, bytes]]:
    """Two values of wrong types in every column of every table."""
    for table, names in TABLES.items():
        for place, name in enumerate(names):
            column = schema.segment_tables.tables[table].columns[name]
            right = {"BLOB": bytes, "TEXT": str}.get(str(column.type), int)
            real = (float, int) if str(column.type) in ("", "DOUBLE") else ()
            others = [
                value for value in WRONG
                if (not (value is None and column.nullable) and (type(value) is not right or value == "\ud800")
                and type(value) not in real) or (type(value) is int and right is int and abs(value) > 3)
            ]  # fmt: skip
            for value in (others * 2)[place % 3 : place % 3 + 2]:
                yield f"{table}.{name} is {value!r:.30}", body(changed(good, table, name, value))


ABSURD: dict[str, list[tuple[str, Any]]] = {
    "state": [("status", "done"), ("status", "finished"), ("written", 0), ("written", 1 << 60), ("lost", "[]"), ("lost", "{"), ("heartbeat", float("inf"))],
    "segment": [("pid", -1), ("pid", 1 << 40), ("created", float("inf")), ("config", "[1]"), ("config", "x"), ("config", "[" * 100_000), ("environment", '{"a":' * 70 + "1" + "}" * 70), ("run_tags", "{}"), ("id", "20260101T000000-ffffffff"), ("id", "../x")],
    "series": [("id", 0), ("id", 7), ("kind", "image"), ("tag", "acc"), ("attributes", "[")],
    "scalars": [("id", 0), ("id", 1 << 61), ("series", 0), ("series", 99), ("series", 3), ("level", -1), ("level", 1), ("level", 13), ("n", -1), ("n", 5), ("n", (1 << 63) - 1), ("count", 0), ("count", 1023), ("count", 1 << 40), ("max", 1e9), ("min", -1e9), ("sum", 7.0), ("nan_count", 3), ("last_step", 1 << 40), ("step_min", -5), ("ordered", 7), ("summary_checksum", None), ("points", b""), ("points", None), ("steps", b"\0" * 1024), ("last_step", None), ("value", 3.0)],
    "sketches": [("id", 1 << 61), ("series", 1), ("level", 1), ("level", 40), ("n", 1), ("n", -1), ("count", 8), ("total", 5), ("total", -1), ("form", 0), ("form", 2), ("buckets", b""), ("buckets", zlib.compress(b"x")), ("nan_count", -1), ("nan_count", 1 << 62)],
    "media": [("series", 1), ("series", 99), ("n", 1), ("n", -1), ("position", 1), ("position", -1), ("blob", "0" * 32), ("blob", "../x"), ("attributes", "[1]"), ("attributes", "[" * 100_000)],
    "marks": [("attributes", "3"), ("attributes", "x"), ("id", 1)],
    "receipts": [("outcome", "[]"), ("outcome", ""), ("id", -1)],
}  # fmt: skip


def absurd(good: Shipment) -> Iterator[tuple[str, bytes]]:
    """Values of the right types, under checksums that are right, that no writer puts there."""
    for table, values in ABSURD.items():
        for name, value in values:
            yield f"{table}.{name} = {value!r:.30}", body(changed(good, table, name, value))
    bombs = {"a bomb of buckets": (b"\0", 10_000_000), "zeros": (b"\xff", 1_000_000)}
    for said, bomb in bombs.items():
        yield said, body(changed(good, "sketches", "buckets", zipped([bomb], 15)))


def wrong_rows(good: Shipment) -> Iterator[tuple[str, bytes]]:
    """Rows that are missing, there twice, out of order, too short, of another kind; cursors beyond."""
    for table in (*NUMBERED, "series", "blobs"):
        rows = good.rows(table)
        yield f"{table} twice", body(replace(good, **{table: [*rows, *rows]}))
        if table not in ("marks", "receipts"):  # of which a file may have any
            yield f"{table} without the first", body(replace(good, **{table: rows[1:]}))
        yield f"{table} short", body(replace(good, **{table: [rows[0][:-1], *rows[1:]]}))
        yield f"{table} long", body(replace(good, **{table: [(*rows[0], 1), *rows[1:]]}))
        yield f"{table} no rows", body(replace(good, **{table: [1, 2]}))
        yield f"{table} rows of rows", body(replace(good, **{table: [(rows[0],) * len(rows[0])]}))
        yield f"{table} a map", body(good, **{table: {1: 2}})
        yield f"{table} nothing", body(good, **{table: None})
    for table in ("scalars", "blobs"):
        yield f"{table} backwards", body(replace(good, **{table: good.rows(table)[::-1]}))
    first = good.blobs[0]
    for said, row in {
        "another content": (first[0], first[1], b"other"), "another hash": (first[0], "0" * 32, first[2]),
        "a content at 0": (0, *first[1:]), "a content far off": ((1 << 64) - 1, *first[1:]), "a path": (first[0], "../../x", first[2]),
        "text": (first[0], first[1], "x"), "true": (True, *first[1:]),
    }.items():  # fmt: skip
        yield said, body(replace(good, blobs=[row, *good.blobs[1:]]))
    for said, more in {
        "before its beginning": {"after": 5, "upto": 4}, "beyond": {"upto": 1 << 61}, "further": {"upto": good.upto + 1},
        "less": {"upto": good.upto - 1}, "negative": {"after": -1}, "real": {"upto": 1.5}, "text": {"upto": "x"},
        "of 70 bits": {"upto": 1 << 63}, "another form": {"form": 2}, "no form": {"form": None}, "more parts": {"x": 1},
        "no state": {"state": None}, "a short state": {"state": [1]}, "a short segment": {"segment": [1]},
        "logged early": {"logged": [[number, 1] for number in range(1, 5)]}, "logged text": {"logged": [["x", 1]]},
        "logged of others": {"logged": [[9, 1]]}, "logged rows": {"logged": [[1, [1]]]},
    }.items():  # fmt: skip
        yield f"cursors: {said}", body(good, **more)
    ended = changed(changed(good, "state", "status", "finished"), "state", "ended", 1.0)
    yield "logged too much", body(ended, logged=[[number, 10**9] for number in range(1, 1 + len(good.series))])
    yield "ended without a word", body(ended)


def wrong_bytes(good: Shipment) -> Iterator[tuple[str, bytes]]:
    """What is no shipment at all, or claims more than it brings."""
    data = body(good)
    for part in range(20):
        yield f"cut after {part} of 20", data[: len(data) * part // 20]
    yield "with more behind", data + b"\0"
    for said, each in {
        "a list": [1, 2], "a number": 5, "a text": "x", "nothing": None, "an empty map": {}, "maps in maps": {"form": {"a": {"b": 1}}},
        "keys of numbers": {1: 2}, "many keys": {str(number): number for number in range(10_000)},
    }.items():  # fmt: skip
        yield said, msgpack.packb(each)
    yield "arrays within arrays", b"\x91" * 1_000_000
    yield "wide arrays within arrays", b"\xdd\x00\x10\x00\x00" * 100_000
    yield "a map of arrays within arrays", b"\x8c\xa6series" + b"\xdd\x00\x0f\xff\xff" * 100_000
    yield "rows that are endless", b"\x8c\xa6series\xdd\xff\xff\xff\xff" + b"\x95" * 100_000
    yield "rows of endless rows", b"\x8c\xa6series\xdd\x00\x00\x00\x01" + b"\xdc\x00\x1e" * 100_000
    yield "a text of 4 GiB", b"\x8c\xdb\xff\xff\xff\xffabc"
    yield "a blob of 4 GiB", b"\x8c\xa5blobs\xdd\x00\x00\x00\x01\x93\x01\xa1x\xc6\xff\xff\xff\xff"
    yield "a map of 4 thousand million", b"\xdf\xff\xff\xff\xff" + b"\xa1a\x01" * 100
    yield "a key twice", b"\x82\xa4form\x01\xa4form\x01"
    yield "bytes that mean nothing", b"\xc1" * 100
    yield "noise", hashlib.sha256(b"noise").digest() * 1000


def packed_bombs() -> Iterator[tuple[str, bytes]]:
    """What is small on its way and large where it arrives; all of it as zlib."""
    yield "zeros without end", zlib.compress(bytes(LARGEST_BYTES + 1), 1)
    head = b"\x8c\xa6logged\xdd\x00\x03\x00\x00"
    for said, piece in {
        "rows of one": b"\x91\xc0", "arrays within": b"\x91", "pairs": b"\x92\x01\x01",
    }.items():  # fmt: skip
        yield said, zlib.compress(head + piece * (40_000_000 // len(piece)), 1)
    yield "cut off", zlib.compress(b"\0" * 100_000)[:-10]
    yield "no zlib", b"not packed at all"
    yield "with more behind it", zlib.compress(b"\x80") + b"more"
    yield "two bombs", zlib.compress(zlib.compress(b"\0" * 10_000_000))


NAMES = (
    "../outside", "../../outside", "a/../../outside", "/tmp/outside", "~/outside", "", " ", ".", "..", "a//b", "a/./b", "a\0b",
    "a\nb", "x" * 300, "events.1.sqlite", "a/page.sqlite", ".trash/a", ".agreed", ".alerts/a", "link/a", "link", "a-file",
    "a-file/b",
)  # fmt: skip
"""Of runs, that lead elsewhere or can be no folder."""


def escaping(good: Shipment) -> Iterator[tuple[str, bytes]]:
    """Names of runs that lead out of the logdir."""
    for name in NAMES:
        yield f"the run {name!r:.30}", body(changed(good, "segment", "run", name))
