"""What runs are asked on the page of a database reaches their training, and what they answer comes back."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from carrying import carry_run
from one_point import log
from served import Served
from steering import ask, train_until, until

import tracker
from tests.ship.asked_server import READING, TOKEN, Asking
from tests.ship.replicas import BIRTH, SEGMENT, Source
from tracker import logdir as logdirs
from tracker.errors import DatabaseError
from tracker.postgres.opened import PgStore, opened
from tracker.ship import database as databases
from tracker.ship.database import Database
from tracker.ship.elsewhere import Elsewhere
from tracker.ship.server import Server, UnreachableError
from tracker.ship.shipper import Shipper
from tracker.store.shipment import Arrived


@contextlib.contextmanager
def shipping(root: Path, target: Elsewhere) -> Iterator[Shipper]:
    """While all that is logged is sent."""
    shipper = Shipper(root, target)
    thread = threading.Thread(target=shipper.run)
    thread.start()
    try:
        yield shipper
    finally:
        shipper.stopped.set()
        thread.join()


def outcomes(address: str) -> list[Any]:
    """What became of what the run was asked, as everybody sees it."""
    return [each.outcome for each in tracker.open(address).run("a").commands()]


def test_through_a_server(new_database: Callable[[str], str], serve: Callable[..., Served], tmp_path: Path) -> None:
    address = new_database("orders")
    served = serve(tmp_path / "none", "--logdir", address, "--token", READING, "--receive", "--write-token", TOKEN)
    with (
        contextlib.closing(Server(served.base, TOKEN)) as server,
        contextlib.closing(Asking(served, READING)) as asking,
        tracker.init(logdir=tmp_path / "logs", name="a", machine=False) as run,
        shipping(tmp_path / "logs", server),
    ):
        lr = run.control("lr", 1.0, low=0.0, high=10.0)
        run.log({"x": 1.0})
        until(lambda: asking("GET", "/api/v1/controls?run=a")[1].get("controls"), "nothing is offered at the server")
        for value in (2.0, 3.0):
            body = {"run": "a", "name": "lr", "value": value, "nonce": f"nonce-{value}"}
            assert asking("POST", "/api/v1/commands", json.dumps(body).encode(), "application/json")[0] == 200
            train_until(run, lambda value=value: lr.value == value, "it is not applied")
        until(lambda: outcomes(address) == ["applied", "applied"], "no receipt in the database")


def test_without_a_server(new_database: Callable[[str], str], tmp_path: Path) -> None:
    """The sender of the node looks into the database by itself."""
    address = new_database("direct")
    store = opened(address, for_writing=True)
    with (
        contextlib.closing(Database(address)) as database,
        tracker.init(logdir=tmp_path, name="a", machine=False) as run,
        shipping(tmp_path, database),
    ):
        lr = run.control("lr", 1.0, low=0.0, high=10.0)
        run.log({"x": 1.0})
        until(lambda: store.segments("a"), "it does not arrive")
        for value in (2.0, 3.0):
            ask(store.root / "a", "lr", value)
            train_until(run, lambda value=value: lr.value == value, "it is not applied")
        until(lambda: outcomes(address) == ["applied", "applied"], "no receipt in the database")


@pytest.fixture
def running(store: PgStore, tmp_path: Path) -> Iterator[Path]:
    """A run that goes on elsewhere, of which some has arrived; its path in the database."""
    source = Source(tmp_path / "node", replace(BIRTH, created=time.time()))
    source.commit(("points", "loss", 10))
    store.replica("asked", SEGMENT).take(source.behind(Arrived()))
    yield store.root / "asked"
    source.close()
    with store.engine.begin() as connection:
        for table in ("segment", "commands", "pages"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE place = 'asked'")


def standing(**said: Any) -> dict[str, Any]:
    return {"node": "n", "behind": 0, "rate": 0, "demand": "all", "segments": [SEGMENT], "known": [], "wait": 0, **said}


def test_what_is_known_is_not_told_again(
    store: PgStore, running: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each change and now and then, in case it was lost on its way; of others' runs nothing."""
    with contextlib.closing(Database(address)) as database:
        assert database.hear(standing())["commands"] == {}
        ask(running, "lr", 1.0, nonce="one")
        (told,) = database.hear(standing())["commands"][SEGMENT]
        assert (told["nonce"], told["name"], told["value"], told["author"]) == ("one", "lr", "1.0", "ada")
        assert database.hear(standing())["commands"] == {}
        ask(running, "lr", 2.0, nonce="two")
        assert [each["nonce"] for each in database.hear(standing(known=["one"]))["commands"][SEGMENT]] == ["two"]
        assert database.hear(standing(segments=[]))["commands"] == {}
        monkeypatch.setattr(databases, "ANEW_S", 0.0)
        assert len(database.hear(standing())["commands"][SEGMENT]) == 2
        assert database.hear(standing(known=["one", "two"]))["commands"] == {}
        other = logdirs.new_segment_id(time.time())
        assert database.hear(standing(segments=[other])) == {"commands": {}, "fresh": None, "demand": "all"}


def test_a_database_that_is_away_is_asked_again(
    store: PgStore, running: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(running, "lr", 1.0, nonce="away")

    def gone(*_: object) -> None:
        raise DatabaseError(store.shown, "the database does not answer (gone)")

    with contextlib.closing(Database(address)) as database:
        assert database.hear(standing(segments=[]))["commands"] == {}
        with monkeypatch.context() as patched:
            patched.setattr(PgStore, "page", gone)
            with pytest.raises(UnreachableError, match="does not answer"):
                database.hear(standing())
        assert [each["nonce"] for each in database.hear(standing())["commands"][SEGMENT]] == ["away"]


def test_a_run_that_is_over_is_asked_nothing(store: PgStore, tmp_path: Path, address: str) -> None:
    path = logdirs.segment_files(log(tmp_path, "over"))[0]
    carry_run(tmp_path / "over", store, "over")
    ask(store.root / "over", "lr", 1.0)
    with contextlib.closing(Database(address)) as database:
        assert database.hear(standing(segments=[logdirs.segment_id(path)]))["commands"] == {}
