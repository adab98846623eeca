"""The HTTP interface to runs: whether the server is well, the list, the table, and marks."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.alerts import marked
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, apart, body_of, finite_answer, json_answer
from dashboard.live.websocket import LiveRuns
from tracker.errors import StoreError
from tracker.name_order import naturally
from tracker.store.read import read_only
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun
from tracker.store.read.value_ranges import ValueRange, value_ranges

MAX_MARKED_RUNS = 5_000
MAX_MARKS_A_RUN = 500

MOST_RUNS = 1 << 31

MAX_TABLE_TAGS = 1_000
"""Tags asked for by name, at once and one after the other; SQLite takes 32,766."""


def routes(live_runs: LiveRuns, store: Callable[[], Store]) -> list[Route]:
    """The routes below /api/v1, and /healthz.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
    """
    api = _Runs(live_runs, store)
    return [
        Route("/healthz", api.health),
        Route("/api/v1/runs", api.runs),
        Route("/api/v1/table", api.table),
        Route("/api/v1/marks", api.marks),
        Route("/api/v1/marks", api.marks_of_many, methods=["POST"]),
    ]


class _Runs:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store]) -> None:
        self._live_runs = live_runs
        self._store = store
        self._ranges: dict[Path, tuple[int, set[str | None], dict[str, ValueRange]]] = {}

    async def health(self, _: Request) -> Response:
        """Whether what is new is followed; 503 with the reason when it is not."""
        trouble = self._live_runs.poller.state()
        return JSONResponse(
            {"status": "ok"} if trouble is None else {"status": "degraded", "why": trouble}, 503 if trouble else 200
        )

    async def runs(self, request: Request) -> Response:
        """All runs; with `form=page` the compact list: sets of tags by number, last values of the headline only.

        The first look at a large logdir leaves some runs `unmet`. They are told with `met`, as it was in the answer
        before: those that were looked at since, and how many are `left`.
        """
        await asyncio.to_thread(self._live_runs.poller.ready.wait, 30.0)
        asked = RequestValues.of_query(request)
        brief = asked.value("form") == "page"
        met = asked.size("met", 0, MOST_RUNS)

        def answer() -> Response:
            if brief and met:
                return finite_answer(self._live_runs.met_since(met))
            told = {"logdir": str(self._live_runs.poller.catalog.root)}
            if brief:
                return finite_answer(told | self._live_runs.compact_list())
            return json_answer(told | {"runs": self._live_runs.summaries()})

        return await asyncio.to_thread(answer)

    async def table(self, request: Request) -> Response:
        """Of every run, by tag: [last, smallest, largest, points]; extremes over finite values. ?tag=… (several times)
        for those tags only."""
        await asyncio.to_thread(self._live_runs.wait_met)
        tags = frozenset(RequestValues.of_query(request).texts("tag", MAX_TABLE_TAGS, must=False))
        return await asyncio.to_thread(lambda: json_answer(self._table(tags)))

    def _table(self, tags: frozenset[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        problems: list[dict[str, str]] = []
        for name in self._live_runs.names():
            found[name] = {}
            with apart(problems, name):
                found[name] = self._table_of(name, tags)
        return {"runs": found, "problems": problems}

    def _table_of(self, name: str, tags: frozenset[str]) -> dict[str, Any]:
        joined: dict[str, list[Any]] = {}
        for segment in self._live_runs.segments(name):  # the oldest first: the last value is the newest one's
            with contextlib.suppress(StoreError, FileNotFoundError):
                for tag, (low, high, count, last) in self._ranges_of(segment.path, segment.written, tags).items():
                    known = joined.setdefault(tag, [None, math.inf, -math.inf, 0])
                    known[0] = math.nan if last is None else last
                    known[1] = min(known[1], math.inf if low is None else low)
                    known[2] = max(known[2], -math.inf if high is None else high)
                    known[3] += count
        return {
            tag: [last, *(value if math.isfinite(value) else None for value in (low, high)), count]
            for tag, (last, low, high, count) in ((tag, joined[tag]) for tag in naturally(joined))
        }

    def _ranges_of(self, path: Path, written: int, tags: frozenset[str]) -> dict[str, ValueRange]:
        """Of the scalars in a file by tag; of some tags, or of all without any."""
        known = self._ranges.get(path)
        if known is None or known[0] != written or len(known[1]) > MAX_TABLE_TAGS:
            known = self._ranges[path] = (written, set(), {})
        _, asked, found = known
        missing = tags - asked if tags else frozenset()
        if missing or (not tags and None not in asked):
            with read_only.snapshot(path) as connection:
                found.update(value_ranges(connection, sorted(missing) if tags else None))
            asked.update(missing or {None})
        return {tag: each for tag, each in found.items() if not tags or tag in tags}

    async def marks(self, request: Request) -> Response:
        run = RequestValues.of_query(request).name("run")
        found = [vars(mark) for mark in await answered(lambda: self._run(run).marks())]
        for _, own in self._others([run]):
            found += own
        return json_answer({"run": run, "marks": _by_time(found)})

    async def marks_of_many(self, request: Request) -> Response:
        """Marks of many runs: {run: [mark]}."""
        names = (await body_of(request)).texts("runs", MAX_MARKED_RUNS)
        problems: list[dict[str, str]] = []

        def read() -> dict[str, Any]:
            found: dict[str, list[dict[str, Any]]] = {}
            for name in self._live_runs.marked(names):
                with apart(problems, name):
                    marks = self._store().run(name).marks()[-MAX_MARKS_A_RUN:]
                    if marks:
                        found[name] = [
                            {"step": mark.step, "wall_time": mark.wall_time, "kind": mark.kind, "text": mark.text}
                            for mark in marks
                        ]
            for name, own in self._others(names):
                found[name] = _by_time(found.get(name, []) + own)
            return found

        return json_answer({"marks": await asyncio.to_thread(read), "problems": problems})

    def _others(self, names: list[str]) -> list[tuple[str, list[dict[str, Any]]]]:
        """Marks that no run has logged: findings, and where rules fired."""
        fired = marked.marks(self._live_runs.poller.catalog.root, frozenset(names))
        return [*self._live_runs.finding_marks(names).items(), *fired.items()]

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


def _by_time(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(marks, key=lambda mark: float(mark["wall_time"]))
