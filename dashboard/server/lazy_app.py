"""A part of the application that is imported while the server already answers."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

logger = logging.getLogger("dashboard")

Part = TypeVar("Part", bound=ASGIApp)

WAIT_S = 60.0


class LazyApp(Generic[Part]):
    """An ASGI app, once it is there; until then its requests wait.

    An import cannot give way to questions in between: what would stop it at a module holds the lock that every other
    import waits for.

    Args:
        make: Imports and makes it; called once, on a thread.
        what: What it is, for the sentence that says that it could not be had.
    """

    def __init__(self, make: Callable[[], Part], what: str) -> None:
        self._make = make
        self._what = what
        self._part: Part | None = None
        self._ready = threading.Event()
        self._begun = threading.Lock()

    def load(self) -> None:
        """Begins to import; once."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._load, name=f"everystep-{self._what.split()[-1]}", daemon=True).start()

    async def loaded(self) -> Part | None:
        """The part, waited for; None when it could not be had, of which the terminal says why."""
        self.load()
        if not self._ready.is_set():
            await asyncio.to_thread(self._ready.wait, WAIT_S)
        return self._part

    def _load(self) -> None:
        gc.disable()  # what is imported stays: to go through it all meanwhile takes 50 ms, twice
        try:
            self._part = self._make()
        except Exception:
            logger.exception("viz: %s could not be loaded", self._what)
        finally:
            gc.freeze()
            gc.enable()
            self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        part = await self.loaded()
        if part is not None:
            await part(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1011)(scope, receive, send)
        else:
            answer = JSONResponse({"error": f"The server lacks {self._what}; its terminal says why."}, 503)
            await answer(scope, receive, send)
