"""The HTTP interface to hyperparameters: how important each is for a metric."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import is_number
from dashboard.http.requests import answered, body_of, json_answer

MAX_BODY_BYTES = 8 << 20
MAX_CELLS = 2_000_000
MAX_SETTINGS = 1_000


def routes() -> list[Route]:
    """The route /api/v1/importance."""
    return [Route("/api/v1/importance", importance, methods=["POST"])]


async def importance(request: Request) -> Response:
    """`{parameters: {name: [value of each run]}, target: [metric of each run]}` to what `figures.importance` finds."""
    from dashboard.hparams.importance import importance as found_in

    body = await body_of(request, MAX_BODY_BYTES)
    parameters, target = body.value("parameters"), body.value("target")
    if (
        not isinstance(parameters, dict)
        or not isinstance(target, list)
        or not all(isinstance(values, list) and len(values) == len(target) for values in parameters.values())
        or len(parameters) > MAX_SETTINGS
        or len(parameters) * len(target) > MAX_CELLS
        or not all(value is None or is_number(value) for value in target)
        or any(isinstance(value, (list, dict)) for values in parameters.values() for value in values)
    ):
        raise HTTPException(400, "expected {parameters: {name: [values]}, target: [numbers]}, all of one length")
    numbers = [math.nan if value is None else float(value) for value in target]
    found = await answered(lambda: found_in(parameters, numbers))
    plain = [{**vars(each), "clear": each.is_clear} for each in found]
    return json_answer({"importance": plain})
