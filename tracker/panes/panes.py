"""Panes: the free windows of a run, as this process shows them.

What is held of each is its name, its title and how far it goes: points of line panes are scalars, which are handed over
at once, so that the millionth costs what the first did.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, SeriesNotFoundError, TrackerError, message
from tracker.panes import traces
from tracker.panes.going_text import GoingText
from tracker.panes.shown import Shown
from tracker.panes.traces import Add
from tracker.store.read.run import StoredRun
from tracker.values import arrays, markup, pane
from tracker.values.curves import Curves
from tracker.values.markup import Html
from tracker.values.pane import Pane

if TYPE_CHECKING:
    from tracker.recording import Recording

FLUSH_S = 30.0
"""So long a disk is waited for where what was shown is read again."""

logger = logging.getLogger("tracker")

_now = time.time

Found = TypeVar("Found")


class Panes:
    """The panes of a run.

    Args:
        hand_over: Gives something to the recording that takes it; `Run._hand_over`. It is not held: a run that nobody
            else holds ends at once, and not when a collection comes by.
        stored: The run as it is stored.
    """

    def __init__(self, hand_over: Callable[[Callable[[Recording], None]], None], stored: StoredRun) -> None:
        self._taker = weakref.WeakMethod(hand_over)
        self._stored = stored
        self._shown: dict[str, Shown | None] = {}
        """None: it is not there, or closed."""
        self._counts: dict[str, int] = {}
        """How many points there are, by tag."""
        self._lock, self._process = threading.RLock(), os.getpid()

    def _hand_over(self, add: Callable[[Recording], None]) -> None:
        take = self._taker()
        if take is None:
            raise ReferenceError("the run of these panes is over, as nobody holds it any more")
        take(add)

    @property
    def _alone(self) -> threading.RLock:
        """While it is held no other thread shows anything. In a forked child nobody lets go of the parent's."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock

    def show(
        self,
        id: str,
        content: Any = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
        *,
        append: bool = False,
        step: int | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> None:
        """As `Run.pane`."""
        id = pane.checked_id(id)
        title = pane.checked_title(title)
        said = pane.checked_opts(opts) if opts else {}
        size = pane.checked_size("width", width), pane.checked_size("height", height)
        at = None if step is None else coerce.step(step)
        try:
            with self._alone:
                known = self._known(id) if append or content is None else None
                anew = Shown("", title, size, said) if known is None else known.gone_on(title, size, said)
                self._put(self._adds(id, content, known, anew, at))
                self._shown[id] = anew
        except Exception as error:
            raise coerce.mistake("pane()", error) from error

    def close(self, id: str) -> None:
        """As `Run.close_pane`."""
        id = pane.checked_id(id)
        with self._alone:
            if self._known(id) is not None:
                self._put([({}, [(id, Pane("closed"))], None)])
                self._shown[id] = None

    def _put(self, adds: list[Add]) -> None:
        waiting, now = deque(adds), _now()

        def add(recording: Recording) -> None:
            while waiting:
                numbers, others, step = waiting[0]
                place = max(recording.inbox.last_step, 0) if step is None else step
                recording.gate.add(numbers, others, place, now)
                waiting.popleft()

        self._hand_over(add)

    def _known(self, id: str) -> Shown | None:
        """A pane as it was shown last, by this process or one before it; None where it is not there."""
        if id not in self._shown:
            found = self._read(lambda: Shown.resumed(self._stored.pane(id)))
            self._shown[id] = None if found is None or found.type == "closed" else found
        return self._shown[id]

    # --- what is handed over -------------------------------------------------------------------------

    def _adds(self, id: str, content: Any, known: Shown | None, said: Shown, step: int | None) -> list[Add]:
        """What is to be stored; `said` learns what it shows.

        Args:
            id: The pane.
            content: What it is given.
            known: As it was, where it is to be continued.
            said: As it will be.
            step: Of the training.
        """
        if content is None:
            return self._said_anew(id, known, said, step)
        if isinstance(content, Curves):
            return self._curves(id, content, known, said, step)
        if isinstance(content, (str, Html)):
            return self._text(id, content, known, said, step)
        if known is not None:
            raise LoggedTypeError(
                message(
                    "pane(): only texts and curves can be appended to.",
                    expected="str, Html or Curves",
                    got=arrays.describe(content),
                )
            )
        # Imported with the first that is shown: pictures and figures take 10 ms, for which no start waits.
        from tracker.panes.content import told

        said.type, plain, parts, beside = told(id, content)
        return [({}, [*beside, (id, said.state(plain, parts))], step)]

    def _text(self, id: str, content: str | Html, known: Shown | None, said: Shown, step: int | None) -> list[Add]:
        is_html = isinstance(content, Html)
        text = content.text if isinstance(content, Html) else markup.checked("pane()", content)
        said.type = "text"
        if known is None:
            said.text = GoingText(is_html, [text], len(text))
            state = said.state(said.text.whole())
        elif known.text is None or known.text.html != is_html:
            raise _other(id, known, "Html" if is_html else "a text")
        else:
            is_whole = known.text.append(text)
            state = said.state(known.text.whole()) if is_whole else said.state(None, appended=text)
        return [({}, [(id, state)], step)]

    def _curves(self, id: str, content: Curves, known: Shown | None, said: Shown, step: int | None) -> list[Add]:
        if known is not None and known.type != "lines":
            raise _other(id, known, "Curves")
        said.type = "lines"
        before = known.traces if known is not None else {}
        own, adds, counts = traces.of_points(id, content, before, self._count)
        said.traces = {**before, **traces.of_tags(content), **own}
        said.layout = {**said.layout, **content.layout}
        if said != known:
            adds.insert(0, ({}, [(id, said.state(said.lines()))], step))
        self._counts |= counts
        return adds

    def _count(self, tag: str) -> int:
        """How many points a tag has by now, those of processes before this one among them."""
        known = self._counts.get(tag)
        if known is None:
            found = self._read(lambda: self._stored.envelope(tag, 1).step_last.tolist())
            known = self._counts[tag] = max(found or (), default=-1) + 1
        return known

    def _read(self, question: Callable[[], Found]) -> Found | None:
        """What a process before this one stored; None where there is nothing, or it cannot be read."""
        try:
            return question()
        except SeriesNotFoundError:
            return None
        except (TrackerError, sqlite3.Error, OSError) as error:  # the training goes on, and the pane begins anew
            logger.warning("tracker: what panes of %s showed before cannot be read: %s", self._stored.name, error)
            return None

    def _said_anew(self, id: str, known: Shown | None, said: Shown, step: int | None) -> list[Add]:
        """The same content under another title, in another size or with other options."""
        if known is None:
            raise LoggedValueError(message(f"pane(): there is no pane {id!r} yet.", expected="something to show in it"))
        if known.text is not None:
            state = said.state(known.text.whole())
        elif known.type == "lines":
            state = said.state(said.lines())
        else:
            from tracker.panes.content import Kept

            self._hand_over(_flush)
            found = self._stored.pane(id)
            state = said.state(found.content, [Kept(item) for item in found.items])
        return [({}, [(id, state)], step)]


def _flush(recording: Recording) -> None:
    recording.writer.flush(FLUSH_S)


def _other(id: str, known: Shown, given: str) -> LoggedValueError:
    what = "Html" if known.text is not None and known.text.html else known.type
    return LoggedValueError(
        message(
            f"pane(): {id!r} shows something else.",
            expected=f"{what} to go on with",
            got=given,
            hint="Without append it is shown in its place.",
        )
    )
