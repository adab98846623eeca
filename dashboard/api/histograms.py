"""The HTTP interface to histograms: a series as a map, layers merged, layers at one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, body_of, json_answer
from dashboard.http.turns import Turns
from dashboard.live.websocket import LiveRuns
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MAX_COLUMNS = 20_000
MAX_MERGED_TAGS = 1_000
MAX_LAYERS = 64

SCALES = ("linear", "log")


def routes(live_runs: LiveRuns, store: Callable[[], Store], reading: Turns) -> list[Route]:
    """Routes below /api/v1/histograms.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        reading: Whose turn it is to read: curves and histograms are read one question after the other.
    """
    api = _Histograms(live_runs, store, reading)
    return [
        Route("/api/v1/histograms", api.histograms),
        Route("/api/v1/histograms/merged", api.merged),
        Route("/api/v1/histograms/step", api.of_step, methods=["POST"]),
    ]


class _Histograms:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], reading: Turns) -> None:
        self._live_runs = live_runs
        self._store = store
        self._reading = reading

    async def histograms(self, request: Request) -> Response:
        """A histogram series of a run as counts over common bins, packed: one row a step, or a few steps merged.

        `bins=`, `rows=` are the most of each, `scale=` is linear or log, `start=` and `stop=` are steps, both included.
        `rough=1` asks for what is at hand first; the head says whether there is a finer answer.
        """
        asked = RequestValues.of_query(request)
        run, tag, scale = asked.name("run"), asked.name("tag"), asked.choice("scale", SCALES, "linear")
        bins, rows = asked.size("bins", 80, MAX_COLUMNS), asked.size("rows", 200, MAX_COLUMNS)
        window = asked.whole("start"), asked.whole("stop")
        honest, rough = asked.flag("honest"), asked.flag("rough")

        def read() -> bytes:
            from dashboard.histograms.bins import matrix

            most = min(rows, 2000)
            found = self._run(run).histograms(tag, most, *window, rough=rough)
            head, columns = matrix(found, min(bins, 512), scale, honest=honest)
            finer = -(-head["steps"] // max(1, -(-head["steps"] // most)))
            head |= {"run": run, "tag": tag, "scale": scale, "rough": rough and len(found) < finer}
            return wire.message(head, columns)

        async with self._reading.turn():
            return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def merged(self, request: Request) -> Response:
        """All that some layers (`tag=`, several times) held over a range of steps, as one histogram."""
        asked = RequestValues.of_query(request)
        run, scale = asked.name("run"), asked.choice("scale", SCALES, "linear")
        tags = asked.texts("tag", MAX_MERGED_TAGS)
        window = asked.whole("start"), asked.whole("stop")

        def read() -> dict[str, Any]:
            from dashboard.histograms.bins import merged

            stored = self._run(run)
            return merged([stored.histograms(tag, 1, *window) for tag in tags], 96, scale)

        return json_answer(await answered(read))

    async def of_step(self, request: Request) -> Response:
        """Some layers of a run at one step, packed: {run, layers: [{tag, step?, span?}], bins?, scale?}.

        See `one_step`.
        """
        body = await body_of(request)
        run, scale = body.name("run"), body.choice("scale", SCALES, "linear")
        bins, wanted = body.size("bins", 72, MAX_COLUMNS), body.value("layers")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_LAYERS:
            raise HTTPException(400, _STEP_WANTED)

        def read() -> bytes:
            from dashboard.histograms import one_step

            layers = [one_step.Layer.of(each) for each in wanted]
            known = self._live_runs.segments(run) or self._run(run).segments()
            heads, columns = one_step.read(known, layers, min(bins, 512), scale)
            return wire.message({"run": run, "scale": scale, "answers": heads}, columns)

        async with self._reading.turn():
            return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


_STEP_WANTED = (
    "expected {run: name, layers: [{tag: text, step?: whole number, span?: [low, high, elements]}], bins?: n, "
    f"scale?: linear | log}}, of {MAX_LAYERS} layers at most"
)
