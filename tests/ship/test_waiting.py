"""Machines that wait for what their runs are asked: one look for all of them, however many they are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any

import event_loop
import pytest
from asked_server import READING, Asking
from replicas import BIRTH, SEGMENT, Source
from served import Served
from steering import ask

from dashboard.receive import demand, waiting
from dashboard.receive.demand import Demand
from dashboard.receive.waiting import Heard, TooManyError, Waiting
from tracker.receive.receiver import Receiver
from tracker.store.read import commands
from tracker.store.shipment import Arrived

MACHINES = 300


@pytest.fixture
def received(there: Path, tmp_path: Path) -> Iterator[Receiver]:
    """What has taken in a run that goes on elsewhere."""
    source = Source(tmp_path / "node", replace(BIRTH, created=time.time()))
    source.commit(("points", "loss", 10))
    receiver = Receiver(there)
    receiver.take("", SEGMENT, source.behind(Arrived()))
    yield receiver
    receiver.close()
    source.close()


class Rate:
    """How much is written by all machines, as a test wants it."""

    def __init__(self) -> None:
        self.rows = 0.0

    def demand(self) -> Demand:
        """What is wanted then."""
        return Demand(lambda: self.rows, lambda: frozenset({"loss"}))


def hear(asks: Waiting, known: frozenset[str] = frozenset(), wait_s: float = 60.0) -> asyncio.Task[Heard]:
    """A machine that waits, and knows that all points are wanted."""
    return asyncio.create_task(asks.hear("", [SEGMENT], known, demand.named(None), wait_s))


async def when_waiting(asks: Waiting, count: int) -> None:
    while len(asks._waits) < count:
        await asyncio.sleep(0.005)


def test_a_command_is_read_once_for_all_who_wait(received: Receiver, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """All hear it, and no request's thread is used for it; who knows it already goes on waiting."""
    read: list[Path] = []
    unanswered = commands.unanswered
    monkeypatch.setattr(commands, "unanswered", lambda files, folder: read.append(folder) or unanswered(files, folder))
    monkeypatch.setattr(waiting, "ANEW_S", 60.0)
    looks: list[int] = []
    look = Waiting._changed
    monkeypatch.setattr(Waiting, "_changed", lambda self, folders: looks.append(len(folders)) or look(self, folders))
    asks = Waiting(received, Rate().demand())

    async def act() -> list[Heard]:
        machines = [hear(asks) for _ in range(MACHINES)]
        knows = hear(asks, frozenset({"n"}))
        await when_waiting(asks, MACHINES + 1)
        ask(there / "a", "lr", 1.0, nonce="n")
        heard = await asyncio.gather(*machines)
        (wait,) = asks._waits
        while wait.woken.is_set() or wait.changed:  # it has not looked yet
            await asyncio.sleep(0.005)
        await asks._done(lambda: None)
        await asyncio.sleep(0.005)
        assert not knows.done()
        knows.cancel()
        await asyncio.gather(knows, return_exceptions=True)
        return heard

    found = event_loop.run(act())
    assert {each["nonce"] for heard in found for each in heard.commands[SEGMENT]} == {"n"}
    assert all(heard.fresh is None for heard in found)
    assert len(read) == 1
    assert max(looks) == 1
    assert not asks._waits
    assert not asks._by_folder
    asks.close()


def test_who_knows_of_another_demand_is_told_at_once(received: Receiver) -> None:
    """And whoever waits when it changes."""
    rate = Rate()
    asks = Waiting(received, rate.demand())

    async def act() -> tuple[Heard, Heard, Heard]:
        first = hear(asks)
        await when_waiting(asks, 1)
        rate.rows = 1e9
        heard = await first
        second = await hear(asks)
        rate.rows = 0.0
        third = await asks.hear("", [], frozenset(), demand.named(frozenset({"loss"})), 60.0)
        return heard, second, third

    heard, second, third = event_loop.run(act())
    assert (heard, second) == (Heard({}, frozenset({"loss"})),) * 2
    assert third == Heard({}, None)
    asks.close()


def test_many_more_are_asked_to_come_again(received: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait go on waiting, and are let go of when they are cancelled."""
    monkeypatch.setattr(waiting, "MOST_WAITING", 2)
    asks = Waiting(received, Rate().demand())

    async def act() -> None:
        machines = [hear(asks) for _ in range(2)]
        await when_waiting(asks, 2)
        with pytest.raises(TooManyError, match="2 machines wait"):
            await hear(asks)
        for machine in machines:
            machine.cancel()
        await asyncio.gather(*machines, return_exceptions=True)
        assert not asks._waits
        assert (await hear(asks, wait_s=0)).commands == {}

    event_loop.run(act())
    asks.close()


def test_who_leaves_in_the_moment_of_news_is_let_go_of(received: Receiver) -> None:
    """And not waited on for as long as it had wanted to."""
    asks = Waiting(received, Rate().demand())

    async def act() -> None:
        machine = hear(asks)
        await when_waiting(asks, 1)
        (wait,) = asks._waits
        while not wait.woken._waiters:  # type: ignore[attr-defined]
            await asyncio.sleep(0.005)
        wait.woken.set()
        await asyncio.sleep(0)
        machine.cancel()
        await asyncio.wait((machine,), timeout=30)
        assert machine.cancelled()
        assert not asks._waits

    event_loop.run(act())
    asks.close()


def test_what_cannot_be_read_for_a_moment_is_read_again(received: Receiver, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A run whose file is held by somebody, or that seems to have crashed, is asked about later."""
    monkeypatch.setattr(waiting, "ANEW_S", 0.01)
    unanswered, tries = commands.unanswered, []

    def late(*words: Any) -> Any:
        tries.append(None)
        if len(tries) < 3:
            raise OSError("locked")
        return unanswered(*words)

    monkeypatch.setattr(commands, "unanswered", late)
    asks = Waiting(received, Rate().demand())
    ask(there / "a", "lr", 1.0, nonce="n")

    async def act() -> Heard:
        while not (heard := await hear(asks, wait_s=0.02)).commands:
            pass
        return heard

    assert event_loop.run(act()).commands[SEGMENT][0]["nonce"] == "n"
    asks.close()


def test_a_server_says_so_over_http(receive: Callable[..., Served], asking: Callable[..., Asking]) -> None:
    """With what is asked, what is wanted, and a name for that."""
    body = {"node": "n", "behind": 0, "rate": 0, "demand": "all", "segments": [], "known": [], "wait": 0}
    ask = asking(receive())
    status, said = ask("POST", "/api/v1/segments/node", json.dumps(body).encode(), "application/json")
    assert (status, said) == (200, {"commands": {}, "fresh": None, "demand": "all"})


def test_a_server_that_ends_keeps_nobody_waiting(receive: Callable[..., Served], asking: Callable[..., Asking]) -> None:
    """And prints nothing; nor does it wait on for one who has gone."""
    served = receive()
    body = {"node": "n", "behind": 0, "rate": 0, "demand": "all", "segments": [], "known": [], "wait": 30}
    with ThreadPoolExecutor(1) as alone:
        ask = asking(served)
        said = alone.submit(ask, "POST", "/api/v1/segments/node", json.dumps(body).encode(), "application/json")
        while served.process.poll() is None and '"n"' not in json.dumps(
            asking(served, READING)("GET", "/api/v1/senders")[1]
        ):
            time.sleep(0.02)
        assert served.stop() == 0
        with contextlib.suppress(OSError, HTTPException):
            assert said.result()[0] == 204
    assert served.fault() == ""
