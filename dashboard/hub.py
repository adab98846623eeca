"""The hub: one reader's news, fanned out to every open tab.

A tab says which series it shows; it is sent the new points of those, at most every 33 ms, and every other
change as a word. Its queue is bounded: a tab that is too slow is told to look again instead of growing it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard import wire
from dashboard.follower import Follower
from dashboard.news import NewPoints, News
from dashboard.page_form import page_form, reach
from tracker.store.segments import Segment

FRAME_S = 0.016
"""Between two frames to a tab: two of the screen's. The first one after a pause goes at once."""

MAX_QUEUED_POINTS = 200_000
"""Points that wait for a slow tab: 5 MB."""

MAX_WATCHED = 100_000
"""Tags a tab may ask for, which bounds what one message can make us remember."""


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
            return [run.summary() for run in self.follower.library.runs.values()]

    def names(self) -> list[str]:
        """The names of all runs."""
        with self.follower.lock:
            return list(self.follower.library.runs)

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
                    summary = run.summary() if "runs" in what or "line" in what else None
                    told = {"run": name, "what": sorted(what), "summary": wire.plain(summary)}
                    changed.append(told | {"reach": reach(run)} if "last" in what and summary is None else told)
        for tab in self._tabs:
            tab.put(news.points, changed, news.removed)

    async def serve(self, socket: WebSocket) -> None:
        """Speaks with one tab until either side ends."""
        await socket.accept()
        tab = _Tab(socket, self._told)
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
                await socket.close()


class _Tab:
    def __init__(self, socket: WebSocket, since: int) -> None:
        self._socket = socket
        self._since = since
        self._something = asyncio.Event()
        self._tags: frozenset[str] = frozenset()
        self._points: list[NewPoints] = []
        self._queued = 0
        self._look_again: set[tuple[str, str]] = set()
        self._changed: list[dict[str, Any]] = []
        self._removed: list[str] = []
        self._answers: list[dict[str, Any]] = []
        self._closed = False

    def put(self, points: list[NewPoints], changed: list[dict[str, Any]], removed: list[str]) -> None:
        """Queues what this tab wants to know of the news."""
        heads = {}
        for new in points:
            if new.tag not in self._tags:
                # Not shown as a curve: its last value still is, in the list of runs.
                if new.points is not None and len(new.points.value):
                    heads[(new.run, new.tag)] = new
                continue
            if new.points is None or self._queued > MAX_QUEUED_POINTS:
                self._look_again.add((new.run, new.tag))
                continue
            self._points.append(new)
            self._queued += len(new.points.step)
        self._points += heads.values()
        self._changed += changed
        self._removed += removed
        if points or changed or removed:
            self._something.set()

    def close(self) -> None:
        """Ends the connection soon."""
        self._closed = True
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
            if isinstance(said.get("watch"), list):
                self._tags = frozenset(tag for tag in said["watch"][:MAX_WATCHED] if isinstance(tag, str))
            if "ping" in said:
                self._answers.append({"pong": said["ping"], "time": time.time()})
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
            await self._socket.send_bytes(self._frame())

    def _frame(self) -> bytes:
        points, self._points, self._queued = self._points, [], 0
        changed, self._changed = self._changed, []
        removed, self._removed = self._removed, []
        again, self._look_again = self._look_again, set()
        answers, self._answers = self._answers, []
        told, columns = _grouped(points)
        head = {
            "points": told,
            "changed": changed,
            "removed": removed,
            "again": sorted(again),
            "answers": answers,
            "since": self._since,
            "now": time.time(),
        }
        return wire.message(head, columns)


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
