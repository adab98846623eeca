"""What a request carries, taken in piece by piece and within a bound: for our routes, models and Visdom's port."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


class BodyError(Exception):
    """Why a body is not taken.

    Attributes:
        status: Of the answer: 413 or 415.
        why: How a sentence about it goes on: "is too large: …".
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


async def taken(scope: Scope, receive: Receive, most: int, came: Callable[[int], None] = lambda size: None) -> bytes:
    """The whole of a body, counted as it comes.

    Args:
        scope: Of the request.
        receive: Where it comes from.
        most: Bytes that it may have.
        came: Told of the bytes of each piece before it is kept; what it raises ends the request.

    Raises:
        BodyError: it is too large, or packed.
        ClientDisconnect: who asked has gone.
    """
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.lower() != b"identity":
            raise BodyError(415, "is packed (content-encoding); send it as it is")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most:
            raise BodyError(413, f"is too large: more than {most:,} bytes")
        came(len(part))
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else part
