"""The HTTP interface of the page *Try*: models are asked, and cases kept, which every version of a model answers.

What answers is the worker of `dashboard.serving`, as for everybody else who asks models. A server that is read-only
answers and keeps nothing.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.api import answers
from dashboard.http.changes import done, wish_of
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, json_answer
from dashboard.live import kept_cases
from dashboard.live.websocket import LiveRuns
from dashboard.serving.models import Models
from dashboard.serving.refusal import RefusedError
from tracker.models.signature import TensorSpec
from tracker.store.read.models import StoredModel, Version
from tracker.store.read.reader import Store

MAX_BODY_BYTES = 4 << 20
"""Of a question: a picture of the network's size, or some hundred thousand numbers."""

MAX_TOP = 100
MAX_TITLE = 200

ROW_S = 0.5
"""After so long a row is answered as far as it is known, and asked for again: a training of a day has thousands of
versions, of which each takes some milliseconds to open."""

PASSING = (429, 503)
"""Refusals that may be answers a moment later: too much waited, a file was away, the process had just ended."""

MAX_CELLS = 100_000
"""Answers of versions to cases that are kept."""

LIKELIEST = -1
"""The class whose gradient is wanted: whichever is the likeliest."""

NO_GRADIENT = "A model of this kind tells no gradient."

Inputs = dict[str, "npt.NDArray[Any] | bytes"]


def routes(live_runs: LiveRuns, store: Callable[[], Store], models: Models, read_only: bool) -> list[Route]:
    """The routes /api/v1/try and /api/v1/cases.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        models: Who answers.
        read_only: Whether no case can be kept.
    """
    api = _Tries(live_runs, store, models, read_only)
    return [
        Route("/api/v1/try", api.ask, methods=["POST"]),
        Route("/api/v1/cases", api.cases),
        Route("/api/v1/cases", api.keep, methods=["POST"]),
        Route("/api/v1/cases/row", api.row),
    ]


class _Tries:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], models: Models, read_only: bool) -> None:
        self._live_runs = live_runs
        self._store = store
        self._models = models
        self._read_only = read_only
        self._cells: OrderedDict[tuple[str, str, int, float], dict[str, Any]] = OrderedDict()
        """By run and case, and by step and time of the version, which both stay what they are."""
        self._row = asyncio.Lock()
        """One row is answered at a time: whoever draws has the worker between two of its cells."""

    async def ask(self, request: Request) -> Response:
        """{run, name, step?, input, top?, saliency?}: what a model answers; without `step` its newest version.

        input: By name nested lists with the batch of one as first axis, or {"b64": a picture}. NaN is "NaN".
        """
        body = await wish_of(request, False, MAX_BODY_BYTES)
        run, name, step = body.name("run"), body.name("name"), body.whole("step")
        top, wants_saliency = body.size("top", 10, MAX_TOP), body.flag("saliency")
        model = await self._model(run, name, step)
        manifest = _version(model, step).manifest
        inputs = _inputs(body.value("input"), manifest.inputs)
        found, why = await self._asked(run, name, step, inputs, wants_saliency)
        ranked = answers.ranked(found["outputs"], _version(model, found["step"]).manifest)
        gradient = found.get("saliency")
        return json_answer(
            {
                "step": found["step"],
                "outputs": {each: answers.told(array) for each, array in found["outputs"].items()},
                "top": [] if ranked is None else ranked.top(top),
                "of": 0 if ranked is None else len(ranked.names),
                "saliency": None if gradient is None else answers.saliency(np.asarray(gradient), manifest),
                "why": why,
                "ms": found["ms"],
            }
        )

    async def _asked(
        self, run: str, name: str, step: int | None, inputs: Inputs, wants_saliency: bool
    ) -> tuple[dict[str, Any], str]:
        """What a model answers; and why there is no gradient, where one was wanted and the model has none."""
        try:
            if wants_saliency:
                with contextlib.suppress(RefusedError):
                    found = await self._models.ask(run, name, step, inputs, LIKELIEST)
                    if "saliency" in found:
                        return found, ""
            found = await self._models.ask(run, name, step, inputs)
        except RefusedError as error:
            raise HTTPException(error.status, error.sentence) from error
        return found, NO_GRADIENT if wants_saliency else ""

    async def _model(self, run: str, name: str, step: int | None = None) -> StoredModel:
        try:
            return await self._models.shelf.model(run, name, step)
        except RefusedError as error:
            raise HTTPException(error.status, error.sentence) from error

    async def cases(self, request: Request) -> Response:
        """What was kept of a run, the oldest first."""
        name = RequestValues.of_query(request).name("run")

        def read() -> dict[str, Any]:
            return {
                "run": name,
                "cases": kept_cases.cases(self._store().run(name).folder),
                "read_only": self._read_only,
            }

        return json_answer(await answered(read))

    async def keep(self, request: Request) -> Response:
        """{run, model, input, expected, title?}: keeps a case; {run, remove: id} lets one go. All that are kept now."""
        body = await wish_of(request, self._read_only)
        name, gone = body.name("run"), body.text("remove", MAX_TITLE)
        if gone:
            await done(lambda: kept_cases.let_go(self._store().run(name).folder, gone))
        else:
            model, expected = body.name("model"), body.name("expected")
            title, given = (body.text("title", MAX_TITLE) or "").strip(), body.value("input")
            await self._check_asked(name, model, given, expected)
            await done(lambda: kept_cases.keep(self._store().run(name).folder, model, given, expected, title))

        def read() -> dict[str, Any]:
            folder = self._store().run(name).folder
            self._live_runs.poller.written_to(folder)
            return {"run": name, "cases": kept_cases.cases(folder), "read_only": self._read_only}

        return json_answer(await answered(read))

    async def _check_asked(self, run: str, name: str, given: Any, expected: str) -> None:
        """That the newest version answers, and with what is expected among its classes: another case is not kept."""
        model = await self._model(run, name)
        found, _ = await self._asked(run, name, None, _inputs(given, model.inputs), False)
        ranked = answers.ranked(found["outputs"], _version(model, found["step"]).manifest)
        if ranked is None:
            raise HTTPException(400, f"{name} tells no classes: there is none to expect.")
        if expected not in ranked.names:
            known = ", ".join(ranked.names[:10])
            raise HTTPException(400, f"expected: one of {known}; got {expected}"[:400])

    async def row(self, request: Request) -> Response:
        """What each version of the model answers to a case: {steps, p, top, more}, the oldest first.

        p: Of the class that is expected; null where the version cannot be asked or has no such class. top: The
        likeliest class. more: So many versions were not asked yet: ask again.
        """
        asked = RequestValues.of_query(request)
        run, id = asked.name("run"), asked.name("id")

        def read() -> dict[str, Any]:
            kept = kept_cases.cases(self._store().run(run).folder)
            case = next((each for each in kept if each["id"] == id), None)
            if case is None:
                raise HTTPException(404, "There is no such case any more.")
            return case

        case = await answered(read)
        model = await self._model(run, case["model"])
        end = time.monotonic() + ROW_S
        left = 0
        known: list[tuple[int, dict[str, Any]]] = []
        async with self._row:
            for version in reversed(model.versions):  # the newest are looked at first
                key = (run, id, version.step, version.wall_time)
                cell = self._cells.get(key)
                if cell is None and time.monotonic() < end:
                    cell, is_final = await self._cell(run, case, version)
                    if is_final:
                        self._cells[key] = cell
                if cell is None:
                    left += 1
                else:
                    known.append((version.step, cell))
        while len(self._cells) > MAX_CELLS:
            self._cells.popitem(last=False)
        cells = known[::-1]
        return json_answer(
            {
                "run": run,
                "id": id,
                "steps": [step for step, _ in cells],
                "p": [cell["p"] for _, cell in cells],
                "top": [cell["top"] for _, cell in cells],
                "more": left,
            }
        )

    async def _cell(self, run: str, case: Mapping[str, Any], version: Version) -> tuple[dict[str, Any], bool]:
        """What one version answers to a case, and whether it would say so again: not where it only had no time."""
        nothing = {"p": None, "top": None}
        try:
            inputs = _inputs(case["input"], version.manifest.inputs)
            found = await self._models.ask(run, case["model"], version.step, inputs)
        except HTTPException:
            return nothing, True
        except RefusedError as error:
            return nothing, error.status not in PASSING
        ranked = answers.ranked(found["outputs"], version.manifest)
        if ranked is None:
            return nothing, True
        return {"p": ranked.of(case["expected"]), "top": ranked.top(1)[0]["name"]}, True


def _version(model: StoredModel, step: int | None) -> Version:
    """The version of a step, or the newest."""
    found = model.versions[-1] if step is None else next((each for each in model.versions if each.step == step), None)
    if found is None:
        raise HTTPException(404, f"the model {model.name!r} has no version of step {step}")
    return found


def _inputs(given: Any, wanted: Sequence[TensorSpec]) -> Inputs:
    """What a question says, as a model is asked.

    Args:
        given: As in a body.
        wanted: The model's inputs.
    """
    body = RequestValues({"input": given})
    names = [each.name for each in wanted]
    if not isinstance(given, dict) or not given:
        raise body.wrong("input", f"an object with {', '.join(names)}"[:200], given)
    dtypes = {each.name: each.numpy for each in wanted}
    found: Inputs = {}
    for name, value in given.items():
        if name not in dtypes:
            raise body.wrong("input", f"one of {', '.join(names)}"[:200], name)
        found[name] = _picture(value) if isinstance(value, dict) else _array(name, value, dtypes[name])
    return found


def _picture(value: dict[str, Any]) -> bytes:
    text = value.get("b64")
    if not isinstance(text, str):
        raise HTTPException(400, 'input: expected lists of numbers, or {"b64": a picture in base64}')
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(400, f"input: this is not base64: {error}") from error


def _array(name: str, value: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    kind = np.dtype(dtype)
    try:
        if kind.kind == "O":
            return np.asarray(value, dtype=object)
        array = np.asarray(value, dtype=np.float64)  # in which "NaN" is read as what it says
        with np.errstate(all="ignore"):
            cast = array.astype(kind)
    except (ValueError, TypeError, OverflowError) as error:
        raise HTTPException(400, f"input {name[:100]}: expected lists of numbers ({error})"[:400]) from error
    if kind.kind in "iu" and not np.array_equal(cast, array):
        raise HTTPException(400, f"input {name[:100]}: expected whole numbers of {kind}")
    return cast
