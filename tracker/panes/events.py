"""Events: what somebody did in a pane of the page, on its way to who asked to hear of it."""

from __future__ import annotations

import json
import logging
import sqlite3
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.errors import LoggedTypeError, LoggedValueError, StoreError, message
from tracker.store.read import commands
from tracker.store.read.commands import EVENT, Asked, Cursor
from tracker.store.read.run_files import RunFiles
from tracker.values import arrays
from tracker.values.pane import EVENTS, checked_id

if TYPE_CHECKING:
    from tracker.recording import Recording
    from tracker.run import Run

logger = logging.getLogger("tracker")

MOST_MISSED = 1_000
"""Events that a run hears of afterwards; the page's file keeps as many."""


@dataclass(frozen=True)
class Event:
    """What somebody did.

    Attributes:
        kind: "click", "key", "close" or "change".
        pane: In which pane.
        run: The run, as `tracker.init` gave it.
        step: Where the training stands as this is handled; -1 before its first.
        wall_time: When it was done, in seconds since the epoch.
        data: What was under the pointer, and the like: of a click `x`, `y` and `name` of the point and its trace, or
            `image_x` and `image_y`, pixels of a picture; of a key `key`; of a change `name` and `value`. It comes from
            a browser: what is missing was not there.
    """

    kind: str
    pane: str
    run: Run
    step: int
    wall_time: float
    data: Mapping[str, Any]


Handler = Callable[[Event], Any]


class Subscription:
    """Somebody who hears of events."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def stop(self) -> None:
        """Hears of nothing more; can be called twice."""
        self._stop()


class _Hearing:
    """What one who subscribed hears."""

    def __init__(
        self, run: Run, event: str | None, pane: str | None, handler: Handler, step: Callable[[Run], int]
    ) -> None:
        self._run, self._step = weakref.ref(run), step
        self._wanted, self._pane, self._handler = event, pane, handler

    def __call__(self, asked: Asked) -> None:
        run, said = self._run(), _said(asked)
        pane = asked.name.removeprefix(EVENT)
        if run is None or said is None or self._pane not in (None, pane) or self._wanted not in (None, said["kind"]):
            return
        data = {key: value for key, value in said.items() if key != "kind"}
        self._handler(Event(said["kind"], pane, run, self._step(run), asked.wall_time, data))


def subscribe(
    run: Run,
    event: str | None,
    pane: str | None,
    handler: Handler,
    recording_of: Callable[[Run], Recording],
    *,
    thread: bool,
    missed: bool,
) -> Subscription:
    """As `Run.on`.

    Args:
        run: The run.
        event: Which.
        pane: Of which pane.
        handler: Who hears.
        recording_of: What a run is written by now.
        thread: On a thread of its own.
        missed: Also what was done before.
    """
    if event is not None and event not in EVENTS:
        raise LoggedValueError(
            message("on(): there is no such event.", expected=" | ".join(EVENTS), got=arrays.describe(event))
        )
    if not callable(handler):
        raise LoggedTypeError(
            message("on(): a handler is called with each event.", expected="a function", got=arrays.describe(handler))
        )
    name = None if pane is None else checked_id(pane)
    hearing = _Hearing(run, event, name, handler, lambda run: recording_of(run).inbox.last_step)
    listener = run.controls.listen(EVENT if name is None else EVENT + name, hearing, thread)
    for asked in _missed(recording_of(run)) if missed else ():
        try:
            hearing(asked)
        except Exception:  # as of those that come: it ends nothing
            logger.exception("tracker: a handler of %s failed", asked.name)
    return Subscription(lambda: run.controls.unlisten(listener))


def _missed(recording: Recording) -> list[Asked]:
    """What was done after the last process that wrote the run, and before this one."""
    begun = recording.birth.created
    try:
        rows, _ = commands.asked(recording.folder, Cursor(), commands.MOST_COMMANDS, events=True)
        before = [segment for segment in RunFiles(recording.folder).segments() if segment.id != recording.birth.segment]
    except FileNotFoundError:
        return []
    except (StoreError, OSError, sqlite3.Error) as error:
        logger.warning("tracker: what was done in panes before cannot be read: %s", error)
        return []
    ended = max((segment.ended or segment.heartbeat for segment in before), default=begun)
    return [row for row in rows if row.name.startswith(EVENT) and ended < row.wall_time < begun][-MOST_MISSED:]


def _said(asked: Asked) -> dict[str, Any] | None:
    """What a row says was done; None where it says nothing of that. Its file may come from anybody."""
    try:
        said = json.loads(asked.value)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("kind") in EVENTS else None
