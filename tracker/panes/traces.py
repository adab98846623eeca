"""Traces of a line pane: each names the tags of its points, which are scalars of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tracker.errors import LoggedValueError, message
from tracker.values.curves import Curves, Points
from tracker.values.pane import POINTS
from tracker.values.value import Value

Trace = dict[str, Any]
"""`name`; `y` and `x`, the tags of its points (x None: they are counted); of points of its own `start`, the step of the
first of them that is shown; and what Plotly is told of it beside."""

_OWN = ("name", "y", "x", "start")

Add = tuple[dict[str, float], list[tuple[str, Value]], "int | None"]
"""What one call of a gate takes: numbers, other values, the step; None for where the training stands."""


def tag_of(id: str, name: str) -> str:
    """Where the points of a trace lie. No two traces of any panes have the same."""
    return f"{POINTS}{_part(id)}/{_part(name)}"


def _part(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")


def of_tags(content: Curves) -> dict[str, Trace]:
    """The traces that show curves of the run."""
    return {
        name: {"mode": content.mode, **content.styles.get(name, {}), "name": name, "y": tag, "x": content.x}
        for name, tag in content.tags.items()
    }


def of_points(
    id: str, content: Curves, before: Mapping[str, Trace], count_of: Callable[[str], int]
) -> tuple[dict[str, Trace], list[Add], dict[str, int]]:
    """The traces that show points of their own, these, and how many there are of each tag then.

    Args:
        id: The pane.
        content: What it is given.
        before: The traces that are to be continued.
        count_of: How many points a tag has by now.

    Raises:
        LoggedValueError: a trace was begun with x and goes on without, or the other way round.
    """
    made: dict[str, Trace] = {}
    adds: list[Add] = []
    counts: dict[str, int] = {}
    for name, points in content.points.items():
        old, tag, has_x = before.get(name), tag_of(id, name), points.x is not None
        count = count_of(tag)
        if old is None or "start" not in old:
            made[name] = {"mode": content.mode, **content.styles.get(name, {}), "name": name, "y": tag}
            made[name] |= {"x": f"{tag}/x" if has_x else None, "start": count}
        elif len(points.y) and (old["x"] is not None) != has_x:
            raise LoggedValueError(
                message(
                    f"pane(): the trace {name!r} of {id!r} was begun {'without' if has_x else 'with'} x.",
                    expected="y" if has_x else "(x, y)",
                )
            )
        else:
            made[name] = {**old, **content.styles.get(name, {}), **{key: old[key] for key in _OWN}}
        adds += _points(tag, points, count)
        counts[tag] = count + len(points.y)
    return made, adds, counts


def _points(tag: str, points: Points, first: int) -> list[Add]:
    values = points.y.tolist()
    if points.x is None:
        return [({tag: y}, [], first + place) for place, y in enumerate(values)]
    x_tag = f"{tag}/x"
    return [
        ({tag: y, x_tag: x}, [], first + place)
        for place, (x, y) in enumerate(zip(points.x.tolist(), values, strict=True))
    ]


def stored(id: str, content: Any) -> dict[str, Trace]:
    """The traces of a line pane as it is stored. What is no trace is none: the file may come from anybody."""
    found: dict[str, Trace] = {}
    for about in content.get("traces") or [] if isinstance(content, dict) else []:
        if isinstance(about, dict) and isinstance(about.get("name"), str) and isinstance(about.get("y"), str):
            name = about["name"]
            start = about.get("start")
            own = {"x": f"{about['y']}/x" if about.get("x") else None, "start": start if isinstance(start, int) else 0}
            found[name] = {**about, "x": about.get("x"), **(own if about["y"] == tag_of(id, name) else {})}
    return found
