"""Who may talk to the server: a token, a Host of ours, an Origin of ours; and what every answer says of itself.

Loopback is no boundary: any page in the same browser can send requests to it, and on a shared machine any
user can. The model is Jupyter's: a token on by default, shown once in the address that is printed.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections import deque
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.sessions import Session, Sessions

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/healthz"})
SESSION_PATH = "/session"
"""Answered here: whether a page is still let in, and for the token a new session."""

BY_COOKIE = ("/assets/", "/packages/", "/dash/", "/api/v1/blobs/", "/api/v1/profile/file")
"""What a browser asks for by address, where no page can add a header; besides the page and the list of runs."""

KEY_HEADER = "x-everystep-key"
LIVE_PROTOCOL = "everystep"
"""Of the live feed; a page says its key as a second one, as it can add no header there."""

LEAST_TOKEN = 16
"""Characters of a token that somebody chose: who has a cookie could try shorter ones out at home."""

FAILURES_A_MINUTE = 20
"""Wrong tokens of one address before it has to wait; 256 random bits need no more, but guessing should look futile."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "SAMEORIGIN",
}


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
        "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors 'self'{' ' + NOTEBOOKS if framed else ''}"
    )


class Guard:
    """ASGI middleware in front of everything.

    Args:
        app: What it guards.
        token: What a visitor must show; None lets everyone in who can reach the port.
        hosts: Names by which the server may be addressed; None for any.
        secret: What sessions are made with, when they are to outlive this start.
        prefix: Path below which the app lives, such as "/viz"; empty for the root.
        framed: Whether a notebook of this machine may show it in a frame.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        hosts: frozenset[str] | None,
        secret: bytes | None = None,
        prefix: str = "",
        framed: bool = False,
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts
        self._sessions = Sessions(secret)
        self._prefix = prefix
        self._framed = framed
        self._failures: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
            return
        path = scope["path"].removeprefix(self._prefix)
        asks = scope["type"] == "http" and path == SESSION_PATH
        # Only who shows the token itself: for its cookie alone nobody is given a key.
        begins = scope["type"] == "http" and (asks or path in ("", "/")) and self._shows_token(scope, headers)
        session = self._sessions.begin() if begins else None
        key = session.key if session is not None else ""
        scope = {**scope, "everystep.key": key}
        app: ASGIApp = JSONResponse({"key": key}) if asks else self._app
        feed = LIVE_PROTOCOL if LIVE_PROTOCOL in scope.get("subprotocols", ()) else None

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
            await send(message)

        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._hosts is not None and _name_of(host) not in self._hosts:
            return JSONResponse({"error": f"This server does not answer to the name {host[:200]!r}."}, 403)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        origin = headers.get("origin")
        if origin and (changes or headers.get("sec-fetch-mode") == "cors") and not _is_from(origin, host):
            return JSONResponse({"error": "This request comes from a page of another server."}, 403)
        path = scope["path"].removeprefix(self._prefix)
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") == "cross-site" and not (navigates and path in ("", "/")):
            return JSONResponse({"error": "This request comes from a page of another site."}, 403)
        if path in OPEN_PATHS or self._token is None:
            return None
        if self._shows_token(scope, headers):
            return None
        cookie = _cookie(headers.get("cookie", ""), _cookie_name(headers))
        session = self._sessions.name_of(cookie) if cookie else None
        if session is not None:
            keys = [headers.get(KEY_HEADER, ""), *scope.get("subprotocols", ())]
            if any(self._sessions.is_key_of(session, key) for key in keys):
                return None
            if not changes and (path in ("", "/", "/api/v1/runs") or path.startswith(BY_COOKIE)):
                return None
        elif _given(scope, headers):
            wait = self._note_failure(scope)
            if wait:
                return JSONResponse({"error": "Too many wrong tokens; wait a minute."}, 429)
        return (
            HTMLResponse(_ASKING, 401) if path in ("", "/") else JSONResponse({"error": "This needs the token."}, 401)
        )

    def _shows_token(self, scope: Scope, headers: Headers) -> bool:
        """Whether a request brings the token, in its address or as a bearer; False on a server without one."""
        wanted = self._token
        return wanted is not None and any(
            hmac.compare_digest(given.encode(), wanted.encode()) for given in _given(scope, headers)
        )

    def _set_cookie(self, scope: Scope, headers: Headers, session: Session) -> str:
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        name = _cookie_name(headers)
        return f"{name}={session.cookie}; HttpOnly; SameSite=Strict; Path={self._prefix}/{secure}"

    def _note_failure(self, scope: Scope) -> bool:
        peer = (scope.get("client") or ("",))[0]
        now = time.monotonic()
        times = self._failures.setdefault(peer, deque(maxlen=FAILURES_A_MINUTE))
        too_many = len(times) == FAILURES_A_MINUTE and now - times[0] < 60
        times.append(now)
        if len(self._failures) > 1000:
            self._failures.clear()
        return too_many


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("content-security-policy", content_policy())
    answer.headers.setdefault("cache-control", "no-store")
    await answer(scope, receive, send)


_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)


def _name_of(host: str) -> str | None:
    """The name in a Host header, without the port; None where it is no name and port."""
    found = _HOST.fullmatch(host)
    return (found["v6"] or found["name"]).lower() if found else None


def _is_from(origin: str, host: str) -> bool:
    """Whether a page of this Origin came from the server that is addressed as `host`.

    Either scheme: behind a proxy we are spoken to in the clear whatever the browser speaks.
    """
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _cookie_name(headers: Headers) -> str:
    """By the port as the browser sees it, so that servers at the ends of several tunnels are told apart."""
    found = _HOST.fullmatch(headers.get("host", ""))
    return f"everystep_{(found['port'] if found else None) or 'web'}"


def _given(scope: Scope, headers: Headers) -> list[str]:
    """What a request says the token were."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    bearer = headers.get("authorization", "")
    return [value for name, value in query if name == "token"][:1] + (
        [bearer[7:].strip()] if bearer.lower().startswith("bearer ") else []
    )


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found else None


_ASKING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>everystep</title>
<meta name="viewport" content="width=device-width">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#16181d}
body{background:#f7f8fa}
h1{font-size:1.1rem}code{background:#e6e8ec;padding:.1em .4em;border-radius:4px}
input{font:inherit;padding:.4em .6em;width:22rem;max-width:100%;border:1px solid #c4c8d0;border-radius:6px}
button{font:inherit;padding:.4em .9em;border:0;border-radius:6px;background:#4c6ef5;color:#fff}
@media(prefers-color-scheme:dark){body{color:#e7e9ee;background:#0f1115}code{background:#262a33}
input{background:#16191f;color:inherit;border-color:#3a404c}}</style>
<h1>This dashboard needs its token</h1>
<p>Open the link that <code>viz serve</code> printed when it started, or paste the token here.</p>
<form method="get"><label>Token <input name="token" autocomplete="off" autofocus></label> <button>Open</button></form>
</html>"""
