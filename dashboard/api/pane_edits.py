"""The HTTP interface to what is done with panes: moved, renamed, closed, clicked; and to forks of their runs.

Who may ask for a change is checked as for all changes (`http.changes`); token, Host and Origin before that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.changes import done, wish_of
from dashboard.http.request_values import RequestValues, is_number, is_whole
from dashboard.http.requests import json_answer
from dashboard.live import forks, pane_edits
from dashboard.live.websocket import LiveRuns
from tracker.errors import PageChangeError
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun
from tracker.values.pane import EVENTS, MAX_ID

MAX_PLACES = 10_000
"""Of one request: all panes of a page that is tiled."""

MAX_PIXELS = 1_000_000
MAX_TITLE = 1_000
MAX_NONCE, MAX_AUTHOR = 200, 100

PLACE: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("x", "y", "w", "h", "z"), lambda value: is_number(value) and abs(value) <= MAX_PIXELS),
    "title": lambda value: isinstance(value, str) and len(value) <= MAX_TITLE,
    "closed": lambda value: is_whole(value) and value >= 0,
    "folded": lambda value: isinstance(value, bool),
}
"""What can be said of a pane's place: pixels, a title in the place of its own, the state in which it was closed, and
whether only its title is to be seen."""

OWN = ("run", "pane", "nonce", "author")
"""What of an event is no part of it."""


def routes(live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """Routes below /api/v1.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        read_only: Whether every change is refused.
    """
    api = _PaneEdits(live_runs, store, read_only)
    return [
        Route("/api/v1/panes/places", api.move, methods=["POST"]),
        Route("/api/v1/panes/close", api.close, methods=["POST"]),
        Route("/api/v1/panes/events", api.tell, methods=["POST"]),
        Route("/api/v1/runs/fork", api.fork, methods=["POST"]),
    ]


class _PaneEdits:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> None:
        self._live_runs = live_runs
        self._store = store
        self._read_only = read_only

    async def move(self, request: Request) -> Response:
        """{run, places}: by pane what is to be said of its place (`PLACE`); null takes one thing away, or all of it.

        The answer has the places as they are then.
        """
        body = await wish_of(request, self._read_only)
        name, changes = body.name("run"), _places(body)

        def write() -> dict[str, Any]:
            folder = self._run(name).folder
            pane_edits.move(folder, changes)
            return pane_edits.places(folder)

        return json_answer({"run": name, "places": await done(write)})

    async def close(self, request: Request) -> Response:
        """{run, pane, nonce?}: hides a pane until it shows something new, and tells the run, if that is written."""
        body = await wish_of(request, self._read_only)
        name, pane, nonce, author = body.name("run"), *_of_event(body)

        def close() -> None:
            run = self._run(name)
            pane_edits.move(run.folder, {pane: {"closed": run.pane(pane).n}})
            if run.status == "running":
                pane_edits.tell(run.folder, pane, {"kind": "close"}, nonce, author)

        await done(close)
        return json_answer({"done": True})

    async def tell(self, request: Request) -> Response:
        """{run, pane, kind, nonce?, author?, …}: tells the run what was done in a pane; the rest is what it was."""
        body = await wish_of(request, self._read_only)
        name, kind = body.name("run"), body.choice("kind", EVENTS)
        pane, nonce, author = _of_event(body)
        event = {"kind": kind, **body.others((*OWN, "kind"))}

        def tell() -> None:
            run = self._run(name)
            if run.status != "running":
                raise PageChangeError(f"{name} is over: no process hears what is done in its panes.")
            pane_edits.tell(run.folder, pane, event, nonce, author)

        await done(tell)
        return json_answer({"done": True})

    async def fork(self, request: Request) -> Response:
        """{run, name}: a new run that begins, and ends, as a copy of this one; the name that it has."""
        body = await wish_of(request, self._read_only)
        name, new = body.name("run"), body.name("name")

        def fork() -> str:
            self._run(name)
            return forks.fork(self._live_runs.poller.catalog.root, name, new)

        made = await done(fork)
        self._live_runs.look_again()
        return json_answer({"run": made})

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


def _of_event(body: RequestValues) -> tuple[str, str | None, str | None]:
    """The pane that is meant, and the nonce and the author of what is done in it."""
    pane = body.name("pane")
    if len(pane) > MAX_ID:
        raise body.wrong("pane", f"a text of at most {MAX_ID} characters", f"{len(pane):,}")
    return pane, body.text("nonce", MAX_NONCE) or None, body.text("author", MAX_AUTHOR) or None


def _places(body: RequestValues) -> dict[str, dict[str, Any] | None]:
    found = body.value("places")
    if not isinstance(found, dict) or len(found) > MAX_PLACES:
        raise body.wrong("places", f"an object of at most {MAX_PLACES:,} panes", type(found).__name__)
    for pane, place in found.items():
        if not 1 <= len(pane) <= MAX_ID or not (place is None or isinstance(place, dict)):
            raise body.wrong("places", "a place or null by the name of each pane", {pane: place})
        for key, value in (place or {}).items():
            if key not in PLACE or not (value is None or PLACE[key](value)):
                raise body.wrong("places", f"{', '.join(PLACE)} of a pane", {key: value})
    return found
