"""What the pages of studies ask for: the importance of settings, curves of quality."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import wire
from tracker.errors import LogdirError, RunNotFoundError, SeriesNotFoundError, StoreError
from tracker.store.reader import Store

MAX_BODY_BYTES = 8 << 20
MAX_CELLS = 2_000_000
MAX_STEPS = 120
"""Steps of a series that a slider reaches: a finger cannot choose among more."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes of the pages of studies, below /api/v1.

    Args:
        store: Opens the logdir.
    """
    pages = _Pages(store)
    return [
        Route("/api/v1/importance", importance, methods=["POST"]),
        Route("/api/v1/quality", pages.quality),
        Route("/api/v1/confusion", pages.confusion),
    ]


class _Pages:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def quality(self, request: Request) -> Response:
        """The curves of quality of a series, packed: of each step the counts at every threshold."""
        run, tag = _wanted(request)

        def read() -> bytes:
            found = thinned(self._store().run(run).pr_curves(tag), MAX_STEPS)
            heads, columns = [], []
            for each in found:
                rows = [each.tp, each.fp, each.tn, each.fn]
                rows += [each.confidence] if each.confidence is not None else []
                heads.append(
                    {
                        "step": each.step,
                        "wall_time": each.wall_time,
                        "thresholds": len(each.tp),
                        "rows": len(rows),
                        "auc": each.auc,
                        "ap": each.ap,
                        "brier": each.attributes.get("brier"),
                        "nan": each.attributes.get("nan", 0),
                    }
                )
                columns += rows
            return wire.message({"run": run, "tag": tag, "curves": heads}, columns)

        return Response(await _ask(read), media_type=wire.MEDIA_TYPE)

    async def confusion(self, request: Request) -> Response:
        """The confusion matrices of a series, packed: of each step the counts, row by row."""
        run, tag = _wanted(request)

        def read() -> bytes:
            found = thinned(self._store().run(run).confusions(tag), MAX_STEPS)
            heads = [
                {"step": each.step, "wall_time": each.wall_time, "size": len(each.counts), "classes": each.class_names}
                for each in found
            ]
            return wire.message({"run": run, "tag": tag, "matrices": heads}, [each.counts.ravel() for each in found])

        return Response(await _ask(read), media_type=wire.MEDIA_TYPE)


def thinned(found: list[Any], most: int) -> list[Any]:
    """At most so many of a series, evenly, the first and the last among them."""
    if len(found) <= most:
        return found
    return [found[round(i * (len(found) - 1) / (most - 1))] for i in range(most)]


def _wanted(request: Request) -> tuple[str, str]:
    run, tag = request.query_params.get("run"), request.query_params.get("tag")
    if not run or not tag:
        raise HTTPException(400, "run= or tag= is missing")
    return run, tag


async def _ask(question: Callable[[], Any]) -> Any:
    try:
        return await asyncio.to_thread(question)
    except (RunNotFoundError, SeriesNotFoundError, LogdirError) as error:
        raise HTTPException(404, str(error)) from error
    except (ValueError, StoreError) as error:
        raise HTTPException(400, str(error)) from error


async def importance(request: Request) -> Response:
    """`{parameters: {name: [value of each run]}, target: [metric of each run]}` to what `figures.importance` finds."""
    from dashboard.figures.importance import importance as found_in

    body = await _body(request)
    parameters, target = body.get("parameters"), body.get("target")
    if (
        not isinstance(parameters, dict)
        or not isinstance(target, list)
        or not all(isinstance(values, list) and len(values) == len(target) for values in parameters.values())
        or len(parameters) * len(target) > MAX_CELLS
        or not all(value is None or isinstance(value, (int, float)) for value in target)
    ):
        raise HTTPException(400, "expected {parameters: {name: [values]}, target: [numbers]}, all of one length")
    numbers = [math.nan if value is None else float(value) for value in target]
    found = await asyncio.to_thread(found_in, parameters, numbers)
    plain = [{**vars(each), "clear": each.is_clear} for each in found]
    return Response(orjson.dumps(wire.plain({"importance": plain})), media_type="application/json")


async def _body(request: Request) -> dict[str, Any]:
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        raise HTTPException(413, "the request is too large")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the request is not JSON") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the request is not a JSON object")
    return body
