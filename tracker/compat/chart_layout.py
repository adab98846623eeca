"""The charts that a SummaryWriter's user asked for: which tags belong on which, kept as one layout that grows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tracker import coerce
from tracker.errors import LoggedValueError, message
from tracker.values import opaque, stored_array

LAYOUT_TAG = "custom_scalars__config__"
"""Where TensorBoard's plugin of custom scalars looks for it."""


class ChartLayout:
    """Charts by category and title, as far as they were asked for."""

    def __init__(self) -> None:
        self._charts: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, list[str]] = {}

    def add(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> opaque.OpaqueValue:
        """Takes in charts, {category: {title: [kind, tags]}}; the whole as a value to log.

        Raises:
            LoggedValueError: the tags of a chart are none.
        """
        # All of it first: a chart that is none must not stay among those that are written with each that follows.
        made = {
            coerce.text(category): {coerce.text(name): _chart(*chart) for name, chart in charts.items()}
            for category, charts in layout.items()
        }
        for category, charts in made.items():
            self._charts.setdefault(category, {}).update(charts)
        # A deep copy: what is encoded on another thread must not change under it.
        whole = json.loads(coerce.dumps(self._charts))
        return opaque.OpaqueValue("layout", [stored_array.words(whole)])

    def add_lines(self, title: str, tags: Sequence[str]) -> opaque.OpaqueValue | None:
        """Takes in that tags belong on one chart; the whole as a value to log, or None where that was known."""
        known = self._lines.setdefault(title, [])
        if set(tags) <= set(known):
            return None
        known += [tag for tag in tags if tag not in known]
        return self.add({title: {title: ["Multiline", list(known)]}})


def _chart(kind: Any, tags: Any) -> list[Any]:
    """A chart of a layout, as it is kept."""
    if isinstance(tags, (str, bytes)) or (kind == "Margin" and len(tags) % 3):
        expected = "a list of tags; of a margin chart threes of them: value, lower, upper"
        raise LoggedValueError(message(f"The tags of a chart ({coerce.text(kind, 50)}) are none.", expected=expected))
    return [coerce.text(kind), [coerce.text(tag) for tag in tags]]
