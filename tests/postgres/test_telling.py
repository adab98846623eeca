"""Who listens to a database is told of a run at once, and at most a few times a second, however many add to it."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import psycopg
import pytest
from at_once import at_once
from carrying import carry_run
from one_point import log
from steering import until

from tracker.postgres import telling
from tracker.postgres.engine import driver_of, let_go
from tracker.postgres.listening import Listening
from tracker.postgres.opened import PgStore
from tracker.postgres.telling import Telling
from tracker.store.write import page_file


class Heard:
    """What is told of, in order."""

    def __init__(self, store: PgStore) -> None:
        self._told: queue.Queue[str] = queue.Queue()
        self._listening = Listening(store.engine, store.shown, self._told.put)
        self.stop = self._listening.stop

    def until(self, name: str) -> list[str]:
        """All that was told until a run of this name is."""
        found = []
        while (each := self._told.get(timeout=60)) != name:
            found.append(each)
        return found


@pytest.fixture
def heard(store: PgStore, all_told: Callable[[], None]) -> Iterator[Heard]:
    all_told()  # else the last word of a test before is heard
    made = Heard(store)
    yield made
    made.stop()


@pytest.fixture
def wake(all_told: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Who tells later sleeps until this is called, once for each time. Who did in a test before would be woken instead."""
    all_told()
    woken: queue.Queue[None] = queue.Queue()

    def asleep(_: float) -> None:
        with contextlib.suppress(queue.Empty):
            woken.get(timeout=60)

    monkeypatch.setattr(telling, "sleep", asleep)
    yield lambda: woken.put(None)
    for _ in range(4):  # whoever sleeps still
        woken.put(None)


@contextmanager
def connection(store: PgStore) -> Iterator[psycopg.Connection[Any]]:
    pooled, driver = driver_of(store.engine)
    try:
        yield driver
    finally:
        let_go(pooled, driver)


def tell(store: PgStore, run: str, by: Telling | None = None) -> None:
    with connection(store) as driver:
        (by or Telling(store.engine)).tell(driver, run)


def test_many_in_a_row_are_told_once(store: PgStore, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Whoever they come from: rows, or what is said on the page; other runs are told of all the same."""
    monkeypatch.setattr(telling, "LEAST_S", 3600.0)
    monkeypatch.setattr(telling, "sleep", lambda _: sleep(0.01))
    log(tmp_path, "r")
    for _ in range(3):
        carry_run(tmp_path / "r", store, "told/r")
        tell(store, "told/r")
        with store.changing("told/r") as change:
            change.rows = ([("name", '"x"', 1.0)], [])
    at_once(lambda: tell(store, "told/r"), 4)
    tell(store, "told/end")
    assert heard.until("told/end") == ["told/r"]


def test_what_came_in_between_is_told_later(store: PgStore, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "LEAST_S", 0.05)
    by = Telling(store.engine)
    for _ in range(5):
        tell(store, "later/r", by)
    heard.until("later/r")
    heard.until("later/r")
    until(lambda: not by._has_thread, "who tells later does not end")
    tell(store, "later/r", by)
    heard.until("later/r")


def test_what_somebody_else_has_told_of_since_is_not_told_again(
    store: PgStore, heard: Heard, wake: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a thousand ranks has as many who tell of it."""
    monkeypatch.setattr(telling, "LEAST_S", 3600.0)
    first, second = Telling(store.engine), Telling(store.engine)
    tell(store, "other/r", first)
    tell(store, "other/r", second)
    assert second._waiting.keys() == {"other/r"}
    monkeypatch.setattr(telling, "LEAST_S", 0.0)
    tell(store, "other/r", first)
    wake()
    until(lambda: not second._waiting)
    wake()
    until(lambda: not second._has_thread)
    tell(store, "other/end", first)
    assert heard.until("other/end") == ["other/r", "other/r"]


def test_a_database_that_is_away_keeps_nobody(
    store: PgStore, wake: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be told is left: who listens looks by the clock too."""
    by = Telling(store.engine)
    with connection(store) as driver:
        driver.close()
        by.tell(driver, "away/r")
    assert by._waiting == {}

    def gone(*_: object) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(telling, "LEAST_S", 3600.0)
    for _ in range(2):
        tell(store, "away/s", by)
    monkeypatch.setattr(telling, "driver_of", gone)
    for _ in range(2):
        wake()
    until(lambda: not by._has_thread)
    assert by._waiting == {}


@pytest.mark.parametrize("name", ["ünï/code", "x/" * 1200 + "y", "'; --"])
def test_any_name(store: PgStore, heard: Heard, name: str) -> None:
    tell(store, name)
    tell(store, "any/end")
    assert heard.until("any/end") in ([name], [])  # of a name that no index takes nothing is told


def test_who_shows_what_it_takes_in_itself_hears_of_all_of_it(
    store: PgStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, without PostgreSQL, until it hears no more."""
    monkeypatch.setattr(Telling, "_try", lambda *_: None)
    told: list[Path] = []
    listening = store.watch(told.append)
    log(tmp_path, "r")
    carry_run(tmp_path / "r", store, "own/r")
    page_file.set_property(store.root / "own/r", "name", "x")
    assert told == [store.root / "own/r"] * 2
    listening.stop()
    page_file.set_property(store.root / "own/r", "name", "y")
    assert len(told) == 2
