"""What a server knows of a database's runs is brought up to date as rows arrive there."""

from __future__ import annotations

import queue
from pathlib import Path

import postgres_cluster
import pytest
import sqlalchemy as sa
from carrying import carry, carry_run
from steering import until

import tracker
from dashboard.live import poller as pollers
from dashboard.live.catalog import Catalog
from dashboard.live.changes import Changes
from tracker import logdir as logdirs
from tracker.errors import StoreError
from tracker.postgres.listening import Listening
from tracker.postgres.opened import PgStore
from tracker.postgres.telling import Telling


def test_new_points_and_new_runs(store: PgStore, tmp_path: Path) -> None:
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        path = logdirs.segment_files(tmp_path / "r")[0]
        run.log({"x": 1.0}, 0)
        run.flush(durable=False)
        carry(path, store.replica("followed", logdirs.segment_id(path)))
        catalog = Catalog(store.root)
        catalog.scan()
        assert catalog.runs["followed"].status == "running"
        assert not catalog.look(["followed"]).points
        run.log({"x": 2.0}, 1)
        run.flush(durable=False)
        carry(path, store.replica("followed", logdirs.segment_id(path)))
        (points,) = catalog.look(["followed"]).points
        assert points.points is not None
        assert (points.run, points.points.value.tolist()) == ("followed", [2.0])
    carry(path, store.replica("followed", logdirs.segment_id(path)))
    catalog.look(["followed"])
    assert catalog.runs["followed"].status == "finished"
    carry_run(tmp_path / "r", store, "another")
    assert "another" not in catalog.runs
    catalog.scan()
    assert catalog.runs["another"].status == "finished"


def test_one_question_for_all_that_is_as_it_was(store: PgStore, tmp_path: Path) -> None:
    for number in range(5):
        with tracker.init(logdir=tmp_path, name=f"r{number}", machine=False) as run:
            run.log({"x": 1.0}, 0)
        carry_run(tmp_path / f"r{number}", store, f"many/{number}")
    catalog = Catalog(store.root)
    catalog.scan()
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *words: asked.append(words[2]))
    catalog.scan()
    assert len(asked) == 1, asked


def test_a_segment_that_was_deleted(store: PgStore, tmp_path: Path) -> None:
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        run.log({"x": 1.0}, 0)
    carry_run(tmp_path / "r", store, "deleted")
    catalog = Catalog(store.root)
    catalog.scan()
    there = tracker.open(store.engine.url.render_as_string(hide_password=False)).run("deleted")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM segment WHERE place = 'deleted'")
    assert there.segments() == []
    assert catalog.look(["deleted"]).removed == ["deleted"]


def test_who_adds_rows_says_so(store: PgStore, tmp_path: Path) -> None:
    """By PostgreSQL itself, after they can be seen; and who hears nothing any more knows that."""
    told: queue.Queue[Path] = queue.Queue()
    listening = Listening(store.engine, store.shown, lambda run: told.put(store.root / run))
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        run.log({"x": 1.0}, 0)
    carry_run(tmp_path / "r", store, "told")
    assert told.get(timeout=60) == store.root / "told"
    assert not listening.is_over
    with store.engine.connect() as mine:
        mine.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")
    until(lambda: listening.is_over)
    again = store.watch(told.put)
    again.stop()
    until(lambda: again.is_over)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_poller_follows_it(store: PgStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_told: bool) -> None:
    """New runs and new points, whether PostgreSQL tells or not."""
    if is_told:
        monkeypatch.setattr(pollers, "SCAN_S", 3600.0)
        monkeypatch.setattr(pollers, "NET_S", 3600.0)
    else:
        monkeypatch.setattr(pollers, "SCAN_S", 0.1)
        monkeypatch.setattr(Telling, "tell", lambda *_: None)
    seen: list[Changes] = []
    poller = pollers.Poller(store.root, seen.append)
    poller.start()
    place = f"polled/{is_told}"
    try:
        until(lambda: not is_told or store.root in poller._watches)
        until(lambda: poller.ready.is_set())
        with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
            run.log({"x": 1.0}, 0)
            run.flush()
            path = logdirs.segment_files(tmp_path / "r")[0]
            carry(path, store.replica(place, logdirs.segment_id(path)))
            # Not once the catalog has it: what is carried while it is read is part of what was met, and told as such.
            until(lambda: any(place in changes.changed for changes in seen))
            run.log({"x": 2.0}, 1)
            run.flush()
            carry(path, store.replica(place, logdirs.segment_id(path)))
            until(lambda: any(each.run == place for changes in seen for each in changes.points))
    finally:
        poller.stop()
    assert poller.trouble is None


def test_a_database_that_is_away_for_a_while(
    store: PgStore, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, once; when it is there again it is followed as before, and no run is taken for damaged."""
    if postgres_cluster.URL is not None:
        pytest.skip("needs a server of our own")
    server = request.getfixturevalue("cluster")
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        run.log({"x": 1.0}, 0)
    carry_run(tmp_path / "r", store, "away/before")
    poller = pollers.Poller(store.root, lambda _: None)
    poller.start()
    try:
        until(lambda: "away/before" in poller.catalog.runs and store.root in poller._watches)
        server.kill()
        until(lambda: "does not answer" in str(poller.state()))
        server.start()
        until(lambda: poller.state() is None)
        carry_run(tmp_path / "r", store, "away/after")
        until(lambda: "away/after" in poller.catalog.runs)
        until(lambda: not any(each.problems for each in poller.catalog.runs.values()))
        assert poller.catalog.runs["away/before"].status == "finished"
    finally:
        poller.stop()
    assert not [each for each in caplog.records if each.exc_info]


def test_what_could_not_be_read_while_the_database_was_away_is_read_again(
    store: PgStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answered how segments stand, and was gone when one was opened: nothing of that changes afterwards."""
    with tracker.init(logdir=tmp_path, name="r", machine=False) as run:
        run.log({"x": 1.0}, 0)
    carry_run(tmp_path / "r", store, "between")
    catalog = Catalog(store.root)

    def gone(*_: object) -> None:
        raise StoreError(store.shown, "the database does not answer (gone)")

    with monkeypatch.context() as patched:
        patched.setattr(PgStore, "connect", gone)
        catalog.scan()
    assert catalog.runs["between"].problems
    catalog.scan()
    assert not catalog.runs["between"].problems
    assert catalog.runs["between"].status == "finished"
