"""The HTTP interface to layouts: which tags a run wants on one chart."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import series_of
from dashboard.http.requests import answered, json_answer
from tracker.store.read.reader import Store


def routes(store: Callable[[], Store]) -> list[Route]:
    """The route /api/v1/layout.

    Args:
        store: Opens the logdir.
    """

    async def layout(request: Request) -> Response:
        """The newest layout of a run: charts by category and title."""
        run, tag = series_of(request)
        return json_answer({"charts": await answered(lambda: store().run(run).layout(tag))})

    return [Route("/api/v1/layout", layout)]
