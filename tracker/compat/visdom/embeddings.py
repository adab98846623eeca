"""Embeddings as a figure: the client has reduced them to two dimensions, a trace for each label shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.compat.visdom.message import WindowError

MAX_POINTS = 100_000


def figure(content: Any, title: str) -> dict[str, Any]:
    """The pane's content: Plotly's data and layout, and what was said, to tell of it again.

    Args:
        content: `{"data": points}`, each with position, label, name and idx; or `{"isLoading": True}`.
        title: Of the window.
    """
    if not isinstance(content, dict):
        raise WindowError("content: expected an object with data.")
    points = content.get("data") or []
    if not isinstance(points, list) or len(points) > MAX_POINTS or not all(map(_is_point, points)):
        raise WindowError(f"content.data: expected up to {MAX_POINTS:,} points, each with a position of two numbers.")
    said = {**content, "has_previous": bool(content.get("has_previous"))}
    annotations = [] if points else [{"text": "computing …", "showarrow": False}]
    layout = {"title": title, "showlegend": True, "annotations": annotations}
    return {"data": traces(points), "layout": layout, "embeddings": said}


def _is_point(point: Any) -> bool:
    position = point.get("position") if isinstance(point, dict) else None
    return (
        isinstance(position, list)
        and len(position) == 2
        and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in position)
    )


def traces(points: list[Any]) -> list[dict[str, Any]]:
    """A trace for each label."""
    by_label: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        by_label.setdefault(str(point.get("label")), []).append(point)
    return [
        {
            "type": "scatter", "mode": "markers", "name": label, "x": [point["position"][0] for point in own],
            "y": [point["position"][1] for point in own], "text": [str(point.get("name")) for point in own],
            "customdata": [point.get("idx") for point in own],
        }
        for label, own in by_label.items()
    ]  # fmt: skip


def updated(content: Mapping[str, Any], said: Mapping[str, Any], title: str) -> dict[str, Any]:
    """The content after the client answered what somebody selected."""
    before = dict(content.get("embeddings") or {})
    if said.get("update_type") == "EntitySelected":
        return {**content, "embeddings": {**before, "selected": said.get("selected")}}
    if said.get("update_type") == "RegionSelected":
        return figure({**before, "data": said.get("points"), "selected": None, "has_previous": True}, title)
    raise WindowError("data: expected an update_type, EntitySelected or RegionSelected.")
