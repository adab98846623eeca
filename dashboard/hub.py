"""The hub: one reader's news, fanned out to every open tab.

A tab says which series it shows; it is sent the new points of those, at most every 16 ms, and every other
change as a word. Its queue is bounded: a tab that is too slow is told to look again instead of growing it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard import wire
from dashboard.asked import is_number
from dashboard.follower import Follower
from dashboard.news import NewPoints, News
from dashboard.page_form import page_form, reach, whole
from tracker.store.segments import Segment

FRAME_S = 0.016
"""Between two frames to a tab: two of the screen's. The first one after a pause goes at once."""

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


class Hub:
    """All open tabs."""

    def __init__(self, follower_of: Any) -> None:
        self._tabs: set[_Tab] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.follower: Follower = follower_of(self._tell)
        self._told = 0
        """How many times there was news: a list of runs and a tab's first message say after which they were made, so
        that a page notices what fell between the two."""

    def start(self) -> None:
        """Begins to follow; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self.follower.start()

    def stop(self) -> None:
        """Ends following and all tabs' connections."""
        for tab in list(self._tabs):
            tab.close()
        self._loop = None
        self.follower.stop()

    def summaries(self) -> list[dict[str, Any]]:
        """All that is known of all runs."""
        self.follower.complete()
        with self.follower.lock:
            return [whole(run) for run in self.follower.library.runs.values()]

    def names(self) -> list[str]:
        """The names of all runs."""
        with self.follower.lock:
            return list(self.follower.library.runs)

    def is_logged(self, tag: str) -> bool:
        """Whether any run has a curve of this very name."""
        with self.follower.lock:
            return any(tag in run.tags().get("scalar", ()) for run in self.follower.library.runs.values())

    def page_form(self) -> dict[str, Any]:
        """All runs as the page lists them, and after how much news."""
        with self.follower.lock:
            return {"news": self._told, **page_form(list(self.follower.library.runs.values()))}

    def segments(self, name: str) -> list[Segment]:
        """The segments of a run, oldest first, without opening a file; none of an unknown run."""
        with self.follower.lock:
            run = self.follower.library.runs.get(name)
            return run.known() if run is not None else []

    def marked(self, names: list[str]) -> list[str]:
        """Those of some runs that have marks."""
        with self.follower.lock:
            runs = [self.follower.library.runs.get(name) for name in names]
            return [run.name for run in runs if run and any(state.has_marks for state in run.segments.values())]

    def look_again(self) -> None:
        """Goes through the logdir at once: runs came or went by our own hand."""
        self.follower.look_again()

    def _tell(self, news: News) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may have closed between the two lines, while the server goes down.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._publish, news)

    def _publish(self, news: News) -> None:
        self._told += 1
        if not self._tabs:
            return
        changed: list[dict[str, Any]] = []
        library = self.follower.library
        with self.follower.lock:
            for name, what in news.changed.items():
                run = library.runs.get(name)
                if run is not None:
                    is_new = "runs" in what or "line" in what
                    told = {"run": name, "what": sorted(what), "summary": wire.plain(whole(run)) if is_new else None}
                    changed.append(told | {"reach": reach(run)} if "last" in what and not is_new else told)
        for tab in self._tabs:
            tab.put(news.points, changed, news.removed)

    async def serve(self, socket: WebSocket) -> None:
        """Speaks with one tab until either side ends."""
        await socket.accept()
        tab = _Tab(socket, self._told, self.follower.state)
        self._tabs.add(tab)
        receiving = asyncio.create_task(tab.receive())
        sending = asyncio.create_task(tab.send())
        try:
            # Whichever ends first ends both: a sender alone never notices that the tab has gone.
            await asyncio.wait({receiving, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._tabs.discard(tab)
            for task in (receiving, sending):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(tab.code)


class _Tab:
    def __init__(self, socket: WebSocket, since: int, trouble: Callable[[], str | None]) -> None:
        self._socket = socket
        self._trouble = trouble
        self._since = since
        self._something = asyncio.Event()
        self._tags: frozenset[str] = frozenset()
        self._points: list[NewPoints] = []
        self._queued = 0
        self._heads: dict[tuple[str, str], NewPoints] = {}
        """By run and tag the newest points of what is not shown as a curve: its last value still is, in the list."""
        self._look_again: set[tuple[str, str]] = set()
        self._changed: dict[str, dict[str, Any]] = {}
        """By run, so that it is no longer than the list of runs; what is told last holds."""
        self._removed: dict[str, None] = {}
        self._answer: dict[str, Any] | None = None
        """To the newest ping; those before it were answered by being outlived."""
        self._closed = False
        self.code = 1000

    def put(self, points: list[NewPoints], changed: list[dict[str, Any]], removed: list[str]) -> None:
        """Queues what this tab wants to know of the news."""
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
            self._something.set()

    def close(self, code: int = 1000) -> None:
        """Ends the connection soon."""
        self._closed = True
        self.code = code
        self._something.set()

    async def receive(self) -> None:
        """Takes what the tab says until it goes."""
        while True:
            try:
                said = orjson.loads(await self._socket.receive_text())
            except (WebSocketDisconnect, orjson.JSONDecodeError, KeyError, RuntimeError):
                return
            if not isinstance(said, dict):
                return
            watch, ping = said.get("watch"), said.get("ping")
            if isinstance(watch, list):
                tags = frozenset(tag for tag in watch if isinstance(tag, str))
                if len(tags) > MAX_WATCHED or sum(map(len, tags)) > MAX_WATCHED_CHARACTERS:
                    self.code = TOO_MUCH
                    return
                self._tags = tags
            if is_number(ping) or (isinstance(ping, str) and len(ping) <= MAX_PING):
                self._answer = {"pong": ping, "time": time.time(), "trouble": self._trouble()}
                self._something.set()

    async def send(self) -> None:
        """Sends frames until the tab goes."""
        sent = 0.0
        while True:
            await self._something.wait()
            pause = sent + FRAME_S - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            self._something.clear()
            if self._closed:
                return
            sent = time.monotonic()
            # Who takes nothing is let go of; see `connections`. (No `wait_for`: up to Python 3.11 it may keep a
            # cancellation to itself.)
            await self._socket.send_bytes(self._frame())

    def _frame(self) -> bytes:
        points, self._points, self._queued = self._points, [], 0
        points += self._heads.values()
        changed, self._changed, self._heads = self._changed, {}, {}
        removed, self._removed = self._removed, {}
        again, self._look_again = self._look_again, set()
        answer, self._answer = self._answer, None
        told, columns = _grouped(points)
        head = {
            "points": told,
            "changed": list(changed.values()),
            "removed": list(removed),
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
    return {**before, **told, "what": what, "summary": summary}


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
