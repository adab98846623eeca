"""Layout: which tags belong on one chart, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker import coerce
from tracker.errors import LoggedValueError, message
from tracker.values import stored_array
from tracker.values.value import Medium, Value

KINDS = ("Multiline", "Margin")


class Layout(Value):
    """Charts of several tags, by category and title: what `SummaryWriter.add_custom_scalars` takes.

    Args:
        charts: `{"losses": {"both": ["Multiline", ["train/loss", "val/loss"]],
            "band": ["Margin", ["loss/mean", "loss/low", "loss/high"]]}}`. The tags of a multi-line chart are regular
            expressions that are found anywhere in a tag, as in TensorBoard; those of a margin chart are a value, its
            lower and its upper margin, three for each band.

    Raises:
        LoggedValueError: not of this form.
    """

    kind = "layout"

    def __init__(self, charts: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        self.charts: dict[str, dict[str, list[Any]]] = {}
        if not isinstance(charts, Mapping) or not all(isinstance(each, Mapping) for each in charts.values()):
            raise LoggedValueError(
                message("Layout: charts by category.", expected='{"category": {"title": ["Multiline", [tags]]}}')
            )
        for category, titled in charts.items():
            for title, chart in titled.items():
                self.charts.setdefault(coerce.text(category), {})[coerce.text(title)] = _chart(
                    coerce.text(title), chart
                )

    @property
    def n_bytes(self) -> int:
        return 500 + sum(200 * len(titled) for titled in self.charts.values())

    def encode(self) -> list[Medium]:
        return [stored_array.words(self.charts)]


def _chart(title: str, chart: Any) -> list[Any]:
    is_pair = isinstance(chart, (list, tuple)) and len(chart) == 2 and chart[0] in KINDS
    tags = list(chart[1]) if is_pair and isinstance(chart[1], (list, tuple)) else []
    if not tags or not all(isinstance(tag, str) for tag in tags) or (chart[0] == "Margin" and len(tags) % 3):
        raise LoggedValueError(
            message(
                f"Layout: the chart {title!r}.",
                expected='["Multiline", [tags]], or ["Margin", [value, lower, upper]]',
                got=repr(chart)[:120],
            )
        )
    return [str(chart[0]), [*map(coerce.text, tags)]]
