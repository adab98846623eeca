"""The HTTP interface that shippers send to: rows of segments that were written on other machines.

`PUT /api/v1/segments/ID/rows?after=CURSOR` with a shipment; a cursor that is not where this store stands is answered
409 with the one that is, so that whoever sends keeps nothing that could be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.http import bodies
from dashboard.http.failures import Failures
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import body_of, gone
from dashboard.receive import demand
from dashboard.receive.senders import Senders
from dashboard.receive.tokens import WriteTokens
from dashboard.receive.waiting import TooManyError, Waiting
from tracker.errors import DamagedBytesError
from tracker.logdir import is_segment_id
from tracker.receive.receiver import Piece, Receiver, UnstoredError
from tracker.store import run_page, shipment
from tracker.store.run_folder_files import PlaceError, is_one
from tracker.store.shipment import Arrived, CursorError, DeletedError

MAX_BODY_BYTES = shipment.LARGEST_BYTES
MAX_WAITING_BYTES = 512 << 20
"""Of bodies that are on their way or being taken in, all together. Whoever comes then is asked to come again."""

MAX_PIECE_BYTES = 16 << 20

MAX_HEARD_BYTES = 4 << 20
MOST_SEGMENTS, MOST_KNOWN = 20_000, 10_000
MOST_NAME = 1_000
LONGEST_WAIT_S = 30.0

THREADS = 4

AGAIN = {"retry-after": "1", "connection": "close"}


class Segments:
    """Takes in what shippers send.

    Args:
        root: The logdir.
        tokens: Who may send.
        watched: The tags that are on somebody's screen.
        asked: While it is entered somebody waits for an answer, and chores wait.
    """

    def __init__(
        self,
        root: Path,
        tokens: WriteTokens,
        watched: Callable[[], frozenset[str]],
        asked: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        self._receiver = Receiver(root)
        self._tokens = tokens
        self._waited_for = asked
        self._waiting = 0
        self.senders = Senders()
        self._asks = Waiting(self._receiver, demand.Demand(self.senders.rate, watched))
        self._large = threading.Lock()
        self._failures = Failures()
        self._threads = ThreadPoolExecutor(THREADS, "receive")

    def routes(self) -> list[Route]:
        """Routes below /api/v1."""
        return [
            Route("/api/v1/segments/run", self.of_run, methods=["GET"]),
            Route("/api/v1/segments/run", self.say, methods=["PUT"]),
            Route("/api/v1/segments/node", self.hear, methods=["POST"]),
            Route("/api/v1/segments/{segment}", self.arrived),
            Route("/api/v1/segments/{segment}/rows", self.take, methods=["PUT"]),
            Route("/api/v1/segments/{segment}/files", self.files),
            Route("/api/v1/segments/{segment}/files/{name:path}", self.take_piece, methods=["PUT"]),
        ]

    async def arrived(self, request: Request) -> Response:
        """How far a segment is here."""
        project, segment, run = self._asked(request)
        beside = _beside(request)
        return _answer(await self._done(lambda: self._receiver.arrived(project, segment, beside, run)))

    async def take(self, request: Request) -> Response:
        """Rows, a `shipment` in the body: they are in the file when this is answered, and durable unless `more=1` says
        that others follow at once."""
        project, segment, run = self._asked(request)
        kind = request.headers.get("content-type", "")
        if kind not in (shipment.MEDIA_TYPE, f"{shipment.MEDIA_TYPE}+zlib"):
            raise HTTPException(415, f"expected {shipment.MEDIA_TYPE}, or the same +zlib", {"connection": "close"})
        asked = RequestValues.of_query(request)
        is_followed = asked.whole("more", 0) == 1
        if (after := asked.whole("after", 0)) is None:
            raise HTTPException(400, "after= is missing: the cursor that the rows go on from")
        beside = _beside(request)
        async with self._body(request, MAX_BODY_BYTES) as body:

            def act(most: int = shipment.USUAL_BYTES) -> Arrived:
                said = shipment.unpacked(body, compressed=kind.endswith("+zlib"), most=most)
                if said.after != after:
                    raise DamagedBytesError(f"its rows go on from {said.after:,}, and ?after= says {after:,}")
                return self._receiver.take(project, segment, said, beside, run, is_followed=is_followed)

            def act_alone() -> Arrived:
                try:
                    return act()
                except shipment.LargerError:
                    with self._large:
                        return act(shipment.LARGEST_BYTES)

            # Chores wait for one who has much to send; those who send what was logged just now come all the time.
            with self._waited_for() if is_followed else contextlib.nullcontext():
                return _answer(await self._done(act_alone))

    async def files(self, request: Request) -> Response:
        """The files of models and recordings beside a segment: how many bytes of each are here."""
        project, segment, run = self._asked(request)
        return JSONResponse({"files": await self._done(lambda: self._receiver.files(project, segment, run))})

    async def take_piece(self, request: Request) -> Response:
        """A piece of such a file, from ?at= on, of ?size= bytes in all whose hash is ?sha256=."""
        project, segment, run = self._asked(request)
        asked = RequestValues.of_query(request)
        name, digest = request.path_params["name"], asked.name("sha256")
        if not is_one(name) or len(digest) != 64:
            raise HTTPException(404, "no file beside a segment is called so")
        at, size = asked.whole("at", 0), asked.whole("size", 1)
        if at is None or size is None:
            raise HTTPException(400, "at= or size= is missing")
        async with self._body(request, MAX_PIECE_BYTES) as body:
            piece = Piece(name, at, body, size, digest)
            found = await self._done(lambda: self._receiver.take_piece(project, segment, piece, run))
        if isinstance(found, PlaceError):
            return JSONResponse({"size": found.size, "error": str(found)}, 409)
        return JSONResponse({"size": found})

    async def hear(self, request: Request) -> Response:
        """{node, behind, rate, segments, known, demand, wait}: how a machine stands that sends, and what of it lives.

        Answered with what their runs were asked on the page and have not answered: at once where there is something
        that is not among `known`, else when there is, or after `wait` seconds; and with the tags of which single points
        are wanted (null for all), at once where `demand` names others.
        """
        project = self._project(request)
        body = await body_of(request, MAX_HEARD_BYTES)
        node, wait = body.text("node", 300) or "?", body.number("wait") or 0
        behind, seen = body.whole("behind", 0) or 0, body.texts("segments", MOST_SEGMENTS)
        known = frozenset(body.texts("known", MOST_KNOWN))
        if not all(map(is_segment_id, seen)):
            raise HTTPException(404, "no segment can be called so")
        rate, known_demand = float(body.number("rate") or 0), body.text("demand", 100)
        self.senders.heard(project, node, behind, len(seen), rate)
        wait_s = min(float(wait), LONGEST_WAIT_S)
        hearing = asyncio.create_task(self._asks.hear(project, seen, known, known_demand, wait_s))
        leaving = asyncio.create_task(gone(request))
        try:
            await asyncio.wait((hearing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():  # nobody is there to be told
                return Response(status_code=204)
            found = hearing.result()
        except (TooManyError, UnstoredError) as error:
            raise HTTPException(503, str(error), AGAIN) from error
        finally:
            hearing.cancel()
            leaving.cancel()
        tags = None if found.fresh is None else sorted(found.fresh)
        return JSONResponse({"commands": found.commands, "fresh": tags, "demand": demand.named(found.fresh)})

    @contextlib.asynccontextmanager
    async def _body(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """What a request carries; while it is used it counts among what waits."""
        size = 0

        def came(more: int) -> None:
            nonlocal size
            if self._waiting + more > MAX_WAITING_BYTES:
                raise HTTPException(503, "too much is on its way already", AGAIN)
            size, self._waiting = size + more, self._waiting + more

        try:
            yield await bodies.taken(request.scope, request.receive, most, came)
        except bodies.BodyError as error:
            raise HTTPException(error.status, f"the request {error.why}", {"connection": "close"}) from error
        except ClientDisconnect as error:
            raise HTTPException(400, "the request was cut off") from error
        finally:
            self._waiting -= size

    async def of_run(self, request: Request) -> Response:
        """The segment that began the run ?run= here; null where there is none."""
        project, run = self._project(request), _run(request)
        if run is None:
            raise HTTPException(400, "run= is missing")
        return JSONResponse({"begun_by": await self._done(lambda: self._receiver.begun_by(project, run))})

    async def say(self, request: Request) -> Response:
        """What is said of the run ?run= on the page elsewhere, {properties, commands}: of two words the later holds."""
        project, run = self._project(request), _run(request)
        if run is None:
            raise HTTPException(400, "run= is missing")
        async with self._body(request, MAX_PIECE_BYTES) as body:

            def act() -> bool:
                try:
                    said = json.loads(body)
                except (ValueError, RecursionError) as error:
                    raise DamagedBytesError("this is no JSON") from error
                return self._receiver.say(project, run, run_page.of_json(said))

            return JSONResponse({"said": await self._done(act)})

    def _asked(self, request: Request) -> tuple[str, str, str | None]:
        """The project, the segment, and the run that it lies in, where the question says so."""
        project = self._project(request)
        segment = request.path_params["segment"]
        if not is_segment_id(segment):
            raise HTTPException(404, "no segment can be called so")
        return project, segment, _run(request)

    def _project(self, request: Request) -> str:
        project = self._tokens.project_of(request.headers)
        if project is None:
            if "authorization" in request.headers and self._failures.note(request.scope):
                raise HTTPException(429, "too many wrong tokens; wait a minute", {"connection": "close"})
            raise HTTPException(403, "this needs a write token, as viz serve --receive takes", {"connection": "close"})
        return project

    async def _done(self, act: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        except (CursorError, PlaceError) as error:
            return error
        except DamagedBytesError as error:
            raise HTTPException(422, str(error)) from error
        except DeletedError as error:
            raise HTTPException(410, str(error)) from error
        except UnstoredError as error:
            raise HTTPException(507, str(error), AGAIN) from error

    def close(self) -> None:
        """Lets go of all files."""
        self._asks.close()
        self._threads.shutdown()
        self._receiver.close()


def _run(request: Request) -> str | None:
    """The run that somebody wants segments to lie in, whatever they say of themselves."""
    return RequestValues.of_query(request).text("run", MOST_NAME)


def _beside(request: Request) -> str | None:
    """Of a copy that a fork took along: the fork's own segment."""
    beside = RequestValues.of_query(request).text("beside")
    if beside is not None and not is_segment_id(beside):
        raise HTTPException(404, "no segment can be called so")
    return beside


def _answer(found: Arrived | CursorError) -> Response:
    if isinstance(found, CursorError):
        return JSONResponse({**asdict(found.arrived), "error": str(found)}, 409)
    return JSONResponse(asdict(found))
