"""The HTTP interface to what agents propose to ask runs: what waits and what became of it, accepted or declined.

Agents propose through `viz mcp`, which writes into the page's own file beside the run; who accepts asks the run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.api.controls import MAX_AUTHOR, MAX_BRIEF, MAX_VALUE, PAGE, told_command, told_value
from dashboard.http.changes import wish_of
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, json_answer
from dashboard.live import proposals
from dashboard.live.websocket import LiveRuns
from tracker.errors import PageChangeError
from tracker.store.read.reader import Store
from tracker.values.control_definition import RefusedError


def routes(live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """The routes of /api/v1/proposals.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        read_only: Whether nothing can be answered.
    """
    api = _Proposals(live_runs, store, read_only)
    return [
        Route("/api/v1/proposals", api.proposals),
        Route("/api/v1/proposals", api.answer, methods=["POST"]),
    ]


class _Proposals:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> None:
        self._live_runs = live_runs
        self._store = store
        self._read_only = read_only

    async def proposals(self, request: Request) -> Response:
        """What agents propose to ask a run, and what became of it, the oldest first."""
        name = RequestValues.of_query(request).name("run")

        def read() -> dict[str, Any]:
            with self._store().run(name).held() as run:
                return {"run": name, "proposals": [_told(each) for each in proposals.standings(run)]}

        return json_answer(await answered(read))

    async def answer(self, request: Request) -> Response:
        """{run, id, accept, author?}: accepts a proposal or declines it; the proposal as it stands then.

        The same once more, by whomever, changes nothing; what was answered otherwise before is refused.
        """
        body = await wish_of(request, self._read_only)
        name, id, accept = body.name("run"), body.name("id"), body.value("accept")
        if not isinstance(accept, bool):
            raise body.wrong("accept", "true or false", accept)
        by = (body.text("author", MAX_AUTHOR) or "").strip() or PAGE

        def act() -> dict[str, Any]:
            try:
                with self._store().run(name).held() as run:
                    found = proposals.answer(run, id, accept, by)
            except proposals.UnknownProposalError as error:
                raise HTTPException(404, str(error)) from error
            except (RefusedError, PageChangeError) as error:
                raise HTTPException(409, str(error)) from error
            self._live_runs.poller.written_to(run.folder)
            return {"proposal": _told(found)}

        return json_answer(await answered(act))


def _told(found: proposals.Standing) -> dict[str, Any]:
    """A proposal as the page is told of it: what somebody decides about in all of its letters."""
    proposal = found.proposal
    most = MAX_BRIEF if proposal.answered else MAX_VALUE
    return {
        "id": proposal.id,
        "control": proposal.control,
        "value": told_value(proposal.value, most),
        "expected": told_value(proposal.expected, MAX_BRIEF),
        "author": proposal.author,
        "why": proposal.why,
        "proposed": proposal.wall_time,
        "standing": found.standing,
        "why_not": found.why_not,
        "by": proposal.by,
        "answered": proposal.answered,
        "command": None if found.command is None else told_command(found.command),
    }
