"""Paned: what a run has for free windows of the page, and for what comes back from there."""

from __future__ import annotations

from typing import Any

from tracker.panes import events
from tracker.panes.panes import Panes as Panes


class Paned:
    """The part of a `Run` that shows panes."""

    panes: Panes

    def pane(
        self,
        id: str,
        content: Any = None,
        *,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
        append: bool = False,
        step: int | None = None,
        **opts: Any,
    ) -> None:
        """Shows something in a free window of the page.

        Args:
            id: Names the pane, in up to 250 characters. Shown again it shows what is new; what was there is kept.
            content: A text (`str`), `Html`, `Svg`, `Image` or a list of them, `Audio`, `Video`, a Plotly or Matplotlib
                figure, `Curves`, `Properties`, `Network`, any other value (which is then logged under `pane/<id>`), or
                `{"kind": "histogram", "tag": "weights/fc1"}` for a series of the run. None changes only what else is
                said of a pane.
            title: A line above it.
            width: In pixels.
            height: Likewise.
            append: Continue a text, or the points of `Curves`, at a cost that does not grow. What is not said of title,
                size and options stays.
            step: Of the training; where it stands by default.
            **opts: How it is shown, as JSON values.

        Raises:
            TagError, StepError, LoggedTypeError, LoggedValueError: what was given cannot be shown; nothing of it is.
        """
        self.panes.show(id, content, title, width, height, append=append, step=step, opts=opts)

    def close_pane(self, id: str) -> None:
        """Takes a pane from the page; what it showed is kept. One that is not there is closed already."""
        self.panes.close(id)

    def on(
        self, event: str | None, pane: str | None, handler: events.Handler, thread: bool = False, missed: bool = False
    ) -> events.Subscription:
        """Has a function called with what somebody does in a pane of the page.

        Args:
            event: "click", "key", "close" or "change"; None for all of them.
            pane: The pane's name, whether it is there yet or not; None for all panes.
            handler: Called with each `Event` (`.kind .pane .run .step .wall_time .data`), in order: in `log()` and
                `poll()`, between two steps. What it raises is logged and ends nothing.
            thread: At once instead, on a thread of its own.
            missed: Also what was done while no process wrote the run, which otherwise nobody hears of.

        Returns:
            What ends it: `.stop()`.

        Raises:
            LoggedValueError, LoggedTypeError, TagError: there is no such event, or the handler cannot be called.
        """
        run: Any = self
        return events.subscribe(run, event, pane, handler, lambda run: run._recording, thread=thread, missed=missed)
