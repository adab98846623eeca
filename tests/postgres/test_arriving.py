"""Whatever is logged and wherever it is cut, the segment that arrives in a database is the file, row by row."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from carrying import contents, differing
from examples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from tests.ship.replicas import EVENTS, SEGMENT, Source
from tracker.errors import DamagedBytesError
from tracker.postgres.opened import PgStore
from tracker.series import checksums
from tracker.store import columns
from tracker.store.read import read_only, shipping
from tracker.store.shipment import CursorError

_numbers = itertools.count()


@examples(20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=12))
@example([("commit", (("points", "loss", 60),)), ("ship", 1), ("commit", (("points", "loss", 5),)), ("ship", 1)])
@example([("commit", (("points", "loss", 34_000),)), ("ship", 1 << 20), ("commit", (("points", "loss", 40),))])
@example([("commit", (("media", (1, 2, 3)),)), ("ship", 1), ("restart",), ("commit", (("media", (3, 4)),)), ("late",)])
@example([("commit", (("receipt", "r1"),)), ("ship", 1), ("commit", (("receipt", "r1"), ("receipt", "r2")))])
def test_row_by_row(store: PgStore, events: list[tuple[Any, ...]]) -> None:
    place = f"arriving/{next(_numbers)}"
    with tempfile.TemporaryDirectory() as folder:
        source = Source(Path(folder))
        taker = store.replica(place, SEGMENT)
        before = source.behind(taker.arrived)
        for event, *words in events:
            if event == "commit":
                source.commit(*words[0])
            elif event == "ship":
                before = source.behind(taker.arrived, words[0])
                taker.take(before)
            elif event == "late" and before.after != taker.arrived.cursor:
                with pytest.raises(CursorError) as told:
                    taker.take(before)
                assert told.value.arrived == taker.arrived
            elif event == "restart":
                assert store.replica(place, SEGMENT).arrived == taker.arrived
                taker = store.replica(place, SEGMENT)
        source.finish()
        while not taker.arrived.is_whole:
            taker.take(source.behind(taker.arrived, 5_000))
        source.close()
        assert differing(contents(source.path), contents(store.path(place, SEGMENT))) == []


def test_points_that_come_when_somebody_looks(store: PgStore, tmp_path: Path) -> None:
    """Of a series that nobody looks at single points are left out, and brought when somebody does."""
    source = Source(tmp_path)
    source.commit(("points", "loss", 130), ("points", "acc", 130))
    source.commit(("points", "loss", 2), ("points", "acc", 2))
    taker = store.replica("looked at", SEGMENT)
    with read_only.snapshot(source.path) as connection:
        said, lacking = shipping.wanted(connection, taker.arrived, frozenset(), frozenset())
    taker.take(said)
    assert len(lacking) == 2
    there = store.path("looked at", SEGMENT)
    assert len(contents(there)["scalars"]) == 2
    with read_only.snapshot(source.path) as connection:
        said, lacking = shipping.wanted(connection, taker.arrived, frozenset({"loss", "acc"}), lacking)
    assert len(said.late) == 4
    for _ in range(2):  # and once more, by who has forgotten
        taker.take(said)
        assert contents(there)["scalars"] == contents(source.path)["scalars"]
    source.close()


def test_rows_that_stand_on_nothing(store: PgStore, tmp_path: Path) -> None:
    """What a file refuses, a database does: a gap, contents that are missing, another row of what is said once."""
    source = Source(tmp_path)
    source.commit(("points", "loss", 3), ("media", (1,)))
    taker = store.replica("on nothing", SEGMENT)
    whole = source.behind(taker.arrived)
    said = dict(zip(columns.SEGMENT, whole.segment or (), strict=True))
    other = checksums.with_checksum(tuple({**said, "host": "another"}.values())[:-1])
    for forged, why in (
        (replace(whole, scalars=whole.scalars[1:]), "missing"),
        (replace(whole, blobs=[]), "content"),
    ):
        with pytest.raises(DamagedBytesError, match=why):
            taker.take(forged)
        assert store.replica("on nothing", SEGMENT).arrived.cursor == 0
    taker.take(whole)
    source.commit(("points", "loss", 1))
    with pytest.raises(DamagedBytesError, match="not what it said"):
        taker.take(replace(source.behind(taker.arrived), segment=other))
    source.close()
