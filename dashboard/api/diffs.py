"""The HTTP interface to differences: of two runs, and of two groups of seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, body_of, json_answer
from tracker.store.read.left_out import LeftOut
from tracker.store.read.reader import Store

MOST_SEEDS = 500
"""Runs of a group."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes /api/v1/diff and /api/v1/seeds.

    Args:
        store: Opens the logdir.
    """
    api = _Diffs(store)
    return [Route("/api/v1/diff", api.diff), Route("/api/v1/seeds", api.seeds, methods=["POST"])]


class _Diffs:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def diff(self, request: Request) -> Response:
        """Where two runs parted, and what about them is different; see `dashboard.diff.diff`."""
        from dashboard.diff.diff import diff

        asked = RequestValues.of_query(request)
        first, second = asked.name("first"), asked.name("second")

        def read() -> dict[str, Any]:
            store = self._store()
            return diff(store.run(first), store.run(second))

        return json_answer(await answered(read))

    async def seeds(self, request: Request) -> Response:
        """{first: [runs], second: [runs], tag?}: two groups by the last value of a metric; see `diff.seeds`."""
        from dashboard.diff.group_values import compared

        body = await body_of(request)
        first, second = (body.texts(side, MOST_SEEDS) for side in ("first", "second"))
        tag = body.text("tag")
        for side, names in (("first", first), ("second", second)):
            if not names:
                raise body.wrong(side, "a list of runs", "an empty one")

        def read() -> dict[str, Any]:
            store = self._store()
            try:
                return compared(
                    [store.run(name) for name in first], [store.run(name) for name in second], tag, LeftOut()
                )
            except ValueError as error:
                raise HTTPException(400, str(error)) from error

        return json_answer(await answered(read))
