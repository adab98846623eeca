"""What the routes of the HTTP interface share: how a body is taken in, and how an answer or a refusal is said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import struct
import traceback
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from dashboard.http import bodies, wire
from dashboard.http.request_values import RequestValues
from tracker.errors import LogdirError, RunNotFoundError, SeriesNotFoundError, StoreError, TrackerError

logger = logging.getLogger("dashboard")

MAX_BODY_BYTES = 1 << 20

MAX_NESTED = 100_000
"""Lists and objects in a body: 56 bytes and more each, of which the smallest are written in three."""

MAX_DEPTH = 100
"""Levels of them."""

MAX_ANSWER_BYTES = 64 << 20
"""Of columns in one answer: the curves of 5,000 runs, in as few columns as the page asks for of so many."""

UNREADABLE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, MemoryError),
    *(TrackerError, sqlite3.Error, OSError, EOFError, struct.error, zlib.error),
)
"""What comes up where stored bytes are not what any writer of ours puts down, which they may be: they are a run's
problem, and not the server's."""

CLOSE = {"connection": "close"}
"""After a body that was not taken to its end the connection is of no more use."""


async def body_of(request: Request, most: int = MAX_BODY_BYTES) -> RequestValues:
    """The JSON object that was sent, of at most so many bytes, counted as they come."""
    try:
        body = await bodies.taken(request.scope, request.receive, most)
    except bodies.BodyError as error:
        raise HTTPException(error.status, f"the request {error.why}", CLOSE) from error
    except ClientDisconnect as error:  # nobody is there to hear it
        raise HTTPException(400, "the request was cut off") from error
    return RequestValues(_object(body))


def _object(text: bytes) -> dict[str, Any]:
    if text.count(b"[") + text.count(b"{") > MAX_NESTED:
        raise HTTPException(413, f"the request is too large: more than {MAX_NESTED:,} lists and objects")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"the request is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the request is not a JSON object")
    level: list[Any] = [body]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise HTTPException(400, f"the request is nested too deeply: more than {MAX_DEPTH} levels")
        within = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for each in within for value in each if isinstance(value, (dict, list))]
    return body


async def answered(question: Callable[[], Any]) -> Any:
    """What a question to the store is answered with, asked on a thread; what is not there is 404, what is wrong 400."""
    try:
        return await asyncio.to_thread(question)
    except HTTPException:
        raise
    except (RunNotFoundError, SeriesNotFoundError, LogdirError) as error:
        raise HTTPException(404, str(error)) from error
    except UNREADABLE as error:
        raise HTTPException(400, why(error)) from error


@contextlib.contextmanager
def apart(problems: list[dict[str, str]], run: str) -> Iterator[None]:
    """Within it one run of many is asked: whatever is wrong with it is noted beside its name, and the others go on."""
    try:
        yield
    except RunNotFoundError:  # it went meanwhile; the list of runs says so
        pass
    except UNREADABLE as error:
        problems.append({"run": run, "why": why(error)})


def why(error: BaseException) -> str:
    """What to say of an error that came up while stored bytes were read.

    These may be anything: of what no reader has foreseen the terminal says where it came up, in one line, as it may be
    our own fault.
    """
    if isinstance(error, (ValueError, StoreError, TrackerError)):
        return str(error)
    at = traceback.extract_tb(error.__traceback__)
    place = f"{at[-1].filename}:{at[-1].lineno}" if at else "?"
    logger.warning("viz: what is stored could not be read: %s: %.200s (%s)", type(error).__name__, error, place)
    return f"what is stored here cannot be read ({type(error).__name__}: {str(error)[:200]})"


def json_answer(value: Any) -> Response:
    """JSON in which NaN and infinity are words; see `wire.plain`."""
    return Response(wire.encoded(wire.plain(value)), media_type="application/json")


def finite_answer(value: Any, headers: dict[str, str] | None = None) -> Response:
    """JSON of values of which none is NaN or infinite, or where that says nothing: they are null."""
    return Response(wire.encoded(value), media_type="application/json", headers=headers)


def packed_answer(head: dict[str, Any], columns: list[Any]) -> Response:
    """A head and columns, packed; a large one is sent piece by piece, so that who reads slowly holds it once."""
    size = sum(len(column) for column in columns) * 8
    if size > MAX_ANSWER_BYTES:
        raise HTTPException(413, TOO_LARGE)
    if size < wire.PIECE:
        return Response(wire.message(head, columns), media_type=wire.MEDIA_TYPE)
    return StreamingResponse(_streamed(head, columns), media_type=wire.MEDIA_TYPE)


TOO_LARGE = f"the answer is too large: more than {MAX_ANSWER_BYTES >> 20} MB; ask for fewer runs or columns"


async def _streamed(head: dict[str, Any], columns: list[Any]) -> AsyncIterator[bytes]:
    for piece in wire.pieces(head, columns):
        yield piece


async def gone(request: Request) -> None:
    """Returns when the one who asks has gone, or the server ends; of a request whose body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
