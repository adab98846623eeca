"""The HTTP interface to what users change: names, tags, notes and colours of runs, saved views, the trash.

What changes something is refused when the server is read-only, and asks for JSON, so that no form of another site can
send it; token, Host and Origin are checked before anything comes here (`security`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.changes import done, wish_of
from dashboard.http.requests import json_answer
from dashboard.live import trashes, user_edits
from dashboard.live.websocket import LiveRuns
from tracker.errors import PageChangeError
from tracker.store.read.reader import Store

MAX_EDITED_RUNS = 5_000

SHELF = ("view", "expression")
"""What is kept by name at the top of the logdir."""


def routes(live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """Routes below /api/v1.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        read_only: Whether every change is refused.
    """
    api = _Edits(live_runs, store, read_only)
    return [
        Route("/api/v1/shelf", api.shelf),
        Route("/api/v1/shelf", api.keep, methods=["POST"]),
        Route("/api/v1/runs/said", api.say, methods=["POST"]),
        Route("/api/v1/trash", api.trash),
        Route("/api/v1/trash", api.discard, methods=["POST"]),
    ]


class _Edits:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> None:
        self._live_runs = live_runs
        self._store = store
        self._read_only = read_only

    async def shelf(self, _: Request) -> Response:
        """Saved views and expressions, by kind and name; in `trouble`, why those of before are not among them."""
        said = await asyncio.to_thread(user_edits.said, self._root)
        found: dict[str, dict[str, Any]] = {kind: {} for kind in SHELF}
        for key, value in said.properties.items():
            kind, _colon, name = key.partition(":")
            if kind in found:
                found[kind][name] = value
        trouble = {} if said.trouble is None else {"trouble": str(said.trouble)}
        return json_answer({**found, **trouble, "read_only": self._read_only})

    async def keep(self, request: Request) -> Response:
        """{kind, name, value}: keeps a view or an expression; value null lets go of it."""
        body = await wish_of(request, self._read_only)
        kind, name, value = body.choice("kind", SHELF), body.name("name").strip(), body.value("value")
        if not name:
            raise body.wrong("name", "a text", "blanks")
        await done(lambda: user_edits.write(self._root, f"{kind}:{name}", value))
        return await self.shelf(request)

    async def say(self, request: Request) -> Response:
        """{runs, key, value}: a name to show, tags, a note or a colour for runs; value null takes it away."""
        body = await wish_of(request, self._read_only)
        key, value = body.choice("key", user_edits.RUN_KEYS), body.value("value")
        names = body.texts("runs", MAX_EDITED_RUNS)

        def write() -> None:
            user_edits.check(key, value)
            for name in names:
                user_edits.write(self._store().run(name).folder, key, value)

        await done(write)
        return json_answer({"done": True})

    async def trash(self, _: Request) -> Response:
        """Names of the runs in the trash."""
        return json_answer({"runs": await asyncio.to_thread(trashes.of(self._root).names)})

    async def discard(self, request: Request) -> Response:
        """{runs}: moves them to the trash; with restore: true back. A run that is being written stays where it is."""
        body = await wish_of(request, self._read_only)
        names, restore = body.texts("runs", MAX_EDITED_RUNS), body.flag("restore")

        trash = trashes.of(self._root)

        def move() -> None:
            for name in names:
                if restore:
                    trash.restore(name)
                elif not trash.is_link(name) and self._store().run(name).status == "running":
                    raise PageChangeError(f"{name} is being written; stop it first.")
                else:
                    trash.discard(name)

        await done(move)
        self._live_runs.look_again()
        return json_answer({"done": True})

    @property
    def _root(self) -> Path:
        return self._live_runs.poller.catalog.root
