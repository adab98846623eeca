"""Live runs: what one reader finds is new, sent to every open tab.

A tab subscribes to the series that it shows; it is sent their new points, at most every 16 ms, and of every other
change what changed; see `tab`. Where no WebSocket gets through it asks instead; see `long_polling`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.http import wire
from dashboard.live.catalog_cache import WORTH_IT
from dashboard.live.changes import Changes
from dashboard.live.headline import Headlines
from dashboard.live.poller import Poller
from dashboard.live.run_list import compact_list, curves_of, full_summary, last_step_of
from dashboard.live.run_state import RunState
from dashboard.live.tab import Tab
from tracker.name_order import naturally
from tracker.store.read.segments import Segment

FRAME_S = 0.016
"""Between two frames to a tab: two of the screen's. The first one after a pause goes at once."""

MANY_MET, MOST_MET = 1_000, 4_000
"""Runs that are told at a time while a large logdir is looked at for the first time."""

MEETING_S = 1.0
"""How long is waited for so many."""

WAIT_S = 30.0
"""For the first look at the logdir."""


class LiveRuns:
    """All open tabs."""

    def __init__(self, poller_of: Any) -> None:
        self._tabs: set[Tab] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.poller: Poller = poller_of(self._tell)
        self.poller.is_watched = lambda: bool(self._tabs)
        self.listeners: list[Callable[[Changes], None]] = []
        """Who is told all changes besides, on the event loop."""
        self._judged: Headlines | None = None
        """By which tags runs are judged; None while nobody listens."""
        self._judged_met = 0
        """How many runs had been met then."""
        self._revision = 0
        """How many times something changed: a list of runs and a tab's first message say after which they were made, so
        that a page notices what fell between the two."""

    def start(self) -> None:
        """Begins to follow; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self.poller.start()

    def stop(self) -> None:
        """Ends following and all tabs' connections."""
        for tab in list(self._tabs):
            tab.close()
        self._loop = None
        self.poller.stop()

    def summaries(self) -> list[dict[str, Any]]:
        """All that is known of all runs."""
        self.poller.complete()
        with self.poller.lock:
            return [full_summary(run) for run in self.poller.catalog.runs.values()]

    def watched(self) -> frozenset[str]:
        """The tags whose points are drawn as they come, on any screen; call it on the event loop."""
        return frozenset[str]().union(*(tab.watched for tab in self._tabs))

    def names(self) -> list[str]:
        """The names of all runs."""
        with self.poller.lock:
            return list(self.poller.catalog.runs)

    def is_logged(self, tag: str) -> bool:
        """Whether any run has a curve of this very name."""
        with self.poller.lock:
            return any(tag in run.tags().get("scalar", ()) for run in self.poller.catalog.runs.values())

    def compact_list(self) -> dict[str, Any]:
        """All runs as the page lists them, its revision, and how many of them were `met`."""
        with self.poller.lock:
            catalog = self.poller.catalog
            runs: Collection[RunState] = catalog.runs.values()
            if catalog.unmet:  # by age, as the page sorts them
                runs = [*map(catalog.runs.__getitem__, catalog.unmet), *(run for run in runs if run.is_met)]
            return {"news": self._revision, "met": len(catalog.met), **compact_list(runs)}

    def wait_met(self) -> None:
        """Waits until every run was looked at."""
        self.poller.ready.wait(WAIT_S)
        self.poller.meeting.end()

    def met_since(self, met: int) -> dict[str, Any]:
        """The runs that were looked at for the first time after so many others, as the compact list has them.

        Waits for a moment where there are few; `left` is how many are still to come.
        """
        catalog = self.poller.catalog
        until = time.monotonic() + MEETING_S
        while catalog.unmet and len(catalog.met) < met + MANY_MET and time.monotonic() < until:
            time.sleep(FRAME_S)
        with self.poller.lock:
            names = catalog.met[met : met + MOST_MET]
            runs = [run for name in names if (run := catalog.runs.get(name)) is not None]
            left = len(catalog.unmet) + len(catalog.met) - met - len(names)
            return {**compact_list(runs, catalog.runs.values()), "met": met + len(names), "left": left}

    def segments(self, name: str) -> list[Segment]:
        """The segments of a run, oldest first, without opening a file; none of an unknown run."""
        with self.poller.lock:
            run = self.poller.catalog.runs.get(name)
            return run.known() if run is not None else []

    def whole(
        self, names: Iterable[str], tags: Collection[str]
    ) -> dict[str, tuple[Segment, str, dict[str, int] | None]]:
        """Of some runs those whose curves can be known again: the segment; what names it; and, where it may grow and
        its points never change, how many each curve has.

        They are one file that nobody writes, in a logdir that is large enough to be worth it, or a copy of another
        program's file.

        Args:
            names: The runs.
            tags: Of the curves that are asked for.
        """
        found: dict[str, tuple[Segment, str, dict[str, int] | None]] = {}
        catalog = self.poller.catalog
        with self.poller.lock:
            is_worth_it = len(catalog.runs) >= WORTH_IT
            for name in names:
                run = catalog.runs.get(name)
                if run is None or len(run.segments) != 1:
                    continue
                (state,) = run.segments.values()
                if catalog.is_mirrored(run):
                    # A copy grows and is folded away under its name, but a point of it is never another.
                    counts = {tag: state.count_of(tag) for tag in tags}
                    found[name] = state.segment, f"{state.segment.path}\n{state.segment.id}", counts
                elif is_worth_it and (key := state.key) is not None:
                    found[name] = state.segment, key, None
        return found

    def models(self, names: Collection[str] | None = None) -> dict[str, dict[str, float]]:
        """Of some runs, or of all, that have models: these by name, with the time at which each was logged last."""
        self.poller.ready.wait(WAIT_S)
        self.poller.complete()
        found: dict[str, dict[str, float]] = {}
        with self.poller.lock:
            runs = self.poller.catalog.runs
            for name in runs if names is None else names & runs.keys():
                models = {tag: series.last[1] for tag, series in runs[name].series_of("model") if series.last}
                if models:
                    found[name] = models
        return found

    def marked(self, names: list[str]) -> list[str]:
        """Those of some runs that have marks."""
        with self.poller.lock:
            runs = [self.poller.catalog.runs.get(name) for name in names]
            return [run.name for run in runs if run and any(state.has_marks for state in run.segments.values())]

    def finding_marks(self, names: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """What was found in some runs, as marks of charts; of those in which something was."""
        with self.poller.lock:
            runs = [run for name in names if (run := self.poller.catalog.runs.get(name)) is not None]
            found = {run.name: run.examined.marks(run.dismissed) for run in runs if run.examined is not None}
        return {name: marks for name, marks in found.items() if marks}

    def look_again(self) -> None:
        """Goes through the logdir at once: runs came or went by our own hand."""
        self.poller.look_again()

    def tell(self, run: str, *what: str) -> None:
        """Tells all tabs that something of a run is another than before; any thread may call it."""
        changes = Changes()
        for each in what:
            changes.note(run, each)
        self._tell(changes)

    def _tell(self, changes: Changes) -> None:
        loop = self._loop
        if loop is not None:
            # The loop may have closed between the two lines, while the server goes down.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._publish, changes)

    def _publish(self, changes: Changes) -> None:
        self._revision += 1
        for listener in self.listeners:
            listener(changes)
        if not self._tabs:
            self._judged = None
            return
        changed: list[dict[str, Any]] = []
        catalog = self.poller.catalog
        with self.poller.lock:
            for name, what in changes.changed.items():
                run = catalog.runs.get(name)
                if run is not None:
                    is_new = "runs" in what or "line" in what
                    told = {
                        "run": name,
                        "what": sorted(what),
                        "summary": wire.plain(full_summary(run)) if is_new else None,
                    }
                    if name in changes.tags:
                        told["tags"] = {kind: naturally(tags) for kind, tags in changes.tags[name].items()}
                    reach = {**last_step_of(run), "bytes": run.size} if "last" in what else {}
                    reach |= {"findings": run.finding_counts} if "findings" in what else {}
                    changed.append(told | {"reach": reach} if reach and not is_new else told)
            headlines = self._judge(catalog.runs.values(), changed, changes.removed)
        for tab in self._tabs:
            tab.put(changes.points, changed, changes.removed, headlines)

    def _judge(self, runs: Collection[RunState], changed: list[dict[str, Any]], removed: list[str]) -> list[str] | None:
        """By which tags runs are judged, where that may have changed."""
        met = len(self.poller.catalog.met)
        if self.poller.catalog.unmet:
            return None  # a page that asks for those that are met is told with them
        if self._judged is None or met != self._judged_met:
            known = Headlines({run.name: curves_of(run) for run in runs})
            is_new = self._judged is None or known.tags() != self._judged.tags()
            self._judged, self._judged_met = known, met
            return known.tags() if is_new else None
        told = {each["run"]: each["summary"]["series"].get("scalar", []) for each in changed if each["summary"]}
        is_new = self._judged.update(told | {name: [] for name in removed})
        return self._judged.tags() if is_new else None

    def open_tab(self) -> Tab:
        """A tab that is told from now on what is new, until it is discarded."""
        tab = Tab(self._revision, self.poller.state)
        self._tabs.add(tab)
        return tab

    def discard(self, tab: Tab) -> None:
        """Tells a tab nothing any more."""
        self._tabs.discard(tab)

    async def serve(self, socket: WebSocket) -> None:
        """Speaks with one tab until either side ends."""
        await socket.accept()
        tab = self.open_tab()
        receiving = asyncio.create_task(_receive(socket, tab))
        sending = asyncio.create_task(_send(socket, tab))
        try:
            # Whichever ends first ends both: a sender alone never notices that the tab has gone.
            await asyncio.wait({receiving, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.discard(tab)
            for task in (receiving, sending):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(tab.code)


async def _receive(socket: WebSocket, tab: Tab) -> None:
    """Takes what the tab says until it goes."""
    with contextlib.suppress(WebSocketDisconnect, orjson.JSONDecodeError, KeyError, RuntimeError):
        while tab.hear(orjson.loads(await socket.receive_text())):
            pass


async def _send(socket: WebSocket, tab: Tab) -> None:
    """Sends frames until the tab goes."""
    sent = 0.0
    while True:
        await tab.something.wait()
        pause = sent + FRAME_S - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        if tab.is_closed:
            return
        sent = time.monotonic()
        # Who takes nothing is let go of; see `connections`. (No `wait_for`: up to Python 3.11 it may keep a
        # cancellation to itself.)
        await socket.send_bytes(tab.frame())
