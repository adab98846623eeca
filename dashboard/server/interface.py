"""The interface: all routes that need the store, and the one reader behind them."""

from __future__ import annotations

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from dashboard import graph_routes, machine_routes, package_scripts, page_routes, polling, routes, study_routes, trash
from dashboard.beside import Beside
from dashboard.follower import Follower
from dashboard.hub import Hub
from dashboard.profiles import routes as profile_routes
from dashboard.settings import Settings
from tracker.store.reader import Store


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
        self._beside = Beside(logdir, mirror) if mirror is not None else None
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/live", hub.serve),
            *polling.routes(hub),
            *routes.routes(hub, store),
            *page_routes.routes(hub, store, settings.read_only),
            *graph_routes.routes(store),
            *profile_routes.routes(store),
            *machine_routes.routes(store),
            *study_routes.routes(store),
            *package_scripts.routes(),
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
