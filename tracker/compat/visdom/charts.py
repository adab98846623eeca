"""The methods of `Visdom` for charts of tables and distributions: heat maps, bars, boxes, surfaces, pies, meshes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker.compat.named import named
from tracker.compat.visdom.given import listed, numbers, one_for_each, refused, texts, with_gaps
from tracker.compat.visdom.options import layout, options
from tracker.compat.visdom.points import Points, columns
from tracker.values import arrays

UPDATES = (None, "replace", "remove", "appendRow", "appendColumn", "prependRow", "prependColumn")

Opts = Mapping[str, Any] | None


class Charts(Points):
    """What a `Visdom` draws of whole tables."""

    @named
    def heatmap(
        self, X: Any, win: str | None = None, env: str | None = None, update: str | None = None, opts: Opts = None
    ) -> Any:
        """Draws the numbers of a table (N, M) as colours.

        Args:
            X: The table; NaN is no cell.
            win: The window.
            env: Its environment.
            update: "appendRow", "prependRow", "appendColumn", "prependColumn" add X to the table, or make the window;
                "replace" puts it in its place; "remove" takes the table away.
            opts: `colormap`, `xmin` and `xmax` where its colours end, `rownames`, `columnnames`, `nancolor`.

        Raises:
            WindowArgumentError: what was given cannot be drawn.
        """
        if update not in UPDATES:
            expected = ", ".join(map(repr, UPDATES[1:]))
            raise refused("heatmap", "there is no such update.", expected, repr(update))
        if update == "remove":
            if win is None:
                raise refused("heatmap", 'update="remove" needs a window.', 'win="…"', None)
            return self._send({"data": [], "delete": True, "win": win, "eid": env}, "update")
        table = numbers(X, "heatmap", "X")
        if table.ndim != 2:
            raise refused("heatmap", "X is no table.", "(N, M)", arrays.describe(X))
        opts = options("heatmap", opts, colormap="Viridis")
        for word, count, of in (("columnnames", table.shape[1], "columns"), ("rownames", table.shape[0], "rows")):
            if opts.get(word) is not None:
                one_for_each(opts[word], count, "heatmap", word, of)
        names = {"x": opts.get("columnnames"), "y": opts.get("rownames")}
        trace = {
            "z": with_gaps(table),
            **names,
            "zmin": opts.get("xmin"),
            "zmax": opts.get("xmax"),
            "type": "heatmap",
            "colorscale": opts["colormap"],
        }
        traces = [trace]
        if opts.get("nancolor") is not None:  # a gap is transparent, and this is behind it
            scale = [[0, opts["nancolor"]], [1, opts["nancolor"]]]
            nothing = np.zeros_like(table).tolist()
            traces.insert(0, {"z": nothing, **names, "type": "heatmap", "showscale": False, "colorscale": scale})
        if update is None:
            return self._plot(traces, opts, win, env)
        return self._plot(traces, opts, win, env, update={"append": update != "replace", "updateDir": update})

    @named
    def bar(self, X: Any, Y: Any = None, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws bars of heights X, (N,), or (N, M) for M bars at each place, at the places Y (N,), 1 to N by default.

        `opts`: `rownames` in the place of Y, `stacked`, and a `legend` of the M.
        """
        heights = np.atleast_1d(np.squeeze(numbers(X, "bar", "X")))
        opts = options("bar", opts, stacked=False)
        legend = None if opts.get("legend") is None else texts(opts["legend"], "bar", "opts.legend")
        if heights.ndim == 1:
            if legend is not None and opts.get("rownames") is not None:
                got = "both"
                raise refused("bar", "of a single row either the bars or the row have names.", "one of them", got)
            heights = heights[:, None] if legend is None else heights[None, :]
        if heights.ndim != 2:
            raise refused("bar", "X is no table of heights.", "(N,) or (N, M)", arrays.describe(X))
        places = np.arange(1, len(heights) + 1) if Y is None else np.atleast_1d(np.squeeze(numbers(Y, "bar", "Y")))
        if places.shape != (len(heights),):
            raise refused("bar", "Y does not stand for X.", f"({len(heights)},)", arrays.describe(Y))
        if opts.get("rownames") is not None:
            one_for_each(opts["rownames"], len(heights), "bar", "rownames", "rows")
        if legend is not None:
            one_for_each(legend, heights.shape[1], "bar", "legend", "columns")
        x = opts["rownames"] if opts.get("rownames") is not None else places.tolist()
        traces: list[dict[str, Any]] = [{"y": with_gaps(column), "x": x, "type": "bar"} for column in heights.T]
        for trace, name in zip(traces, legend or (), strict=False):
            trace["name"] = name
        return self._plot(traces, opts, win, env)

    @named
    def histogram(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws how many of the numbers X (N,) are in each of `opts.numbins` bins, 30 or N at most by default.

        NaN and infinite numbers are in no bin.
        """
        values = np.atleast_1d(np.squeeze(numbers(X, "histogram", "X")))
        if values.ndim != 1:
            raise refused("histogram", "X is no list of numbers.", "(N,)", arrays.describe(X))
        opts = options("histogram", opts, numbins=min(30, len(values)))
        values = values[np.isfinite(values)]
        if not len(values):
            raise refused("histogram", "X holds no finite number.", "(N,), N not 0", arrays.describe(X))
        counts, edges = np.histogram(values, bins=int(opts["numbins"]))
        return self.bar(counts, (edges[:-1] + edges[1:]) / 2, win, env, opts)

    @named
    def boxplot(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws a box for each column of X, (N,) or (N, M), with a `legend` of the M in `opts`."""
        return self._of_columns("boxplot", X, win, env, opts, {"type": "box"})

    @named
    def violin(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws a violin for each column of X, (N,) or (N, M).

        `opts`: a `legend` of the M; `showbox`, `showmeanline` (True); `points`: "all", "outliers", "suspectedoutliers"
        or False; `jitter` of those, 0 to 1; `orientation`: "v" or "h"; `bandwidth`; `side`: "both", "positive" or
        "negative".
        """
        checked = options("violin", opts, showbox=True, showmeanline=True, points=False, jitter=0.3, orientation="v",
                          side="both")  # fmt: skip
        for word, words in (
            ("orientation", ("v", "h")),
            ("side", ("both", "positive", "negative")),
            ("points", ("all", "outliers", "suspectedoutliers", False)),
        ):
            if checked[word] not in words:
                raise refused("violin", f"opts.{word} is no such word.", " or ".join(map(repr, words)), checked[word])
        trace = {
            "type": "violin",
            "box": {"visible": checked["showbox"]},
            "meanline": {"visible": checked["showmeanline"]},
            **{word: checked[word] for word in ("points", "side")},
            **{word: checked[word] for word in ("jitter", "bandwidth", "opacity") if checked.get(word) is not None},
        }
        if checked["orientation"] == "h":
            trace["orientation"] = "h"
        said = dict(opts or {})
        return self._of_columns("violin", X, win, env, said, trace, "x" if checked["orientation"] == "h" else "y")

    def _of_columns(
        self, call: str, given: Any, win: Any, env: Any, opts: Any, trace: dict[str, Any], axis: str = "y"
    ) -> Any:
        """A trace for each column, as `trace` has it."""
        table = columns(given, call, "X")
        opts = options(call, opts)
        names = [f"column {number}" for number in range(table.shape[1])]
        if opts.get("legend") is not None:
            names = texts(opts["legend"], call, "opts.legend")
            one_for_each(names, table.shape[1], call, "legend", "columns")
        traces = [{**trace, axis: with_gaps(column), "name": name} for column, name in zip(table.T, names, strict=True)]
        return self._plot(traces, opts, win, env)

    # --- surfaces ------------------------------------------------------------------------------------

    @named
    def surf(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws the numbers of a table (N, M) as heights; `opts`: `colormap`, and `xmin`, `xmax` of its colours."""
        return self._surface("surf", X, win, env, opts)

    @named
    def contour(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws lines of equal height of a table (N, M); `opts` as of `surf`."""
        return self._surface("contour", X, win, env, opts)

    def _surface(self, call: str, given: Any, win: Any, env: Any, opts: Any) -> Any:
        table = np.squeeze(numbers(given, call, "X"))
        if table.ndim != 2:
            raise refused(call, "X is no table.", "(N, M)", arrays.describe(given))
        finite = table[np.isfinite(table)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        opts = options(call, opts, xmin=low, xmax=high, colormap="Viridis")
        opts["xmin"], opts["xmax"] = float(opts["xmin"]), float(opts["xmax"])
        trace = {
            "z": with_gaps(table),
            "cmin": opts["xmin"],
            "cmax": opts["xmax"],
            "type": "surface" if call == "surf" else "contour",
            "colorscale": opts["colormap"],
        }
        if call == "contour":  # by these names it hears of them
            trace |= {"zmin": opts["xmin"], "zmax": opts["xmax"]}
        return self._plot([trace], opts, win, env, layout=layout(opts, three_d=call == "surf"))

    @named
    def mesh(self, X: Any, Y: Any = None, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws a mesh of vertices X (N, 2) or (N, 3), whose triangles Y (M, 3) name three each, or lines (M, 2) two.

        `opts`: `color`, `opacity`.
        """
        opts = options("mesh", opts)
        vertices = numbers(X, "mesh", "X")
        if vertices.ndim != 2 or vertices.shape[1] not in (2, 3):
            raise refused("mesh", "X are no vertices.", "(N, 2) or (N, 3)", arrays.describe(X))
        three_d = vertices.shape[1] == 3
        faces = None if Y is None else numbers(Y, "mesh", "Y")
        if faces is not None and (faces.ndim != 2 or faces.shape[1] != vertices.shape[1]):
            raise refused("mesh", "Y does not go with X.", f"(M, {vertices.shape[1]})", arrays.describe(Y))
        columns_of = {letter: vertices[:, place].tolist() for place, letter in enumerate("xyz"[: vertices.shape[1]])}
        named_by = (
            {} if faces is None else {each: faces[:, n].tolist() for n, each in enumerate("ijk"[: faces.shape[1]])}
        )
        trace: dict[str, Any] = dict.fromkeys("xyzijk")
        trace |= {**columns_of, **named_by, "color": opts.get("color"), "opacity": opts.get("opacity")}
        return self._plot([{**trace, "type": "mesh3d" if three_d else "mesh"}], opts, win, env)

    # --- parts of a whole ----------------------------------------------------------------------------

    @named
    def pie(self, X: Any, win: str | None = None, env: str | None = None, opts: Opts = None) -> Any:
        """Draws numbers X (N,) of 0 or more as parts of a circle, with a `legend` of the N in `opts`."""
        values = np.atleast_1d(np.squeeze(numbers(X, "pie", "X")))
        if values.ndim != 1 or not (values >= 0).all():
            raise refused("pie", "X are no parts of a whole.", "(N,), none below 0", arrays.describe(X))
        opts = options("pie", opts)
        return self._plot([{"values": values.tolist(), "labels": opts.get("legend"), "type": "pie"}], opts, win, env)

    @named
    def sunburst(
        self,
        labels: Any,
        parents: Any,
        values: Any = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Draws a tree as rings: labels (N,) and the label of each one's parent (N,), "" for none, with values (N,).

        `opts`: `font_size` and `font_color` of the labels outside, `opacity` of the leaves, `line_width` between them.
        """
        opts = options("sunburst", opts)
        names, above = (listed(np.asarray(each)) for each in (labels, parents))
        if len(names) != len(above):
            raise refused("sunburst", "not each label has a parent.", f"{len(names)} parents", len(above))
        trace: dict[str, Any] = {
            "labels": names,
            "parents": above,
            "outsidetextfont": {"size": opts.get("font_size", opts.get("size")), "color": opts.get("font_color")},
            "leaf": {"opacity": opts.get("opacity")},
            "marker": {"line": {"width": opts.get("line_width", opts.get("marker_width"))}},
            "type": "sunburst",
        }
        if values is not None:
            trace["values"] = listed(np.atleast_1d(np.squeeze(numbers(values, "sunburst", "values"))))
            if len(trace["values"]) != len(names):
                raise refused("sunburst", "not each label has a value.", f"{len(names)} values", len(trace["values"]))
        return self._plot([trace], opts, win, env)
