"""The HTTP interface to findings: what went wrong in runs, and what somebody said is no fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.changes import done, wish_of
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import json_answer
from dashboard.live import user_edits
from dashboard.live.examiner import Examiner
from dashboard.live.websocket import LiveRuns
from tracker.store.read.dismissed import MAX_AUTHOR, MAX_REASON
from tracker.store.read.reader import Store

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState


def routes(live_runs: LiveRuns, examiner: Examiner, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """Routes below /api/v1.

    Args:
        live_runs: What is known of all runs.
        examiner: Who looks for findings.
        store: Opens the logdir.
        read_only: Whether every change is refused.
    """
    api = _Findings(live_runs, examiner, store, read_only)
    return [
        Route("/api/v1/findings", api.findings),
        Route("/api/v1/findings/dismiss", api.dismiss, methods=["POST"]),
    ]


class _Findings:
    def __init__(self, live_runs: LiveRuns, examiner: Examiner, store: Callable[[], Store], read_only: bool) -> None:
        self._live_runs = live_runs
        self._examiner = examiner
        self._store = store
        self._read_only = read_only

    async def findings(self, request: Request) -> Response:
        """Of ?run=…, examined now if it never was: its findings, the worst first, and when that was.

        Without it those of all runs in which something was found so far, by name, and how many are not examined yet.
        """
        run = RequestValues.of_query(request).text("run")
        await asyncio.to_thread(self._live_runs.poller.ready.wait, 30.0)
        return json_answer(await asyncio.to_thread(self._of_all if run is None else lambda: self._of_one(run)))

    def _of_one(self, name: str) -> dict[str, Any]:
        with self._live_runs.poller.asked():
            self._examiner.now(name)
        with self._live_runs.poller.lock:
            run = self._live_runs.poller.catalog.runs.get(name)
            if run is None:
                raise HTTPException(404, f"There is no run {name[:200]!r}.")
            return {"findings": _told(run), "examined": run.examined.wall_time if run.examined is not None else None}

    def _of_all(self) -> dict[str, Any]:
        pending = self._examiner.pending()
        with self._live_runs.poller.lock:
            found = {run.name: _told(run) for run in self._live_runs.poller.catalog.runs.values()}
        return {"runs": {name: each for name, each in found.items() if each}, "pending": pending}

    async def dismiss(self, request: Request) -> Response:
        """{run, id, reason, author?}: says that a finding is none, and why; reason null takes that back."""
        body = await wish_of(request, self._read_only)
        name, id, reason = body.name("run"), body.name("id"), body.text("reason", MAX_REASON)
        author = body.text("author", MAX_AUTHOR)

        def write() -> None:
            folder = self._store().run(name).folder
            user_edits.dismiss(folder, id, reason, author)
            self._live_runs.poller.written_to(folder)

        await done(write)
        return json_answer({"done": True})


def _told(run: RunState) -> list[dict[str, Any]]:
    """The findings of a run, with what was said of each."""
    dismissed = run.dismissed
    findings = run.examined.findings if run.examined is not None else ()
    return [each | {"dismissed": dismissed.get(each["id"])} for each in findings]
