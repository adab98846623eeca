"""`opts`: what may be said of any window, checked, and what of it Plotly's layout is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat.visdom.given import is_number, listed, plain, refused, without_nones
from tracker.values import arrays

Opts = dict[str, Any]

MARGINS = {"l": "marginleft", "r": "marginright", "t": "margintop", "b": "marginbottom"}
"""Plotly's sides, and our callers' names of them."""

AXIS = {
    "type": "type",
    "title": "label",
    "tickvals": "tickvals",
    "ticktext": "ticklabels",
    "showticklabels": "tick",
    "tickfont": "tickfont",
}
"""Plotly's words of an axis, and those of `opts` behind the axis's letter: `xlabel`, `ytickvals`."""


def _is_size(value: Any) -> bool:
    if isinstance(value, (list, tuple, np.ndarray)):
        return all(is_number(each) and each > 0 for each in listed(value))
    return is_number(value) and value > 0


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (lambda value: isinstance(value, str), "a text"),
    "color": (lambda value: isinstance(value, str), 'a colour, such as "#1f77b4"'),
    "colormap": (lambda value: isinstance(value, str), 'the name of a colour scale, such as "Viridis"'),
    "mode": (lambda value: isinstance(value, str), 'a text, such as "lines+markers"'),
    "markersymbol": (lambda value: isinstance(value, str), 'the name of a symbol, such as "cross"'),
    "markersize": (_is_size, "a number greater than 0, or a list of them"),
    "markerborderwidth": (lambda value: is_number(value) and value >= 0, "a number of 0 or more"),
    "columnnames": (lambda value: isinstance(value, list), "a list of names"),
    "rownames": (lambda value: isinstance(value, list), "a list of names"),
    "jpgquality": (lambda value: is_number(value) and 0 < value <= 100, "a number greater than 0, up to 100"),
    "opacity": (lambda value: is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "fps": (lambda value: is_number(value) and value > 0, "a number greater than 0"),
}
"""Of each option that has a form of its own: whether a value has it, and what that is in words."""


def options(call: str, given: Any, **defaults: Any) -> Opts:
    """`opts` as a dictionary of its own, with defaults for what was not said: the caller's stays as it is.

    Raises:
        WindowArgumentError: it is no dictionary, or one of its values is not what that option takes.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise refused(call, "opts is no dictionary.", 'opts={"title": "…"}', arrays.describe(given))
    opts = {coerce.text(key): value for key, value in given.items()}
    for key, value in defaults.items():
        opts.setdefault(key, value)
    title = opts.get("title")
    if title is None:
        opts.pop("title", None)
    elif is_number(title):
        opts["title"] = str(title)
    for key in ("rownames", "columnnames"):
        if isinstance(opts.get(key), (tuple, np.ndarray)):
            opts[key] = listed(opts[key])
    for key, (fits, expected) in CHECKS.items():
        value = opts.get(key)
        if value is not None and not fits(value):
            raise refused(call, f"opts.{key} is not what it should be.", expected, arrays.describe(value))
    return opts


def layout(opts: Mapping[str, Any], *, three_d: bool = False, changed: bool = False) -> Opts:
    """Plotly's layout, as far as `opts` say something of it.

    Args:
        opts: What was said.
        three_d: Whether the axes are a scene's.
        changed: Whether it is for a window that has one: without defaults, which would undo what it was made with.
    """
    defaults: Opts = {} if changed else {"l": 0, "r": 60, "t": 20, "b": 0} if three_d else dict.fromkeys("lrtb", 60)
    margin = {side: opts.get(name, defaults.get(side)) for side, name in MARGINS.items()}
    has_legend = True if opts.get("legend") is not None else None if changed else False
    found: Opts = {"showlegend": opts.get("showlegend", has_legend), "title": opts.get("title")}
    if any(value is not None for value in margin.values()):
        found["margin"] = margin
    axes = {f"{letter}axis": _axis(letter, opts, three_d) for letter in ("xyz" if three_d else "xy")}
    if three_d:
        found["scene"] = axes
    else:
        found |= axes
    if opts.get("stacked"):
        found["barmode"] = "stack"
    found |= _of_plotly(opts, "layoutopts")
    return without_nones(plain(found))  # type: ignore[no-any-return]


def _axis(letter: str, opts: Mapping[str, Any], three_d: bool) -> Opts | None:
    """An axis of Plotly's; None where nothing was said of it."""
    found = {theirs: opts.get(letter + ours) for theirs, ours in AXIS.items()}
    low, high, step = (opts.get(letter + word) for word in ("tickmin", "tickmax", "tickstep"))
    if low is not None or high is not None:
        found["range"] = [low, high]  # Plotly fits the end that was not said
    if step is not None and not three_d:
        found["dtick"] = step
    elif step is not None and low is not None and high is not None:
        found["nticks"] = round((high - low) / step)  # a scene has no word for the distance
    return found if any(value is not None for value in found.values()) else None


def trace_options(opts: Mapping[str, Any], name: str, label: int) -> Opts:
    """What `opts.traceopts` say of a trace, by its name or its number."""
    found: dict[Any, Any] = _of_plotly(opts, "traceopts")
    said = found.get(name) or found.get(label)
    return dict(said) if isinstance(said, Mapping) else {}


def _of_plotly(opts: Mapping[str, Any], key: str) -> Opts:
    """The part for Plotly of `layoutopts` or `traceopts`: {"plotly": {…}}."""
    found = opts.get(key)
    found = found.get("plotly") if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}
