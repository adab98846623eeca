"""Rows as bytes on their way to another store."""

from __future__ import annotations

from pathlib import Path

from replicas import Source

from tracker.store.read import read_only, shipping
from tracker.store.shipment import Arrived, packed, unpacked


def test_what_goes_over_a_fast_line_is_not_compressed(tmp_path: Path) -> None:
    """It would be there later for it; over a slow one, or one that is not known, it is there sooner."""
    source = Source(tmp_path)
    source.commit(("points", "loss", 4000), ("histogram", "w"))
    with read_only.snapshot(source.path) as connection:
        shipment = shipping.behind(connection, Arrived())
    sent = {line: packed(shipment, line) for line in (None, 1e3, 1e12)}
    assert {line: compressed for line, (_, compressed) in sent.items()} == {None: True, 1e3: True, 1e12: False}
    for data, compressed in sent.values():
        assert unpacked(data, compressed=compressed) == shipment
    assert len(sent[None][0]) < 0.9 * len(sent[1e12][0])
    source.close()
