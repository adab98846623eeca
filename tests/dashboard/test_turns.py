"""Whose turn it is: what is read for curves is read one question after the other, off the event loop; chores wait meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import event_loop
import pytest
from starlette.applications import Starlette

import tracker
from dashboard.api import curves, runs
from dashboard.curves import remembered
from dashboard.curves.curve_cache import CurveCache
from dashboard.http.turns import Turns
from dashboard.live.poller import Poller
from dashboard.live.websocket import LiveRuns
from tracker.store.read.reader import Store

NAMES = ["a", "b", "c"]


class Held:
    """What is read: it waits until it is let go, and says how often it was there at once."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.inside = self.most = 0
        self.threads: set[int] = set()

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """The same, held."""

        def held(*given: Any, **more: Any) -> Any:
            self.threads.add(threading.get_ident())
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.entered.release()
            assert self.go.acquire(timeout=60)
            self.inside -= 1
            return act(*given, **more)

        return held


@pytest.fixture
def live_runs(logdir: Path) -> LiveRuns:
    """Three runs, followed by nobody."""
    for name in NAMES:
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            run.log({"loss": 1.0}, step=0)
    found = LiveRuns(lambda tell: Poller(logdir, tell, None, None))
    found.poller.catalog.scan()
    found.poller.ready.set()
    return found


Ask = Callable[..., Coroutine[Any, Any, int]]
"""Asks for an address, with a body as JSON where there is one; gives the status of the answer."""


def asked(logdir: Path, live_runs: LiveRuns, act: Callable[[Ask], Coroutine[Any, Any, None]]) -> None:
    """Asks the routes within one event loop."""
    store = Store(logdir)
    routes = [*curves.routes(live_runs, lambda: store, Turns(), None), *runs.routes(live_runs, lambda: store)]
    app = Starlette(routes=routes)

    async def ask(address: str, body: dict[str, Any] | None = None) -> int:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "query_string": query.encode(),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({**scope, "headers": []}, receive, send)
        return int(sent[0]["status"])

    event_loop.run(act(ask))


async def entered(held: Held) -> None:
    """Once one more reads."""
    assert await asyncio.to_thread(held.entered.acquire, timeout=60)


WANTED = {"tag": "loss", "runs": NAMES, "columns": 10}


def test_kept_curves_are_looked_for_in_turn_and_on_a_thread(
    logdir: Path, live_runs: LiveRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that read at once are both late, and a loop that reads answers nobody."""
    held = Held()
    monkeypatch.setattr(CurveCache, "get", held.around(CurveCache.get))

    async def act(ask: Ask) -> None:
        loop = threading.get_ident()
        both = [asyncio.create_task(ask("/api/v1/curves", WANTED)) for _ in range(2)]
        await entered(held)
        # While it reads others are answered, also those that came after the second question.
        assert await ask("/healthz") in (200, 503)
        held.go.release()
        await entered(held)
        held.go.release()
        assert {await each for each in both} == {200}
        assert loop not in held.threads

    asked(logdir, live_runs, act)
    assert held.most == 1


def test_a_small_question_has_its_turn_between_the_parts_of_a_large_one(
    logdir: Path, live_runs: LiveRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zoom of one card while another reads thousands of runs."""
    held = Held()
    monkeypatch.setattr(curves, "CURVES_A_TURN", 1)
    monkeypatch.setattr(remembered.Remembered, "read", held.around(remembered.Remembered.read))

    async def act(ask: Ask) -> None:
        loop = threading.get_ident()
        large = asyncio.create_task(ask("/api/v1/curves", WANTED))
        await entered(held)
        small = asyncio.create_task(ask("/api/v1/curves", {**WANTED, "runs": ["a"]}))
        await ask("/healthz")
        for _ in range(4):
            held.go.release()
        assert await small == 200
        assert not large.done()
        assert await large == 200
        assert loop not in held.threads

    asked(logdir, live_runs, act)
    assert held.most == 1


def test_who_waits_for_the_list_is_waited_for_by_chores(
    logdir: Path, live_runs: LiveRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody asked for is read when nobody waits; who waits for runs that are met meanwhile waits for just that."""
    held = Held()
    monkeypatch.setattr(LiveRuns, "compact_list", held.around(LiveRuns.compact_list))
    monkeypatch.setattr(LiveRuns, "met_since", held.around(lambda *_: {"runs": []}))
    quiet: list[float] = []

    async def act(ask: Ask) -> None:
        for more in ("", "&met=1"):
            answer = asyncio.create_task(ask(f"/api/v1/runs?form=page{more}"))
            await entered(held)
            await asyncio.sleep(0.01)
            quiet.append(live_runs.poller.quiet_for())
            held.go.release()
            assert await answer == 200

    asked(logdir, live_runs, act)
    assert quiet[0] == 0.0
    assert quiet[1] > 0.0
    assert live_runs.poller.quiet_for() > 0.0
