"""The web application: the page, and what is behind it, which is imported while the page loads.

The page is not made by Dash but holds it: importing Dash takes half a second and its scripts as long again in
the browser, and the curves need neither. Nor does the page itself need what reads stores, which takes 0.3 s to import:
the browser fetches page and scripts meanwhile. So the server answers at once, the curves draw when both are there,
and the controls that Dash renders come to life in their places a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.http.bundles import of_the_page
from dashboard.http.module_graph import WEB
from dashboard.live.tfevents_mirror import MirrorProcess
from dashboard.receive.tokens import NothingReceived, WriteTokens
from dashboard.server import html, plain_pages, security
from dashboard.server.lazy_app import LazyApp
from dashboard.server.public_address import LOOPBACK
from dashboard.server.settings import Settings
from dashboard.server.static_files import AssetFiles
from dashboard.serving import paths

if TYPE_CHECKING:
    from dashboard.server.interface import Interface
    from dashboard.server.visdom_app import VisdomApp

logger = logging.getLogger("dashboard")

DASH_PATH = "/dash/"
OUR_PATHS = ("/api/", "/v1/", "/assets/", "/packages/", DASH_PATH, "/live", "/session", "/healthz")
"""Whoever asks for something below these has found the server."""

DASH_AFTER_S = 5.0
"""Importing Dash is half a second of work in which curves and zooms would wait. A page asks for it when it has a
moment; where no page was opened so soon it comes by itself, once nothing was asked for a second."""

DASH_CALM_S = 1.0

DASH_HELD_S, DASH_MOMENT_S = 3.0, 0.3
"""While event files are copied a page without runs, which has nothing to draw, waits for Dash so long at the most, and
until it has had nothing to ask for a moment: the copies and the first chart take both cores."""


def create_app(settings: Settings) -> ASGIApp:
    """The application for one logdir, as an ASGI app."""

    def import_interface() -> Interface:
        from dashboard.server.interface import Interface

        return Interface(settings, mirroring)

    def import_dash() -> ASGIApp:
        from dashboard.server.dash_app import create_dash

        return create_dash(DASH_PATH)

    mirroring = None if settings.mirror is None else MirrorProcess(settings.logdir, settings.mirror, is_followed=True)
    interface, dash = LazyApp(import_interface, "what reads runs"), LazyApp(import_dash, "the controls")
    bundles = of_the_page()
    made = {bundles.name_of(entry): partial(bundles.make, entry) for entry in bundles.entries}
    assets = AssetFiles(
        WEB, {html.STYLESHEET: html.stylesheet, **made}, {security.MODEL_WORKER: security.MODEL_WORKER_POLICY}
    )
    visdom = _visdom_app(settings)

    async def page(request: Request) -> Response:
        # The page itself is never kept: what it refers to carries its version in its path, and is kept for ever.
        key = request.scope.get("everystep.key", "")  # with the token only, never for the cookie alone
        name = request.query_params.get("p", "")
        text = html.page(settings, bundles, assets.digest, _version(), name, key)
        return HTMLResponse(text, headers=security.MORE_ALLOWED.get(name))

    async def bring_dash(ready: Interface) -> None:
        await asyncio.sleep(DASH_AFTER_S)
        while ready.quiet_for() < DASH_CALM_S:
            await asyncio.sleep(DASH_CALM_S)
        dash.load()

    held_until = 0.0

    async def hold_dash() -> None:
        nonlocal held_until
        ready = await interface.loaded()
        if ready is None or not ready.is_copying:
            return
        # From the first question on: no second page waits as long again.
        held_until = held_until or time.monotonic() + DASH_HELD_S
        while (ready.is_copying or ready.quiet_for() < DASH_MOMENT_S) and time.monotonic() < held_until:
            await asyncio.sleep(DASH_MOMENT_S / 10)

    async def begin() -> asyncio.Task[None] | None:
        ready = await interface.loaded()
        if ready is None:
            return None
        ready.start()
        return asyncio.create_task(bring_dash(ready))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if mirroring is not None:
            mirroring.start()  # it takes a core of its own, and need not wait for what is imported here
        beginning = asyncio.create_task(begin())
        if visdom is not None:
            visdom.load()
        yield
        if visdom is not None:
            await visdom.stop()
        soon = await beginning
        if soon is not None:
            soon.cancel()
        ready = await interface.loaded()
        if ready is not None:
            await ready.stop_models()
            await asyncio.to_thread(ready.stop)
        elif mirroring is not None:
            await asyncio.to_thread(mirroring.stop)

    web = Starlette(
        routes=[Route("/", page), assets.route(), Mount("/", interface)],
        exception_handlers={HTTPException: _explain, Exception: _apologise},
        lifespan=lifespan,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Not mounted: Dash reads the whole path and would not know its own routes below a mount.
        inside = scope["type"] == "http" and scope["path"].startswith(DASH_PATH)
        if inside and scope["path"] == DASH_PATH:
            await hold_dash()
        other: ASGIApp = visdom if visdom is not None and visdom.takes(scope) else web
        if scope["type"] == "http" and scope["path"].startswith(paths.BELOW):
            other = interface  # past all else: a small model answers in less time than that takes
        await (dash if inside else other)(scope, receive, send)

    hosts = LOOPBACK | settings.allowed if settings.host in LOOPBACK else None
    doors: list[security.Door] = [] if visdom is None else [visdom.door]
    if settings.write_tokens is not None:
        doors.append(WriteTokens(settings.write_tokens))
    else:
        doors.append(NothingReceived())
    guarded = security.Guard(
        app, settings.token, hosts, settings.allowed, settings.secret, settings.prefix, settings.framed, doors
    )
    return guarded if visdom is None else visdom.beside(guarded)


def _visdom_app(settings: Settings) -> VisdomApp | None:
    if settings.visdom_port is None:
        return None
    from dashboard.server.visdom_app import VisdomApp

    return VisdomApp(settings)


async def _explain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404 and "text/html" in request.headers.get("accept", "") and not path.startswith(OUR_PATHS):
        return plain_pages.elsewhere(path)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _apologise(request: Request, error: Exception) -> Response:
    logger.error("viz: %s failed", request.url.path, exc_info=error)
    return JSONResponse({"error": "Something went wrong; the terminal of viz says what."}, 500)


def _version() -> str:
    try:
        return version("everystep")
    except PackageNotFoundError:
        return "0"
