"""The part of the page that Dash renders: the controls above the charts.

Callbacks carry what the user chose and nothing else; data travel over the live feed and the HTTP interface.
Those that only change how things are drawn run in the browser (`web/ui/controls.js`), so that a slider moves
the curves without a round trip.

What Dash sends is written by Plotly, which looks whether a value is an array or a picture of the modules that it finds
loaded. In one that another thread has loaded half there is no such class, and the request was a 500: so were those that
came while the first pictures of an embedding were drawn.
"""

from __future__ import annotations

from typing import Any

import dash_ag_grid  # noqa: F401  # its scripts are served; web/ui/dash.js brings them in when a table is opened
import dash_mantine_components as dmc
import numpy  # noqa: F401  # whole before Dash is asked; see above
import PIL.Image  # noqa: F401
from dash import Dash
from dash.fingerprint import check_fingerprint
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.server import dash_toolbar

THEME = {
    "fontFamily": "var(--font)",
    "primaryColor": "indigo",
    "defaultRadius": "md",
    "fontSizes": {"xs": "12px", "sm": "13px", "md": "13px"},
}


def create_dash(prefix: str) -> ASGIApp:
    """The Dash application at the path `prefix`, which begins and ends with a slash."""
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # Dash's own annotation knows Flask only
        url_base_pathname=prefix,
        assets_ignore=".*",  # our assets are modules, which the page loads itself
        serve_locally=True,
        title="everystep",
        update_title="",
    )
    app.layout = layout
    dash_toolbar.register(app)
    return _Door(server, app, prefix)


class _Door:
    """Lets through to Dash what our page asks of it, and answers the rest itself.

    All callbacks run in the browser, so nothing is ever sent to Dash. Of a script that it does not have, and of a body
    that it does not expect, Dash makes an error of its own.
    """

    def __init__(self, server: ASGIApp, app: Dash, prefix: str) -> None:
        self._server = server
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(self._prefix)
        if path not in ("", "_dash-layout", "_dash-dependencies") and not self._is_script(path):
            await JSONResponse({"error": "The controls have no such page or script."}, 404)(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            said = JSONResponse({"error": "The controls take nothing."}, 405, {"allow": "GET, HEAD"})
            await said(scope, receive, send)
        else:
            await self._server(
                {**scope, "method": "GET"}, _nothing, _without_body(send) if scope["method"] == "HEAD" else send
            )

    def _is_script(self, path: str) -> bool:
        folder, _, rest = path.partition("/")
        package, _, name = rest.partition("/")
        known = self._app.registered_paths.get(package, ()) if folder == "_dash-component-suites" else ()
        return check_fingerprint(name)[0] in known if known else False  # type: ignore[no-untyped-call]


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def layout() -> Any:
    """What Dash draws."""
    return dmc.MantineProvider(id="theme", theme=THEME, forceColorScheme="light", children=[dash_toolbar.layout()])
