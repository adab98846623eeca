"""The HTTP interface to the machines that send runs here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.requests import json_answer

if TYPE_CHECKING:
    from dashboard.api.segments import Segments


def routes(segments: Callable[[], Segments | None]) -> list[Route]:
    """Routes below /api/v1.

    Args:
        segments: What takes runs in; None where nothing does.
    """

    async def senders(_: Request) -> Response:
        """How each machine that sends stood when it was last heard of; null where none is listened to."""
        taking = segments()
        return json_answer({"senders": None if taking is None else taking.senders.all()})

    return [Route("/api/v1/senders", senders)]
