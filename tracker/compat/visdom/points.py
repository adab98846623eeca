"""The methods of `Visdom` for points and lines, which can grow: scatter, line, stem, quiver, two axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat.named import named
from tracker.compat.visdom.given import Array, is_number, numbers, refused
from tracker.compat.visdom.media import Media
from tracker.compat.visdom.options import layout, options
from tracker.compat.visdom.point_traces import STYLES, traces_of
from tracker.values import arrays

UPDATES = (None, "append", "replace", "remove", "insert", "new")
"""What may become of a window: "insert" and "new" are words of Visdom's own examples for a trace of a new name."""

HEAD = 0.33
"""An arrow's head, in lengths of the arrow."""


class Points(Media):
    """What a `Visdom` draws of points."""

    @named
    def scatter(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
        update: str | None = None,
        name: str | None = None,
    ) -> Any:
        """Draws points, in groups.

        Args:
            X: (N, 2) or (N, 3). With `update` and `name` (N,) too, and Y has their heights.
            Y: The group of each, whole numbers from 1.
            win: The window.
            env: Its environment.
            opts: `markersymbol`, `markersize`, `markercolor`, `markerborderwidth`, `textlabels`, `legend`, `webgl`, and
                what is of all charts.
            update: "append" adds points to the traces there are, or makes the window; "replace" gives them other
                points; "remove" takes the trace `name` away. What is all NaN changes nothing.
            name: The trace that is meant; one that is not there is added.

        Raises:
            WindowArgumentError: what was given cannot be drawn.
        """
        if update not in UPDATES:
            raise refused("scatter", "there is no such update.", '"append", "replace" or "remove"', repr(update))
        if update == "remove":
            return self._remove(win, env, opts, name)
        name = None if name is None else coerce.text(name)
        points = numbers(X, "scatter", "X")
        if update is not None:
            if win is None:
                raise refused("scatter", f"update={update!r} needs a window.", 'win="…"', "none")
            if name and points.ndim == 1:
                heights = numbers(Y, "scatter", "Y")
                if heights.shape != points.shape:
                    raise refused("scatter", "X and Y are not alike.", points.shape, arrays.describe(Y))
                points, Y = np.column_stack((points, heights)), None
            if update == "append" and not self.offline and self.win_exists(win, env) is False:
                update = None
        if points.ndim != 2 or points.shape[1] not in (2, 3):
            raise refused("scatter", "X is no list of points.", "(N, 2) or (N, 3)", arrays.describe(X))
        labels = _groups(Y, len(points), name)
        opts = options("scatter", opts, markersymbol="dot", markersize=10, markerborderwidth=0.5)
        opts.setdefault("mode", "markers" if opts.get("textlabels") is None else "markers+text")
        traces = traces_of(points, labels, name, opts)
        said = {key: value for key, value in opts.items() if key not in STYLES}
        if update is None:
            return self._plot(traces, said, win, env, layout=layout(said, three_d=points.shape[1] == 3))
        return self._plot(traces, said, win, env, update={"name": name, "append": update == "append"})

    def _remove(self, win: Any, env: Any, opts: Any, name: Any) -> Any:
        for word, value in (("win", win), ("name", name)):
            if value is None:
                raise refused("scatter", f'update="remove" needs {word}.', f'{word}="…"', None)
        if opts is not None:
            raise refused("scatter", "what is removed has no options.", "opts=None", arrays.describe(opts))
        message = {"data": [], "name": coerce.text(name), "delete": True, "win": win, "eid": env}
        return self._send(message, "update")

    @named
    def line(
        self,
        Y: Any,
        X: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
        update: str | None = None,
        name: str | None = None,
        Z: Any = None,
        is3d: bool = False,
    ) -> Any:
        """Draws lines.

        Args:
            Y: Heights (N,), or (N, M) of M lines.
            X: Where they stand, (N,) or as Y; evenly from 0 to 1 by default.
            win: The window.
            env: Its environment.
            opts: `fillarea`, `markers`, `markersymbol`, `markersize`, `linecolor`, `dash`, `legend`, `webgl`, and what
                is of all charts.
            update: As of `scatter`; X is needed then.
            name: As of `scatter`.
            Z: As Y, for lines in space.
            is3d: Taken, and not needed: there is Z, or there is not.

        Raises:
            WindowArgumentError: what was given cannot be drawn.
        """
        if update == "remove":
            return self.scatter(None, None, win, env, opts, update, name)
        if update is not None and X is None:
            raise refused("line", f"update={update!r} needs to know where.", "X=…", None)
        heights = np.atleast_1d(numbers(Y, "line", "Y"))
        if heights.ndim > 2 or not heights.shape[-1]:
            raise refused("line", "Y is no list of heights.", "(N,) or (N, M), N and M not 0", arrays.describe(Y))
        axes = [_beside(X, heights, "X"), heights]
        axes += [] if Z is None else [_beside(Z, heights, "Z")]
        opts = options("line", opts, markers=False, fillarea=False)
        opts["mode"] = "lines+markers" if opts["markers"] else "lines"
        points = np.column_stack([axis.ravel(order="F") for axis in axes])
        labels = np.repeat(np.arange(1, heights.shape[1] + 1), len(heights)) if heights.ndim == 2 else None
        return self.scatter(points, labels, win, env, opts, update, name)

    @named
    def stem(
        self,
        X: Any,
        Y: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draws a line from 0 to each height: X are heights (N,) or (N, M), Y where they stand, 1 to N by default."""
        heights = columns(X, "stem", "X")
        stands = np.arange(1, len(heights) + 1) if Y is None else numbers(Y, "stem", "Y")
        stands = stands[:, None] if stands.ndim == 1 else stands
        if stands.ndim != 2 or len(stands) != len(heights) or stands.shape[1] not in (1, heights.shape[1]):
            raise refused(
                "stem", "Y does not stand for X.", f"({len(heights)},) or {heights.shape}", arrays.describe(Y)
            )
        stands = np.broadcast_to(stands, heights.shape)
        gaps = np.full(heights.shape, np.nan)
        # Three rows for each height: where it stands, where it ends, and a gap.
        rows = np.stack((np.zeros(heights.shape), heights, gaps), axis=1).reshape(-1, heights.shape[1])
        places = np.stack((stands, stands, gaps), axis=1).reshape(-1, heights.shape[1])
        labels = np.tile(np.arange(1, heights.shape[1] + 1), len(rows))
        opts = {**options("stem", opts), "mode": "lines"}
        return self.scatter(np.column_stack((places.ravel(), rows.ravel())), labels, win, env, opts)

    @named
    def quiver(
        self,
        X: Any,
        Y: Any,
        gridX: Any = None,
        gridY: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draws arrows of the lengths X and Y (N, M), from a grid of rows and columns, or from `gridX`, `gridY` (N, M).

        `opts.normalize` is how long the longest one shall be, `opts.arrowheads` whether they have heads.
        """
        x, y = numbers(X, "quiver", "X").astype(np.float64), numbers(Y, "quiver", "Y").astype(np.float64)
        if x.ndim != 2 or y.shape != x.shape:
            raise refused("quiver", "X and Y are not alike.", "(N, M), both", f"{x.shape} and {y.shape}")
        places: Array = np.indices(x.shape)
        start_x = places[0] if gridX is None else numbers(gridX, "quiver", "gridX")
        start_y = places[1] if gridY is None else numbers(gridY, "quiver", "gridY")
        if start_x.shape != x.shape or start_y.shape != x.shape:
            raise refused("quiver", "the grid is not as X.", x.shape, f"{start_x.shape} and {start_y.shape}")
        opts = {**options("quiver", opts, arrowheads=True), "mode": "lines"}
        longest = opts.get("normalize")
        if longest:
            if not is_number(longest) or longest <= 0:
                raise refused("quiver", "opts.normalize is no length.", "a number greater than 0", repr(longest))
            lengths = np.sqrt(x * x + y * y)
            most = np.nanmax(lengths, where=np.isfinite(lengths), initial=0.0)
            if most > 0:
                x, y = x / (most / longest), y / (most / longest)
        end_x, end_y = start_x + x, start_y + y
        parts = [_strokes((start_x, start_y), (end_x, end_y))]
        if opts["arrowheads"]:
            side_x, side_y = (x + 1e-5) * HEAD, (y + 1e-5) * HEAD  # an arrow of no length has a head too, as a dot
            left = end_x - HEAD * (x + side_y), end_y - HEAD * (y - side_x)
            right = end_x - HEAD * (x - side_y), end_y - HEAD * (y + side_x)
            parts.append(_strokes(left, (end_x, end_y), right))
        return self.scatter(np.concatenate(parts), None, win, env, opts)

    @named
    def dual_axis_lines(
        self,
        X: Any = None,
        Y1: Any = None,
        Y2: Any = None,
        opts: Mapping[str, Any] | None = None,
        win: str | None = None,
        env: str | None = None,
    ) -> Any:
        """Draws two lines (N,) over the same X (N,), each with an axis of its own.

        `opts`: `name_y1`, `name_y2`, `color_title_y1`, `color_tick_y1`, `color_title_y2`, `color_tick_y2`, `side` of
        the second axis, `top`, `bottom`, `left`, `right` for margins, `title`, `showlegend`, `width`, `height`.
        """
        x, *heights = (numbers(each, "dual_axis_lines", word).astype(np.float64).ravel() for each, word in
                       ((X, "X"), (Y1, "Y1"), (Y2, "Y2")))  # fmt: skip
        for word, each in zip(("Y1", "Y2"), heights, strict=True):
            if each.shape != x.shape:
                raise refused("dual_axis_lines", f"{word} is not as X.", x.shape, each.shape)
        opts = options("dual_axis_lines", opts, width=500, height=300)
        names = opts.get("name_y1", "Y1 axis"), opts.get("name_y2", "Y2 axis")
        traces = [
            {"x": x.tolist(), "y": each.tolist(), "name": name, "type": "scatter"}
            for each, name in zip(heights, names, strict=True)
        ]
        traces[1]["yaxis"] = "y2"

        def axis(number: int, color: str) -> dict[str, Any]:
            return {
                "title": names[number - 1],
                "titlefont": {"color": opts.get(f"color_title_y{number}", color)},
                "tickfont": {"color": opts.get(f"color_tick_y{number}", color)},
            }

        margins = {side[0]: opts.get(side, 60) for side in ("bottom", "right", "top", "left")}
        drawn = {
            "title": opts.get("title", "Example Double Y axis"),
            "yaxis": axis(1, "black"),
            "yaxis2": {**axis(2, "rgb(148, 103, 189)"), "overlaying": "y", "side": opts.get("side", "right")},
            "showlegend": opts.get("showlegend", True),
            "margin": margins,
        }
        return self._plot(traces, opts, win, env, layout=drawn)


def _groups(given: Any, count: int, name: str | None) -> Array:
    """The group of each point, from 1."""
    if given is None:
        return np.ones(count, np.int64)
    labels = numbers(given, "scatter", "Y").ravel()
    if len(labels) != count:
        raise refused("scatter", "Y does not say the group of each point.", f"({count},)", arrays.describe(given))
    if not labels.size or not (labels == np.floor(labels)).all() or labels.min() < 1:
        raise refused("scatter", "Y are no groups.", "whole numbers from 1", arrays.describe(given))
    labels = labels.astype(np.int64)
    if name is not None and len(np.unique(labels)) > 1:
        raise refused("scatter", "one name cannot be that of several traces.", "opts.legend", f"name={name!r}")
    return labels


def _beside(given: Any, heights: Array, name: str) -> Array:
    """Another coordinate of lines whose heights are (N,) or (N, M)."""
    evenly = np.linspace(0, 1, len(heights))
    places = evenly if given is None else np.atleast_1d(numbers(given, "line", name))
    if places.ndim == 1 and heights.ndim == 2 and len(places) == len(heights):
        places = np.repeat(places[:, None], heights.shape[1], axis=1)
    if places.shape != heights.shape:
        raise refused("line", f"{name} and Y are not alike.", heights.shape, arrays.describe(given))
    return places


def columns(given: Any, call: str, name: str) -> Array:
    """(N, M) of (N,) or (N, M); what has length 1 is left out first."""
    array = np.atleast_1d(np.squeeze(numbers(given, call, name)))
    if array.ndim > 2:
        raise refused(call, f"{name} is no list of numbers.", "(N,) or (N, M)", arrays.describe(given))
    return array[:, None] if array.ndim == 1 else array


def _strokes(*ends: tuple[Array, Array]) -> Array:
    """Lines from point to point, each followed by a gap: (points, 2)."""
    gap = np.full(ends[0][0].size, np.nan)
    return np.column_stack([np.stack([*(end[axis].ravel() for end in ends), gap], axis=1).ravel() for axis in (0, 1)])
