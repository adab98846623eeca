"""What the routes of the HTTP interface share: how a question is read, and how an answer or a refusal is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboard import wire
from tracker.errors import LogdirError, RunNotFoundError, SeriesNotFoundError, StoreError

MAX_BODY_BYTES = 1 << 20


def required(request: Request, name: str) -> str:
    """A word of the question that must be there."""
    value = request.query_params.get(name)
    if not value:
        raise HTTPException(400, f"{name}= is missing")
    return value


async def body_of(request: Request, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object that was sent, of at most so many bytes."""
    if int(request.headers.get("content-length") or 0) > most:
        raise HTTPException(413, "the request is too large")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the request is not JSON") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the request is not a JSON object")
    return body


async def answered(question: Callable[[], Any]) -> Any:
    """What a question to the store is answered with, asked on a thread; what is not there is 404, what is wrong 400."""
    try:
        return await asyncio.to_thread(question)
    except (RunNotFoundError, SeriesNotFoundError, LogdirError) as error:
        raise HTTPException(404, str(error)) from error
    except (ValueError, StoreError) as error:
        raise HTTPException(400, str(error)) from error


def json_answer(value: Any) -> Response:
    """JSON in which NaN and infinity are words; see `wire.plain`."""
    return Response(orjson.dumps(wire.plain(value)), media_type="application/json")


def finite_answer(value: Any, headers: dict[str, str] | None = None) -> Response:
    """JSON of values of which none is NaN or infinite, or where that says nothing: they are null."""
    return Response(orjson.dumps(value), media_type="application/json", headers=headers)
