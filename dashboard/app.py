"""The web application: page, interface, live feed and, once it has loaded, the Dash part, behind one guard.

The page is not made by Dash but holds it: importing Dash takes half a second and its scripts as long again in
the browser, and the curves need neither. So the server answers and the curves draw at once, and the controls
that Dash renders come to life in their places a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from dashboard import (
    graph_routes,
    machine_routes,
    package_scripts,
    page_routes,
    routes,
    security,
    shell,
    study_routes,
)
from dashboard.asset_files import AssetFiles
from dashboard.beside import Beside
from dashboard.follower import Follower
from dashboard.hub import Hub
from dashboard.late_dash import LateDash
from dashboard.profiles import routes as profile_routes
from tracker.store.reader import Store

logger = logging.getLogger("dashboard")

ASSETS = Path(__file__).parent / "assets"
DASH_PATH = "/dash"
DASH_AFTER_S = 5.0
"""Importing Dash is half a second of work in which curves and zooms would wait. A page asks for it when it has a
moment; where no page was opened so soon it comes by itself, once nothing was asked for a second."""

DASH_CALM_S = 1.0


@dataclass(frozen=True)
class Settings:
    """How a server is to be."""

    logdir: Path
    host: str = "127.0.0.1"
    port: int = 6006
    token: str | None = None
    prefix: str = ""
    read_only: bool = False
    framed: bool = False
    """Whether a notebook of this machine may show it in a frame."""
    mirror: Path | None = None
    """Where copies of event files that lie in the logdir are kept; None when they are not looked for."""
    index: Path | None = None
    """Where what is known of the logdir is kept from one start to the next; see `dashboard.index`."""


def create_app(settings: Settings) -> ASGIApp:
    """The application for one logdir, as an ASGI app."""
    hub = Hub(lambda tell: Follower(settings.logdir, tell, settings.mirror, settings.index))
    beside = Beside(settings.logdir, settings.mirror) if settings.mirror is not None else None

    def store() -> Store:
        return Store(settings.logdir, settings.mirror)

    assets = AssetFiles(ASSETS, {shell.STYLESHEET: shell.stylesheets()})
    dash = LateDash(f"{settings.prefix}{DASH_PATH}/")

    async def page(request: Request) -> Response:
        # The page itself is never kept: what it refers to carries its version in its path, and is kept for ever.
        return HTMLResponse(shell.page(settings, assets.digest, _version(), request.query_params.get("p", "")))

    async def live(socket: WebSocket) -> None:
        await hub.serve(socket)

    async def bring_dash() -> None:
        await asyncio.sleep(DASH_AFTER_S)
        while hub.follower.quiet_for() < DASH_CALM_S:
            await asyncio.sleep(DASH_CALM_S)
        dash.load()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        hub.start()
        soon = asyncio.create_task(bring_dash())
        if beside is not None:
            beside.start()
        yield
        soon.cancel()
        if beside is not None:
            await asyncio.to_thread(beside.stop)
        await asyncio.to_thread(hub.stop)

    inner = Starlette(
        routes=[
            Route("/", page),
            assets.route(),
            WebSocketRoute("/live", live),
            *routes.routes(hub, store),
            *page_routes.routes(hub, store, settings.read_only),
            *graph_routes.routes(store),
            *profile_routes.routes(store),
            *machine_routes.routes(store),
            *study_routes.routes(store),
            *package_scripts.routes(),
        ],
        exception_handlers={HTTPException: _explain, Exception: _apologise},
        lifespan=lifespan,
    )
    web: ASGIApp = Starlette(routes=[Mount(settings.prefix, inner)], lifespan=lifespan) if settings.prefix else inner
    dash_path = f"{settings.prefix}{DASH_PATH}/"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Not mounted: Dash reads the whole path and would not know its own routes below a mount.
        inside = scope["type"] == "http" and scope["path"].startswith(dash_path)
        await (dash if inside else web)(scope, receive, send)

    hosts = None if settings.host not in security.LOOPBACK else security.LOOPBACK
    return security.Guard(app, settings.token, hosts, f"everystep_{settings.port}", settings.prefix, settings.framed)


async def _explain(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _apologise(request: Request, error: Exception) -> Response:
    logger.error("viz: %s failed", request.url.path, exc_info=error)
    return JSONResponse({"error": "Something went wrong; the terminal of viz says what."}, 500)


def _version() -> str:
    try:
        return version("everystep")
    except PackageNotFoundError:
        return "0"
