"""Curves: traces of a line pane, each a curve of the run or points of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays

MAX_TRACES = 1_000
MAX_NAME = 1_000

Floats = npt.NDArray[np.float64]


class Points(NamedTuple):
    """Points of a trace, of one length."""

    y: Floats
    x: Floats | None
    """None: they are counted from 0."""


class Curves:
    """Traces of a line pane.

    Args:
        traces: Tags of the run, `["train/loss", "val/loss"]`: the pane shows their curves as they grow. Or by name: a
            tag, the values `y` of shape (N,) of points of its own, which are then counted, or (x, y), as a tuple. A
            single number is one point.
        x: Of tags: the tag that stands on the axis below; the step by default.
        mode: "lines", "markers" or "lines+markers", as in Plotly.
        styles: By name of a trace what Plotly knows of one beside its data, such as `{"fit": {"line": {"dash":
            "dot"}}}`.
        layout: What Plotly knows of a chart around its data.

    Raises:
        LoggedTypeError, LoggedValueError: not of this form; x and y of unequal lengths; over 1,000 traces.
    """

    def __init__(
        self,
        traces: Mapping[str, Any] | Iterable[str] | str,
        *,
        x: str | None = None,
        mode: str = "lines",
        styles: Mapping[str, Mapping[str, Any]] | None = None,
        layout: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(traces, str):
            traces = [traces]
        given = traces if isinstance(traces, Mapping) else {tag: tag for tag in _tags(traces)}
        if len(given) > MAX_TRACES:
            raise LoggedValueError(
                message("Curves: too many traces.", expected=f"at most {MAX_TRACES:,}", got=f"{len(given):,}")
            )
        self.tags: dict[str, str] = {}
        self.points: dict[str, Points] = {}
        for key, trace in given.items():
            name = coerce.text(key, MAX_NAME)
            if isinstance(trace, str):
                self.tags[name] = coerce.text(trace)
            else:
                self.points[name] = _points(name, trace)
        self.x = None if x is None else coerce.text(x)
        self.mode = coerce.text(mode, 50)
        self.styles = {coerce.text(name, MAX_NAME): dict(style) for name, style in (styles or {}).items()}
        self.layout = dict(layout or {})


def _tags(traces: Any) -> list[str]:
    if not hasattr(traces, "__iter__") or hasattr(traces, "dtype"):
        raise _wrong(traces)
    found = list(traces)
    if not all(isinstance(tag, str) for tag in found):
        raise _wrong(traces)
    return found


def _wrong(got: Any) -> LoggedTypeError:
    return LoggedTypeError(
        message(
            "Curves: these are no traces.",
            expected='tags, ["train/loss"], or by name: {"fit": y} or {"fit": (x, y)}',
            got=arrays.describe(got),
        )
    )


def _points(name: str, trace: Any) -> Points:
    if isinstance(trace, tuple):
        if len(trace) != 2:
            raise LoggedValueError(
                message(f"Curves: the trace {name!r}.", expected="(x, y)", got=f"{len(trace)} of them")
            )
        x, y = (_numbers(name, each) for each in trace)
        if len(x) != len(y):
            raise LoggedValueError(
                message(
                    f"Curves: x and y of {name!r} are of unequal lengths.",
                    expected="as many of each",
                    got=f"{len(x):,} and {len(y):,}",
                )
            )
        return Points(y, x)
    return Points(_numbers(name, trace), None)


def _numbers(name: str, values: Any) -> Floats:
    """Values as float64, of shape (N,)."""
    if type(values) is float or type(values) is int:  # the common append, of one point
        return np.array([values], np.float64)
    if isinstance(values, (list, tuple)) and any(value is None for value in values):
        values = [np.nan if value is None else value for value in values]
    array, xp = arrays.real_array(values, f"Curves: {name!r}")
    array = array if xp is np else array.get()
    if array.ndim > 1:
        raise LoggedValueError(
            message(f"Curves: {name!r} has more than one axis.", expected="(N,)", got=arrays.describe(values))
        )
    return np.asarray(array, np.float64).reshape(-1)
