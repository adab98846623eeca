"""Sources: the Python programs that hear what happens to their windows on the page, by WebSocket or by asking."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

logger = logging.getLogger("dashboard")

MAX_SOURCES = 200
"""Programs at once, by either way."""

MAX_BEHIND = 1_000
MAX_BEHIND_BYTES = 32 << 20
"""Of what waits for one that does not take it: the oldest is let go of."""

SILENCE_S = 60.0
"""The client asks ten times a second; one that has not for so long has gone."""

ALIVE = json.dumps({"command": "alive", "data": "vis_alive"})


class _Source:
    def __init__(self) -> None:
        self.waiting: deque[str] = deque([ALIVE])
        self.something = asyncio.Event()
        self.something.set()
        self.heard = time.monotonic()
        self._size = len(ALIVE)
        self._said = False

    def put(self, text: str) -> None:
        """Something to be told."""
        self.waiting.append(text)
        self._size += len(text)
        while len(self.waiting) > MAX_BEHIND or self._size > MAX_BEHIND_BYTES:
            self._size -= len(self.waiting.popleft())
            if not self._said:
                self._said = True
                logger.warning("viz: a client of Visdom's takes no events; the oldest are left out")
        self.something.set()

    def take(self) -> list[str]:
        """What waits, oldest first."""
        found = list(self.waiting)
        self.waiting.clear()
        self.something.clear()
        self._size = 0
        self.heard = time.monotonic()
        return found


class Sources:
    """All of them. But for `tell`, for the event loop."""

    def __init__(self) -> None:
        self._sockets: set[_Source] = set()
        self._polled: dict[str, _Source] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self, event: dict[str, Any]) -> None:
        """Tells every program of something; each looks by itself whether the window is its own. On any thread."""
        text = json.dumps(event)
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._put, text)
            except RuntimeError:  # the server has gone down
                return

    def _put(self, text: str) -> None:
        for source in [*self._sockets, *self._polled.values()]:
            source.put(text)

    def _has_room(self) -> bool:
        self._loop = asyncio.get_running_loop()
        now = time.monotonic()
        for sid in [sid for sid, source in self._polled.items() if now - source.heard > SILENCE_S]:
            del self._polled[sid]
        return len(self._sockets) + len(self._polled) < MAX_SOURCES

    # --- by WebSocket --------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket) -> None:
        """Speaks with one program until either side ends."""
        if not self._has_room():
            await socket.close(1013)
            return
        await socket.accept()
        source = _Source()
        self._sockets.add(source)
        sending = asyncio.create_task(_send(socket, source))
        hearing = asyncio.create_task(self._hear(socket))
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sockets.discard(source)
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def _hear(self, socket: WebSocket) -> None:
        try:
            while True:
                self._echo(await socket.receive_text())
        except (WebSocketDisconnect, KeyError, RuntimeError):
            return

    def _echo(self, text: str) -> None:
        """A program may have something told to all."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(found, dict) and found.get("cmd") == "echo":
            self._put(json.dumps(found))

    # --- by asking -----------------------------------------------------------------------------------

    def asked(self, said: dict[str, Any]) -> dict[str, Any]:
        """The answer to a program that asks again and again."""
        sid = said.get("sid")
        if sid is None:
            if not self._has_room():
                return {"success": False, "reason": "busy"}
            sid = secrets.token_hex(16)
            self._polled[sid] = _Source()
            return {"success": True, "sid": sid}
        source = self._polled.get(sid) if isinstance(sid, str) else None
        if source is None:
            return {"success": False, "reason": "closed", "messages": []}
        if said.get("message_type") == "query":
            return {"success": True, "messages": source.take()}
        if said.get("message_type") == "send" and isinstance(said.get("message"), str):
            self._echo(said["message"])
            return {"success": True, "messages": []}
        return {"success": False, "reason": "invalid", "messages": []}

    def close(self) -> None:
        """Nobody is told anything any more."""
        self._loop = None
        self._polled.clear()


async def _send(socket: WebSocket, source: _Source) -> None:
    try:
        while True:
            await source.something.wait()
            for text in source.take():
                await socket.send_text(text)
    except (WebSocketDisconnect, RuntimeError):
        return
