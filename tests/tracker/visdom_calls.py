"""Calls of Visdom's methods, for its own client and for ours: what Hypothesis makes of every documented argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

Drawn = Callable[[Any], Any]

WORDS = st.text("abcdefgh XYZ_é°", min_size=1, max_size=8)
FINITE = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
NUMBERS = st.one_of(FINITE, FINITE, FINITE, st.just(math.nan))
COLORS = st.integers(0, 255)
SCALES = st.sampled_from(["Viridis", "Electric", "Rainbow"])


def optional(**choices: Any) -> Any:
    """Any of these options, or none."""
    return st.fixed_dictionaries({}, optional=choices)


@st.composite
def axis(draw: Any, letter: str) -> dict[str, Any]:
    """What is said of an axis: all of it, or nothing."""
    if draw(st.booleans()):
        return {}
    said: dict[str, Any] = {f"{letter}label": draw(WORDS)}
    low, step, count = draw(st.integers(1, 50)), draw(st.integers(1, 5)), draw(st.integers(1, 9))
    if draw(st.booleans()):
        said |= {f"{letter}tickmin": low, f"{letter}tickmax": low + step * count, f"{letter}tickstep": step}
    said |= draw(
        optional(
            **{
                f"{letter}type": st.sampled_from(["linear", "log"]),
                f"{letter}tick": st.booleans(),
                f"{letter}tickvals": st.lists(FINITE, min_size=1, max_size=4),
                f"{letter}ticklabels": st.lists(WORDS, min_size=1, max_size=4),
                f"{letter}tickfont": st.just({"size": 9, "color": "red"}),
            }
        )
    )
    return said


@st.composite
def any_opts(draw: Any, **more: Any) -> dict[str, Any]:
    """What may be said of any chart, and `more`."""
    sides = {f"margin{side}": st.integers(0, 90) for side in ("left", "right", "top", "bottom")}
    said = draw(
        optional(
            title=WORDS | st.integers(1, 9),
            width=st.integers(50, 900),
            height=st.integers(50, 900),
            showlegend=st.booleans(),
            layoutopts=st.just({"plotly": {"legend": {"x": 0, "y": 0}, "hovermode": None}}),
            **sides,
            **more,
        )
    )
    for letter in "xyz":
        said |= draw(axis(letter))
    return said


def table(rows: int, columns: int | None, of: Any = NUMBERS) -> Any:
    """Numbers (rows,) or (rows, columns)."""
    shape = (rows,) if columns is None else (rows, columns)
    count = math.prod(shape)
    return st.lists(of, min_size=count, max_size=count).map(lambda found: np.array(found, np.float64).reshape(shape))


@st.composite
def styles(draw: Any, count: int, groups: int) -> dict[str, Any]:
    """How points of some groups are drawn."""
    places = st.sampled_from([count, groups])

    def colors(of: int, channels: bool) -> Any:
        shape = (of, 3) if channels else (of,)
        values = st.lists(COLORS, min_size=math.prod(shape), max_size=math.prod(shape))
        return values.map(lambda found: np.array(found).reshape(shape))

    return draw(
        any_opts(
            markersymbol=st.sampled_from(["dot", "cross", "star-open"]),
            markersize=st.integers(1, 20),
            markerborderwidth=st.sampled_from([0, 0.5, 2]),
            markercolor=st.tuples(places, st.booleans()).flatmap(lambda chosen: colors(*chosen)),
            textlabels=st.lists(WORDS, min_size=count, max_size=count),
            legend=st.lists(WORDS, min_size=groups, max_size=groups + 1, unique=True),
            webgl=st.booleans(),
        )
    )


UPDATE = st.sampled_from([None, None, "append", "replace", "insert"])


@st.composite
def scatter(draw: Any) -> dict[str, Any]:
    count, groups = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    said: dict[str, Any] = {"X": draw(table(count, draw(st.sampled_from([2, 3])))), "update": draw(UPDATE)}
    labels = draw(st.none() | st.lists(st.integers(1, groups), min_size=count, max_size=count))
    most = 1 if labels is None else max(labels)
    if labels is not None:
        said["Y"] = np.array(labels)
    if labels is None or len(set(labels)) == 1:
        said["name"] = draw(st.none() | WORDS)
        if said["update"] and said["name"] and labels is None and draw(st.booleans()):
            said["X"], said["Y"] = draw(table(count, None)), draw(table(count, None))
    return said | {"opts": draw(styles(count, most)), "win": "w"}


@st.composite
def line(draw: Any) -> dict[str, Any]:
    count, lines = draw(st.integers(1, 6)), draw(st.sampled_from([None, 1, 2, 3]))
    said: dict[str, Any] = {"Y": draw(table(count, lines)), "update": draw(UPDATE), "win": "w"}
    beside = draw(st.sampled_from(["none", "shared", "own"]))
    if beside != "none" or said["update"]:
        said["X"] = draw(table(count, lines if beside == "own" else None, FINITE))
    if lines in (None, 1):
        said["name"] = draw(st.none() | WORDS)
    many = lines or 1
    rows = st.lists(st.tuples(COLORS, COLORS, COLORS), min_size=many, max_size=many)
    dashes = st.lists(st.sampled_from(["solid", "dash", "dashdot", "dot"]), min_size=many, max_size=many)
    traces = {str(number): {"mode": "markers", "connectgaps": True} for number in range(1, many)}
    said["opts"] = draw(
        any_opts(
            fillarea=st.booleans(),
            markers=st.booleans(),
            markersymbol=st.just("cross"),
            markersize=st.integers(1, 20),
            linecolor=rows.map(np.array),
            dash=dashes.map(np.array),
            legend=st.lists(WORDS, min_size=many, max_size=many, unique=True),
            webgl=st.booleans(),
            traceopts=st.just({"plotly": traces}),
        )
    )
    return said


@st.composite
def heatmap(draw: Any) -> dict[str, Any]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    names = {
        "columnnames": st.lists(WORDS, min_size=columns, max_size=columns),
        "rownames": st.lists(WORDS, min_size=rows, max_size=rows),
    }
    opts = draw(any_opts(colormap=SCALES, xmin=FINITE, xmax=FINITE, nancolor=st.just("black"), **names))
    update = draw(st.sampled_from([None, "replace", "appendRow", "appendColumn", "prependRow", "prependColumn"]))
    return {"X": draw(table(rows, columns)), "opts": opts, "update": update, "win": "w"}


@st.composite
def bar(draw: Any) -> dict[str, Any]:
    rows, columns = draw(st.integers(2, 4)), draw(st.sampled_from([None, 2, 3]))
    opts = draw(any_opts(stacked=st.booleans()))
    if draw(st.booleans()):
        opts["legend"] = [f"part {n}" for n in range(rows if columns is None else columns)]
    elif draw(st.booleans()):
        opts["rownames"] = [f"row {n}" for n in range(rows)]
    said: dict[str, Any] = {"X": draw(table(rows, columns, FINITE)), "opts": opts}
    if draw(st.booleans()) and not (columns is None and "legend" in opts):
        said["Y"] = draw(table(rows, None, FINITE))
    return said


@st.composite
def of_columns(draw: Any) -> dict[str, Any]:
    rows, columns = draw(st.integers(2, 5)), draw(st.sampled_from([None, 2, 3]))
    legend = st.just([f"column {n}" for n in range(columns or 1)])
    return {"X": draw(table(rows, columns, FINITE)), "opts": draw(any_opts(legend=legend))}


@st.composite
def surface(draw: Any) -> dict[str, Any]:
    opts = draw(any_opts(colormap=SCALES, xmin=FINITE, xmax=FINITE))
    return {"X": draw(table(draw(st.integers(2, 4)), draw(st.integers(2, 4)), FINITE)), "opts": opts}


@st.composite
def mesh(draw: Any) -> dict[str, Any]:
    count, axes = draw(st.integers(3, 6)), draw(st.sampled_from([2, 3]))
    said: dict[str, Any] = {"X": draw(table(count, axes, FINITE))}
    if draw(st.booleans()):
        said["Y"] = draw(table(2, axes, st.integers(0, count - 1))).astype(int)
    return said | {"opts": draw(any_opts(color=st.just("blue"), opacity=st.sampled_from([0.25, 1.0])))}


@st.composite
def stem(draw: Any) -> dict[str, Any]:
    count, columns = draw(st.integers(2, 5)), draw(st.sampled_from([None, 2, 3]))
    said: dict[str, Any] = {"X": draw(table(count, columns, FINITE))}
    if draw(st.booleans()):
        said["Y"] = draw(table(count, draw(st.sampled_from([None, columns])), FINITE))
    legend = st.just([f"series {n}" for n in range(columns or 1)])
    return said | {"opts": draw(any_opts(legend=legend, colormap=SCALES))}


@st.composite
def quiver(draw: Any) -> dict[str, Any]:
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    lengths = table(rows, columns, st.floats(0.5, 9).map(lambda value: round(value, 2)))
    said: dict[str, Any] = {"X": draw(lengths), "Y": draw(lengths)}
    if draw(st.booleans()):
        said |= {"gridX": draw(lengths), "gridY": draw(lengths)}
    return said | {"opts": draw(any_opts(normalize=st.sampled_from([0.5, 2]), arrowheads=st.booleans()))}


@st.composite
def dual_axis_lines(draw: Any) -> dict[str, Any]:
    count = draw(st.integers(1, 5))
    words = dict.fromkeys(("name_y1", "name_y2", "title"), WORDS)
    colors = {f"color_{part}_y{number}": st.just("green") for part in ("title", "tick") for number in (1, 2)}
    sides = {side: st.integers(0, 90) for side in ("top", "bottom", "left", "right")}
    opts = optional(**words, **colors, **sides, side=st.sampled_from(["left", "right"]), showlegend=st.booleans(),
                    width=st.integers(9, 900), height=st.integers(9, 900))  # fmt: skip
    return {name: draw(table(count, None, FINITE)) for name in ("X", "Y1", "Y2")} | {"opts": draw(st.none() | opts)}


@st.composite
def sunburst(draw: Any) -> dict[str, Any]:
    count = draw(st.integers(1, 5))
    words = st.lists(WORDS, min_size=count, max_size=count).map(np.array)
    said = {"labels": draw(words), "parents": draw(words), "opts": draw(optional(title=WORDS, font_color=st.just("red"),
            size=st.integers(1, 9), opacity=st.just(0.5), marker_width=st.integers(1, 9)))}  # fmt: skip
    return said | (
        {"values": draw(table(max(count, 2), None, FINITE))[:count]} if count > 1 and draw(st.booleans()) else {}
    )


@st.composite
def graph(draw: Any) -> dict[str, Any]:
    count = draw(st.integers(2, 6))
    edges = [[n, n + 1] for n in range(count - 1)]  # a chain, so that no node is left out, and edges across
    edges += draw(
        st.lists(st.sampled_from([[a, b] for a in range(count) for b in range(a)]), max_size=4, unique_by=str)
    )
    said: dict[str, Any] = {"edges": edges}
    if draw(st.booleans()):
        said["nodeLabels"] = [f"node {n}" for n in range(count)]
    return said | {
        "opts": draw(
            optional(showVertexLabels=st.booleans(), showEdgeLabels=st.booleans(), title=WORDS, width=st.integers(9, 900),
                     scheme=st.sampled_from(["same", "different"]))
        )
    }  # fmt: skip


@st.composite
def image(draw: Any) -> dict[str, Any]:
    shape = draw(st.sampled_from([(4, 5), (1, 4, 5), (3, 4, 5), (4, 4, 5)]))
    of_bytes = draw(st.booleans()) or (len(shape) == 3 and shape[0] == 4)
    values = draw(st.lists(COLORS, min_size=math.prod(shape), max_size=math.prod(shape)))
    array = np.array(values, np.uint8).reshape(shape)
    opts = draw(optional(title=WORDS, caption=WORDS, width=st.integers(9, 90), height=st.integers(9, 90)))
    if len(shape) == 3 and shape[0] == 3 and draw(st.booleans()):
        opts["jpgquality"] = draw(st.integers(1, 100))
    return {"img": array if of_bytes else array / 255.0, "opts": opts}


@st.composite
def images(draw: Any) -> dict[str, Any]:
    shape = draw(st.integers(1, 5)), draw(st.sampled_from([1, 3])), 3, 4
    values = draw(st.lists(COLORS, min_size=math.prod(shape), max_size=math.prod(shape)))
    return {
        "tensor": np.array(values, np.uint8).reshape(shape) / 255.0,
        "nrow": draw(st.integers(1, 4)),
        "padding": draw(st.integers(1, 3)),
        "opts": draw(optional(title=WORDS, caption=WORDS)),
    }


@st.composite
def text(draw: Any) -> dict[str, Any]:
    return {"text": draw(WORDS), "append": draw(st.booleans()), "win": "w", "opts": draw(optional(title=WORDS))}


@st.composite
def audio(draw: Any) -> dict[str, Any]:
    count, channels = draw(st.integers(2, 9)), draw(st.sampled_from([None, 2]))
    tensor = draw(table(count, channels, st.floats(0.1, 1)))
    return {"tensor": tensor, "opts": draw(optional(sample_frequency=st.sampled_from([8000, 44100]), title=WORDS))}


PROPERTIES = [
    {"type": "text", "name": "a text", "value": "initial"},
    {"type": "number", "name": "a number", "value": "12"},
    {"type": "button", "name": "a button", "value": "Start"},
    {"type": "checkbox", "name": "a box", "value": True},
    {"type": "select", "name": "one of", "value": 1, "values": ["Red", "Green"]},
]

CALLS: dict[str, Any] = {
    "scatter": scatter(),
    "line": line(),
    "heatmap": heatmap(),
    "bar": bar(),
    "histogram": st.tuples(table(9, None, FINITE), any_opts(numbins=st.integers(2, 6))).map(
        lambda found: {"X": found[0], "opts": found[1]}
    ),
    "boxplot": of_columns(),
    "surf": surface(),
    "contour": surface(),
    "mesh": mesh(),
    "pie": st.tuples(table(3, None, st.floats(0, 9)), any_opts(legend=st.just(["a", "b", "c"]))).map(
        lambda found: {"X": found[0], "opts": found[1]}
    ),
    "stem": stem(),
    "quiver": quiver(),
    "dual_axis_lines": dual_axis_lines(),
    "sunburst": sunburst(),
    "graph": graph(),
    "image": image(),
    "images": images(),
    "text": text(),
    "audio": audio(),
    "properties": optional(title=WORDS).map(lambda opts: {"data": PROPERTIES, "opts": opts}),
    "svg": WORDS.map(lambda word: {"svgstr": f"<?xml version='1.0'?>\n<svg width='9'>\n<text>{word}</text></svg>\n"}),
    "update_window_opts": any_opts(legend=st.just(["a"])).map(lambda opts: {"win": "w", "opts": opts}),
}
"""Arguments by method."""
