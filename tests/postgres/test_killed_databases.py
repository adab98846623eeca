"""PostgreSQL killed under load: its backends one by one, and all of it at once. Nothing that was acknowledged is lost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import postgres_cluster
import psycopg
import pytest
import sqlalchemy as sa
from carrying import contents, differing
from served import Served
from steering import until

import tracker
from tests.ship.asked_server import READING, TOKEN
from tracker import logdir as logdirs
from tracker.postgres.opened import opened
from tracker.ship import shipper as shippers
from tracker.ship.database import Database
from tracker.ship.server import Server
from tracker.ship.shipper import Shipper
from tracker.store.shipment import Arrived, Shipment

RESTART = 4
"""In each round of so many all of it is killed."""

KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def noting(target: Any) -> dict[str, int]:
    """Of what is sent there, how far it was said that each segment is there."""
    acknowledged: dict[str, int] = {}
    send = target.send

    def note(segment: str, shipment: Shipment, *words: Any, **more: Any) -> Arrived:
        arrived: Arrived = send(segment, shipment, *words, **more)
        acknowledged[segment] = max(arrived.cursor, acknowledged.get(segment, 0))
        return arrived

    target.send = note
    return acknowledged


@pytest.mark.parametrize("rounds", [8, pytest.param(32, marks=pytest.mark.long)])
@pytest.mark.parametrize("road", ["directly", "through a server"])
def test_nothing_acknowledged_is_lost(
    new_database: Callable[[str], str],
    serve: Callable[..., Served],
    logdir: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str], None],
    road: str,
    rounds: int,
) -> None:
    monkeypatch.setattr(shippers, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(shippers, "LONGEST_PAUSE_S", 0.05)
    address, chance, kills = new_database(f"killed_{road.split()[-1]}_{rounds}"), random.Random(0), 0
    store = opened(address, for_writing=True)
    words = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    server: Any = None if postgres_cluster.URL else request.getfixturevalue("cluster")
    if road == "directly":
        targets: list[Any] = [Database(address), Database(address)]
    else:
        options = ("--token", READING, "--receive", "--write-token", TOKEN)
        served = serve(tmp_path / "none", "--logdir", address, *options)
        targets = [Server(served.base, TOKEN), Server(served.base, TOKEN)]
    acknowledged = [noting(target) for target in targets]
    roots = [logdir / "one", logdir / "two"]
    senders = [Shipper(root, target) for root, target in zip(roots, targets, strict=True)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    runs = [tracker.init(logdir=root, name=root.name, machine=False) for root in roots]
    for thread in threads:
        thread.start()
    try:
        for number in range(1, rounds + 1):
            for run in runs:
                for step in range(chance.choice([1, 70, 1100])):
                    run.log({"x": chance.random(), "y": float(step)})
                run.log({"h": tracker.Histogram(np.arange(9.0)), "t": tracker.Text(f"{number} of {run.name}")})
                run.flush()
            if server is not None and number % RESTART == 0:
                server.kill()
                before = [dict(each) for each in acknowledged]
                server.start()
            else:
                before = [dict(each) for each in acknowledged]
                with psycopg.connect(words) as killer:
                    kills += len(killer.execute(KILL).fetchall())
            with psycopg.connect(words) as connection:
                there = dict(
                    connection.execute("SELECT id, written FROM segment JOIN state USING (segment)").fetchall()
                )
            assert all(there[segment] >= cursor for each in before for segment, cursor in each.items())
    finally:
        for run in runs:
            run.finish()
        until(lambda: all(each.progress().done for each in senders) or not all(each.is_alive() for each in threads))
        for sender in senders:
            sender.stopped.set()
        for thread in threads:
            thread.join(60)
        for target in targets:
            target.close()
    for root, said in zip(roots, acknowledged, strict=True):
        (path,) = logdirs.segment_files(root / root.name)
        segment = logdirs.segment_id(path)
        assert said[segment] > 0
        assert not differing(contents(path), contents(store.path(root.name, segment)))
    restarts = rounds // RESTART if server else 0
    figure(f"{road}: {kills} backends killed under load and {restarts} restarts of PostgreSQL, nothing lost")


def test_a_connection_that_broke_comes_back_without_a_traceback(
    new_database: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever asked says in a sentence that the database does not answer; the next question has another connection."""
    store = opened(new_database("broken"), for_writing=True)
    words = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = store.engine.raw_connection()
    connection.cursor().execute("SELECT 1")
    with psycopg.connect(words, autocommit=True) as other:
        other.execute(KILL)
    connection.close()
    assert caplog.text == ""
    with store.engine.connect() as another:
        assert another.execute(sa.text("SELECT 2")).scalar() == 2
    store.close()
