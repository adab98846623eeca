"""Who may talk to the server: a token, a Host of ours, an Origin of ours; and what every answer says of itself.

Loopback is no boundary: any page in the same browser can send requests to it, and on a shared machine any
user can. The model is Jupyter's: a token on by default, shown once in the address that is printed.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.http.failures import Failures
from dashboard.server import plain_pages, public_address
from dashboard.server.sessions import Session, Sessions

OPEN_PATHS = frozenset({"/healthz"})
SESSION_PATH = "/session"
"""Answered here: whether a page is still let in, and for the token a new session."""

BY_COOKIE = ("/assets/", "/packages/", "/dash/", "/api/v1/blobs/", "/api/v1/profile/file", "/api/v1/pane/html")
"""What a browser asks for by address, where no page can add a header; besides the page and the list of runs."""

KEY_HEADER = "x-everystep-key"
LIVE_PROTOCOL = "everystep"
"""Of the live feed; a page says its key as a second one, as it can add no header there."""

LEAST_TOKEN = 16
"""Characters of a token that somebody chose: who has a cookie could try shorter ones out at home."""

MAX_COOKIES = 10
"""Of one name that are looked at."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "SAMEORIGIN",
}


MORE_ALLOWED = {"try": {"permissions-policy": "camera=(self), microphone=(), geolocation=()"}}
"""By page what its document may do that the others may not: take a picture to ask a model, when somebody clicks."""


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


NOTEBOOKS = "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:* vscode-webview:"
"""Whose pages may show a server that a notebook's cell started, in a frame: those of this machine."""


def content_policy(script_hashes: Iterable[str] = (), *, framed: bool = False) -> str:
    """The Content-Security-Policy of our pages: all from this server, no eval, no inline script but those hashed."""
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors 'self'{' ' + NOTEBOOKS if framed else ''}"
    )


MODEL_WORKER = "pages/try/model_worker.js"
MODEL_WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"
"""Of the one script that may compile WebAssembly. A worker obeys the policy that it is sent with and not that of the
page which starts it: so no page has to be allowed more, whichever the reader turned to before Try. It can ask nobody
anything: what it runs, and on what, the page gives it."""


class Door(Protocol):
    """Another way in than by the token, to a part of what is guarded."""

    def lets_in(self, scope: Scope, headers: Headers, path: str | None) -> bool:
        """Whether who asks was let in by it, or asks what everybody may."""


class Guard:
    """ASGI middleware in front of everything.

    Args:
        app: What it guards.
        token: What a visitor must show; None lets everyone in who can reach the port.
        hosts: Names by which the server may be addressed; None for any.
        allowed: Names under which a proxy of the user's shows the page, whatever it addresses the server by.
        secret: What sessions are made with, when they are to outlive this start.
        prefix: Path below which the app lives, such as "/viz"; empty for the root. It is cut off here: the app does
            not know of it, and the page asks by addresses relative to its own.
        framed: Whether a notebook of this machine may show it in a frame.
        doors: Other ways in.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        hosts: frozenset[str] | None,
        allowed: frozenset[str] = frozenset(),
        secret: bytes | None = None,
        prefix: str = "",
        framed: bool = False,
        doors: Sequence[Door] = (),
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts
        self._allowed = allowed
        self._sessions = Sessions(secret)
        self._prefix = prefix
        self._framed = framed
        self._doors = doors
        self._failures = Failures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = public_address.below(scope["path"], self._prefix)
        refusal = self._refusal(scope, headers, path)
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
            return
        asks = scope["type"] == "http" and path == SESSION_PATH
        # Only who shows the token itself: for its cookie alone nobody is given a key.
        begins = scope["type"] == "http" and (asks or path == "/") and self._shows_token(scope, headers)
        session = self._sessions.begin() if begins else None
        key = session.key if session is not None else ""
        app: ASGIApp = JSONResponse({"key": key}) if asks else self._app
        if path == "":
            app = _with_slash(scope, self._prefix)
        scope = {**scope, "path": path, "everystep.key": key}
        feed = LIVE_PROTOCOL if LIVE_PROTOCOL in _subprotocols(scope) else None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if not (self._framed and name == "x-frame-options"):  # which knows no list; the policy says whose
                        answer.setdefault(name, value)
                answer.setdefault("content-security-policy", content_policy(framed=self._framed))
                if not answer.get("cache-control"):
                    answer["cache-control"] = "no-store"
                if session is not None:
                    # The page itself then takes the token out of its address; a redirect would not do: after a link
                    # from another site the browser would not send a strict cookie along with it.
                    answer.append("set-cookie", self._set_cookie(scope, headers, session))
            elif message["type"] == "websocket.accept" and feed:
                message = {**message, "subprotocol": feed}
            try:
                await send(message)
            except RuntimeError as error:
                # Who asked has gone, which uvloop says here before uvicorn has heard of it: the answer is nobody's.
                if "handler is closed" not in str(error):
                    raise

        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers, path: str | None) -> Response | None:
        host = headers.get("host", "")
        is_person = scope["type"] == "http" and "text/html" in headers.get("accept", "")
        name = public_address.name_of(host)
        if self._hosts is not None and name not in self._hosts:
            return _foreign(f"This server does not answer to the name {host[:200]!r}.", name, is_person or path == "/")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        origin = headers.get("origin")
        if origin and (changes or headers.get("sec-fetch-mode") == "cors") and not self._is_ours(origin, headers):
            words = f"This request comes from a page of another server, {origin[:200]}, and asks for {host[:200]}."
            return _foreign(words, public_address.name_of_origin(origin), is_person)
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") == "cross-site" and not (navigates and path in ("", "/")):
            return JSONResponse({"error": "This request comes from a page of another site."}, 403)
        is_open = path in OPEN_PATHS or any(door.lets_in(scope, headers, path) for door in self._doors)
        if not (is_open or self._token is None):
            refusal = self._unknown(scope, headers, path, changes=changes)
            if refusal is not None:
                return plain_pages.asking() if refusal.status_code == 401 and (is_person or path == "/") else refusal
        if path is None or (path == "" and scope["type"] == "websocket"):
            return plain_pages.above() if is_person else JSONResponse({"error": "There is nothing at this path."}, 404)
        return None

    def _is_ours(self, origin: str, headers: Headers) -> bool:
        """Whether a page of this Origin is ours: as the Host says, as the user said, or as the browser says.

        nginx puts the address that it asks in the place of Host unless it is told not to. The browser knows better: no
        page can set Sec-Fetch-Site, and "same-origin" is said only of https and of this machine, where no name can be
        made to point elsewhere (DNS rebinding has neither a certificate for its name nor a name of this machine).
        """
        name = public_address.name_of_origin(origin)
        if public_address.is_origin_of(origin, headers.get("host", "")):
            return True
        return name is not None and (name in self._allowed or headers.get("sec-fetch-site") == "same-origin")

    def _unknown(self, scope: Scope, headers: Headers, path: str | None, *, changes: bool) -> Response | None:
        """The refusal of who shows neither the token nor a session; None for who does."""
        if self._shows_token(scope, headers):
            return None
        cookies = _cookies(headers.get("cookie", ""), _cookie_name(headers))
        sessions = list(filter(None, map(self._sessions.name_of, cookies)))
        if sessions:
            keys = [headers.get(KEY_HEADER, ""), *_subprotocols(scope)]
            if any(self._sessions.is_key_of(session, key) for session in sessions for key in keys):
                return None
            if not changes and path is not None and (path in ("", "/", "/api/v1/runs") or path.startswith(BY_COOKIE)):
                return None
        elif _given(scope, headers) and self._failures.note(scope):
            return JSONResponse({"error": "Too many wrong tokens; wait a minute."}, 429)
        return JSONResponse({"error": "This needs the token."}, 401)

    def _shows_token(self, scope: Scope, headers: Headers) -> bool:
        """Whether a request brings the token, in its address or as a bearer; False on a server without one."""
        wanted = self._token
        return wanted is not None and any(
            hmac.compare_digest(given.encode(), wanted.encode()) for given in _given(scope, headers)
        )

    def _set_cookie(self, scope: Scope, headers: Headers, session: Session) -> str:
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        name = _cookie_name(headers)
        # Without a Path: a browser then sends it to what lies beside the page, wherever a proxy may have put that.
        return f"{name}={session.cookie}; HttpOnly; SameSite=Strict{secure}"


def _foreign(sentence: str, name: str | None, is_person: bool) -> Response:
    """The refusal of what may come from elsewhere, and what to do where it is a proxy of one's own.

    `allow` is the name that the page can tell what to do about.
    """
    if name is not None:
        sentence += f" If {name} is a proxy of yours, start the dashboard with --allow-host {name}."
    return plain_pages.foreign(sentence) if is_person else JSONResponse({"error": sentence, "allow": name}, 403)


def _with_slash(scope: Scope, prefix: str) -> Response:
    """To the page, whose addresses are relative to a path with a slash at its end; relative itself, as a proxy in
    between has another name than we are addressed by."""
    query = scope["query_string"].decode("latin-1")
    return RedirectResponse(f"./{prefix.rpartition('/')[2]}/{'?' * bool(query)}{query}", 307)


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("content-security-policy", content_policy())
    answer.headers.setdefault("cache-control", "no-store")
    await answer(scope, receive, send)


def _cookie_name(headers: Headers) -> str:
    """By the port as the browser sees it, so that servers at the ends of several tunnels are told apart."""
    return f"everystep_{public_address.port_of(headers.get('host', '')) or 'web'}"


def _given(scope: Scope, headers: Headers) -> list[str]:
    """What a request says the token were."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    bearer = headers.get("authorization", "")
    return [value for name, value in query if name == "token"][:1] + (
        [bearer[7:].strip()] if bearer.lower().startswith("bearer ") else []
    )


def _subprotocols(scope: Scope) -> list[str]:
    """What a page says beside its address; older uvicorns (0.35 to 0.41 at least) give all of it as one text."""
    return [word.strip() for said in scope.get("subprotocols", ()) for word in said.split(",")]


def _cookies(header: str, name: str) -> list[str]:
    """The values of a cookie, which may be there several times: of this path, and of those above it that a proxy shows
    other dashboards at."""
    pairs = (pair.partition("=") for pair in header.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name][:MAX_COOKIES]
