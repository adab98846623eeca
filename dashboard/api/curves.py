"""The HTTP interface to curves: one series whole, and what a card of the page draws of many runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.curves import expressions
from dashboard.curves import query as curves
from dashboard.curves.curve_cache import CurveCache
from dashboard.curves.expressions import Expression
from dashboard.curves.query import CurveSet, Question
from dashboard.curves.remembered import Remembered, Whole
from dashboard.http import wire
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import MAX_ANSWER_BYTES, TOO_LARGE, answered, apart, body_of, json_answer, packed_answer
from dashboard.http.turns import Turns
from dashboard.live.websocket import LiveRuns
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun

MAX_COLUMNS = 20_000
MAX_RUNS_A_REQUEST = 5_000
MAX_TAGS_A_REQUEST = 64

KEPT_TOGETHER = 256
"""Runs whose curves are kept in one piece: until so many were read they are in memory."""

CURVES_A_TURN = 128
"""Curves that are read before another question has its turn: some 50 ms."""


def routes(live_runs: LiveRuns, store: Callable[[], Store], reading: Turns, kept: Path | None) -> list[Route]:
    """Routes below /api/v1.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        reading: Whose turn it is to read: curves and histograms are read one question after the other.
        kept: Where curves of finished runs are kept; None where they are not.
    """
    api = _Curves(live_runs, store, reading, CurveCache(kept))
    return [
        Route("/api/v1/scalars", api.scalars),
        Route("/api/v1/curves", api.curves, methods=["POST"]),
        Route("/api/v1/expressions", api.parse),
    ]


class _Curves:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], reading: Turns, kept: CurveCache) -> None:
        self._live_runs = live_runs
        self._store = store
        # One after the other: threads that take turns at Python's lock finish all late, and the first card counts.
        self._reading = reading
        self._kept = kept

    async def scalars(self, request: Request) -> Response:
        """One series of one run; JSON, or packed columns when asked for `application/octet-stream`."""
        asked = RequestValues.of_query(request)
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
        With `also`, a list of tags that will be asked for next, these are read and kept as well where curves are.
        With `"ranks": "joined"` what several ranks of a run logged is one curve, with `ranks` in its head: the mean
        over them in each column, and the least and the greatest value of any.
        """
        body = await body_of(request)
        question, names, tags, several = _curves_asked(body, self._live_runs.is_logged)
        questions = [question(tag) for tag in tags]
        curve_sets = [CurveSet(each) for each in questions]
        problems: list[dict[str, str]] = []

        also = [question(tag) for tag in body.texts("also", MAX_TAGS_A_REQUEST, must=False)]
        # In parts: a small question of another card, a zoom, has its turn between two of them. What is worked out may
        # take long even for one run, and keeps nobody else waiting.
        is_plain = all(each.x is None and isinstance(each.y, str) for each in questions)
        turn = self._reading.turn if is_plain else contextlib.nullcontext

        def remember() -> Remembered:
            whole = self._live_runs.whole(names, [str(each.y) for each in (*questions, *also)])
            return Remembered(self._kept, {run: Whole(*each) for run, each in whole.items()}, questions, also)

        def recall() -> None:
            for name in [name for name in names if remembered.has_all(name)]:
                for curve_set, (known, answer) in zip(curve_sets, remembered.answers(name), strict=True):
                    curve_set.add(name, known, answer)
            cut()

        def cut() -> None:
            while sum(curve_set.n_bytes for curve_set in curve_sets) > MAX_ANSWER_BYTES:
                if len(curve_sets) == 1:
                    raise HTTPException(413, TOO_LARGE)
                del curve_sets[-1]

        def read(part: list[str]) -> None:
            for name in part:
                with apart(problems, name):
                    known = self._live_runs.segments(name) or self._run(name).segments()
                    answers = remembered.read(known)
                    for curve_set, answer in zip(curve_sets, answers, strict=False):
                        curve_set.add(name, known, answer)
                    remembered.note(name, answers)
                cut()
            remembered.keep(KEPT_TOGETHER)

        with self._live_runs.poller.asked():
            async with turn():
                remembered = await answered(remember)
                await answered(recall)
            size = max(1, CURVES_A_TURN // len(remembered.questions))
            left = [name for name in names if not remembered.has_all(name)]
            for first in range(0, len(left), size):
                async with turn():
                    await answered(partial(read, left[first : first + size]))
            await answered(remembered.keep)
            heads = [curve_set.head(tag) for tag, curve_set in zip(tags, curve_sets, strict=False)]
            head = {"answers": heads} if several else heads[0]
            found = [column for curve_set in curve_sets for column in curve_set.columns()]
            answer: Response = await answered(
                partial(packed_answer, head | ({"problems": problems} if problems else {}), found)
            )
            return answer

    async def parse(self, request: Request) -> Response:
        """Whether an expression can be understood, and the tags that it names."""
        try:
            found = expressions.parse(RequestValues.of_query(request).text("text") or "")
        except expressions.ExpressionError as error:
            raise HTTPException(400, str(error)) from error
        return json_answer({"tags": found.tags})

    def _run(self, name: str) -> StoredRun:
        return self._store().run(name)


_CURVES_WANTED = (
    "expected {tag: text (or tags: [texts]), runs: [names], columns?: n, start?: x, stop?: x, "
    "axis?: step | wall_time | relative | metric, x?: text (with axis metric), "
    "log?: true for columns of a logarithmic x, ranks?: joined | each}; "
    "a text that begins with = is an expression, unless a run has logged a tag of that very name"
)


def _curves_asked(
    body: RequestValues, is_logged: Callable[[str], bool]
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
    joins_ranks = body.choice("ranks", ("joined", "each"), "each") == "joined"
    return (
        lambda tag: Question(_formula(tag, is_logged), columns, start, stop, axis, over, is_log, joins_ranks),
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
