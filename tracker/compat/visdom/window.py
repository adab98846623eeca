"""A window as the server knows it without its content, and as Visdom's clients are told of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.compat.visdom import documents, line_traces
from tracker.compat.visdom.line_traces import LineTrace
from tracker.compat.visdom.message import WindowError
from tracker.store.read.panes import StoredPane
from tracker.store.read.run import StoredRun
from tracker.values.pane import MAX_SIZE

OURS = "visdom"
"""Among the options of a pane: what we have to know of it beside what was said."""

MAX_PICTURES = 200
MAX_PICTURE_BYTES = 64_000_000
"""Of one answer: of a longer history the newest."""

_BESIDE = ("title", "width", "height")
"""Options that a pane has a place of its own for."""

KINDS = ("plot", "text", "image", "image_history", "properties", "network", "embeddings")


@dataclass
class Window:
    """What is held of a window.

    Attributes:
        id: Its name.
        kind: What Visdom calls it.
        pane: What its pane is.
        title: The line above it.
        opts: What was said of how it is shown.
        order: Its place among the windows of its environment.
        around: Of a sound or a film, what its HTML was beside the bytes.
        traces: Where its points are scalars: its traces by name.
        layout: Of those, what Plotly knows around the data.
        first: Of a history, the state of the pane that it begins with.
        revision: Counts what was done to it.
    """

    id: str
    kind: str
    pane: str
    title: str
    opts: dict[str, Any]
    order: int
    around: tuple[str, str] = ("", "")
    traces: dict[str, LineTrace] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)
    first: int = 1
    revision: int = 0

    def pane_opts(self) -> dict[str, Any]:
        """What the pane keeps: so much that the window can be told of again."""
        ours: dict[str, Any] = {"kind": self.kind}
        if any(self.around):
            ours["around"] = list(self.around)
        if self.first > 1:
            ours["first"] = self.first
        return {key: value for key, value in self.opts.items() if key not in _BESIDE} | {OURS: ours}

    def size(self) -> tuple[float | None, float | None]:
        """Width and height in pixels, None for what is not said."""
        return _pixels(self.opts.get("width")), _pixels(self.opts.get("height"))

    def lines(self) -> dict[str, Any]:
        """The pane's content, where its points are scalars."""
        return {"traces": [trace.about() for trace in self.traces.values()], "layout": self.layout}

    def hash(self) -> str:
        """32 hexadecimal digits, others after each change; not those that Visdom's own server has for the same."""
        ends = [(trace.name, trace.start, trace.stop) for trace in self.traces.values()]
        said = [self.id, self.kind, self.title, self.opts, self.layout, ends, self.revision]
        return hashlib.md5(json.dumps(said, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def resumed(pane: StoredPane, order: int, stored: StoredRun) -> Window:
    """A window from its pane, which may be one that no message of Visdom's made."""
    beside = {"title": pane.title, "width": pane.width, "height": pane.height}
    opts = {**pane.opts, **{name: value for name, value in beside.items() if value is not None}}
    ours = opts.pop(OURS, None)
    ours = ours if isinstance(ours, dict) else {}
    kind = ours.get("kind")
    around, first = ours.get("around"), ours.get("first")
    found = Window(
        pane.id, kind if kind in KINDS else kind_of(pane.type), pane.type, pane.title or "", opts, order,
        (str(around[0]), str(around[1])) if isinstance(around, list) and len(around) == 2 else ("", ""),
        first=first if isinstance(first, int) else 1, revision=pane.states,
    )  # fmt: skip
    if pane.type == "lines":
        whole = stored.pane(pane.id).content
        found.layout = dict(whole.get("layout") or {})
        found.traces = {trace.name: trace for trace in line_traces.resumed(whole, stored)}
    return found


def _pixels(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 1 <= found <= MAX_SIZE:
        return None
    return found


def kind_of(pane: str) -> str:
    """What Visdom calls a window of a pane's type."""
    return {"lines": "plot", "audio": "text", "video": "text", "svg": "text", "value": "plot"}.get(pane, pane)


def told(window: Window, stored: StoredRun) -> dict[str, Any]:
    """A window as Visdom's clients are told of it, with what it holds.

    Raises:
        WindowError: that is too much for one answer.
    """
    opts = window.opts
    found = {
        **opts, "command": "window", "id": window.id, "title": window.title, "inflate": opts.get("inflate", True),
        "width": opts.get("width"), "height": opts.get("height"), "contentID": window.hash(), "type": window.kind,
        "i": window.order,
    }  # fmt: skip
    if window.kind == "image_history":
        pictures = [_picture(pane) for pane in _newest(window, stored)]
        return found | {
            "content": pictures, "selected": len(pictures) - 1, "show_slider": opts.get("show_slider", True)
        }  # fmt: skip
    pane = stored.pane(window.id)
    if window.kind == "network":
        words = {name: opts.get(name, "hover") for name in ("showEdgeLabels", "showVertexLabels")}
        return found | {"content": _network(pane.content), "directed": opts.get("directed", False), **words}
    return found | {"content": _content(window, pane, stored)}


def _content(window: Window, pane: StoredPane, stored: StoredRun) -> Any:
    if window.pane == "lines":
        return {"data": line_traces.read([*window.traces.values()], stored), "layout": window.layout}
    if window.pane in ("audio", "video"):
        return documents.text_of(window.around, pane.items[0].data)
    if window.pane == "svg":
        return pane.content["svg"]
    if window.pane == "text":
        return pane.content["text"]
    if window.pane == "image":
        return _picture(pane)
    if window.kind == "embeddings":
        return pane.content.get("embeddings", {})
    if window.pane == "plot":
        return {"data": pane.content["data"], "layout": pane.content.get("layout", {})}
    return pane.content


def _network(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"nodes": content["nodes"], "edges": content["edges"]}


def _picture(pane: StoredPane) -> dict[str, Any]:
    item = pane.items[0]
    return {
        "src": f"data:{item.form};base64,{base64.b64encode(item.data).decode()}",
        "caption": pane.opts.get("caption"),
    }


def _newest(window: Window, stored: StoredRun) -> list[StoredPane]:
    """The pictures of a history, oldest first, as many as go into one answer."""
    last = stored.pane(window.id)
    found, size, n = [last], len(last.items[0].data), last.n
    while len(found) < MAX_PICTURES and n > window.first:
        n -= 1
        pane = stored.pane(window.id, n)
        size += len(pane.items[0].data) if pane.items else 0
        if pane.type != "image" or not pane.items or size > MAX_PICTURE_BYTES:
            break
        found.append(pane)
    return found[::-1]


def as_messages(told_of: Any, id: str) -> list[tuple[str, dict[str, Any]]]:
    """The messages (endpoint, message) that make a window of what `told` says of one.

    Raises:
        WindowError: it is no such thing.
    """
    if not isinstance(told_of, dict) or told_of.get("type") not in KINDS:
        raise WindowError(f"data: expected a window as win_data tells of it, of type {', '.join(KINDS)}.")
    kind, content = told_of["type"], told_of.get("content")
    own = ("command", "id", "contentID", "content", "type", "i", "selected", "layout")
    opts = {key: value for key, value in told_of.items() if key not in own}
    if kind == "plot":
        if not isinstance(content, dict):
            raise WindowError("content: expected an object with data and layout.")
        return [("events", {"win": id, "data": content.get("data"), "layout": content.get("layout"), "opts": opts})]
    if kind == "image_history":
        if not isinstance(content, list) or not content:
            raise WindowError("content: expected a list of pictures.")
        first, *more = ({"win": id, "data": [{"type": kind, "content": each}], "opts": opts} for each in content)
        return [("events", first), *(("update", each) for each in more)]
    return [("events", {"win": id, "data": [{"type": kind, "content": content}], "opts": opts})]
