"""What an update does to the data of a figure that is kept whole: heatmaps, and traces that are no lines of numbers.

Pure: takes a figure, gives it back changed. As Visdom does it, but that what does not fit is refused instead of being
left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.compat.visdom.message import MAX_TRACES, WindowError

ROWS = ("appendRow", "prependRow")
COLUMNS = ("appendColumn", "prependColumn")
GROWING = ("x", "y", "z", "text")
"""Of a trace: lists with an entry for each point."""


def updated(
    data: list[dict[str, Any]], new: list[dict[str, Any]], name: str | None, message: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The traces of a figure after an update.

    Args:
        data: As they are.
        new: What came.
        name: Of the trace that it is for; None for all, by their places.
        message: Says "append", and of a heatmap "updateDir".
    """
    places = [place for place, trace in enumerate(data) if name is None or trace.get("name") == name]
    if new and new[0].get("type") == "heatmap":
        if not places:
            return [*data, *new]
        if len(places) == 1 and data[places[0]].get("type") == "heatmap":
            place = places[0]
            return [*data[:place], heatmap(data[place], new[-1], message), *data[place + 1 :]]
    if not places:
        return checked_count([*data, *(named(trace, name) for trace in new)])
    found = list(data)
    for place, trace in zip(places, new, strict=False):
        if not is_masked(trace):
            found[place] = points(found[place], trace, append=bool(message.get("append")))
    more = new[len(places) :] if name is None else []
    return checked_count([*found, *more])


def without(data: list[dict[str, Any]], name: str | None) -> list[dict[str, Any]]:
    """The traces that are not called so; none at all where no name is said."""
    return [] if name is None else [trace for trace in data if trace.get("name") != name]


def renamed(data: list[dict[str, Any]], legend: Any) -> list[dict[str, Any]]:
    """The traces by the names of a legend, as far as that goes."""
    if not isinstance(legend, list):
        return data
    names = [*map(str, legend)][: len(data)]
    return [{**trace, "name": name} for trace, name in zip(data, names, strict=False)] + data[len(names) :]


def named(trace: dict[str, Any], name: str | None) -> dict[str, Any]:
    """A trace by another name, where one is said."""
    return trace if name is None else {**trace, "name": name}


def checked_count(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The traces, unless they are too many."""
    if len(data) > MAX_TRACES:
        raise WindowError(f"A window has at most {MAX_TRACES:,} traces.", 413)
    return data


def is_masked(trace: Mapping[str, Any]) -> bool:
    """Whether all of what came is NaN, which says that this trace is to stay as it is."""
    x = trace.get("x")
    return isinstance(x, list) and bool(x) and all(each is None or each != each for each in x)


def points(trace: dict[str, Any], new: dict[str, Any], *, append: bool) -> dict[str, Any]:
    """A trace with the points of another behind its own, or in their place."""
    found = dict(trace)
    for axis in GROWING:
        if isinstance(new.get(axis), list) and (axis in "xyz" or isinstance(trace.get(axis), list)):
            found[axis] = _list(trace.get(axis)) + new[axis] if append else new[axis]
    colour = new.get("marker", {}).get("color") if isinstance(new.get("marker"), dict) else None
    if colour is not None:
        marker = dict(trace["marker"]) if isinstance(trace.get("marker"), dict) else {}
        marker["color"] = _list(marker.get("color")) + _list(colour) if append else colour
        found["marker"] = marker
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def heatmap(trace: dict[str, Any], new: dict[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """A heatmap with rows or columns more, or others."""
    direction = message.get("updateDir", "replace")
    if direction not in ("replace", *ROWS, *COLUMNS):
        raise WindowError(f"updateDir: expected one of replace, {', '.join((*ROWS, *COLUMNS))}; got {direction!r:.80}.")
    if direction == "replace":
        return {**trace, **{key: value for key, value in new.items() if value is not None or not message.get("append")}}
    before, more = _rows(trace), _rows(new)
    axis = "y" if direction in ROWS else "x"
    first = direction.startswith("prepend")
    if direction in ROWS:
        if before and more and len(before[0]) != len(more[0]):
            raise WindowError(f"The heatmap has {len(before[0]):,} columns; rows of {len(more[0]):,} cannot be added.")
        z = more + before if first else before + more
    else:
        if len(before) != len(more):
            raise WindowError(f"The heatmap has {len(before):,} rows; columns of {len(more):,} cannot be added.")
        z = [new + old if first else old + new for old, new in zip(before, more, strict=True)]
    found = {**trace, "z": z, axis: _labels(trace.get(axis), new.get(axis), axis, first=first)}
    return found | {key: value for key, value in new.items() if key not in ("x", "y", "z") and value is not None}


def _rows(trace: Mapping[str, Any]) -> list[list[Any]]:
    z = trace.get("z")
    if not isinstance(z, list) or not all(isinstance(row, list) for row in z):
        raise WindowError("z: expected a list of rows.")
    return z


def _labels(before: Any, more: Any, axis: str, *, first: bool) -> list[Any] | None:
    what = "rows" if axis == "y" else "columns"
    if before is None and more is None:
        return None
    if before is None or more is None:
        has, lacks = ("what comes", "the heatmap") if before is None else ("the heatmap", "what comes")
        raise WindowError(f"The {what} of {has} have names, those of {lacks} have none.")
    if not isinstance(before, list) or not isinstance(more, list):
        raise WindowError(f"{axis}: expected a list of names.")
    known = set(map(repr, before))
    twice = [name for name in more if repr(name) in known]
    if twice:
        raise WindowError(f"There is a name {twice[0]!r:.80} among the {what} of the heatmap already.")
    return more + before if first else before + more
