"""The HTTP interface to what a run says of itself: the environment it ran in, and what it printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues, is_number, is_whole
from dashboard.http.requests import answered, finite_answer
from tracker.store.read.reader import Store

MAX_PIECES = 5_000
"""Pieces of a console in one answer, the newest ones: at most one a second and stream, so an hour or more."""

MAX_SINCE = 64 * 1024


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes /api/v1/environment and /api/v1/console.

    Args:
        store: Opens the logdir.
    """

    async def environment(request: Request) -> Response:
        """What a run was run in, one object for each of its processes, oldest first."""
        run = RequestValues.of_query(request).name("run")
        return finite_answer(await answered(lambda: {"run": run, "environments": store().run(run).environment()}))

    async def console(request: Request) -> Response:
        """What a run printed since a cursor (of an answer before; none: from the end back), and the cursor now."""
        asked = RequestValues.of_query(request)
        run, text = asked.name("run"), asked.text("since", MAX_SINCE)
        try:
            since = orjson.loads(text) if text else {}
        except orjson.JSONDecodeError:
            since = None
        if not isinstance(since, dict) or not all(is_whole(row) and is_number(row) for row in since.values()):
            raise asked.wrong("since", "the cursor of an answer before", text)

        def read() -> dict[str, Any]:
            found = store().run(run).console(since, MAX_PIECES)
            return {
                "run": run,
                "pieces": [vars(piece) for piece in found.pieces],
                "cursor": found.cursor,
                "earlier": found.earlier,
            }

        return finite_answer(await answered(read))

    return [Route("/api/v1/environment", environment), Route("/api/v1/console", console)]
