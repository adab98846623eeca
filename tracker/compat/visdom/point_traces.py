"""Traces of Plotly's for points in groups: what `scatter`, and all that is drawn by it, is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker.compat.visdom.given import Array, listed, numbers, one_for_each, refused, texts, with_gaps, without_nones
from tracker.compat.visdom.options import trace_options
from tracker.values import arrays

STYLES = ("markercolor", "linecolor", "dash")
"""Options that are about traces only, and are not sent beside them."""


def traces_of(points: Array, labels: Array, name: str | None, opts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A trace for each group of points.

    Args:
        points: (N, 2) or (N, 3).
        labels: The group of each point, whole numbers from 1.
        name: Of the one trace, where there is one.
        opts: Checked.

    Raises:
        WindowArgumentError: names, colours, dashes or texts are not as many as what they are for, or of no such kind.
    """
    found = np.unique(labels)
    most = int(labels.max()) if len(labels) else 1
    legend = None if opts.get("legend") is None else texts(opts["legend"], "scatter", "opts.legend")
    if legend is not None and len(legend) < most:
        raise refused("scatter", "opts.legend does not name each group.", f"{most} names", len(legend))
    marker_colors = _marker_colors(opts.get("markercolor"), labels, most)
    line_colors = _line_colors(opts.get("linecolor"), most)
    dashes = _dashes(opts.get("dash"), most)
    words = None if opts.get("textlabels") is None else texts(opts["textlabels"], "scatter", "opts.textlabels")
    if words is not None:
        one_for_each(words, len(points), "scatter", "textlabels", "points")
    sizes: Any = opts.get("markersize")
    if sizes is not None and np.ndim(sizes):
        one_for_each(sizes, len(points), "scatter", "markersize", "points")
    three_d = points.shape[1] == 3
    kind = "scatter3d" if three_d else "scattergl" if opts.get("webgl") else "scatter"
    traces = []
    for label in found.tolist():
        chosen = np.flatnonzero(labels == label)
        title = legend[label - 1] if legend is not None else name if name and len(found) == 1 else str(label)
        trace: dict[str, Any] = {
            "x": with_gaps(points[chosen, 0]),
            "y": with_gaps(points[chosen, 1]),
            "z": with_gaps(points[chosen, 2]) if three_d else None,
            "name": title,
            "type": kind,
            "mode": opts.get("mode"),
            "text": [words[place] for place in chosen] if words is not None else None,
            "textposition": "right",
            "line": {"dash": dashes and dashes[label - 1], "color": line_colors and line_colors[label - 1]},
            "marker": {
                "size": listed(np.asarray(sizes)[chosen]) if np.ndim(sizes) else sizes,
                "symbol": opts.get("markersymbol"),
                "color": marker_colors and [marker_colors[place] for place in chosen],
                "line": {"color": "#000000", "width": opts.get("markerborderwidth")},
            },
            "fill": "tonexty" if opts.get("fillarea") else None,
            **trace_options(opts, title, label),
        }
        traces.append(without_nones(trace))
    return traces


def _whole(values: Any, name: str) -> Array:
    """Colours: whole numbers from 0 to 255."""
    array = numbers(values, "scatter", f"opts.{name}")
    if not array.size or not ((array >= 0) & (array <= 255) & (array == np.floor(array))).all():
        got = arrays.describe(values)
        raise refused("scatter", f"opts.{name} are no colours.", "whole numbers from 0 to 255", got)
    return array.astype(np.uint8)


def _hexadecimal(colors: Array) -> list[str]:
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colors.tolist()]


def _marker_colors(given: Any, labels: Array, most: int) -> list[str] | None:
    """A colour for each point: intensities (N,) or (K,), or red, green and blue (N, 3) or (K, 3) of 1 to K groups."""
    if given is None:
        return None
    array = _whole(given, "markercolor")
    fits = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 3)
    if not fits or len(array) not in (len(labels), most):
        count = len(labels)
        expected = f"({count},), ({count}, 3), ({most},) or ({most}, 3)"
        raise refused("scatter", "opts.markercolor has another shape.", expected, arrays.describe(given))
    colors = _hexadecimal(array) if array.ndim == 2 else [f"rgba(0, 0, 255, {each / 255.0})" for each in array.tolist()]
    return colors if len(array) == len(labels) else [colors[label - 1] for label in labels.tolist()]


def _line_colors(given: Any, most: int) -> list[str] | None:
    """A colour for each line, of red, green and blue (K, 3)."""
    if given is None:
        return None
    array = _whole(given, "linecolor")
    if array.shape != (most, 3):
        raise refused("line", "opts.linecolor has another shape.", f"({most}, 3)", arrays.describe(given))
    return _hexadecimal(array)


def _dashes(given: Any, most: int) -> list[str] | None:
    """How each line is drawn: "solid", "dash", "dashdot" or "dot"."""
    if given is None:
        return None
    words = texts([given] if isinstance(given, str) else given, "line", "opts.dash")
    one_for_each(words, most, "line", "dash", "lines")
    return words
