"""The part of the page that Dash renders: the controls above the charts.

Callbacks carry what the user chose and nothing else; data travel over the live feed and the HTTP interface.
Those that only change how things are drawn run in the browser (`assets/controls.js`), so that a slider moves
the curves without a round trip.
"""

from __future__ import annotations

from typing import Any

import dash_ag_grid  # noqa: F401  # its scripts are served; assets/dash.js brings them in when a table is opened
import dash_mantine_components as dmc
from dash import Dash
from fastapi import FastAPI
from starlette.types import ASGIApp

from dashboard.pages import tools

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
    tools.register(app)
    return server


def layout() -> Any:
    """What Dash draws."""
    return dmc.MantineProvider(id="theme", theme=THEME, forceColorScheme="light", children=[tools.layout()])
