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

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.api import media as media_items
from dashboard.curves import expressions
from dashboard.curves import query as curves
from dashboard.curves.expressions import Expression
from dashboard.curves.query import Question, Sheaf
from dashboard.http import wire
from dashboard.http.request_values import Asked
from dashboard.http.requests import MAX_ANSWER_BYTES, TOO_LARGE, answered, apart, body_of, json_answer, packed_answer
from dashboard.http.turns import Turns
from dashboard.live.websocket import Hub
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MAX_COLUMNS = 20_000
MAX_RUNS_A_REQUEST = 5_000
MAX_MERGED_TAGS = 1_000
MAX_TAGS_A_REQUEST = 64
MAX_POSITION = 1_000_000
"""A place among the items that were logged together."""

SCALES = ("linear", "log")

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
        self._reading = Turns()

    async def health(self, _: Request) -> Response:
        """Whether what is new is followed; 503 with the reason when it is not."""
        trouble = self._hub.follower.state()
        return JSONResponse(
            {"status": "ok"} if trouble is None else {"status": "degraded", "why": trouble}, 503 if trouble else 200
        )

    async def runs(self, request: Request) -> Response:
        """All runs; with `form=page` in few words: sets of tags by number, and last values of the headline tag only."""
        await asyncio.to_thread(self._hub.follower.ready.wait, 30.0)
        brief = Asked.in_query(request).value("form") == "page"

        def answer() -> Response:
            found = self._hub.page_form() if brief else {"runs": self._hub.summaries()}
            return json_answer({"logdir": str(self._hub.follower.library.root), **found})

        return await asyncio.to_thread(answer)

    async def scalars(self, request: Request) -> Response:
        """One series of one run; JSON, or packed columns when asked for `application/octet-stream`."""
        asked = Asked.in_query(request)
        run, tag = asked.name("run"), asked.name("tag")
        columns = asked.size("columns", 1000, MAX_COLUMNS)
        axis = asked.choice("axis", ("step", "wall_time", "relative"), "step")
        start, stop = (asked.edge(name, is_step=axis == "step") for name in ("start", "stop"))
        found = await answered(lambda: self._run(run).envelope(tag, columns, start, stop, axis=axis))
        arrays = {name: getattr(found, name) for name in curves.COLUMNS}
        if wire.MEDIA_TYPE in request.headers.get("accept", ""):
            return packed_answer({"columns": list(arrays), "length": len(found)}, list(arrays.values()))
        return json_answer({"run": run, "tag": tag, "points": found.points, **arrays})

    async def curves(self, request: Request) -> Response:
        """One tag, or an expression over tags, of many runs at once, packed: what a card draws.

        Runs that do not have it are left out; those that cannot be read are in the head, as `problems` with the reason.
        After the curves come, as points, the tails that rewinds left behind. With `tags`, a list, several at once, each
        file opened once for all: what the cards in view draw. The head then has an answer for each, and the columns
        follow in their order; of what would be too large for one answer the last tags have none, and are asked again.
        """
        question, names, tags, several = _curves_asked(await body_of(request), self._hub.is_logged)
        questions = [question(tag) for tag in tags]
        sheaves = [Sheaf(each) for each in questions]
        problems: list[dict[str, str]] = []

        def read(part: list[str]) -> None:
            for name in part:
                with apart(problems, name):
                    known = self._hub.segments(name) or self._run(name).segments()
                    answers = curves.read_all(known, questions)
                    for sheaf, answer in zip(sheaves, answers, strict=True):
                        sheaf.add(name, known, answer)
                while sum(sheaf.n_bytes for sheaf in sheaves) > MAX_ANSWER_BYTES:
                    if len(sheaves) == 1:
                        raise HTTPException(413, TOO_LARGE)
                    del sheaves[-1], questions[-1]

        # In parts: a small question of another card, a zoom, has its turn between two of them. What is worked out may
        # take long even for one run, and keeps nobody else waiting.
        is_plain = all(each.x is None and isinstance(each.y, str) for each in questions)
        turn = self._reading.turn if is_plain else contextlib.nullcontext
        size = max(1, CURVES_A_TURN // len(questions))
        with self._hub.follower.asked():
            for first in range(0, len(names), size):
                async with turn():
                    await answered(partial(read, names[first : first + size]))
            heads = [sheaf.head(tag) for tag, sheaf in zip(tags, sheaves, strict=False)]
            head = {"answers": heads} if several else heads[0]
            found = [column for sheaf in sheaves for column in sheaf.columns()]
            answer: Response = await answered(
                partial(packed_answer, head | ({"problems": problems} if problems else {}), found)
            )
            return answer

    async def histograms(self, request: Request) -> Response:
        """A histogram series of a run as counts over common bins, packed: one row a step, or a few steps merged.

        `bins=`, `rows=` are the most of each, `scale=` is linear or log, `start=` and `stop=` are steps, both included.
        `rough=1` asks for what is at hand first; the head says whether there is a finer answer.
        """
        asked = Asked.in_query(request)
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

    async def merged_histograms(self, request: Request) -> Response:
        """All that some layers (`tag=`, several times) held over a range of steps, as one histogram."""
        asked = Asked.in_query(request)
        run, scale = asked.name("run"), asked.choice("scale", SCALES, "linear")
        tags = asked.texts("tag", MAX_MERGED_TAGS)
        window = asked.whole("start"), asked.whole("stop")

        def read() -> dict[str, Any]:
            from dashboard.histograms.bins import merged

            stored = self._run(run)
            return merged([stored.histograms(tag, 1, *window) for tag in tags], 96, scale)

        return json_answer(await answered(read))

    async def histograms_of_step(self, request: Request) -> Response:
        """Some layers of a run at one step, packed: {run, layers: [{tag, step?, span?}], bins?, scale?}.

        See `one_step`.
        """
        body = await body_of(request)
        run, scale = body.name("run"), body.choice("scale", SCALES, "linear")
        bins, wanted = body.size("bins", 72, MAX_COLUMNS), body.value("layers")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_TAGS_A_REQUEST:
            raise HTTPException(400, _STEP_WANTED)

        def read() -> bytes:
            from dashboard.histograms import one_step

            layers = [one_step.Layer.of(each) for each in wanted]
            known = self._hub.segments(run) or self._run(run).segments()
            heads, columns = one_step.read(known, layers, min(bins, 512), scale)
            return wire.message({"run": run, "scale": scale, "answers": heads}, columns)

        async with self._reading.turn():
            return Response(await answered(read), media_type=wire.MEDIA_TYPE)

    async def media(self, request: Request) -> Response:
        """The items of a series: steps, attributes and the hashes to fetch them by; texts come along.

        `step=` asks for one step ("newest" for the last), `position=` for one place among those logged together,
        `last=1` for the last of all.
        """
        asked = Asked.in_query(request)
        run, tag, kind = asked.name("run"), asked.name("tag"), asked.choice("kind", MEDIA_KINDS, "image")
        position = asked.whole("position", 0, MAX_POSITION)
        step = "newest" if asked.value("step") == "newest" else asked.whole("step")
        is_last_alone = asked.flag("last")

        def read() -> dict[str, Any]:
            return media_items.answer(self._run(run), kind, tag, step, position, is_last_alone=is_last_alone)

        return json_answer(await answered(read))

    async def blob(self, request: Request) -> Response:
        """A picture by the hash of its content, which never changes."""
        run, digest = Asked.in_query(request).name("run"), request.path_params["hash"]
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
        asked = Asked.in_query(request)
        run, tag = asked.name("run"), asked.text("tag")
        return json_answer(await answered(lambda: self._run(run).graph(tag)))

    async def marks(self, request: Request) -> Response:
        run = Asked.in_query(request).name("run")
        found = await answered(lambda: self._run(run).marks())
        return json_answer({"run": run, "marks": [vars(mark) for mark in found]})

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


_STEP_WANTED = (
    "expected {run: name, layers: [{tag: text, step?: whole number, span?: [low, high, elements]}], bins?: n, "
    f"scale?: linear | log}}, of {MAX_TAGS_A_REQUEST} layers at most"
)

_CURVES_WANTED = (
    "expected {tag: text (or tags: [texts]), runs: [names], columns?: n, start?: x, stop?: x, "
    "axis?: step | wall_time | relative | metric, x?: text (with axis metric), "
    "log?: true for columns of a logarithmic x}; "
    "a text that begins with = is an expression, unless a run has logged a tag of that very name"
)


def _curves_asked(
    body: Asked, is_logged: Callable[[str], bool]
) -> tuple[Callable[[str], Question], list[str], list[str], bool]:
    """What `curves` is asked: the question of a tag, the runs, the tags, and whether these are several."""
    several = body.has("tags")
    tags = body.texts("tags", MAX_TAGS_A_REQUEST, once=False) if several else [body.name("tag")]
    names = body.texts("runs", MAX_RUNS_A_REQUEST)
    axis = body.choice("axis", ("step", "wall_time", "relative", "metric"), "step")
    x = body.text("x")
    if not tags or (axis == "metric") != (x is not None):
        raise HTTPException(400, _CURVES_WANTED)
    over = None if x is None else _formula(x, is_logged)
    start, stop = (body.edge(name, is_step=axis == "step") for name in ("start", "stop"))
    columns = body.size("columns", 1000, MAX_COLUMNS)
    is_log = body.flag("log") and axis != "wall_time"
    return (
        lambda tag: Question(_formula(tag, is_logged), columns, start, stop, axis, over, is_log),
        names,
        tags,
        several,
    )


def _formula(text: str, is_logged: Callable[[str], bool]) -> str | Expression:
    """A tag, or what stands behind a leading =. What was logged is shown as it was logged, whatever it is called."""
    if not text:
        raise HTTPException(400, _CURVES_WANTED)
    if not text.startswith("=") or is_logged(text):
        return text
    try:
        return expressions.parse(text[1:].strip())
    except expressions.ExpressionError as error:
        raise HTTPException(400, str(error)) from error
