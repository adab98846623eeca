"""What a pane is given, as what it shows: every value that is no text and no curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, message
from tracker.store.read.records import MediaItem
from tracker.values import arrays
from tracker.values.figure import PLOTLY_FORM, Figure
from tracker.values.image import Image
from tracker.values.markup import Svg
from tracker.values.network import Network
from tracker.values.pane import POINTS
from tracker.values.properties import Properties
from tracker.values.value import Medium, Value

MEDIA = ("image", "audio", "video")
"""Kinds of values that are stored with their pane; others have series of their own."""


def told(id: str, content: Any) -> tuple[str, Any, list[Value], list[tuple[str, Value]]]:
    """What any content but texts and curves is: type, JSON content, parts, and values that are logged beside."""
    if isinstance(content, Svg):
        return "svg", {"svg": content.text}, [], []
    if isinstance(content, Properties):
        return "properties", content.properties, [], []
    if isinstance(content, Network):
        return "network", {"nodes": content.nodes, "edges": content.edges, "directed": content.directed}, [], []
    if isinstance(content, Mapping):
        if {"nodes", "edges"} <= set(content):
            return told(id, Network(content["nodes"], content["edges"], directed=bool(content.get("directed"))))
        if set(content) == {"kind", "tag"}:
            return "value", {name: coerce.text(content[name]) for name in ("kind", "tag")}, [], []
    several = content if isinstance(content, (list, tuple)) else [content]
    several = [Image(each) if type(each).__module__.startswith("PIL.") else each for each in several]
    kinds = {each.kind if isinstance(each, Value) else "" for each in several}
    if len(kinds) == 1 and (kind := kinds.pop()) in MEDIA:
        return kind, None, list(several), []
    only = several[0] if len(several) == 1 else None
    if isinstance(only, Value) and not isinstance(only, Figure):
        return "value", {"kind": only.kind, "tag": f"{POINTS}{id}"}, [], [(f"{POINTS}{id}", only)]
    figure = only if isinstance(only, Figure) else _figure(content)
    if figure.form == PLOTLY_FORM:
        return "plot", json.loads(figure.data), [], []
    return "image", None, [figure], []


def _figure(content: Any) -> Figure:
    try:
        return Figure(content)
    except LoggedTypeError as error:
        raise LoggedTypeError(
            message(
                "pane(): this cannot be shown.",
                expected="a text, tracker.Html, Svg, Image, Audio, Video, Curves, Properties, Network or another "
                "value, or a Plotly or Matplotlib figure",
                got=arrays.describe(content),
                hint="Of an array say what it is: tracker.Image(x), tracker.Histogram(x), tracker.Curves({'y': x}).",
            )
        ) from error


class Kept(Value):
    """An item of a pane that stays in it."""

    def __init__(self, item: MediaItem) -> None:
        self.kind = item.said("kind", str, "image") or "image"
        self.items = [_alone(each) for each in (item, *item.parts)]

    @property
    def n_bytes(self) -> int:
        return sum(len(item.data) + 500 for item in self.items)

    def encode(self) -> list[Medium]:
        return self.items


def _alone(item: MediaItem) -> Medium:
    """An item of a pane as it was before it belonged to that."""
    attributes = {name: value for name, value in item.attributes.items() if name not in ("belongs", "kind", "of")}
    if "of" in item.attributes:
        attributes["belongs"] = item.attributes["of"]
    return Medium(item.form, attributes, item.data)
