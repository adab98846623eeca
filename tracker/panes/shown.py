"""Shown: a pane as it was shown last, as far as the next call has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.errors import DamagedBytesError
from tracker.panes.going_text import GoingText
from tracker.panes.traces import Trace, stored
from tracker.store.read.panes import StoredPane
from tracker.values.pane import Pane
from tracker.values.value import Value

Size = tuple["float | None", "float | None"]


@dataclass
class Shown:
    """A pane; of a text its words, of a line pane its traces, of all others not what they show."""

    type: str
    title: str | None
    size: Size
    opts: dict[str, Any]
    text: GoingText | None = None
    traces: dict[str, Trace] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def resumed(cls, found: StoredPane) -> Shown:
        """One that a process before this one showed.

        Raises:
            DamagedBytesError: it is none.
        """
        shown = cls(found.type, found.title, (found.width, found.height), dict(found.opts))
        content = found.content if found.type in ("text", "lines") else {}
        if not isinstance(content, dict):
            raise DamagedBytesError(f"the pane {found.id!r} says nothing")
        if found.type == "text":
            text, cut = content.get("text"), content.get("cut")
            if not isinstance(text, str):
                raise DamagedBytesError(f"the pane {found.id!r} is a text that is none")
            shown.text = GoingText(content.get("html") is True, [text], len(text), cut if isinstance(cut, int) else 0)
        elif found.type == "lines":
            layout = content.get("layout")
            shown.traces, shown.layout = stored(found.id, content), layout if isinstance(layout, dict) else {}
        return shown

    def gone_on(self, title: str | None, size: Size, opts: dict[str, Any]) -> Shown:
        """The same pane; what is not said of it anew stays."""
        width, height = (new if new is not None else old for new, old in zip(size, self.size, strict=True))
        return Shown(
            self.type, self.title if title is None else title, (width, height), {**self.opts, **opts},
            self.text, self.traces, self.layout,
        )  # fmt: skip

    def state(self, content: Any, parts: Sequence[Value] = (), appended: str | None = None) -> Pane:
        """As it is stored."""
        return Pane(
            self.type, content, title=self.title, opts=self.opts, size=self.size, parts=parts, appended=appended
        )

    def lines(self) -> dict[str, Any]:
        """The content of a line pane: its traces, and the layout around them."""
        return {"traces": [*self.traces.values()], "layout": self.layout}
