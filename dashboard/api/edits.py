"""The page's own questions and wishes: the table of runs, marks of many runs, names, notes, views, the trash.

What changes something is refused when the server is read-only, and asks for JSON, so that no form of another site can
send it; token, Host and Origin are checked before anything comes here (`security`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dashboard.curves import expressions
from dashboard.export import files
from dashboard.http.request_values import Asked
from dashboard.http.requests import apart, body_of, json_answer
from dashboard.live import trash, user_edits
from dashboard.live.websocket import Hub
from tracker.errors import DamagedBytesError, RunNameError, RunNotFoundError, StoreError
from tracker.name_order import naturally
from tracker.store.read import read_only
from tracker.store.read.left_out import LeftOut
from tracker.store.read.reader import Store

MAX_MARKED_RUNS = 5_000
MAX_MARKS_A_RUN = 500
PIECE_BYTES = 256 * 1024
MAX_NAMED_RUNS = 50
MAX_SENTENCE = 1000
"""Of a header: browsers take some tens of kilobytes of all of them."""

MAX_TABLE_TAGS = 1_000
"""Tags asked for by name, at once and one after the other; SQLite takes 32,766."""

MAX_EXPORTED = 10_000
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
        tags = frozenset(Asked.in_query(request).texts("tag", MAX_TABLE_TAGS, must=False))
        return await asyncio.to_thread(lambda: json_answer(self._table(tags)))

    def _table(self, tags: frozenset[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        problems: list[dict[str, str]] = []
        for name in self._hub.names():
            found[name] = {}
            with apart(problems, name):
                found[name] = self._table_of(name, tags)
        return {"runs": found, "problems": problems}

    def _table_of(self, name: str, tags: frozenset[str]) -> dict[str, Any]:
        joined: dict[str, list[Any]] = {}
        for segment in self._hub.segments(name):  # the oldest first: the last value is the newest one's
            with contextlib.suppress(StoreError, FileNotFoundError):
                for tag, (low, high, count, last) in self._reach_of(segment.path, segment.written, tags).items():
                    known = joined.setdefault(tag, [None, math.inf, -math.inf, 0])
                    known[0] = math.nan if last is None else last
                    known[1] = min(known[1], math.inf if low is None else low)
                    known[2] = max(known[2], -math.inf if high is None else high)
                    known[3] += count
        return {
            tag: [last, *(value if math.isfinite(value) else None for value in (low, high)), count]
            for tag, (last, low, high, count) in ((tag, joined[tag]) for tag in naturally(joined))
        }

    def _reach_of(self, path: Path, written: int, tags: frozenset[str]) -> dict[str, Any]:
        """Of the scalars in a file: {tag: (smallest, largest, points, last)}; of some tags, or of all without any."""
        known = self._reach.get(path)
        if known is None or known[0] != written or len(known[1]) > MAX_TABLE_TAGS:
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
        names = (await body_of(request)).texts("runs", MAX_MARKED_RUNS)
        problems: list[dict[str, str]] = []

        def read() -> dict[str, Any]:
            found = {}
            for name in self._hub.marked(names):
                with apart(problems, name):
                    marks = self._store().run(name).marks()[-MAX_MARKS_A_RUN:]
                    if marks:
                        found[name] = [
                            {"step": mark.step, "wall_time": mark.wall_time, "kind": mark.kind, "text": mark.text}
                            for mark in marks
                        ]
            return found

        return json_answer({"marks": await asyncio.to_thread(read), "problems": problems})

    async def export(self, request: Request) -> Response:
        """A file with every point of some runs and tags: {form, runs, tags}; without tags of all."""
        body = await body_of(request)
        form, chosen = body.choice("form", files.FORMS), body.texts("runs", MAX_EXPORTED)
        only = frozenset(body.texts("tags", MAX_EXPORTED)) if body.has("tags") else None

        def write() -> tuple[BinaryIO, files.Written]:
            found, missing = [], LeftOut()
            for name in chosen:
                with missing.reading(name):
                    found.append(self._store().run(name))
            # A file without a name, which the system takes back whatever becomes of us.
            file = tempfile.TemporaryFile(prefix="everystep-")  # noqa: SIM115 it is sent, and then closed
            try:
                written = files.write(form, found, file, only)
                missing.parts.update(written.left_out.parts)
                file.seek(0)
            except BaseException:
                with contextlib.suppress(OSError):
                    file.close()
                raise
            return file, files.Written(written.points, missing)

        try:
            file, written = await asyncio.to_thread(write)
        except files.MissingPackageError as error:
            raise HTTPException(400, str(error)) from error
        except OSError as error:
            raise HTTPException(507, f"There is no room in {_temporary()} for the file ({error}).") from error
        if written.left_out and not written.points:
            file.close()
            raise HTTPException(422, f"Nothing could be read; {written.left_out.sentence(len(chosen))}")
        headers = {
            "content-disposition": f'attachment; filename="everystep.{form}"',
            "content-length": str(file.seek(0, os.SEEK_END)),
        }
        if written.left_out:
            headers["x-left-out"] = _as_header(written.left_out, len(chosen))
        file.seek(0)
        # A report is to be kept, not to be run with this page's rights: so the type is none that a browser shows.
        return StreamingResponse(_pieces(file), media_type="application/octet-stream", headers=headers)

    async def parse(self, request: Request) -> Response:
        """Whether an expression can be understood, and the tags that it names."""
        try:
            found = expressions.parse(Asked.in_query(request).text("text") or "")
        except expressions.ExpressionError as error:
            raise HTTPException(400, str(error)) from error
        return json_answer({"tags": found.tags})

    async def shelf(self, _: Request) -> Response:
        """Saved views and expressions, by kind and name."""
        said = await asyncio.to_thread(user_edits.read, self._root)
        found: dict[str, dict[str, Any]] = {kind: {} for kind in SHELF}
        for key, value in said.items():
            kind, _colon, name = key.partition(":")
            if kind in found:
                found[kind][name] = value
        return json_answer({**found, "read_only": self._read_only})

    async def keep(self, request: Request) -> Response:
        """{kind, name, value}: keeps a view or an expression; value null lets go of it."""
        body = await self._wish(request)
        kind, name, value = body.choice("kind", SHELF), body.name("name").strip(), body.value("value")
        if not name:
            raise body.wrong("name", "a text", "blanks")
        await self._do(lambda: user_edits.write(self._root, f"{kind}:{name}", value))
        return await self.shelf(request)

    async def say(self, request: Request) -> Response:
        """{runs, key, value}: a name to show, tags, a note or a colour for runs; value null takes it away."""
        body = await self._wish(request)
        key, value = body.choice("key", user_edits.RUN_KEYS), body.value("value")
        names = body.texts("runs", MAX_MARKED_RUNS)

        def write() -> None:
            user_edits.check(key, value)
            for name in names:
                user_edits.write(self._store().run(name).folder, key, value)

        await self._do(write)
        return json_answer({"done": True})

    async def trash(self, _: Request) -> Response:
        """Names of the runs in the trash."""
        return json_answer({"runs": await asyncio.to_thread(trash.in_trash, self._root)})

    async def discard(self, request: Request) -> Response:
        """{runs}: moves them to the trash; with restore: true back. A run that is being written stays where it is."""
        body = await self._wish(request)
        names, restore = body.texts("runs", MAX_MARKED_RUNS), body.flag("restore")

        def move() -> None:
            for name in names:
                if restore:
                    trash.from_trash(self._root, name)
                elif not trash.is_link(self._root, name) and self._store().run(name).status == "running":
                    raise user_edits.PageChangeError(f"{name} is being written; stop it first.")
                else:
                    trash.to_trash(self._root, name)

        await self._do(move)
        self._hub.look_again()
        return json_answer({"done": True})

    @property
    def _root(self) -> Path:
        return self._hub.follower.library.root

    async def _wish(self, request: Request) -> Asked:
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
        except (user_edits.PageChangeError, RunNameError) as error:
            raise HTTPException(409, str(error)) from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _as_header(left_out: LeftOut, of: int) -> str:
    """What is not in a download, as JSON in ASCII: how many runs of how many, their names, and a sentence."""
    names = list(left_out.parts)[:MAX_NAMED_RUNS]
    said = {"count": len(left_out.parts), "of": of, "runs": names, "sentence": left_out.sentence(of)[:MAX_SENTENCE]}
    return json.dumps(said)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # none of those that are tried takes a byte
        return "the folder for temporary files"


def _numbers(reach: list[Any]) -> tuple[Any, ...]:
    """What a file says of a tag, which has to be numbers."""
    if not all(each is None or isinstance(each, (int, float)) for each in reach):
        raise DamagedBytesError("a value that is no number")
    return tuple(reach)
