"""The Dash application, imported while the server already answers, and out of its way.

Importing Dash takes half a second and more, during which Python's lock is let go of between any two bytecodes but not
within what compiles or unmarshals a module. So the importing thread stops before each module for as long as somebody
waits for an answer (measured: a zoom in that moment took 400 ms, and its answer is computed in 30).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger("dashboard")

PATIENCE_S = 5.0
"""How long the import gives way in all: a page that asks without end gets its controls nevertheless. It also ends what
could never end: a question that itself waits for a module which is being imported."""


class LateDash:
    """The application, once it is there; until then its requests wait."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._app: ASGIApp | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._load, name="everystep-dash", daemon=True)
        self._questions = 0

    @contextlib.contextmanager
    def asked(self) -> Iterator[None]:
        """While somebody waits for an answer of the rest of the server. For the event loop's thread alone."""
        self._questions += 1
        try:
            yield
        finally:
            self._questions -= 1

    def load(self) -> None:
        """Begins to import; once."""
        if not self._thread.is_alive() and not self._ready.is_set():
            self._thread.start()

    def _load(self) -> None:
        courtesy = Courtesy(threading.get_ident(), lambda: self._questions > 0, PATIENCE_S)
        sys.meta_path.insert(0, courtesy)
        gc.disable()  # what is imported stays: to go through it all meanwhile takes 50 ms, twice, that nobody can interrupt
        try:
            from dashboard.dash_app import create_dash

            self._app = create_dash(self._path)
        except Exception:
            logger.exception("viz: the controls could not be loaded; curves are shown without them")
        finally:
            sys.meta_path.remove(courtesy)
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


class Courtesy(MetaPathFinder):
    """Finds no module; but before each that its thread looks for, waits while others have something to do.

    Args:
        thread: The one that gives way.
        is_busy: Whether it has to.
        patience_s: How long in all.
    """

    def __init__(self, thread: int, is_busy: Callable[[], bool], patience_s: float) -> None:
        self._thread = thread
        self._is_busy = is_busy
        self._patience_s = patience_s

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing."""
        if threading.get_ident() == self._thread:
            while self._patience_s > 0 and self._is_busy():
                began = time.monotonic()
                time.sleep(0.001)
                self._patience_s -= time.monotonic() - began
        return None
