"""The HTTP interface to graphs: which there are, and each a scope at a time.

A graph is named by the hash of what was logged, so that answers about it never change and the browser may keep
them. What is made of a graph once (see `graphs.GraphView`) is kept for the next question.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.graph.times import node_times
from dashboard.graph.view import GraphView, NoSuchScopeError
from dashboard.http.gc_pause import not_collecting
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import UNREADABLE, answered, finite_answer, json_answer, why
from dashboard.profiles.stored import opened
from tracker.store.read.reader import Store
from tracker.store.read.run import StoredRun
from tracker.values import unpack

MAX_KEPT_NODES = 400_000
"""Nodes of all graphs that are kept ready: about 400 MB of names and attributes at the worst we have seen."""

MAX_PROFILES = 8
"""Profiles that are looked into for times of a graph, the newest first; as many answers are kept."""

MAX_ITEMS = 200
"""Scopes, or paths of scopes, in one request."""

MAX_OPEN = 100_000
"""Characters that say which scopes to open."""

_ITEM = re.compile(r"-?[0-9]{1,9}")

KEEP = {"cache-control": "private, max-age=31536000, immutable"}


def routes(store: Callable[[], Store]) -> list[Route]:
    """The routes below /api/v1/graph.

    Args:
        store: Opens the logdir.
    """
    api = _Graphs(store)
    return [
        Route("/api/v1/graph", api.whole),
        Route("/api/v1/graph/overview", api.overview),
        Route("/api/v1/graph/scopes", api.scopes),
        Route("/api/v1/graph/item", api.item),
        Route("/api/v1/graph/search", api.search),
        Route("/api/v1/graph/times", api.times),
    ]


class _Graphs:
    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._views: OrderedDict[str, GraphView] = OrderedDict()
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._timing = threading.Lock()

    async def whole(self, request: Request) -> Response:
        """The newest graph of a run as it was logged; see `StoredRun.graph`."""
        asked = RequestValues.of_query(request)
        run, tag = asked.name("run"), asked.text("tag")
        return json_answer(await answered(lambda: self._store().run(run).graph(tag)))

    async def overview(self, request: Request) -> Response:
        """The newest graph of a run and tag: its hash, its numbers, the scopes to show first.

        `open=` names scopes that are to be open instead, as far as they are there: lines of form|path.
        """
        asked = RequestValues.of_query(request)
        run, tag = asked.name("run"), asked.text("tag")
        lines = (asked.text("open", MAX_OPEN) or "").split("\n")[:MAX_ITEMS]
        paths = [(form, path) for form, mark, path in (line.partition("|") for line in lines) if mark]

        def read() -> dict[str, Any]:
            stored = self._store().run(run)
            tags = stored.tags("graph")
            chosen = tag or ("graph" if "graph" in tags or not tags else tags[0])
            newest = stored.media("graph", chosen)[-1]
            view = self._view(stored, newest.hash)
            about = view.overview()
            opened = {str(each): view.form(each) for each in about["open"]}
            if paths:
                found = view.find([path for _, path in paths])
                kept = {found[path]: form for form, path in paths if path in found}
                opened = {str(each): view.form(each, form) for each, form in {0: "scope", **kept}.items()}
            return {
                "run": run,
                "tag": chosen,
                "tags": tags,
                "hash": newest.hash,
                "step": newest.step,
                "wall_time": newest.wall_time,
                "notes": _notes(newest.attributes.get("notes")),
                **about,
                "open": opened,
                "scopes": [view.scope(int(each), form == "spread") for each, form in opened.items()],
            }

        return finite_answer(await _answer(read))

    async def scopes(self, request: Request) -> Response:
        """What lies in some scopes: `id=1,2,3`, and `spread=` for folds whose members are all to be seen."""
        ids, spread = _numbers(request, "id"), _numbers(request, "spread")
        if not 1 <= len(ids) + len(spread) <= MAX_ITEMS:
            raise HTTPException(400, f"expected 1 to {MAX_ITEMS} scopes as id= or spread=")

        def read(view: GraphView) -> Any:
            return {"scopes": [view.scope(each, i >= len(ids)) for i, each in enumerate([*ids, *spread])]}

        return await self._of(request, read)

    async def item(self, request: Request) -> Response:
        """All there is to say about one item."""
        ids = _numbers(request, "id")
        if len(ids) != 1:
            raise HTTPException(400, "id= is missing")
        return await self._of(request, lambda view: view.details(ids[0]))

    async def search(self, request: Request) -> Response:
        """Items by their name or operation, the best matches first."""
        text = (RequestValues.of_query(request).text("q") or "")[:200]
        return await self._of(request, lambda view: view.search(text))

    async def times(self, request: Request) -> Response:
        """What the items of a graph took: µs over the newest of the run's profiles that has nodes of it, if any has.

        `times` holds (item, µs), of scopes the sum of what lies in them; `named` and `total` say how much of the
        operations' time that is.
        """
        asked = RequestValues.of_query(request)
        run, digest = asked.name("run"), asked.name("hash")

        def read() -> dict[str, Any]:
            stored = self._store().run(run)
            found = [(tag, item) for tag in stored.tags("profile") for item in stored.media("profile", tag)]
            found.sort(key=lambda pair: pair[1].wall_time)
            for tag, item in found[: -MAX_PROFILES - 1 : -1]:
                answer = self._timed(stored, digest, item.hash)
                if answer["times"]:
                    return {"tag": tag, "step": item.step, **answer}
            return {"times": []}

        return finite_answer(await _answer(read))

    def _timed(self, run: StoredRun, graph: str, profile: str) -> dict[str, Any]:
        view = self._view(run, graph)
        with self._timing:
            answer = self._times.get((graph, profile))
            if answer is None:
                data = run.blob(profile)
                try:
                    with not_collecting():
                        spent, total = node_times(opened(data or b""), view.nodes)
                except UNREADABLE as error:  # a damaged profile says so on its own page
                    why(error)
                    spent, total = np.zeros(len(view)), 0.0
                answer = {"times": view.spread_out(spent), "named": float(spent.sum()), "total": float(total)}
                self._times[graph, profile] = answer
                while len(self._times) > MAX_PROFILES:
                    self._times.popitem(last=False)
            return answer

    async def _of(self, request: Request, question: Callable[[GraphView], Any]) -> Response:
        asked = RequestValues.of_query(request)
        run, digest = asked.name("run"), asked.name("hash")

        def read() -> Any:
            return question(self._view(self._store().run(run), digest))

        return finite_answer(await _answer(read), KEEP)

    def _view(self, run: StoredRun, digest: str) -> GraphView:
        # Held while one is made: two tabs that ask at once shall not both make it.
        with self._lock:
            view = self._views.get(digest)
            if view is None:
                data = run.blob(digest)
                if data is None:
                    raise HTTPException(404, "there is no such graph")
                with not_collecting():
                    view = GraphView(_decoded(data))
                self._views[digest] = view
                while len(self._views) > 1 and sum(map(len, self._views.values())) > MAX_KEPT_NODES:
                    self._views.popitem(last=False)
            self._views.move_to_end(digest)
            return view


def _decoded(data: bytes) -> dict[str, Any]:
    plain = unpack.unpacked_json(data, "graph")
    if not isinstance(plain, dict):
        raise HTTPException(400, "this graph cannot be read: it is no graph")
    return plain


def _notes(notes: Any) -> list[str]:
    return [str(note)[:500] for note in notes[:10]] if isinstance(notes, list) else []


async def _answer(question: Callable[[], Any]) -> Any:
    def asked() -> Any:
        try:
            return question()
        except NoSuchScopeError as error:
            raise HTTPException(404, f"the graph has no such scope: {error}") from error

    return await answered(asked)


def _numbers(request: Request, name: str) -> list[int]:
    asked = RequestValues.of_query(request)
    found = (asked.text(name) or "").split(",")
    if not all(_ITEM.fullmatch(each) for each in found if each):
        raise asked.wrong(name, "numbers of scopes with commas between them", ",".join(found))
    return [int(each) for each in found if each]
