"""Rows that arrive in a database are those of the file that they come from, however they come."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import postgres_cluster
import pytest
from at_once import at_once
from carrying import behind, carry, contents, differing
from every_kind import RUN, every_kind
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from one_point import log

import tracker
from tracker import logdir as logdirs
from tracker.errors import DamagedBytesError, StoreError
from tracker.postgres.opened import PgStore
from tracker.series import checksums
from tracker.store.shipment import Arrived, CursorError
from tracker.store.write.replica import Replica


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment with a value of every kind."""
    root = tmp_path_factory.mktemp("source")
    every_kind(root)
    return logdirs.segment_files(root / RUN)[0]


def _there(store: PgStore, place: str, path: Path) -> Path:
    return store.path(place, logdirs.segment_id(path))


def test_every_row_and_content_arrives_and_goes_back(store: PgStore, source: Path, tmp_path: Path) -> None:
    taker = store.replica("whole", logdirs.segment_id(source))
    assert carry(source, taker, 2_000) > 3
    assert taker.arrived.is_whole
    assert not differing(contents(_there(store, "whole", source)), contents(source))
    back = Replica(tmp_path / source.name)
    carry(_there(store, "whole", source), back, 3_000)
    back.close()
    assert not differing(contents(back.path), contents(source))


@examples(12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 3, 70, 1100]), st.sampled_from([300, 5_000, 1 << 20])), min_size=1, max_size=6
    ),
    st.integers(0, 1 << 32),
)
def test_a_segment_that_is_written_meanwhile(
    store: PgStore, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], seed: int
) -> None:
    """Fresh points are folded while they travel: what is there afterwards is what the file has."""
    folder = tmp_path_factory.mktemp("live")
    place = folder.name
    chance = random.Random(seed)
    odd = [float("nan"), float("inf"), -0.0, 1e308, 5e-324]
    with tracker.init(logdir=folder, name="r", machine=False) as run:
        path = logdirs.segment_files(folder / "r")[0]
        for count, most_bytes in steps:
            for _ in range(count):
                run.log({"a": chance.choice([*odd, chance.random()]), "b": 1.0})
            run.log({"h": tracker.Histogram(np.arange(9.0))})
            run.flush(durable=False)
            carry(path, store.replica(place, logdirs.segment_id(path)), most_bytes)
            assert contents(_there(store, place, path))["scalars"] == contents(path)["scalars"]
    carry(path, store.replica(place, logdirs.segment_id(path)))
    assert not differing(contents(_there(store, place, path)), contents(path))


def test_texts_that_postgres_has_not(store: PgStore, logdir: Path) -> None:
    words = ["\0", "\x1a", "\x1a0", "a\0\x1as\0", "\x1as", "𝄞"]
    with tracker.init(logdir=logdir, name="r", notes="one\0two", machine=False) as run:
        for each in words:
            run.mark(each, 0)
            run.log({f"tag {each}": 1.0}, 0)
    path = logdirs.segment_files(logdir / "r")[0]
    carry(path, store.replica("texts", logdirs.segment_id(path)))
    assert not differing(contents(_there(store, "texts", path)), contents(path))
    there = tracker.open(store.engine.url.render_as_string(hide_password=False)).run("texts")
    assert [mark.text for mark in there.marks()] == words
    assert len(there.scalars("tag a\0\x1as\0")) == 1


def test_doubled_and_late_rows_are_told_where_the_store_is(store: PgStore, source: Path) -> None:
    taker = store.replica("late", logdirs.segment_id(source))
    first = behind(source, Arrived(), 2_000)
    with pytest.raises(CursorError) as told:
        taker.take(replace(first, after=7))
    assert told.value.arrived == Arrived()
    second = behind(source, taker.take(first), 2_000)
    for late in (first, second, second):
        if late is second and taker.arrived.cursor == first.upto:
            taker.take(second)
            continue
        with pytest.raises(CursorError) as told:
            taker.take(late)
        assert told.value.arrived == store.replica("late", logdirs.segment_id(source)).arrived == taker.arrived


def test_two_who_bring_the_same_rows_at_once(store: PgStore, source: Path) -> None:
    refused: list[CursorError] = []

    def bring() -> None:
        taker = store.replica("twice", logdirs.segment_id(source))
        while not taker.arrived.is_whole:
            try:
                taker.take(behind(source, taker.arrived, 2_000))
            except CursorError as error:
                refused.append(error)

    at_once(bring, 3)
    assert not differing(contents(_there(store, "twice", source)), contents(source))


def test_contents_are_there_once(store: PgStore, tmp_path: Path) -> None:
    for name in ("a", "b"):
        with tracker.init(logdir=tmp_path, name=name, machine=False) as run:
            run.log({"t": tracker.Text("the very same words in two runs")}, 0)
        path = logdirs.segment_files(tmp_path / name)[0]
        carry(path, store.replica(f"once/{name}", logdirs.segment_id(path)))
        assert contents(_there(store, f"once/{name}", path))["blobs"] == contents(path)["blobs"]
    digest = tracker.open(tmp_path).run("a").text("t")[0].hash
    with store.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM blobs WHERE hash = %s", (digest,)).scalar()
    assert count == 1


def test_rows_that_do_not_fit_change_nothing(store: PgStore, tmp_path: Path) -> None:
    path = logdirs.segment_files(log(tmp_path, "r"))[0]
    taker = store.replica("hostile", logdirs.segment_id(path))
    whole = behind(path, Arrived())
    (row,) = (row for row in whole.scalars if row[2] == 0)
    again = (whole.upto + 1, *row[1:])  # of another number, at a place that is taken
    state = checksums.with_checksum((whole.upto + 1, *whole.state[1:-1]))
    with pytest.raises(DamagedBytesError, match="do not stand beside"):
        taker.take(replace(whole, upto=whole.upto + 1, state=state, scalars=[*whole.scalars, again]))
    assert store.replica("hostile", logdirs.segment_id(path)).arrived == Arrived()
    taker.take(whole)
    assert not differing(contents(_there(store, "hostile", path)), contents(path))


def test_an_integer_that_no_float_is(store: PgStore, tmp_path: Path) -> None:
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        run.mark("m", 0)
    path = logdirs.segment_files(tmp_path / "r")[0]
    whole = behind(path, Arrived())
    number, step, _, *rest = whole.marks[0]
    forged = checksums.with_checksum((number, step, (1 << 62) + 1, *rest[:-1]))
    with pytest.raises(DamagedBytesError, match="no float64"):
        store.replica("integer", logdirs.segment_id(path)).take(replace(whole, marks=[forged]))


def test_the_servers_processes_are_killed_and_it_begins_again(
    store: PgStore, source: Path, request: pytest.FixtureRequest
) -> None:
    taker = store.replica("killed", logdirs.segment_id(source))
    taker.take(behind(source, taker.arrived, 2_000))
    with store.engine.connect() as mine:
        mine.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    taker.take(behind(source, taker.arrived, 2_000))
    if postgres_cluster.URL is None:
        server = request.getfixturevalue("cluster")
        server.kill()
        with pytest.raises(StoreError, match="does not answer"):
            taker.take(behind(source, taker.arrived, 2_000))
        server.start()
    again = store.replica("killed", logdirs.segment_id(source))
    assert again.arrived == taker.arrived
    carry(source, again)
    assert not differing(contents(_there(store, "killed", source)), contents(source))
