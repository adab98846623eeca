"""Figure: what Matplotlib or Plotly drew."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, TrackerError, message
from tracker.values import arrays
from tracker.values.value import Medium, Value

PLOTLY_FORM = "application/vnd.plotly.v1+json+zlib"

MAX_JSON_BYTES = 32_000_000
MAX_PIXELS = 64_000_000
DPI = 144
"""Of Matplotlib's pictures: twice what a screen shows at 72 a unit, so that they are sharp when enlarged."""


class Figure(Value):
    """A figure as it looks now: Matplotlib's as a picture, Plotly's as one to hover and zoom in.

    Matplotlib draws on the caller's thread (30 to 200 ms), because it can do so on no other.

    Args:
        figure: A Matplotlib figure or axes, or `matplotlib.pyplot` for the current one, a Plotly figure, or a mapping
            with "data" and "layout" as Plotly's.
        caption: A line of text below it.
        close: Whether to close a Matplotlib figure afterwards, as loops want to.

    Raises:
        LoggedTypeError: neither of these.
        LoggedValueError: a picture over 64 million pixels, or over 32 MB of Plotly's JSON.
    """

    kind = "figure"

    def __init__(self, figure: Any, caption: str | None = None, *, close: bool = False) -> None:
        self.attributes: dict[str, Any] = {}
        if getattr(figure, "__name__", "") == "matplotlib.pyplot":  # as `plt.savefig` means: the current figure
            figure = figure.gcf()
        if hasattr(figure, "get_figure") and not hasattr(figure, "savefig"):  # axes, or another artist
            figure = figure.get_figure()
        if callable(getattr(figure, "savefig", None)):
            self.form, self.data = "image/png", self._picture(figure)
            if close:
                _close(figure)
        elif callable(getattr(figure, "to_plotly_json", None)) or _is_plotly(figure):
            self.form, self.data = PLOTLY_FORM, _plotly(figure)
        else:
            raise LoggedTypeError(
                message(
                    "Figure: this is no figure.",
                    expected="a Matplotlib figure or axes, or a Plotly figure",
                    got=arrays.describe(figure),
                    hint="plt.subplots() gives a figure and its axes: log the figure."
                    if isinstance(figure, (tuple, list)) or hasattr(figure, "dtype")
                    else "",
                )
            )
        if caption is not None:
            self.attributes["caption"] = coerce.text(caption)

    @property
    def n_bytes(self) -> int:
        return len(self.data) + 500

    def encode(self) -> list[Medium]:
        data = zlib.compress(self.data, 6) if self.form == PLOTLY_FORM else self.data
        return [Medium(self.form, self.attributes, data)]

    def _picture(self, figure: Any) -> bytes:
        width, height = (round(float(inches) * DPI) for inches in figure.get_size_inches())
        if width * height > MAX_PIXELS:
            raise LoggedValueError(
                message(
                    "Figure: the picture is too large.",
                    expected="at most 64 million pixels",
                    got=f"{width:,} × {height:,} at {DPI} dpi",
                    hint="Make the figure smaller: figsize=(8, 6).",
                )
            )
        out = io.BytesIO()
        # Level 1: 20 ms for 1280 × 960 where the usual 6 takes 55, and a tenth larger (measured).
        figure.savefig(out, format="png", dpi=DPI, pil_kwargs={"compress_level": 1})
        self.attributes |= {"width": width, "height": height, "source": "matplotlib"}
        return out.getvalue()


def _close(figure: Any) -> None:
    import matplotlib.pyplot as plt  # only here: whoever has a figure has Matplotlib

    plt.close(figure)


def _is_plotly(figure: Any) -> bool:
    return isinstance(figure, Mapping) and isinstance(figure.get("data"), (list, tuple))


def _plotly(figure: Any) -> bytes:
    if callable(getattr(figure, "to_json", None)):
        try:
            text = figure.to_json()
        except (TypeError, ValueError):  # orjson, which Plotly takes where it is installed, refuses half a character
            text = json.dumps(figure.to_plotly_json(), default=_listed, ensure_ascii=False)
    else:
        plain = {"data": figure["data"], "layout": figure.get("layout") or {}}
        try:
            text = json.dumps(plain, default=_listed, ensure_ascii=False)
        except TrackerError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise LoggedTypeError(
                message("Figure: this mapping is no Plotly figure.", expected="values fit for JSON", got=str(error))
            ) from error
    if "\\ud" in text and not _is_utf8(json.loads(text)):
        text = coerce.dumps(json.loads(text))
    data = coerce.escaped(text).encode()
    if len(data) > MAX_JSON_BYTES:
        raise LoggedValueError(
            message(
                "Figure: it holds too much.",
                expected=f"at most {MAX_JSON_BYTES // 1_000_000} MB as JSON",
                got=f"{len(data) / 1e6:,.1f} MB",
                hint="Plot fewer points, or log the numbers with tracker.log.",
            )
        )
    return data


def _listed(value: Any) -> Any:
    # A number takes two bytes at least.
    return arrays.listed(value, "Figure", MAX_JSON_BYTES // 2) if hasattr(value, "tolist") else coerce.text(value)


def _is_utf8(value: Any) -> bool:
    """Whether JSON values hold no half of a character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
