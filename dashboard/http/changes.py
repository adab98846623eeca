"""What every route that changes something shares: who may ask for it, and how a refusal is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboard.http.request_values import RequestValues
from dashboard.http.requests import MAX_BODY_BYTES, UNREADABLE, body_of, why
from tracker.errors import LogdirError, PageChangeError, RunNameError, RunNotFoundError, SeriesNotFoundError

Done = TypeVar("Done")


async def wish_of(request: Request, read_only: bool, most: int = MAX_BODY_BYTES) -> RequestValues:
    """What is wished for: refused by a server that is read-only, and unless it is JSON, which no form of another site
    can send."""
    if read_only:
        raise HTTPException(403, "This server was started with --read-only; nothing can be changed.")
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "expected application/json")
    return await body_of(request, most)


async def done(act: Callable[[], Done]) -> Done:
    """Does it, on a thread; what is not there is 404, what cannot be changed 409, what cannot be read 400."""
    try:
        return await asyncio.to_thread(act)
    except (RunNotFoundError, SeriesNotFoundError) as error:
        raise HTTPException(404, str(error)) from error
    except (PageChangeError, RunNameError, LogdirError) as error:
        raise HTTPException(409, str(error)) from error
    except UNREADABLE as error:
        raise HTTPException(400, why(error)) from error
