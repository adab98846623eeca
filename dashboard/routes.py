"""The HTTP interface: what programs and the page ask for.

Every answer is made in a thread of its own from the files as they are at that moment. Nothing here takes a
path: runs are asked for by name and checked, pictures by the hash of their content.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard import curves, expressions, media_items, wire
from dashboard.curves import Question, Sheaf
from dashboard.exchange import answered, body_of, json_answer, required
from dashboard.expressions import Expression
from dashboard.hub import Hub
from tracker.errors import RunNameError, RunNotFoundError, StoreError
from tracker.store.reader import Store
from tracker.store.stored_run import StoredRun

MAX_COLUMNS = 20_000
MAX_RUNS_A_REQUEST = 5_000
MAX_MERGED_TAGS = 1_000
MAX_TAGS_A_REQUEST = 64

CURVES_A_TURN = 128
"""Curves that are read before another question has its turn: some 50 ms."""

# The first bytes decide what is served as a picture, a sound or a video; what was written beside it is not trusted.
_MAGIC = (
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8"), "image/gif"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
)
MEDIA_KINDS = ("image", "audio", "video", "text", "table", "figure")
_HASH = re.compile(r"[0-9a-f]{32}")


def routes(hub: Hub, store: Callable[[], Store]) -> list[Route]:
    """The routes below /api/v1, and /healthz.

    Args:
        hub: What is known of all runs.
        store: Opens the logdir.
    """
    api = _Api(hub, store)
    return [
        Route("/healthz", api.health),
        Route("/api/v1/runs", api.runs),
        Route("/api/v1/scalars", api.scalars),
        Route("/api/v1/curves", api.curves, methods=["POST"]),
        Route("/api/v1/histograms", api.histograms),
        Route("/api/v1/histograms/merged", api.merged_histograms),
        Route("/api/v1/histograms/step", api.histograms_of_step, methods=["POST"]),
        Route("/api/v1/media", api.media),
        Route("/api/v1/blobs/{hash}", api.blob),
        Route("/api/v1/graph", api.graph),
        Route("/api/v1/marks", api.marks),
    ]


class _Api:
    def __init__(self, hub: Hub, store: Callable[[], Store]) -> None:
        self._hub = hub
        self._store = store
        # One after the other: threads that take turns at Python's lock finish all late, and the first card counts.
        self._reading = asyncio.Semaphore(1)

    async def health(self, _: Request) -> Response:
        """Whether what is new is followed; 503 with the reason when it is not."""
        trouble = self._hub.follower.state()
        return JSONResponse(
            {"status": "ok"} if trouble is None else {"status": "degraded", "why": trouble}, 503 if trouble else 200
        )

    async def runs(self, request: Request) -> Response:
        """All runs; with `form=page` in few words: sets of tags by number, and last values of the headline tag only."""
        await asyncio.to_thread(self._hub.follower.ready.wait, 30.0)
        brief = request.query_params.get("form") == "page"

        def answer() -> Response:
            found = self._hub.page_form() if brief else {"runs": self._hub.summaries()}
            return json_answer({"logdir": str(self._hub.follower.library.root), **found})

        return await asyncio.to_thread(answer)

    async def scalars(self, request: Request) -> Response:
        """One series of one run; JSON, or packed columns when asked for `application/octet-stream`."""
        run, tag = required(request, "run"), required(request, "tag")
        columns = _number(request, "columns", 1000)
        start, stop = _edge(request, "start"), _edge(request, "stop")
        axis = request.query_params.get("axis", "step")
        found = await answered(lambda: self._run(run).envelope(tag, int(columns), start, stop, axis=axis))
        arrays = {name: getattr(found, name) for name in curves.COLUMNS}
        if wire.MEDIA_TYPE in request.headers.get("accept", ""):
            return Response(
                wire.message({"columns": list(arrays), "length": len(found)}, list(arrays.values())),
                media_type=wire.MEDIA_TYPE,
            )
        return json_answer({"run": run, "tag": tag, "points": found.points, **arrays})

    async def curves(self, request: Request) -> Response:
        """One tag, or an expression over tags, of many runs at once, packed: what a card draws.

        Runs that do not have it are left out. After the curves come, as points, the tails that rewinds left behind.
        With `tags`, a list, several at once, each file opened once for all: what the cards in view draw. The head then
        has an answer for each, and the columns follow in their order.
        """
        body = await body_of(request)
        names, several = body.get("runs"), body.get("tags")
        wanted = [body.get("tag")] if several is None else several
        if (
            not isinstance(names, list)
            or not isinstance(wanted, list)
            or not 1 <= len(wanted) <= MAX_TAGS_A_REQUEST
            or len(names) > MAX_RUNS_A_REQUEST
        ):
            raise HTTPException(400, _CURVES_WANTED)
        x = _formula(body["x"]) if body.get("x") is not None else None
        start, stop = [
            edge if isinstance(edge, (int, float)) else None for edge in (body.get("start"), body.get("stop"))
        ]
        axis = body.get("axis", "step")
        if axis not in ("step", "wall_time", "relative", "metric") or (axis == "metric") != (x is not None):
            raise HTTPException(400, _CURVES_WANTED)
        columns = _within(body.get("columns", 1000))
        is_log = body.get("log") is True and axis != "wall_time"
        questions = [Question(_formula(tag), columns, start, stop, axis, x, is_log) for tag in wanted]
        sheaves = [Sheaf(question) for question in questions]

        def read(part: list[Any]) -> None:
            for name in part:
                with contextlib.suppress(RunNotFoundError, RunNameError, StoreError):
                    known = self._hub.segments(str(name)) or self._run(str(name)).segments()
                    answers = curves.read_all(known, questions)
                    for sheaf, answer in zip(sheaves, answers, strict=True):
                        sheaf.add(str(name), known, answer)

        # In parts: a small question of another card, a zoom, has its turn between two of them. What is worked out may
        # take long even for one run, and keeps nobody else waiting.
        is_plain = x is None and all(isinstance(question.y, str) for question in questions)
        turn = self._reading if is_plain else contextlib.nullcontext()
        size = max(1, CURVES_A_TURN // len(questions))
        with self._hub.follower.asked():
            for first in range(0, len(names), size):
                async with turn:
                    await answered(partial(read, names[first : first + size]))
            answer = await answered(partial(_bound, wanted, sheaves, several is not None))
        return Response(answer, media_type=wire.MEDIA_TYPE)

    async def histograms(self, request: Request) -> Response:
        """A histogram series of a run as counts over common bins, packed: one row a step, or a few steps merged.

        `bins=`, `rows=` are the most of each, `scale=` is linear or log, `start=` and `stop=` are steps, both included.
        `rough=1` asks for what is at hand first; the head says whether there is a finer answer.
        """
        run, tag, scale = required(request, "run"), required(request, "tag"), _scale(request)
        bins, rows = int(_number(request, "bins", 80)), int(_number(request, "rows", 200))
        window = _whole(request, "start"), _whole(request, "stop")
        honest, rough = (request.query_params.get(name) == "1" for name in ("honest", "rough"))

        def read() -> bytes:
            from dashboard.figures.distribution import matrix

            most = min(rows, 2000)
            found = self._run(run).histograms(tag, most, *window, rough=rough)
            head, columns = matrix(found, min(bins, 512), scale, honest=honest)
            finer = -(-head["steps"] // max(1, -(-head["steps"] // most)))
            head |= {"run": run, "tag": tag, "scale": scale, "rough": rough and len(found) < finer}
            return wire.message(head, columns)

        async with self._reading:
            return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def merged_histograms(self, request: Request) -> Response:
        """All that some layers (`tag=`, several times) held over a range of steps, as one histogram."""
        run, scale = required(request, "run"), _scale(request)
        tags = request.query_params.getlist("tag")[:MAX_MERGED_TAGS]
        window = _whole(request, "start"), _whole(request, "stop")

        def read() -> dict[str, Any]:
            from dashboard.figures.distribution import merged

            stored = self._run(run)
            return merged([stored.histograms(tag, 1, *window) for tag in tags], 96, scale)

        return json_answer(await answered(read))

    async def histograms_of_step(self, request: Request) -> Response:
        """Some layers of a run at one step, packed: {run, layers: [{tag, step?, span?}], bins?, scale?}.

        See `one_step`.
        """
        body = await body_of(request)
        run, wanted, scale = str(body.get("run") or ""), body.get("layers"), body.get("scale", "linear")
        bins = body.get("bins", 72)
        if (
            not isinstance(wanted, list)
            or not 1 <= len(wanted) <= MAX_TAGS_A_REQUEST
            or not isinstance(bins, int)
            or scale not in ("linear", "log")
        ):
            raise HTTPException(400, _STEP_WANTED)

        def read() -> bytes:
            from dashboard import one_step

            layers = [one_step.Layer.of(each) for each in wanted]
            known = self._hub.segments(run) or self._run(run).segments()
            heads, columns = one_step.read(known, layers, max(1, min(bins, 512)), scale)
            return wire.message({"run": run, "scale": scale, "answers": heads}, columns)

        async with self._reading:
            return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def media(self, request: Request) -> Response:
        """The items of a series: steps, attributes and the hashes to fetch them by; texts come along.

        `step=` asks for one step ("newest" for the last), `position=` for one place among those logged together,
        `last=1` for the last of all.
        """
        run, tag, kind = required(request, "run"), required(request, "tag"), request.query_params.get("kind", "image")
        if kind not in MEDIA_KINDS:
            raise HTTPException(400, f"kind is {' | '.join(MEDIA_KINDS)}")
        wanted, position = request.query_params.get("step"), _whole(request, "position")
        step = wanted if wanted == "newest" else _whole(request, "step")
        is_last_alone = request.query_params.get("last") == "1"

        def read() -> dict[str, Any]:
            return media_items.answer(self._run(run), kind, tag, step, position, is_last_alone=is_last_alone)

        return json_answer(await answered(read))

    async def blob(self, request: Request) -> Response:
        """A picture by the hash of its content, which never changes."""
        run, digest = required(request, "run"), request.path_params["hash"]
        if not _HASH.fullmatch(digest):
            raise HTTPException(404, "no such picture")
        data = await answered(lambda: self._run(run).blob(digest))
        if data is None:
            raise HTTPException(404, "no such picture")
        form = next((form for magic, form in _MAGIC if magic.match(data)), None)
        headers = {
            "cache-control": "private, max-age=31536000, immutable",
            "content-security-policy": "sandbox; default-src 'none'",
        }
        if form is None:
            headers["content-disposition"] = "attachment"
        return Response(data, media_type=form or "application/octet-stream", headers=headers)

    async def graph(self, request: Request) -> Response:
        run, tag = required(request, "run"), request.query_params.get("tag")
        return json_answer(await answered(lambda: self._run(run).graph(tag)))

    async def marks(self, request: Request) -> Response:
        run = required(request, "run")
        found = await answered(lambda: self._run(run).marks())
        return json_answer({"run": run, "marks": [vars(mark) for mark in found]})

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


def _bound(tags: list[Any], sheaves: list[Sheaf], several: bool) -> bytes:
    """The message that holds some sheaves of curves."""
    heads = [sheaf.head(tag) for tag, sheaf in zip(tags, sheaves, strict=True)]
    columns = [column for sheaf in sheaves for column in sheaf.columns()]
    return wire.message({"answers": heads} if several else heads[0], columns)


_STEP_WANTED = (
    "expected {run: name, layers: [{tag: text, step?: whole number, span?: [low, high, elements]}], bins?: n, "
    f"scale?: linear | log}}, of {MAX_TAGS_A_REQUEST} layers at most"
)

_CURVES_WANTED = (
    "expected {tag: text (or tags: [texts]), runs: [names], columns?: n, start?: x, stop?: x, "
    "axis?: step | wall_time | relative | metric, x?: text (with axis metric), "
    "log?: true for columns of a logarithmic x}; "
    "a tag that begins with = is an expression"
)


def _formula(text: Any) -> str | Expression:
    """A tag, or what stands behind a leading =."""
    if not isinstance(text, str) or not text:
        raise HTTPException(400, _CURVES_WANTED)
    if not text.startswith("="):
        return text
    try:
        return expressions.parse(text[1:].strip())
    except expressions.ExpressionError as error:
        raise HTTPException(400, str(error)) from error


def _scale(request: Request) -> str:
    scale = request.query_params.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise HTTPException(400, "scale is linear or log")
    return scale


def _number(request: Request, name: str, default: int) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError as error:
        raise HTTPException(400, f"{name}= is not a number") from error
    return _within(value)


def _within(value: Any) -> int:
    if not isinstance(value, (int, float)) or not 1 <= value <= MAX_COLUMNS:
        raise HTTPException(400, f"expected 1 to {MAX_COLUMNS} columns")
    return int(value)


def _whole(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    try:
        return int(text[:20]) if text else None
    except ValueError as error:
        raise HTTPException(400, f"{name}= is not a whole number") from error


def _edge(request: Request, name: str) -> float | int | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError as error:
        raise HTTPException(400, f"{name}= is not a number") from error
    if not np.isfinite(value):
        raise HTTPException(400, f"{name}= is not a number")
    return value
