"""Rows of a segment carried from one store to another, and what a store then holds of it."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from tracker import logdir
from tracker.store import columns
from tracker.store.read import read_only, shipping
from tracker.store.read.chunks import Chunks
from tracker.store.shipment import Arrived, Shipment
from tracker.store.write.replica import says_more

TABLES = {
    "segment": columns.SEGMENT, "state": columns.STATE, "series": columns.SERIES, "scalars": columns.SCALARS,
    "sketches": columns.SKETCH, "media": columns.MEDIA, "marks": columns.MARK, "receipts": columns.RECEIPT,
    "blobs": ("rowid", "hash", "data"),
}  # fmt: skip


class Taker(Protocol):
    arrived: Arrived

    def take(self, shipment: Shipment) -> Arrived: ...


def behind(path: Path, arrived: Arrived, most_bytes: int = 1 << 20) -> Shipment:
    """What a store lacks of a segment."""
    with read_only.snapshot(path) as connection:
        return shipping.behind(connection, arrived, most_bytes)


def carry(path: Path, taker: Taker, most_bytes: int = 1 << 20) -> int:
    """All that is written so far of a segment; in how many shipments."""
    number = 0
    while not taker.arrived.is_whole and says_more(shipment := behind(path, taker.arrived, most_bytes)):
        taker.take(shipment)
        number += 1
    return number


def carry_run(folder: Path, store: Any, place: str) -> None:
    """A whole run of a folder into a database."""
    for path in logdir.segment_files(folder):
        carry(path, store.replica(place, logdir.segment_id(path)))


def contents(path: Path) -> dict[str, list[str]]:
    """Every row of a segment, bit by bit, as it travels: as its writer or any other store has it, in chunks or not."""
    with read_only.snapshot(path) as connection:
        chunks = Chunks(connection)
        return {
            table: [
                repr(chunks.filled(row) if table == "scalars" else row)
                for row in connection.execute(
                    f"SELECT {', '.join(names)} FROM {table} ORDER BY {names[0] if table not in ('segment', 'state') else 1}"
                ).fetchall()
            ]
            for table, names in TABLES.items()
        }


def differing(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[tuple[str, str | None, str | None]]:
    """Rows that two stores do not have alike."""
    return [(table, *pair) for table in TABLES for pair in zip_longest(one[table], other[table]) if pair[0] != pair[1]]


def stores_differ(source: Path, target: Path) -> list[Any]:
    """What of one logdir is not in another, by the names of runs and segments, or differs; folders or databases."""
    ours, theirs = (
        {(name, path.name): path for name, folder in logdir.run_folders(root) for path in logdir.segment_files(folder)}
        for root in (source, target)
    )
    found: list[Any] = sorted(ours.keys() ^ theirs.keys())
    for key in sorted(ours.keys() & theirs.keys()):
        found += [(key, each) for each in differing(contents(ours[key]), contents(theirs[key]))]
    return found
