"""The HTTP interface to runs: whether the server is well, the list, and marks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.alerts import marked
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, apart, body_of, finite_answer, json_answer
from dashboard.live.websocket import LiveRuns
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MAX_MARKED_RUNS = 5_000
MAX_MARKS_A_RUN = 500

MOST_RUNS = 1 << 31


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
        Route("/api/v1/marks", api.marks),
        Route("/api/v1/marks", api.marks_of_many, methods=["POST"]),
    ]


class _Runs:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store]) -> None:
        self._live_runs = live_runs
        self._store = store

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

        if met:
            return await asyncio.to_thread(answer)  # waits for runs that are met meanwhile
        with self._live_runs.poller.asked():
            return await asyncio.to_thread(answer)

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
