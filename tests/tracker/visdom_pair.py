"""Two clients of Visdom that write what they would send, and what of that is meant to be the same."""

from __future__ import annotations

import base64
import copy
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Message = dict[str, Any]

BY_DESIGN = {
    "a legend and margins stay": "update_window_opts of a width alone sets showlegend to False and all margins to 60 there",
    "true ticks": "xtick=False is not heard there unless more is said of the axis, and in space not at all",
    "true bars": "bars of a histogram stand in the middle of their bins; there they spread from the first edge to the last",
    "contours clip": "xmin and xmax are heard by contours, as zmin and zmax; there by surfaces only",
    "no words around players": "a sentence for browsers without sound is left out, as are spaces",
    "one colour of an axis": "the default colour of the second axis is rgb(148, 103, 189), without a zero in front",
    "titles are texts": "a number as a title is written out in update_window_opts too",
    "None is not said": "opts that are None are as if they had not been said, and fields of no value are not sent",
    "edges as given": "edges keep their order and direction",
    "gaps": "NaN is null in every list; there NaN in surfaces, boxes and points in space is written as no JSON",
}
"""What differs, and why: `alike` looks past these only."""


def pixels(address: str) -> Any:
    """A picture's form, size and pixels."""
    head, _, data = address.partition(",")
    return head, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def alike(value: Any, key: str = "") -> Any:
    """A part of a message, without what is not meant to be the same."""
    if isinstance(value, dict):
        found = {name: alike(each, name) for name, each in value.items() if each is not None}
        return {name: each for name, each in found.items() if each is not None and each != {}}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.12g}")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if key == "title" else float(f"{value:.12g}")
    if isinstance(value, str) and value.startswith("data:image/"):
        form, array = pixels(value)
        return form, array.shape, array.tobytes()
    if isinstance(value, str) and key == "content":
        return re.sub(r"\s+|Your browser does not support the (audio|video) tag\.", "", value)
    return value.replace("0189", "189") if isinstance(value, str) else value


def past_design(method: str, message: Message) -> Message:
    """A message without what `BY_DESIGN` says differs in messages of this method."""
    message = copy.deepcopy(message)
    layout = message.get("layout", {})
    for axis in [layout.get("xaxis"), layout.get("yaxis"), *layout.get("scene", {}).values()]:
        if isinstance(axis, dict):
            axis.pop("showticklabels", None)
    if method == "update_window_opts":
        layout.pop("margin", None)
        layout.pop("showlegend", None)
    if method == "histogram":
        message["data"][0].pop("x")
    if method == "contour":
        for name in ("zmin", "zmax"):
            message["data"][0].pop(name, None)
    if method == "graph":
        content = message["data"][0]["content"]
        for edge in content["edges"]:
            edge["source"], edge["target"] = sorted((edge["source"], edge["target"]))
            edge["label"] = f"{edge['source']}-{edge['target']}"
        content["edges"].sort(key=lambda edge: (edge["source"], edge["target"]))
    return message


class Pair:
    """Two clients that write what they would send: Visdom's own, and ours."""

    def __init__(self, folder: Path, kind: Any) -> None:
        self.log = folder / f"{kind.__module__}.log"
        self.client = kind(offline=True, log_to_filename=str(self.log), env="demo", use_incoming_socket=False)

    def said(self, method: str, arguments: dict[str, Any]) -> tuple[str, Message]:
        """What a call sends."""
        self.log.unlink(missing_ok=True)
        getattr(self.client, method)(**copy.deepcopy(arguments))
        (line,) = self.log.read_text().splitlines()
        endpoint, message = json.loads(line)
        if not arguments.get("win") and method != "_send":
            assert re.fullmatch(r"window_[0-9a-f]{13,}", message.pop("win"))
        return endpoint, message
