"""Says messages to the windows of a Visdom server as its clients do, without a server."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
from PIL import Image

from tracker.compat.visdom.windows import Windows

LINE = {
    "type": "scatter",
    "mode": "lines",
    "name": "1",
    "line": {"color": "#f00"},
    "marker": {"size": 10, "symbol": "dot"},
}


def line(x: list[Any], y: list[Any], **more: Any) -> dict[str, Any]:
    return {**LINE, "x": x, "y": y, **more}


def picture(colour: int = 0) -> str:
    out = io.BytesIO()
    Image.fromarray(np.full((4, 6, 3), colour, np.uint8)).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


class Client:
    """Says messages as the client does."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __call__(self, endpoint: str, **said: Any) -> str:
        return self.windows.handle(endpoint, {"eid": "main", **said})

    def show(self, win: str, data: list[dict[str, Any]], **said: Any) -> str:
        return self("events", win=win, data=data, **{"layout": {}, "opts": {}, **said})

    def append(self, win: str, data: list[dict[str, Any]], **said: Any) -> str:
        return self("update", win=win, data=data, **{"layout": {}, "opts": {}, "append": True, **said})

    def told(self, win: str) -> dict[str, Any]:
        return json.loads(self("win_data", win=win))
