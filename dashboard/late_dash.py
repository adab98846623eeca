"""The Dash application, imported while the server already answers."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger("dashboard")


class LateDash:
    """The application, once it is there; until then its requests wait.

    The import cannot give way to questions in between: what would stop it at a module holds the lock that every other
    import waits for. So the page asks for it when nobody has zoomed for a moment.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._app: ASGIApp | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._load, name="everystep-dash", daemon=True)

    def load(self) -> None:
        """Begins to import; once."""
        if not self._thread.is_alive() and not self._ready.is_set():
            self._thread.start()

    def _load(self) -> None:
        gc.disable()  # what is imported stays: to go through it all meanwhile takes 50 ms, twice
        try:
            from dashboard.dash_app import create_dash

            self._app = create_dash(self._path)
        except Exception:
            logger.exception("viz: the controls could not be loaded; curves are shown without them")
        finally:
            gc.freeze()
            gc.enable()
            self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.load()
        await asyncio.to_thread(self._ready.wait, 60.0)
        if self._app is None:
            await JSONResponse({"error": "The controls could not be loaded; see the terminal."}, 503)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)
