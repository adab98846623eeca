"""Events: what somebody did in a pane of the page, on its way to who asked to hear of it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.store.read.commands import EVENT, Asked
from tracker.values import arrays
from tracker.values.pane import checked_id

if TYPE_CHECKING:
    from tracker.run import Run

logger = logging.getLogger("tracker")

EVENTS = ("click", "key", "close", "change")

MAX_DEPTH = 100
"""Levels of lists and mappings in an event; the server lets through as many."""


@dataclass(frozen=True)
class Event:
    """What somebody did.

    Attributes:
        kind: "click", "key", "close" or "change".
        pane: In which pane.
        run: The run, as `tracker.init` gave it.
        step: Where the training stands as the event is handled.
        wall_time: When it was done, in seconds since the epoch.
        data: What was under the pointer, and the like: of a click `x`, `y` and `name` of the point and its trace, or
            `image_x` and `image_y`, pixels of a picture; of a key `key`; of a change `name` and `value`.
    """

    kind: str
    pane: str
    run: Run
    step: int
    wall_time: float
    data: Mapping[str, Any]


Handler = Callable[[Event], None]


class Subscription:
    """Somebody who hears of events. `stop()` ends it; can be called twice."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def stop(self) -> None:
        """Hears of nothing more."""
        self._stop()


def subscribe(
    run: Run, event: str | None, pane: str | None, handler: Handler, *, thread: bool, missed: bool
) -> Subscription:
    """Has a function called with what is done in a pane.

    Args:
        run: The run.
        event: "click", "key", "close" or "change"; None for all of them.
        pane: The pane's name, whether it is there yet or not; None for all.
        handler: Called with each `Event`, in order. What it raises is logged and ends nothing.
        thread: At once, on a thread of its own, instead of between two steps of the training.
        missed: Also what was done while no process wrote the run; otherwise that is nobody's.

    Raises:
        LoggedValueError, LoggedTypeError, TagError: there is no such event, or the handler cannot be called.
    """
    if event is not None and event not in EVENTS:
        raise LoggedValueError(
            message("on(): there is no such event.", expected=" | ".join(EVENTS), got=arrays.describe(event))
        )
    if not callable(handler):
        raise LoggedTypeError(
            message("on(): the handler is called with each event.", expected="a function", got=arrays.describe(handler))
        )
    name = None if pane is None else checked_id(pane)

    def hear(asked: Asked) -> None:
        found = event_of(run, asked)
        if found is not None and name in (None, found.pane) and event in (None, found.kind):
            handler(found)

    return Subscription(run.controls.listen(EVENT if name is None else EVENT + name, hear, thread))


def event_of(run: Run, asked: Asked) -> Event | None:
    """The event of a row; None where it is none. The file that it stands in may come from anybody."""
    try:
        said = json.loads(asked.value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("kind") not in EVENTS:
        return None
    data = {key: value for key, value in said.items() if key != "kind"}
    return Event(said["kind"], asked.name.removeprefix(EVENT), run, run.step, asked.wall_time, data)
