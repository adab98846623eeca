"""The HTTP interface to curves of quality and confusion matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.request_values import is_number, series_of
from dashboard.http.requests import answered
from tracker.store.read.reader import Store

MAX_STEPS = 120
"""Steps of a series that a slider reaches: a finger cannot choose among more."""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes /api/v1/quality and /api/v1/confusion.

    Args:
        store: Opens the logdir.
    """
    api = _Quality(store)
    return [
        Route("/api/v1/quality", api.quality),
        Route("/api/v1/confusion", api.confusion),
    ]


class _Quality:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def quality(self, request: Request) -> Response:
        """The curves of quality of a series, packed: of each step the counts at every threshold."""
        run, tag = series_of(request)

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
                        "brier": _number(each.attributes.get("brier")),
                        "nan": _number(each.attributes.get("nan")) or 0,
                    }
                )
                columns += rows
            return wire.message({"run": run, "tag": tag, "curves": heads}, columns)

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def confusion(self, request: Request) -> Response:
        """The confusion matrices of a series, packed: of each step the counts, row by row."""
        run, tag = series_of(request)

        def read() -> bytes:
            found = thinned(self._store().run(run).confusions(tag), MAX_STEPS)
            heads = [
                {"step": each.step, "wall_time": each.wall_time, "size": len(each.counts), "classes": each.class_names}
                for each in found
            ]
            return wire.message({"run": run, "tag": tag, "matrices": heads}, [each.counts.ravel() for each in found])

        return Response(await answered(read), media_type=wire.MEDIA_TYPE)


def thinned(found: list[Any], most: int) -> list[Any]:
    """At most so many of a series, evenly, the first and the last among them."""
    if len(found) <= most:
        return found
    return [found[round(i * (len(found) - 1) / (most - 1))] for i in range(most)]


def _number(value: Any) -> float | None:
    """An attribute that should be a number; None where it is none."""
    return value if is_number(value) else None
