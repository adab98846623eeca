"""The tool bar: filter, smoothing, axes; for each page its own."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, html

SETTINGS = {"tags": "value", "smooth": "value", "x": "value", "logy": "checked", "bins": "value", "binning": "value"}
"""Controls by id, which is the name of what they set in `web/core/state.js`, and the property that holds it."""


def layout() -> Any:
    """The controls; CSS shows those of the page that is open."""
    return html.Div(
        className="tool-row",
        children=[
            html.Div(
                className="tool-group for-curves",
                children=[
                    dmc.TextInput(
                        id="tags",
                        placeholder="Filter tags: words or /regex/",
                        w=200,
                        size="xs",
                        debounce=120,
                        value="",
                        **{"aria-label": "Filter tags"},
                    ),
                    html.Div(
                        className="tool-label",
                        children=[
                            html.Label("Smoothing", htmlFor="smooth", id="smooth-label"),
                            dmc.Slider(
                                id="smooth",
                                min=0,
                                max=300,
                                step=1,
                                value=100,
                                w=110,
                                size="sm",
                                label=None,
                                updatemode="drag",
                                thumbLabel="Smoothing",
                            ),
                            html.Output("0.90", id="smooth-value", className="tool-value"),
                        ],
                    ),
                    dmc.SegmentedControl(
                        id="x",
                        size="xs",
                        value="step",
                        data=[
                            {"value": "step", "label": "Step"},
                            {"value": "relative", "label": "Relative"},
                            {"value": "time", "label": "Time"},
                            {"value": "metric", "label": "Metric"},
                        ],
                    ),
                    dmc.Switch(id="logy", label="log y", size="xs", checked=False),
                ],
            ),
            html.Div(
                className="tool-group for-distributions",
                children=[
                    dmc.SegmentedControl(
                        id="bins",
                        size="xs",
                        value="ridge",
                        data=[
                            {"value": "ridge", "label": "Ridges"},
                            {"value": "overlay", "label": "Overlay"},
                            {"value": "heat", "label": "Heat map"},
                            {"value": "bands", "label": "Percentiles"},
                            {"value": "one", "label": "One step"},
                        ],
                    ),
                    dmc.SegmentedControl(
                        id="binning",
                        size="xs",
                        value="linear",
                        data=[{"value": "linear", "label": "Linear bins"}, {"value": "log", "label": "Log bins"}],
                    ),
                ],
            ),
        ],
    )


def register(app: Dash) -> None:
    """Tells the page's own state what the user chose; in the browser, without asking the server."""
    for name, value in SETTINGS.items():
        chosen = ClientsideFunction("everystep", f"set_{name}")
        app.clientside_callback(chosen, Input(name, value), prevent_initial_call=True)  # type: ignore[no-untyped-call]
