"""The live feed for a tab that no WebSocket gets through to: it asks, and is answered when there is something to tell.

A proxy that was not told to pass upgrades on (nginx as one writes it first) answers a WebSocket with an error. The same
messages then travel as answers: a question is held until there is news, so that a point is not later than by the line,
but for what the way there and back takes.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.requests import body_of, finite_answer, gone
from dashboard.live.tab import Tab
from dashboard.live.websocket import LiveRuns

HELD_S = 15.0
"""A question without an answer yet is answered empty after so long: proxies give up after 60 s by themselves, and of
seven tabs of one browser the last has to wait for one of the six connections that it makes to a host."""

GATHERED_S = 0.05
"""Between two answers, so that a fast training is not a question for each of its steps."""

FORGOTTEN_S = 60.0
"""A tab that has not asked for so long has gone, or will begin anew."""

MAX_TABS = 100
"""At once; of more the one that has not asked for longest is let go of."""


@dataclass
class _Polled:
    tab: Tab
    asked: float = field(default_factory=time.monotonic)
    """When it asked last, or was answered."""
    answered: float = 0.0
    waiting: int = 0
    """Questions that are held."""


def routes(live_runs: LiveRuns) -> list[Route]:
    """The routes of those who ask: POST opens a tab, or says what its page would say by a line; GET waits for news."""
    polling = Polling(live_runs)
    return [
        Route("/live", polling.open, methods=["POST"]),
        Route("/live/{tab}", polling.hear, methods=["POST"]),
        Route("/live/{tab}", polling.news, methods=["GET"]),
    ]


class Polling:
    """The tabs that ask.

    Args:
        live_runs: Who knows what is new.
    """

    def __init__(self, live_runs: LiveRuns) -> None:
        self._live_runs = live_runs
        self._tabs: dict[str, _Polled] = {}
        self._forgetting: asyncio.TimerHandle | None = None

    async def open(self, _: Request) -> Response:
        """A new tab: its name, by which it asks from then on."""
        self._forget(MAX_TABS - 1)
        name = secrets.token_urlsafe(16)
        self._tabs[name] = _Polled(self._live_runs.open_tab())
        return finite_answer({"tab": name})

    async def hear(self, request: Request) -> Response:
        """What a page says: {watch?: [tags], ping?: number}."""
        polled = self._of(request)
        body = await body_of(request)
        if not polled.tab.hear({name: body.value(name) for name in ("watch", "ping")}):
            raise HTTPException(400, "expected {watch?: [tags], ping?: number}, of as many tags as a page shows")
        return Response(status_code=204)

    async def news(self, request: Request) -> Response:
        """What is new, once there is something; after a while without, a message that says nothing."""
        polled = self._of(request)
        polled.waiting += 1
        waits = [asyncio.create_task(wait) for wait in (polled.tab.something.wait(), gone(request))]
        try:
            await asyncio.wait(waits, timeout=HELD_S, return_when=asyncio.FIRST_COMPLETED)
            pause = polled.answered + GATHERED_S - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            if waits[1].done():  # what it would be told waits for its next question, which does not come either
                return Response(status_code=204)
        finally:
            for wait in waits:
                wait.cancel()
            polled.waiting -= 1
            polled.asked = polled.answered = time.monotonic()
        if polled.tab.is_closed:
            raise HTTPException(410, _GONE)
        return Response(polled.tab.frame(), media_type=wire.MEDIA_TYPE)

    def _of(self, request: Request) -> _Polled:
        polled = self._tabs.get(request.path_params["tab"])
        if polled is None or polled.tab.is_closed:
            raise HTTPException(410, _GONE)
        polled.asked = time.monotonic()
        return polled

    def _forget(self, most: int = MAX_TABS) -> None:
        """Lets go of those who have gone, and of so many that no more are left; looks again in a while."""
        now = time.monotonic()
        idle = sorted((each.asked, name) for name, each in self._tabs.items() if not each.waiting)
        too_many = len(self._tabs) - most
        for number, (asked, name) in enumerate(idle):
            if number < too_many or now - asked > FORGOTTEN_S:
                self._live_runs.discard(self._tabs.pop(name).tab)
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(FORGOTTEN_S, self._forget)


_GONE = "there is no such tab any more; open another one"
