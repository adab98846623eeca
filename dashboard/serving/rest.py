"""TensorFlow Serving's REST interface: what its clients ask below /v1/models is answered alike, and errors in its form.

https://www.tensorflow.org/tfx/serving/api_rest says what is asked; docs/serving.md what is ours besides. Requests are
taken as they come over the line, with as little between as can be: a small model answers in less time than a framework
takes to find who is asked.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from dashboard.http import bodies
from dashboard.serving import metrics, paths, tensorflow_words
from dashboard.serving.models import Models
from dashboard.serving.refusal import RefusedError
from dashboard.serving.shelf import version_of
from tracker.store.read.models import StoredModel

logger = logging.getLogger("dashboard")

MAX_BODY_BYTES = 64 << 20
"""Of one request; a picture of 224 × 224 in three colours is 1.5 to 3 MB of numbers."""

MAX_NAME = 4_000

MOST_DIGITS = 18

_VERSION = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_PREDICTION = re.compile(rf"/v1/models/(?P<name>.+?){_VERSION}:(?P<verb>predict|classify|regress)", re.IGNORECASE)
_STATUS = re.compile(rf"/v1/models/(?P<name>.+?){_VERSION}(?P<metadata>/metadata)?", re.IGNORECASE)


class Reply(NamedTuple):
    """An answer on its way."""

    status: int
    body: bytes
    media_type: bytes = b"application/json"
    closes: bool = False


class _Who:
    """Which model and version a request came to, as far as it came."""

    def __init__(self) -> None:
        self.model = self.version = ""


class Named(NamedTuple):
    """What an address names."""

    name: str
    step: int | str | None
    verb: str


class Rest:
    """The ASGI app below `paths.BELOW`.

    Args:
        models: What is asked.
        prefix: Path below which the server lies, where a proxy passes it on.
    """

    def __init__(self, models: Models, prefix: str = "") -> None:
        self._models = models
        self._prefix = prefix
        self._coming = 0
        """Bytes of bodies that are on their way in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        who = _Who()
        try:
            reply = await self._reply(scope, receive, who)
        except RefusedError as error:
            reply = Reply(error.status, orjson.dumps({"error": str(error)}), closes=error.status == 413)
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("viz: %s failed", scope["path"])
            reply = Reply(500, b'{"error":"Something went wrong; the terminal of viz says what."}')
        if scope["path"].startswith(f"{paths.MODELS}/"):
            self._models.metrics.answered(who.model, who.version, reply.status, time.monotonic() - began)
        headers = [(b"content-type", reply.media_type), (b"content-length", b"%d" % len(reply.body))]
        if reply.closes:  # a body that was not taken to its end
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _reply(self, scope: Scope, receive: Receive, who: _Who) -> Reply:
        path, method = self._path(scope), scope["method"]
        if method in ("GET", "HEAD"):
            if path in paths.METRICS:
                return Reply(200, self._models.metrics_text().encode(), metrics.MEDIA_TYPE.encode())
            if path in (paths.MODELS, f"{paths.MODELS}/"):
                return _json({"models": await self._models.shelf.names()})
            found = _STATUS.fullmatch(path)
            if found is not None and _PREDICTION.fullmatch(path) is None:
                return await self._told(_named(found), bool(found["metadata"]), who)
        elif method == "POST":
            found = _PREDICTION.fullmatch(path)
            if found is not None:
                named = _named(found)
                return await self._predicted(named, await self._body(scope, receive), who)
        raise RefusedError(400, f"Malformed request: {method} {path[:500]}")

    def _path(self, scope: Scope) -> str:
        """The path as it was sent, as a name may hold slashes that are escaped."""
        raw = scope.get("raw_path") or scope["path"].encode()
        return str(raw.decode("latin-1").partition("?")[0].removeprefix(self._prefix))

    async def _told(self, named: Named, wants_metadata: bool, who: _Who) -> Reply:
        model = await self._models.shelf.find(named.name)
        who.model = f"{model.run}/{model.name}"
        if wants_metadata:
            step, inputs, outputs = await self._models.signature(model, named.step)
            who.version = str(step)
            return _json(tensorflow_words.metadata(named.name, step, inputs, outputs))
        states = [(version.step, str(why or "")) for version, why in self._models.states(model)]
        if named.step is not None:
            wanted = version_of(model, named.step).step
            states = [(step, why) for step, why in states if step == wanted]
        return _json(tensorflow_words.status(states))

    async def _predicted(self, named: Named, body: bytes, who: _Who) -> Reply:
        model: StoredModel = await self._models.shelf.find(named.name)
        who.model = f"{model.run}/{model.name}"
        step, text = await self._models.answer_body(model, named.step, named.verb, body)
        who.version = str(step)
        return Reply(200, text)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The body, counted as it comes."""
        self._models.room_for(self._coming)
        size = 0

        def came(more: int) -> None:
            nonlocal size
            size += more
            self._coming += more
            self._models.room_for(self._coming)

        try:
            return await bodies.taken(scope, receive, MAX_BODY_BYTES, came)
        except bodies.BodyError as error:
            raise RefusedError(error.status, f"The request {error.why}.") from error
        finally:
            self._coming -= size


def _named(found: re.Match[str]) -> Named:
    name, version, label = unquote(found["name"]), found["version"], found["label"]
    if len(name) > MAX_NAME:
        raise RefusedError(400, f"The name of the model has more than {MAX_NAME:,} characters.")
    if version is not None and len(version) > MOST_DIGITS:
        raise RefusedError(400, f"Failed to convert version: {version[:100]} to numeric.")
    step: int | str | None = int(version) if version is not None else unquote(label) if label is not None else None
    return Named(name, step, (found.groupdict().get("verb") or "").lower())


def _json(value: Any) -> Reply:
    return Reply(200, orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
