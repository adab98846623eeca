"""The HTTP interface to what runs have of metrics, in columns or by run: last, least and greatest of each."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http.request_values import RequestValues
from dashboard.http.requests import apart, body_of, json_answer, packed_answer
from dashboard.live.websocket import LiveRuns
from tracker.errors import StoreError
from tracker.name_order import naturally
from tracker.store.read import read_only
from tracker.store.read.value_ranges import ValueRange, value_ranges

MAX_BODY_BYTES = 8 << 20

MAX_TAGS = 1_000
"""Asked for by name, at once and one after the other; SQLite takes 32,766."""

MAX_RUNS = 10_000
"""Asked for by name; all of them are asked for without."""


def routes(live_runs: LiveRuns) -> list[Route]:
    """The routes /api/v1/columns, and /api/v1/table for scripts."""
    columns = Columns(live_runs)
    return [
        Route("/api/v1/columns", columns.answer, methods=["POST"]),
        Route("/api/v1/table", columns.table),
    ]


class Columns:
    """Answers with columns, and keeps of each file what was read while the file stays as it is."""

    def __init__(self, live_runs: LiveRuns) -> None:
        self._live_runs = live_runs
        self._ranges: dict[Path, tuple[int, set[str], dict[str, ValueRange]]] = {}

    async def answer(self, request: Request) -> Response:
        """`{tags, runs}` to a head with both, and for each tag four columns over the runs: last, min, max, points.

        Without `runs`, or null: of all. Extremes are of finite values; NaN where there is none. Runs without a point
        have zero points.
        """
        body = await body_of(request, MAX_BODY_BYTES)
        tags = body.texts("tags", MAX_TAGS)
        runs = body.texts("runs", MAX_RUNS, must=False) if body.value("runs") is not None else None
        await asyncio.to_thread(self._live_runs.wait_met)

        def answer() -> tuple[dict[str, Any], list[npt.NDArray[np.float64]]]:
            problems: list[dict[str, str]] = []
            names = self._live_runs.names() if runs is None else runs
            cells = self._cells(names, tags, lambda name: apart(problems, name))
            head = {"runs": names, "tags": tags, "problems": problems}
            return head, [cells[t, part] for t in range(len(tags)) for part in range(4)]

        return packed_answer(*await asyncio.to_thread(answer))

    async def table(self, request: Request) -> Response:
        """Of every run, by tag: [last, smallest, largest, points]; extremes over finite values. ?tag=… (several times)
        for those tags only."""
        tags = RequestValues.of_query(request).texts("tag", MAX_TAGS, must=False)
        await asyncio.to_thread(self._live_runs.wait_met)

        def answer() -> Response:
            found: dict[str, Any] = {}
            problems: list[dict[str, str]] = []
            for name in self._live_runs.names():
                found[name] = {}
                with apart(problems, name):
                    own = self._of(name, tags or self._tags_of(name))
                    found[name] = {
                        tag: [last, _finite(low), _finite(high), int(count)]
                        for tag, (last, low, high, count) in own.items()
                    }
            return json_answer({"runs": found, "problems": problems})

        return await asyncio.to_thread(answer)

    def _tags_of(self, name: str) -> list[str]:
        with self._live_runs.poller.lock:
            return naturally(self._live_runs.poller.catalog.runs[name].tags().get("scalar", ()))

    def _cells(
        self, names: list[str], tags: list[str], apart_of: Callable[[str], contextlib.AbstractContextManager[None]]
    ) -> npt.NDArray[np.float64]:
        """(tags, 4, runs)."""
        cells = np.full((len(tags), 4, len(names)), np.nan)
        cells[:, 3] = 0.0
        for i, name in enumerate(names):
            with apart_of(name):
                found = self._of(name, tags)
                for t, tag in enumerate(tags):
                    if tag in found:
                        cells[t, :, i] = found[tag]
        return cells

    def _of(self, name: str, tags: Iterable[str]) -> dict[str, tuple[float, float, float, float]]:
        """Of a run by tag: last, least, greatest, points."""
        joined: dict[str, tuple[float, float, float, float]] = {}
        for segment in self._live_runs.segments(name):  # the oldest first: the last value is the newest one's
            with contextlib.suppress(StoreError, FileNotFoundError):
                known = self._ranges_of(segment.path, segment.written, tags)
                for tag in tags:
                    if tag in known and known[tag].points:
                        joined[tag] = _joined(joined.get(tag), known[tag])
        return joined

    def _ranges_of(self, path: Path, written: int, tags: Iterable[str]) -> dict[str, ValueRange]:
        """Of scalars in a file by tag: of these at the least."""
        known = self._ranges.get(path)
        if known is None or known[0] != written or len(known[1]) > MAX_TAGS:
            known = self._ranges[path] = (written, set(), {})
        _, asked, found = known
        missing = [tag for tag in tags if tag not in asked]
        if missing:
            with read_only.snapshot(path) as connection:
                found.update(value_ranges(connection, missing))
            asked.update(missing)
        return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _joined(before: tuple[float, float, float, float] | None, more: ValueRange) -> tuple[float, float, float, float]:
    low, high, last = (math.nan if each is None else float(each) for each in (more.smallest, more.largest, more.last))
    if before is None:
        return last, low, high, float(more.points)
    return last, float(np.fmin(before[1], low)), float(np.fmax(before[2], high)), before[3] + more.points
