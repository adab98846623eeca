"""What a server knows of a database's runs is brought up to date as rows arrive there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from carrying import carry, carry_run

import tracker
from dashboard.live.catalog import Catalog
from tracker import logdir as logdirs
from tracker.postgres.opened import PgStore


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
