"""The interface: all routes that need the store, and the one reader behind them."""

from __future__ import annotations

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from dashboard.api import (
    curves,
    edits,
    embeddings,
    export,
    graphs,
    histograms,
    hparams,
    layouts,
    machines,
    media,
    meshes,
    profiles,
    quality,
    runs,
)
from dashboard.http.turns import Turns
from dashboard.live import long_polling, trash
from dashboard.live.poller import Follower
from dashboard.live.tfevents_mirror import Beside
from dashboard.live.websocket import Hub
from dashboard.server import vendor_scripts
from dashboard.server.settings import Settings
from tracker.store.read.reader import Store

OF_THE_STORE = (
    media.routes, graphs.routes, profiles.routes, machines.routes, quality.routes, embeddings.routes, meshes.routes,
    layouts.routes, export.routes,
)  # fmt: skip
"""What is asked of the store alone."""


class Interface:
    """The ASGI app below the page's own routes; its errors are told by the application around it.

    Args:
        settings: Of the server.
    """

    def __init__(self, settings: Settings) -> None:
        logdir, mirror = settings.logdir, settings.mirror

        def store() -> Store:
            return Store(logdir, mirror)

        if not settings.read_only:
            trash.finish_moves(logdir)  # before the first look, which would see a run in two places
        self._hub = hub = Hub(lambda tell: Follower(logdir, tell, mirror, settings.index))
        reading = Turns()
        self._beside = Beside(logdir, mirror) if mirror is not None else None
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/live", hub.serve),
            *long_polling.routes(hub),
            *runs.routes(hub, store),
            *curves.routes(hub, store, reading),
            *histograms.routes(hub, store, reading),
            *edits.routes(hub, store, settings.read_only),
            *hparams.routes(),
            *(route for routes in OF_THE_STORE for route in routes(store)),
            *vendor_scripts.routes(),
        ]
        self._router = Router(self.routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router(scope, receive, send)

    def start(self) -> None:
        """Begins to follow the logdir; call it on the event loop."""
        self._hub.start()
        if self._beside is not None:
            self._beside.start()

    def stop(self) -> None:
        """Ends following and all tabs' connections; waits for the look under way."""
        if self._beside is not None:
            self._beside.stop()
        self._hub.stop()

    def quiet_for(self) -> float:
        """The seconds for which nobody has waited for an answer."""
        return self._hub.follower.quiet_for()
