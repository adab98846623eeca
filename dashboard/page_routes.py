"""The page's own questions and wishes: the table of runs, marks of many runs, names, notes, views, the trash.

What changes something is refused when the server is read-only, and asks for JSON, so that no form of another site can
send it; token, Host and Origin are checked before anything comes here (`security`).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard import exports, expressions, page_file
from dashboard.exchange import body_of, json_answer
from dashboard.hub import Hub
from tracker.errors import DamagedBytesError, RunNameError, RunNotFoundError, StoreError
from tracker.store import read_only
from tracker.store.reader import Store

MAX_MARKED_RUNS = 5_000
MAX_MARKS_A_RUN = 500
SHELF = ("view", "expression")
"""What is kept by name at the top of the logdir."""

_REACH = """
SELECT series.tag,
       min(CASE WHEN scalars.count = 1 THEN CASE WHEN abs(value) < 9e999 THEN value END ELSE min END),
       max(CASE WHEN scalars.count = 1 THEN CASE WHEN abs(value) < 9e999 THEN value END ELSE max END),
       sum(scalars.count),
       (SELECT CASE WHEN newest.count = 1 THEN newest.value ELSE newest.last_value END FROM scalars AS newest
        WHERE newest.series = series.id AND newest.level = 0 ORDER BY newest.n DESC LIMIT 1)
FROM series JOIN scalars ON scalars.series = series.id AND scalars.level = 0
WHERE {which} GROUP BY series.id
"""
"""Of series: tag, smallest, largest, points, last. The table asks for eight of a hundred: each file is opened, but of
what is in it only these are read (1,000 files: 0.3 s, where all of it took 0.7)."""


def routes(hub: Hub, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """Routes below /api/v1.

    Args:
        hub: What is known of all runs.
        store: Opens the logdir.
        read_only: Whether every change is refused.
    """
    page = _Page(hub, store, read_only)
    return [
        Route("/api/v1/table", page.table),
        Route("/api/v1/marks", page.marks, methods=["POST"]),
        Route("/api/v1/shelf", page.shelf),
        Route("/api/v1/shelf", page.keep, methods=["POST"]),
        Route("/api/v1/runs/said", page.say, methods=["POST"]),
        Route("/api/v1/trash", page.trash),
        Route("/api/v1/trash", page.discard, methods=["POST"]),
        Route("/api/v1/expressions", page.parse),
        Route("/api/v1/export", page.export, methods=["POST"]),
    ]


class _Page:
    def __init__(self, hub: Hub, store: Callable[[], Store], read_only: bool) -> None:
        self._hub = hub
        self._store = store
        self._read_only = read_only
        self._reach: dict[Path, tuple[int, set[str | None], dict[str, Any]]] = {}

    async def table(self, request: Request) -> Response:
        """Of every run, by tag: [last, smallest, largest, points]; extremes over finite values. ?tag=… (several times)
        for those tags only."""
        await asyncio.to_thread(self._hub.follower.ready.wait, 30.0)
        tags = frozenset(request.query_params.getlist("tag"))
        return await asyncio.to_thread(lambda: json_answer({"runs": self._table(tags)}))

    def _table(self, tags: frozenset[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in self._hub.names():
            joined: dict[str, list[Any]] = {}
            for segment in self._hub.segments(name):  # the oldest first: the last value is the newest one's
                with contextlib.suppress(StoreError, FileNotFoundError):
                    for tag, (low, high, count, last) in self._reach_of(segment.path, segment.written, tags).items():
                        known = joined.setdefault(tag, [None, math.inf, -math.inf, 0])
                        known[0] = math.nan if last is None else last
                        known[1] = min(known[1], math.inf if low is None else low)
                        known[2] = max(known[2], -math.inf if high is None else high)
                        known[3] += count
            found[name] = {
                tag: [last, *(value if math.isfinite(value) else None for value in (low, high)), count]
                for tag, (last, low, high, count) in sorted(joined.items())
            }
        return found

    def _reach_of(self, path: Path, written: int, tags: frozenset[str]) -> dict[str, Any]:
        """Of the scalars in a file: {tag: (smallest, largest, points, last)}; of some tags, or of all without any."""
        known = self._reach.get(path)
        if known is None or known[0] != written:
            known = self._reach[path] = (written, set(), {})
        _, asked, found = known
        missing = tags - asked if tags else frozenset()
        if missing or (not tags and None not in asked):
            which = f"series.tag IN ({', '.join('?' * len(missing))})" if tags else "true"
            with read_only.snapshot(path) as connection:
                rows = connection.execute(_REACH.format(which=which), sorted(missing)).fetchall()
                found.update((tag, _numbers(reach)) for tag, *reach in rows)
            asked.update(missing or {None})
        return {tag: reach for tag, reach in found.items() if not tags or tag in tags}

    async def marks(self, request: Request) -> Response:
        """Marks of many runs: {run: [mark]}."""
        body = await body_of(request)
        names = body.get("runs")
        if not isinstance(names, list):
            raise HTTPException(400, "expected {runs: [names]}")

        def read() -> dict[str, Any]:
            found = {}
            for name in self._hub.marked([str(name) for name in names[:MAX_MARKED_RUNS]]):
                with contextlib.suppress(RunNotFoundError, RunNameError, StoreError):
                    marks = self._store().run(name).marks()[-MAX_MARKS_A_RUN:]
                    if marks:
                        found[name] = [
                            {"step": mark.step, "wall_time": mark.wall_time, "kind": mark.kind, "text": mark.text}
                            for mark in marks
                        ]
            return found

        return json_answer({"marks": await asyncio.to_thread(read)})

    async def export(self, request: Request) -> Response:
        """A file with every point of some runs and tags: {form, runs, tags}; without tags of all."""
        body = await body_of(request)
        form, names, tags = body.get("form"), body.get("runs"), body.get("tags")
        if form not in exports.FORMS or not isinstance(names, list) or not (tags is None or isinstance(tags, list)):
            raise HTTPException(
                400, f"expected {{form: one of {', '.join(exports.FORMS)}, runs: [names], tags: [tags]}}"
            )
        handle, path = tempfile.mkstemp(prefix="everystep-", suffix=f".{form}")
        os.close(handle)
        target = Path(path)

        def write() -> None:
            found = []
            for name in names:
                with contextlib.suppress(RunNotFoundError, RunNameError, StoreError):
                    found.append(self._store().run(str(name)))
            exports.write(str(form), found, target, None if tags is None else frozenset(map(str, tags)))

        try:
            await asyncio.to_thread(write)
        except exports.MissingPackageError as error:
            target.unlink(missing_ok=True)
            raise HTTPException(400, str(error)) from error
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return FileResponse(
            target,
            filename=f"everystep.{form}",
            media_type="application/octet-stream",  # a report is to be kept, not to be run with this page's rights
            background=BackgroundTask(target.unlink, missing_ok=True),
        )

    async def parse(self, request: Request) -> Response:
        """Whether an expression can be understood, and the tags that it names."""
        try:
            found = expressions.parse(request.query_params.get("text", ""))
        except expressions.ExpressionError as error:
            raise HTTPException(400, str(error)) from error
        return json_answer({"tags": found.tags})

    async def shelf(self, _: Request) -> Response:
        """Saved views and expressions, by kind and name."""
        said = await asyncio.to_thread(page_file.read, self._root)
        found: dict[str, dict[str, Any]] = {kind: {} for kind in SHELF}
        for key, value in said.items():
            kind, _colon, name = key.partition(":")
            if kind in found:
                found[kind][name] = value
        return json_answer({**found, "read_only": self._read_only})

    async def keep(self, request: Request) -> Response:
        """{kind, name, value}: keeps a view or an expression; value null lets go of it."""
        body = await self._wish(request)
        kind, name = body.get("kind"), body.get("name")
        if kind not in SHELF or not isinstance(name, str) or not name.strip():
            raise HTTPException(400, f"expected {{kind: {' | '.join(SHELF)}, name: text, value: …}}")
        await self._do(lambda: page_file.write(self._root, f"{kind}:{name.strip()}", body.get("value")))
        return await self.shelf(request)

    async def say(self, request: Request) -> Response:
        """{runs, key, value}: a name to show, tags, a note or a colour for runs; value null takes it away."""
        body = await self._wish(request)
        key, value = body.get("key"), body.get("value")

        def write() -> None:
            page_file.check(key, value)
            for name in _names(body):
                page_file.write(self._store().run(name).folder, str(key), value)

        await self._do(write)
        return json_answer({"done": True})

    async def trash(self, _: Request) -> Response:
        """Names of the runs in the trash."""
        return json_answer({"runs": await asyncio.to_thread(page_file.in_trash, self._root)})

    async def discard(self, request: Request) -> Response:
        """{runs}: moves them to the trash; with restore: true back. A run that is being written stays where it is."""
        body = await self._wish(request)

        def move() -> None:
            for name in _names(body):
                if body.get("restore"):
                    page_file.from_trash(self._root, name)
                elif self._store().run(name).status == "running":
                    raise page_file.PageChangeError(f"{name} is being written; stop it first.")
                else:
                    page_file.to_trash(self._root, name)

        await self._do(move)
        self._hub.look_again()
        return json_answer({"done": True})

    @property
    def _root(self) -> Path:
        return self._hub.follower.library.root

    async def _wish(self, request: Request) -> dict[str, Any]:
        if self._read_only:
            raise HTTPException(403, "This server was started with --read-only; nothing can be changed.")
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPException(415, "expected application/json")
        return await body_of(request)

    async def _do(self, act: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(act)
        except RunNotFoundError as error:
            raise HTTPException(404, str(error)) from error
        except (page_file.PageChangeError, RunNameError) as error:
            raise HTTPException(409, str(error)) from error


def _numbers(reach: list[Any]) -> tuple[Any, ...]:
    """What a file says of a tag, which has to be numbers."""
    if not all(each is None or isinstance(each, (int, float)) for each in reach):
        raise DamagedBytesError("a value that is no number")
    return tuple(reach)


def _names(body: dict[str, Any]) -> list[str]:
    names = body.get("runs")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise page_file.PageChangeError("expected {runs: [names]}")
    return names
