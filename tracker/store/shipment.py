"""A shipment: what a segment file holds behind a cursor, as it travels to another store.

Rows travel as they are stored, with their numbers and checksums, so that what arrives is the same file again, row by
row. Their order is that of their numbers; up to which one a store has them all is its cursor, which is `state.written`
there. Nothing else has to be remembered by anybody.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field, fields
from typing import Any

from tracker.errors import DamagedBytesError, TrackerError
from tracker.store import columns

FORM = 1
"""Of the bytes. A store refuses those that it does not know."""

MEDIA_TYPE = "application/vnd.everystep.rows+msgpack"

MOST_BYTES = 6 << 20
"""That one shipment is meant to take, unpacked. A single row that is larger travels alone."""

FIRST_BYTES = 2 << 20
"""That the first one of a segment is: how fast the line is shows by it, before much is compressed for nothing."""

LARGEST_BYTES = 208 << 20
"""That are taken, unpacked: a row with the largest content that a run keeps."""

USUAL_BYTES = 32 << 20
"""That all are within but those of a single large content."""

MOST_ROWS = 200_000
"""Of one part: of a hundred bytes and more each, so many are no shipment, and no run has more series."""

_LEAST_GAIN = 0.1
"""Of its size, which compressing has to save."""
_SAMPLE = 1 << 16

Row = tuple[Any, ...]

NUMBERED = ("scalars", "sketches", "media", "marks", "receipts")
"""The tables whose rows share one sequence of numbers."""


@dataclass(frozen=True)
class Shipment:
    """Rows of one segment.

    Attributes:
        after: The cursor that they go on from.
        upto: The cursor behind them.
        state: The row of `state`, as it stands at the source.
        segment: The row of `segment`; None where the store has it as it is.
        series: Rows of `series` that are new, without how many values each has.
        scalars, sketches, media, marks, receipts: Rows that are new, by table.
        late: Rows of `scalars` of single points up to `after` that were left out when it was passed: of series that
            nobody looked at.
        blobs: Contents that these mention for the first time, with their hashes.
        logged: How many values each series has, by its number, once the segment has ended and all of it is here.
    """

    after: int
    upto: int
    state: Row
    segment: Row | None = None
    series: list[Row] = field(default_factory=list)
    scalars: list[Row] = field(default_factory=list)
    sketches: list[Row] = field(default_factory=list)
    media: list[Row] = field(default_factory=list)
    marks: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    late: list[Row] = field(default_factory=list)
    blobs: list[Row] = field(default_factory=list)
    logged: list[Row] | None = None

    def rows(self, table: str) -> list[Row]:
        """Those of one table."""
        found: list[Row] = getattr(self, table)
        return found

    def brings(self, arrived: Arrived) -> Arrived:
        """Where a store that stands there is once it has taken these, and more of them follow."""
        return Arrived(
            cursor=self.upto,
            segment=arrived.segment if self.segment is None else self.segment[-1],
            series=arrived.series + len(self.series),
            contents=self.blobs[-1][0] if self.blobs else arrived.contents,
        )


@dataclass(frozen=True)
class Arrived:
    """How far another store has a segment.

    Attributes:
        cursor: The number of the last row.
        segment: The checksum of its row of `segment`; None where it has none yet.
        series: How many series it knows.
        contents: The number of the last row of `blobs`.
        is_whole: Whether it has all of a segment that has ended.
    """

    cursor: int = 0
    segment: int | None = None
    series: int = 0
    contents: int = 0
    is_whole: bool = False


class CursorError(TrackerError):
    """Rows that do not go on where the store is.

    Attributes:
        arrived: Where it is.
    """

    def __init__(self, arrived: Arrived) -> None:
        super().__init__(f"the next row behind {arrived.cursor} is wanted")
        self.arrived = arrived


class DeletedError(TrackerError):
    """What was sent is of a run that was deleted here, and not restored."""

    def __init__(self, run: str) -> None:
        super().__init__(f"{run} was deleted here; once it is restored from the trash it can be sent again")


class TakenError(DamagedBytesError):
    """A segment that is to begin a run where another one has begun meanwhile."""

    def __init__(self) -> None:
        super().__init__("another run of this name has just begun there")


class LargerError(DamagedBytesError):
    """A shipment that unpacks to more than is taken."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it unpacks to more than {most:,} bytes")


def packed(shipment: Shipment, line_bytes_s: float | None = None) -> tuple[bytes, bool]:
    """A shipment as bytes, and whether they are compressed (zlib), which is done where it pays.

    Args:
        shipment: What is to be sent.
        line_bytes_s: What the line there takes in a second; None where that is not known, as of a slow one. Over a fast
            one it is sooner there as it is: zlib takes some 45 MB/s.
    """
    import msgpack

    said = {each.name: getattr(shipment, each.name) for each in fields(shipment)}
    data: bytes = msgpack.packb({"form": FORM, **said}, unicode_errors="surrogatepass")
    middle = max(0, len(data) // 2 - _SAMPLE // 2)
    sample = data[middle : middle + _SAMPLE]
    began = time.perf_counter()
    gain = 1 - len(zlib.compress(sample, 1)) / len(sample)
    cost = (time.perf_counter() - began) / len(sample)
    if gain < _LEAST_GAIN or (line_bytes_s is not None and gain / line_bytes_s < cost):
        return data, False
    return zlib.compress(data, 1), True


def unpacked(data: bytes, *, compressed: bool, most: int = LARGEST_BYTES) -> Shipment:
    """The shipment that bytes are, which may come from anybody. What the rows hold is not looked at here.

    It takes three times as much memory as its bytes, whatever they are: a byte of them can claim an array of a thousand
    million values, or be one of a thousand arrays within each other.

    Args:
        data: The bytes.
        compressed: Whether they are compressed.
        most: Bytes that it may have, unpacked.

    Raises:
        LargerError: it has more.
        DamagedBytesError: they are none.
    """
    import msgpack

    if compressed:
        data = _inflated(data, most)
    elif len(data) > most:
        raise LargerError(most)
    left = 0

    def counted(row: Row) -> Row:
        nonlocal left
        left -= 1
        if left < 0:
            raise DamagedBytesError("its rows hold other rows")
        return row

    reader = msgpack.Unpacker(
        max_buffer_size=LARGEST_BYTES, max_array_len=_WIDEST, max_map_len=0, use_list=False, list_hook=counted,
        unicode_errors="surrogatepass",
    )  # fmt: skip
    said: dict[str, Any] = {}
    try:
        reader.feed(data)
        for _ in range(_entries(reader)):
            name = reader.unpack()
            if name in said or name not in _PARTS:
                raise DamagedBytesError("this shipment of rows has other parts than shipments have")
            left = 1
            if name not in WIDTHS or (name == "logged" and data[reader.tell() : reader.tell() + 1] == b"\xc0"):
                said[name] = reader.unpack()
                continue
            count = reader.read_array_header()
            if count > MOST_ROWS:
                raise DamagedBytesError(f"it has {count:,} {name}, more than one shipment takes")
            said[name] = rows = []
            for _ in range(count):
                left = 1
                rows.append(reader.unpack())
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError, OverflowError) as error:
        raise DamagedBytesError(f"this is no shipment of rows ({str(error)[:100] or type(error).__name__})") from error
    if reader.tell() != len(data):
        raise DamagedBytesError("it goes on behind its end")
    return _formed(said)


def _entries(reader: Any) -> int:
    found: int = reader.read_map_header()
    return min(found, len(_PARTS) + 1)


def _formed(said: dict[str, Any]) -> Shipment:
    """A shipment of parts that came by their names, each row of as many values as those of its table have."""
    if said.get("form") != FORM:
        form = str(said.get("form"))[:50]
        raise DamagedBytesError(f"this is no shipment of rows that is known here (form {form}, not {FORM})")
    if said.keys() != _PARTS:
        raise DamagedBytesError("this shipment of rows has other parts than shipments have")
    for name, width in WIDTHS.items():
        rows = said[name]
        if rows is not None and not all(type(row) is tuple and len(row) == width for row in rows):
            raise DamagedBytesError(f"its {name} are not rows of {width} values")
    for name, width in (("state", len(columns.STATE)), ("segment", len(columns.SEGMENT))):
        row = said[name]
        if not (type(row) is tuple and len(row) == width) and not (name == "segment" and row is None):
            raise DamagedBytesError(f"its {name} is no row of {width} values")
    if not all(type(said[name]) is int and 0 <= said[name] < 1 << 62 for name in ("after", "upto")):
        raise DamagedBytesError("its cursors are no numbers of rows")
    return Shipment(**{name: said[name] for name in _PARTS - {"form"}})


def _inflated(data: bytes, most: int) -> bytes:
    machine = zlib.decompressobj()
    try:
        found = machine.decompress(data, most)
        if not machine.eof and (machine.unconsumed_tail or machine.decompress(b"", 1)):
            raise LargerError(most)
    except zlib.error as error:
        raise DamagedBytesError(f"it does not unpack ({error})") from error
    if not machine.eof:
        raise DamagedBytesError("it is cut off")
    if machine.unused_data:
        raise DamagedBytesError("it goes on behind its end")
    return found


WIDTHS = {
    "series": len(columns.SERIES) - 1,
    "scalars": len(columns.SCALARS),
    "sketches": len(columns.SKETCH),
    "media": len(columns.MEDIA),
    "marks": len(columns.MARK),
    "receipts": len(columns.RECEIPT),
    "late": len(columns.SCALARS),
    "blobs": 3,
    "logged": 2,
}
"""Values of a row, by part."""

_PARTS = frozenset({"form", *(each.name for each in fields(Shipment))})
_WIDEST = max(*WIDTHS.values(), len(columns.STATE), len(columns.SEGMENT))
