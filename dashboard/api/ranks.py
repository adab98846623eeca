"""The HTTP interface to the ranks of a run: what each of them logged under a tag, column by column."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.curves import rank_grid
from dashboard.curves.kept import Kept
from dashboard.curves.rank_grid import RankSeries
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, packed_answer
from dashboard.http.turns import Turns
from dashboard.live.websocket import LiveRuns
from tracker.store.read import segments
from tracker.store.read.reader import Store

MAX_COLUMNS = 4_000

RANKS_A_TURN = 128
"""Ranks that are read before another question has its turn: some 50 ms."""

MOST_KEPT_BYTES = 96 << 20
"""Of what was read, for the next question: of a thousand ranks the points of four tags, a thousand each."""


def routes(live_runs: LiveRuns, store: Callable[[], Store], reading: Turns) -> list[Route]:
    """The route /api/v1/ranks.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        reading: Whose turn it is to read.
    """
    return [Route("/api/v1/ranks", _Ranks(live_runs, store, reading).ranks)]


class _Ranks:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], reading: Turns) -> None:
        self._live_runs = live_runs
        self._store = store
        self._reading = reading
        self._kept = Kept(MOST_KEPT_BYTES)

    async def ranks(self, request: Request) -> Response:
        """The cells of a grid of ranks and steps, packed: of each rank and column the mean, then the least and the
        greatest value; `columns=` at most so many, of the window from `start=` to `stop=`.

        The head has the ranks in their order, each with where it was (`host`), its `status`, how many `points` it has,
        and `step`, `wall_time` and `value` of its newest; and `first`, `width` and `columns` of the grid. Where each
        cell is of one value, the `forms` in it are ["mean"] alone, as the others would be the same.
        """
        asked = RequestValues.of_query(request)
        run, tag = asked.name("run"), asked.name("tag")
        most = asked.size("columns", 1000, MAX_COLUMNS)
        start, stop = (asked.whole(name) for name in ("start", "stop"))
        known = self._live_runs.segments(run) or await answered(lambda: self._store().run(run).segments())
        series = rank_grid.series_of_ranks(known, tag, self._kept)
        found: list[RankSeries] = []

        def more() -> bool:
            some = list(islice(series, RANKS_A_TURN))
            found.extend(some)
            return bool(some)

        with self._live_runs.poller.asked():
            going_on = True
            while going_on:
                async with self._reading.turn():
                    going_on = await answered(more)
            if not found:
                raise HTTPException(404, f"Run {run!r} has no scalar {tag!r}.")
            most = max(1, min(most, rank_grid.MOST_CELLS // len(found)))
            columns = rank_grid.columns_for(found, most, start, stop)
            parts = []
            for first in range(0, len(found), RANKS_A_TURN):
                some = found[first : first + RANKS_A_TURN]
                async with self._reading.turn():
                    parts.append(await answered(partial(rank_grid.grid_of, known, some, columns, self._kept)))
        is_single = all(int(part.points.max(initial=0)) <= 1 for part in parts)
        forms = ["mean"] if is_single else ["mean", "min", "max"]
        now = time.time()
        head = {
            "run": run,
            "tag": tag,
            "first": columns.first,
            "width": columns.width,
            "columns": columns.count,
            "forms": forms,
            "ranks": [_told(each, now) for each in found],
        }
        cells = [np.concatenate([getattr(part, name) for part in parts]).ravel() for name in forms]
        return packed_answer(head, cells)


def _told(each: RankSeries, now: float) -> dict[str, Any]:
    step, wall_time, value = each.newest
    return {
        "rank": each.rank,
        "host": each.segments[-1].writer.host,
        "status": segments.status_of(each.segments, now),
        "points": each.count,
        "step": step,
        "wall_time": wall_time,
        "value": value,
    }
