"""One open tab: what it wants to be told, and what waits to be told it.

Its queue is bounded: a tab that is too slow is told to look again instead of growing it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.http import wire
from dashboard.http.request_values import is_number
from dashboard.live.changes import NewPoints
from tracker.name_order import naturally

MAX_QUEUED_POINTS = 200_000
"""Points that wait for a slow tab: 5 MB."""

MAX_WATCHED, MAX_WATCHED_CHARACTERS = 5_000, 200_000
"""Tags a tab may ask for, and how long they may be together: those in sight, of which a page has some dozens."""

MAX_PING = 64
"""Characters of a text that comes back; a page sends a number."""

MAX_LOOK_AGAIN = 100_000
"""Series that a tab is told to look at again. One that has fallen behind by more is let go of: it comes back, and asks
for what it shows."""

TOO_MUCH = 1009
"""Why a line is closed, in WebSocket's own numbers: a message was too large, or news that nobody takes."""


class Tab:
    """What one open tab is still to be told, and what it says.

    Args:
        since: After how much news it was opened.
        trouble: Says why the logdir is not followed, when it is not.
    """

    def __init__(self, since: int, trouble: Callable[[], str | None]) -> None:
        self._trouble = trouble
        self._since = since
        self.something = asyncio.Event()
        """Set while something waits, or it is closed."""
        self._tags: frozenset[str] = frozenset()
        self._points: list[NewPoints] = []
        self._queued = 0
        self._heads: dict[tuple[str, str], NewPoints] = {}
        """By run and tag the newest points of what is not shown as a curve: its last value still is, in the list."""
        self._look_again: set[tuple[str, str]] = set()
        self._changed: dict[str, dict[str, Any]] = {}
        """By run, so that it is no longer than the list of runs; what is told last holds."""
        self._removed: dict[str, None] = {}
        self._headlines: list[str] | None = None
        self._answer: dict[str, Any] | None = None
        """To the newest ping; those before it were answered by being outlived."""
        self.is_closed = False
        self.code = 1000

    def put(
        self,
        points: list[NewPoints],
        changed: list[dict[str, Any]],
        removed: list[str],
        headlines: list[str] | None = None,
    ) -> None:
        """Queues what this tab wants to know of the news, and by which tags runs are judged now, where that is new."""
        if headlines is not None:
            self._headlines = headlines
        for new in points:
            if new.tag not in self._tags:
                if new.points is not None and len(new.points.value):
                    self._heads[new.run, new.tag] = new
                continue
            if new.points is None or self._queued > MAX_QUEUED_POINTS:
                self._look_again.add((new.run, new.tag))
                continue
            if self._heads:  # what was told before it was shown is older
                self._heads.pop((new.run, new.tag), None)
            self._points.append(new)
            self._queued += len(new.points.step)
        for name in removed:
            self._changed.pop(name, None)
            self._removed[name] = None
        for told in changed:
            self._removed.pop(told["run"], None)
            self._changed[told["run"]] = _joined(self._changed.get(told["run"]), told)
        if len(self._look_again) > MAX_LOOK_AGAIN:
            self.close(TOO_MUCH)
        if points or changed or removed:
            self.something.set()

    @property
    def watched(self) -> frozenset[str]:
        """The tags whose points it wants as they come."""
        return self._tags

    def close(self, code: int = 1000) -> None:
        """Ends the connection soon."""
        self.is_closed = True
        self.code = code
        self.something.set()

    def hear(self, said: object) -> bool:
        """Takes what the tab says, {watch?: [tags], ping?: number}; False when it is something else, or too much."""
        if not isinstance(said, dict):
            return False
        watch, ping = said.get("watch"), said.get("ping")
        if isinstance(watch, list):
            tags = frozenset(tag for tag in watch if isinstance(tag, str))
            if len(tags) > MAX_WATCHED or sum(map(len, tags)) > MAX_WATCHED_CHARACTERS:
                self.code = TOO_MUCH
                return False
            self._tags = tags
        if is_number(ping) or (isinstance(ping, str) and len(ping) <= MAX_PING):
            self._answer = {"pong": ping, "time": time.time(), "trouble": self._trouble()}
            self.something.set()
        return True

    def frame(self) -> bytes:
        """All that waits, as a message of `dashboard.http.wire`."""
        self.something.clear()
        points, self._points, self._queued = self._points, [], 0
        points += self._heads.values()
        changed, self._changed, self._heads = self._changed, {}, {}
        removed, self._removed = self._removed, {}
        again, self._look_again = self._look_again, set()
        headlines, self._headlines = self._headlines, None
        answer, self._answer = self._answer, None
        told, columns = _grouped(points)
        head = {
            "points": told,
            "changed": list(changed.values()),
            "removed": list(removed),
            "headlines": headlines,
            "again": sorted(again),
            "answers": [] if answer is None else [answer],
            "since": self._since,
            "now": time.time(),
        }
        return wire.message(head, columns)


def _joined(before: dict[str, Any] | None, told: dict[str, Any]) -> dict[str, Any]:
    """Two changes of a run as one: what changed in either, and what was told of it last."""
    if before is None:
        return told
    summary = told["summary"] if told["summary"] is not None else before["summary"]
    what = sorted({*before["what"], *told["what"]})
    joined = {**before, **told, "what": what, "summary": summary}
    if "reach" in before:
        joined["reach"] = before["reach"] | told.get("reach", {})
    parts = [each["tags"] for each in (before, told) if "tags" in each]
    if len(parts) == 2:  # no more than the run has series, however often each changes
        kinds = {kind: {*parts[0].get(kind, ()), *parts[1].get(kind, ())} for part in parts for kind in part}
        joined["tags"] = {kind: naturally(tags) for kind, tags in kinds.items()}
    return joined


def _grouped(points: list[NewPoints]) -> tuple[list[dict[str, Any]], list[npt.NDArray[Any]]]:
    """What is told of points, and their columns: those that one commit brought are one entry with three columns.

    A hundred entries of a message would cost the page more than what they say.
    """
    groups: dict[tuple[str, str, float], list[NewPoints]] = {}
    for new in points:
        groups.setdefault((new.run, new.segment, new.committed), []).append(new)
    told, columns = [], []
    for (run, segment, committed), group in groups.items():
        found = [new.points for new in group if new.points is not None]
        told.append(
            {
                "run": run,
                "segment": segment,
                "committed": committed,
                "read": group[0].read,
                "tags": [new.tag for new in group],
                "n": [new.n for new in group],
                "counts": [len(each.step) for each in found],
            }
        )
        columns += [np.concatenate(column) for column in zip(*found, strict=True)]
    return told, columns
