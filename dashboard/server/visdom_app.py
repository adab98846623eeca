"""Visdom's protocol beside the page: on a port of its own, and below /visdom of the page's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.live import trash
from dashboard.server import public_address, security
from dashboard.server.lazy_app import LazyApp
from dashboard.server.public_address import LOOPBACK
from dashboard.server.settings import Settings
from dashboard.visdom.door import Door

if TYPE_CHECKING:
    from dashboard.visdom.protocol import Protocol

ROOT = "/visdom"


class VisdomApp:
    """Both ways to it.

    Args:
        settings: Of the server, with the port that is Visdom's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        secret = settings.secret or security.new_token().encode()
        self.door = Door(settings.token, secret, ROOT)
        """Of what is below /visdom."""
        own = Door(settings.token, secret)
        self._protocol = LazyApp(lambda: self._made(own), "Visdom's protocol")
        hosts = LOOPBACK | settings.allowed if settings.host in LOOPBACK else None
        self._guarded = security.Guard(
            self._protocol, settings.token, hosts, settings.allowed, settings.secret, doors=[own]
        )

    def _made(self, door: Door) -> Protocol:
        from dashboard.visdom.protocol import Protocol

        logdir = self._settings.logdir
        return Protocol(logdir, door, self._page, lambda run: trash.to_trash(logdir, run))

    def _page(self, scope: Scope, headers: Headers) -> str:
        """The address of our page for who came to this port, or below /visdom, by a browser."""
        if not self.is_of_port(scope):
            # As the browser counts, for which an escaped slash is none.
            below = scope.get("raw_path", b"").decode("latin-1").partition(ROOT)[2]
            return "../" * below.count("/") or "./"
        name = public_address.name_of(headers.get("host", "")) or self._settings.host
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self._settings.port}{self._settings.prefix}/"

    def is_of_port(self, scope: Scope) -> bool:
        """Whether a request came by Visdom's own port."""
        server = scope.get("server")
        return server is not None and server[1] == self._settings.visdom_port

    def takes(self, scope: Scope) -> bool:
        """Whether a request that came by the page's port is Visdom's."""
        return scope["type"] in ("http", "websocket") and f"{scope['path']}/".startswith(f"{ROOT}/")

    def beside(self, app: ASGIApp) -> ASGIApp:
        """The app of the page's port, with this one on the other."""

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            is_here = scope["type"] in ("http", "websocket") and self.is_of_port(scope)
            await (self._guarded if is_here else app)(scope, receive, send)

        return both

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._protocol({**scope, "path": scope["path"].removeprefix(ROOT)}, receive, send)

    def load(self) -> None:
        """Begins to import it."""
        self._protocol.load()

    async def stop(self) -> None:
        """Stores what was said, and finishes the runs."""
        ready = await self._protocol.loaded()
        if ready is not None:
            await asyncio.to_thread(ready.stop)
