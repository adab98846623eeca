"""What the pages of studies ask for: the importance of settings."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import wire
from tracker.store.reader import Store

MAX_BODY_BYTES = 8 << 20
MAX_CELLS = 2_000_000


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes of the pages of studies, below /api/v1.

    Args:
        store: Opens the logdir.
    """
    return [Route("/api/v1/importance", importance, methods=["POST"])]


async def importance(request: Request) -> Response:
    """`{parameters: {name: [value of each run]}, target: [metric of each run]}` to what `figures.importance` finds."""
    from dashboard.figures.importance import importance as found_in

    body = await _body(request)
    parameters, target = body.get("parameters"), body.get("target")
    if (
        not isinstance(parameters, dict)
        or not isinstance(target, list)
        or not all(isinstance(values, list) and len(values) == len(target) for values in parameters.values())
        or len(parameters) * len(target) > MAX_CELLS
        or not all(value is None or isinstance(value, (int, float)) for value in target)
    ):
        raise HTTPException(400, "expected {parameters: {name: [values]}, target: [numbers]}, all of one length")
    numbers = [math.nan if value is None else float(value) for value in target]
    found = await asyncio.to_thread(found_in, parameters, numbers)
    plain = [{**vars(each), "clear": each.is_clear} for each in found]
    return Response(orjson.dumps(wire.plain({"importance": plain})), media_type="application/json")


async def _body(request: Request) -> dict[str, Any]:
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        raise HTTPException(413, "the request is too large")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the request is not JSON") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the request is not a JSON object")
    return body
