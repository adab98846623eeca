"""The protocol of Visdom's server: what its client asks by HTTP, and how it is told of events.

Written for its client 0.2.4, which takes whatever comes for an answer: a refusal is a sentence that begins with
"error:". Browsers are sent to the page of panes.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from dashboard.http import bodies
from dashboard.visdom.door import Door
from dashboard.visdom.sources import Sources
from dashboard.visdom.worker import MessageWorker
from tracker.compat.visdom.environment_name import run_name
from tracker.compat.visdom.windows import WindowError, Windows

logger = logging.getLogger("dashboard")

MAX_BODY_BYTES = 32 << 20
"""Of a message: a film of 24 MB, or 800,000 points at once."""

ENDPOINTS = frozenset(
    ["events", "update", "close", "win_exists", "win_data", "win_hash", "save", "fork_env", "delete_env", "env_state"]
)

PAGES = ("env/", "compare/")
"""What is below these is an environment's page for a browser."""

CLOSED = {"connection": "close"}


class Protocol:
    """The ASGI app; who may ask was looked at before.

    Args:
        logdir: Where the runs are.
        door: Who lets a client in that has a password.
        page: The address of the page for who made a request.
        delete: Called with the name of a run that is to go.
    """

    def __init__(
        self, logdir: Path, door: Door, page: Callable[[Scope, Headers], str], delete: Callable[[str], None]
    ) -> None:
        self._door, self._page = door, page
        self._sources = Sources()
        self._worker = MessageWorker(Windows(logdir, tell=self._sources.tell, delete=delete))

    def stop(self) -> None:
        """Ends: what was said is stored, and the runs are finished."""
        self._sources.close()
        self._worker.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if scope["type"] == "websocket":
            if path == "vis_socket":
                await self._sources.serve(WebSocket(scope, receive, send))
            else:
                await WebSocketClose(1008)(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive, path)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, path: str) -> Response:
        method, headers = scope["method"], Headers(scope=scope)
        if method in ("GET", "HEAD"):
            return self._shown(scope, headers, path)
        if method != "POST":
            return _refusal("Visdom's client asks by POST.", 405, {"allow": "GET, HEAD, POST"})
        try:
            body = await bodies.taken(scope, receive, MAX_BODY_BYTES)
        except bodies.BodyError as error:
            return _refusal(f"The message {error.why}.", error.status, CLOSED)
        if path in ("", "login"):
            return await self._enter(scope, headers, body)
        if path == "vis_socket_wrap":
            return self._poll(body)
        if path in ENDPOINTS or path.startswith("env/"):
            return await self._done(path, body)
        return _refusal(f"There is nothing at {path[:80]!r}.", 404)

    async def _done(self, endpoint: str, body: bytes) -> Response:
        try:
            return PlainTextResponse(await self._worker.done(endpoint, body))
        except WindowError as error:
            return _refusal(str(error), error.status)

    async def _enter(self, scope: Scope, headers: Headers, body: bytes) -> Response:
        if b'"eid"' in body and self._door.was_let_in(headers):
            return await self._done("env/", body)  # of an environment called "..", which a client takes for a path
        status, text, more = self._door.answer(scope, headers, body)
        return PlainTextResponse(text, headers=more) if status == 200 else _refusal(text, status, more)

    def _poll(self, body: bytes) -> Response:
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            return _refusal("The message is not a JSON object.", 400)
        return Response(orjson.dumps(self._sources.asked(said)), media_type="application/json")

    def _shown(self, scope: Scope, headers: Headers, path: str) -> Response:
        if path in ("health", "healthz"):
            return PlainTextResponse("ok")
        asked = next((path.removeprefix(word) for word in PAGES if path.startswith(word)), None)
        if path == "" or asked is not None:
            return RedirectResponse(self._page(scope, headers) + _question(asked), 307)
        if path in ENDPOINTS:
            return _refusal("Visdom's client asks this by POST.", 405, {"allow": "POST"})
        return _refusal(f"There is nothing at {path[:80]!r}.", 404)


def _question(environment: str | None) -> str:
    """The page of panes, and of which environments: those of `compare/` are joined by a plus."""
    said = {"p": "panes"}
    with contextlib.suppress(ValueError):  # no environment is called so
        if environment:
            said["env"] = "\n".join(run_name(each) for each in environment.split("+"))
    return f"?{urlencode(said)}"


def _refusal(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"error: {sentence}", status, headers=headers)
