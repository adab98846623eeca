"""How long and how many connections may be: who sends half a request, or takes no answer, is let go of.

uvicorn bounds how long a connection may stay idle after an answer, and nothing else: one that has sent nothing yet, or
half of its headers or of a body, and one that does not read, stay for ever. Here each says since when it is waited for,
and the server, which looks around ten times a second anyway, ends those that are late.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from dashboard.server.joined import Joined

REQUEST_S = 30.0
"""A request has to have come in whole after so long: 8 MB by a line of 2 Mbit/s."""

READING_S = 30.0
"""An answer of which nothing at all was taken for so long has nobody who reads it."""

MAX_HEAD_BYTES = 128 * 1024
"""Of a request line and headers. h11 takes 64 KiB by itself, httptools any number."""

MAX_CONNECTIONS = 400
"""At once; a tab has two or three, and a process may have 1,024 files open. Of more the one that is waited for longest
is let go of, so that nobody can take all of them by saying nothing."""

if TYPE_CHECKING:
    from asyncio import Protocol

    class _Http(Protocol):
        def shutdown(self) -> None: ...

else:
    _Http = AutoHTTPProtocol


class _Watched:
    """What both kinds of connection know of being late."""

    transport: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.awaited: float | None = None
        """Since when a request is waited for."""
        self._unread: tuple[int, float] = (0, 0.0)
        """Bytes that wait to be taken, and since when they are as many."""

    def is_late(self, now: float) -> bool:
        """Whether it has had its time."""
        waiting = self.transport.get_write_buffer_size() if self.transport is not None else 0
        if not waiting or waiting < self._unread[0] or not self._unread[0]:
            self._unread = (waiting, now)
        if waiting and now - self._unread[1] > READING_S:
            return True
        return self.awaited is not None and now - self.awaited > REQUEST_S


class HttpConnection(_Watched, _Http):
    """uvicorn's own, in whichever of its two ways, that knows whether a request is on its way."""

    connections: set[Any]
    cycle: Any
    most = MAX_CONNECTIONS

    def connection_made(self, transport: Any) -> None:
        """As uvicorn's; where there are too many, another one makes room."""
        self._head = 0
        self.awaited = time.monotonic()
        joined: Any = Joined(transport)
        super().connection_made(joined)
        if len(self.connections) > self.most:
            idle = [each for each in self.connections if getattr(each, "awaited", None) is not None]
            min(idle, key=lambda each: each.awaited, default=self).transport.abort()

    def shutdown(self) -> None:
        """As uvicorn's; but who has not begun to be answered is not waited for: it may be a question that is held."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_started:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; notes whether that was all of a request."""
        before = self.cycle
        was_partial = before is not None and before.more_body
        super().data_received(data)
        cycle = self.cycle
        if cycle is not before or was_partial:
            self._head = 0
            if not cycle.more_body:
                self.awaited = None
            elif cycle is not before or self.awaited is None:
                self.awaited = time.monotonic()
            return
        # A part of a request line or of headers: the first of a connection, or after an answer.
        self.awaited = self.awaited or time.monotonic()
        self._head += len(data)
        if self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()


def of_at_most(most: int) -> type[HttpConnection]:
    """The class of connections of which there are so many at once, at most."""
    return type("HttpConnection", (HttpConnection,), {"most": most})


class SocketConnection(_Watched, WebSocketsSansIOProtocol):
    """A WebSocket; uvicorn asks every 20 s whether the other side lives, and waits without end for it to read that.

    From who does not read nothing is read: each of its pings would be answered, and the answers kept.
    """

    def connection_made(self, transport: Any) -> None:
        """As uvicorn's; a message is one piece."""
        super().connection_made(getattr(transport, "joined", transport))

    def shutdown(self) -> None:
        """As uvicorn's, which raises where the other side says goodbye just now: all else that a server does at its end
        was left out then, and what is known of the logdir not kept."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()

    def pause_writing(self) -> None:
        """As uvicorn's; what waits to be taken is much."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """As uvicorn's; most of it was taken."""
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """As uvicorn's, which reads on after each message that was taken in."""
        message = await super().receive()
        if not self.writable.is_set():
            self.transport.pause_reading()
        return message


def let_go(connections: Iterable[Any], now: float) -> None:
    """Ends those that are late."""
    for each in list(connections):
        if isinstance(each, _Watched) and each.is_late(now):
            each.transport.abort()


_SAID = b'{"error": "the headers of the request are too long"}'
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SAID), _SAID)
)
