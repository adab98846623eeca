"""The HTTP interface to what a run says of itself: the environment it ran in, and what it printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tracker.errors import LogdirError, RunNotFoundError, StoreError
from tracker.store.reader import Store

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
        run = _wanted(request, "run")
        return _json(await _answer(lambda: {"run": run, "environments": store().run(run).environment()}))

    async def console(request: Request) -> Response:
        """What a run printed since a cursor (of an answer before; none: from the end back), and the cursor now."""
        run, text = _wanted(request, "run"), request.query_params.get("since", "")
        try:
            since = orjson.loads(text) if text and len(text) < MAX_SINCE else {}
        except orjson.JSONDecodeError:
            since = None
        if not isinstance(since, dict) or not all(isinstance(value, int) for value in since.values()):
            raise HTTPException(400, "since= is the cursor of an answer before")

        def read() -> dict[str, Any]:
            found = store().run(run).console(since, MAX_PIECES)
            return {
                "run": run,
                "pieces": [vars(piece) for piece in found.pieces],
                "cursor": found.cursor,
                "earlier": found.earlier,
            }

        return _json(await _answer(read))

    return [Route("/api/v1/environment", environment), Route("/api/v1/console", console)]


async def _answer(question: Callable[[], Any]) -> Any:
    try:
        return await asyncio.to_thread(question)
    except (RunNotFoundError, LogdirError) as error:
        raise HTTPException(404, str(error)) from error
    except (ValueError, StoreError) as error:
        raise HTTPException(400, str(error)) from error


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def _wanted(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise HTTPException(400, f"{name}= is missing")
    return value
