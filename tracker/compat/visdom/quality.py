"""The methods of newer versions of Visdom for how well a classifier does, and for tables."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracker import coerce
from tracker.compat.named import named
from tracker.compat.visdom.charts import Opts
from tracker.compat.visdom.given import Array, listed, numbers, refused, texts
from tracker.compat.visdom.networks import Networks
from tracker.compat.visdom.options import layout, options
from tracker.values import arrays

logger = logging.getLogger("tracker")


class Quality(Networks):
    """What a `Visdom` draws of predictions."""

    @named
    def roc_curve(
        self,
        y_true: Any = None,
        y_score: Any = None,
        fpr: Any = None,
        tpr: Any = None,
        pos_label: float = 1,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Draws true over false positives, of labels and scores (N,), or of the two rates (M,) themselves.

        `opts`: a `title` in the place of the area, and a `legend` of two: the curve, and chance.
        """
        _one_of("roc_curve", ("y_true", "y_score", y_true, y_score), ("fpr", "tpr", fpr, tpr))
        if y_true is not None:
            false, true = _counts("roc_curve", y_true, y_score, pos_label)
            if not true[-1] or not false[-1]:
                got = "no positive one" if not true[-1] else "no negative one"
                raise refused("roc_curve", "y_true has one class.", f"some of {pos_label!r}, and others", got)
            x, y = np.r_[0.0, false / false[-1]], np.r_[0.0, true / true[-1]]
        else:
            x, y = _rates("roc_curve", ("fpr", fpr), ("tpr", tpr))
        area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
        chance = {"x": [0.0, 1.0], "y": [0.0, 1.0]}
        words = "False Positive Rate", "True Positive Rate", "ROC Curve", "ROC", "Chance"
        return self._curve("roc_curve", x, y, chance, area, words, win, env, opts)

    @named
    def pr_curve(
        self,
        y_true: Any = None,
        y_score: Any = None,
        precision: Any = None,
        recall: Any = None,
        pos_label: float = 1,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Draws precision over recall, of labels and scores (N,), or of the two (M,); `opts` as of `roc_curve`."""
        _one_of("pr_curve", ("y_true", "y_score", y_true, y_score), ("precision", "recall", precision, recall))
        share: float | None
        if y_true is not None:
            false, true = _counts("pr_curve", y_true, y_score, pos_label)
            if not true[-1]:
                raise refused("pr_curve", "y_true has one class.", f"some of {pos_label!r}", "no positive one")
            x, y = np.r_[0.0, true / true[-1]], np.r_[1.0, true / (true + false)]
            share = float(true[-1] / (true[-1] + false[-1]))
        else:
            x, y = _rates("pr_curve", ("recall", recall), ("precision", precision))
            share = None  # of the positive ones among all: the two rates do not say it
        area = float(np.sum(np.diff(x) * y[1:]))
        chance = None if share is None else {"x": [0.0, 1.0], "y": [share, share]}
        words = "Recall", "Precision", "PR Curve", "PR", "Baseline"
        return self._curve("pr_curve", x, y, chance, area, words, win, env, opts)

    def _curve(
        self,
        call: str,
        x: Array,
        y: Array,
        chance: dict[str, Any] | None,
        area: float,
        words: tuple[str, str, str, str, str],
        win: Any,
        env: Any,
        given: Any,
    ) -> Any:
        x_label, y_label, title, *legend = words
        opts = options(call, given, xlabel=x_label, ylabel=y_label, title=f"{title} (AUC={area:.4f})")
        said = None if opts.get("legend") is None else texts(opts["legend"], call, "opts.legend")
        opts["legend"] = said if said is not None and len(said) >= 2 else legend
        kind = {"type": "scatter", "mode": "lines"}
        traces: list[dict[str, Any]] = [{"x": x.tolist(), "y": y.tolist(), "name": opts["legend"][0], **kind}]
        if chance is not None:
            traces.append({**chance, "name": opts["legend"][1], **kind, "line": {"dash": "dash"}})
        return self._plot(traces, opts, win, env)

    @named
    def confusion_matrix(
        self,
        y_true: Any = None,
        y_pred: Any = None,
        cm: Any = None,
        labels: Any = None,
        normalize: str | None = None,
        update: str | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Draws how often each class was taken for each, of the classes (N,), or of the counts (K, K) themselves.

        Args:
            y_true: What each is.
            y_pred: What it was taken for.
            cm: The counts, a row for each true class.
            labels: The classes, in order; what is of no other is left out.
            normalize: "true", "pred" or "all": counts as parts of their row, of their column, of all.
            update: "replace" puts it in the place of what `win` shows, "remove" takes that away.
            win: The window.
            env: Its environment.
            opts: `title`, `xlabel`, `ylabel`, `colormap`, `showCounts`, `showPercent`.
        """
        call = "confusion_matrix"
        for word, value, words in (
            ("update", update, (None, "replace", "remove")),
            ("normalize", normalize, (None, "true", "pred", "all")),
        ):
            if value not in words:
                raise refused(call, f"{word} is no such word.", " or ".join(map(repr, words)), repr(value))
        if update is not None and win is None:
            raise refused(call, f"update={update!r} needs a window.", 'win="…"', None)
        if update == "remove":
            return self._send({"data": [], "delete": True, "win": win, "eid": env}, "update")
        _one_of(call, ("y_true", "y_pred", y_true, y_pred), ("cm", "cm", cm, cm))
        counts, classes = _confusion(y_true, y_pred, cm, labels)
        opts = options(call, opts, xlabel="Predicted", ylabel="Actual", title="Confusion Matrix")
        table = _parts(counts, normalize)
        percent = opts.get("showPercent", normalize is not None)
        shown = _parts(counts, normalize or "all")
        middle = float(table.max(initial=0.0)) / 2
        notes = []
        for (row, column), value in np.ndenumerate(table):
            said = [_count(counts[row, column])] if opts.get("showCounts", True) else []
            said += [f"{shown[row, column]:.1%}"] if percent else []
            color = {"color": "white" if value > middle else "black"}
            place = {"x": classes[column], "y": classes[row]}
            notes.append({**place, "text": "<br>".join(said), "showarrow": False, "font": color})
        drawn = layout(opts)
        drawn["annotations"] = notes
        drawn["xaxis"] = {**drawn.get("xaxis", {}), "title": opts["xlabel"], "side": "bottom"}
        drawn["yaxis"] = {**drawn.get("yaxis", {}), "title": opts["ylabel"], "autorange": "reversed"}
        trace = {"z": table.tolist(), "x": classes, "y": classes, "type": "heatmap", "showscale": True,
                 "colorscale": opts.get("colormap", "Blues")}  # fmt: skip
        if update is None:
            return self._plot([trace], opts, win, env, layout=drawn)
        return self._plot([trace], opts, win, env, update={"layout": drawn, "updateDir": update, "append": False})

    # --- tables --------------------------------------------------------------------------------------

    @named
    def html_table(
        self,
        headers: Sequence[Any],
        data: Sequence[Sequence[Any]],
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Shows rows of values under their headers."""
        heads = texts(headers, "html_table", "headers")
        rows = [[coerce.text(cell) for cell in listed(row)] for row in data]
        odd = next((row for row in rows if len(row) != len(heads)), None)
        if odd is not None:
            raise refused("html_table", "a row has another length.", f"{len(heads)} cells", f"{len(odd)}")

        def line(kind: str, cells: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells) + "</tr>"

        body = "".join(line("td", row) for row in rows)
        return self.text(f"<table><thead>{line('th', heads)}</thead><tbody>{body}</tbody></table>", win, env, opts)

    @named
    def table(
        self,
        data: Sequence[Any],
        headers: Sequence[Any] | None = None,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Shows rows: of lists under `headers`, or of dictionaries, whose keys they are by default."""
        rows = list(data)
        if rows and all(isinstance(row, Mapping) for row in rows):
            headers = list(rows[0]) if headers is None else headers
            rows = [[row.get(key, "") for key in headers] for row in rows]
        if headers is None:
            raise refused("table", "headers are missing.", "a name for each column", None)
        return self.html_table(headers, rows, win, env, opts)


def _one_of(call: str, first: tuple[str, str, Any, Any], second: tuple[str, str, Any, Any]) -> None:
    """Checks that one pair of arguments is there, whole, and nothing of the other."""
    there = [[value is not None for value in (a, b)] for _, _, a, b in (first, second)]
    if (all(there[0]) and not any(there[1])) or (all(there[1]) and not any(there[0])):
        return
    names = [" and ".join(dict.fromkeys(pair[:2])) for pair in (first, second)]
    got = [name for pair, is_there in zip((first, second), there, strict=True)
           for name, each in zip(pair[:2], is_there, strict=True) if each]  # fmt: skip
    raise refused(call, "it needs one of two.", " or ".join(names), ", ".join(got) or "none")


def _counts(call: str, y_true: Any, y_score: Any, positive: Any) -> tuple[Array, Array]:
    """How many false and true positives there are at each score that occurs, from the highest."""
    score = numbers(y_score, call, "y_score").ravel().astype(np.float64)
    truth = np.asarray(listed(y_true)).ravel()
    if len(score) != len(truth) or not len(score) or not np.isfinite(score).all():
        expected = "as many labels as finite scores, and some"
        raise refused(call, "y_true and y_score do not go together.", expected, f"{len(truth)} and {len(score)}")
    order = np.argsort(-score, kind="stable")
    ends = np.r_[np.flatnonzero(np.diff(score[order])), len(score) - 1]
    true = np.cumsum(truth[order] == positive)[ends].astype(np.float64)
    return ends + 1 - true, true


def _rates(call: str, x: tuple[str, Any], y: tuple[str, Any]) -> tuple[Array, Array]:
    """Two rates (M,), from 0 to 1, by the first of them."""
    found = [numbers(values, call, name) for name, values in (x, y)]
    if found[0].ndim != 1 or found[0].shape != found[1].shape or len(found[0]) < 2:
        raise refused(call, f"{x[0]} and {y[0]} are not alike.", "(M,), M of 2 or more", [each.shape for each in found])
    for (name, values), array in zip((x, y), found, strict=True):
        if not ((array >= 0) & (array <= 1)).all():
            raise refused(call, f"{name} is no rate.", "numbers from 0 to 1", arrays.describe(values))
    order = np.argsort(found[0], kind="stable")
    return found[0][order].astype(np.float64), found[1][order].astype(np.float64)


def _confusion(y_true: Any, y_pred: Any, cm: Any, labels: Any) -> tuple[Array, list[str]]:
    """The counts (K, K), and what the classes are called."""
    call = "confusion_matrix"
    classes = None if labels is None else listed(labels)
    if cm is not None:
        counts = numbers(cm, call, "cm")
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
            raise refused(call, "cm is no table of counts.", "(K, K)", arrays.describe(cm))
        classes = list(range(len(counts))) if classes is None else classes
        if len(classes) != len(counts):
            raise refused(call, "not each class has a label.", f"{len(counts)} labels", len(classes))
    else:
        true, taken = (listed(np.ravel(listed(each))) for each in (y_true, y_pred))
        if len(true) != len(taken) or not true:
            expected = "as many of one as of the other, and some"
            raise refused(call, "y_true and y_pred do not go together.", expected, f"{len(true)} and {len(taken)}")
        classes = listed(np.unique([true, taken])) if classes is None else classes
        places = {label: place for place, label in enumerate(classes)}
        counts = np.zeros((len(classes), len(classes)), np.int64)
        left_out = 0
        for each, other in zip(true, taken, strict=True):
            if each in places and other in places:
                counts[places[each], places[other]] += 1
            else:
                left_out += 1
        if left_out:
            logger.warning("tracker: visdom: %s: %d of no class among labels are left out", call, left_out)
    if len(set(classes)) != len(classes):
        raise refused(call, "a class is there twice.", "labels that differ", classes)
    return counts, [coerce.text(label) for label in classes]


def _parts(counts: Array, of: str | None) -> Array:
    """Counts as parts of their row, of their column or of all; as they are without."""
    if of is None:
        return counts
    axis = {"true": 1, "pred": 0}.get(of)
    total = counts.sum(axis=axis, keepdims=True).astype(np.float64)
    return counts / np.where(total == 0, 1.0, total)


def _count(value: Any) -> str:
    return str(int(value)) if float(value).is_integer() else f"{float(value):.3g}"
