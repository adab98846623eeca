"""Small answers leave the server in one piece, and everything in the order in which it was written."""

from __future__ import annotations

import asyncio
from typing import Any

import event_loop
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from dashboard.server.connections import HttpConnection, SocketConnection
from dashboard.server.joined import SHORT_BYTES, Joined


class Wire:
    """A transport that keeps what is sent, a call at a time."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ends: list[str] = []
        self.has_gone = False

    def write(self, data: bytes) -> None:
        """One call."""
        if self.has_gone:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
        self.sent.append(bytes(data))

    def writelines(self, parts: list[bytes]) -> None:
        """One call."""
        self.write(b"".join(parts))

    def close(self) -> None:
        """Noted."""
        self.ends.append("close")

    def abort(self) -> None:
        """Noted."""
        self.ends.append("abort")

    def is_closing(self) -> bool:
        """Whether it was ended."""
        return bool(self.ends)

    def get_write_buffer_size(self) -> int:
        """All is sent."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of both ends."""
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def set_protocol(self, protocol: Any) -> None:
        """Nothing comes by itself."""

    def pause_reading(self) -> None:
        """Likewise."""

    def resume_reading(self) -> None:
        """Likewise."""


SIZES = st.integers(0, 3) | st.integers(SHORT_BYTES - 1, SHORT_BYTES + 1)


@given(st.lists(SIZES | st.none(), max_size=12), st.sampled_from(["stays", "close"]))
def test_all_is_sent_once_in_its_order(pieces: list[int | None], end: str) -> None:
    """Whatever is written (None: the event loop's turn ends), and no piece waits beside another one."""
    wire = Wire()
    said = b"".join(bytes([place]) * size for place, size in enumerate(pieces) if size)

    async def write() -> None:
        joined = Joined(wire)
        for place, size in enumerate(pieces):
            if size is None:
                await asyncio.sleep(0)
                assert joined.get_write_buffer_size() == 0
            else:
                joined.write(bytes([place]) * size)
                assert joined.get_write_buffer_size() <= SHORT_BYTES
        if end == "close":
            joined.close()
        await asyncio.sleep(0)

    event_loop.run(write())
    assert b"".join(wire.sent) == said
    assert wire.ends == ([] if end == "stays" else ["close"])


def test_who_has_gone_is_no_fault() -> None:
    """Neither of the loop, which would print it, nor hidden from who writes more."""
    wire, faults = Wire(), []

    async def write() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        joined = Joined(wire)
        wire.has_gone = True
        joined.write(b"head")
        await asyncio.sleep(0)
        joined.write(b"head")
        with pytest.raises(RuntimeError, match="handler is closed"):
            joined.write(b"body")
        joined.write(b"more")
        joined.abort()
        await asyncio.sleep(0)

    event_loop.run(write())
    assert (wire.sent, wire.ends, faults) == ([], ["abort"], [])


def answered(app: ASGIApp, request: bytes) -> list[bytes]:
    """What is sent on a request, a call at a time."""
    wire = Wire()

    async def ask() -> None:
        config = uvicorn.Config(app, lifespan="off", log_level="warning", ws=SocketConnection)
        config.load()
        connection: Any = HttpConnection(config=config, server_state=ServerState(), app_state={})
        connection.connection_made(wire)
        connection.data_received(request)
        for _ in range(50):
            await asyncio.sleep(0)

    event_loop.run(ask())
    return wire.sent


def test_a_small_answer_is_one_call_and_a_large_one_has_no_copy_in_between() -> None:
    """Its head and its body, which uvicorn writes one after the other."""
    (sent,) = answered(PlainTextResponse("one"), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\none")
    (sent,) = answered(PlainTextResponse("x" * 100_000), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert sent.endswith(b"\r\n\r\n" + b"x" * 100_000)


def test_the_head_of_an_answer_that_goes_on_later_does_not_wait() -> None:
    """As of a stream of events."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    sent = answered(app, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(sent) == 1
    assert sent[0].startswith(b"HTTP/1.1 200 OK\r\n")
