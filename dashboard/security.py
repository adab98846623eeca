"""Who may talk to the server: a token, a Host of ours, an Origin of ours; and what every answer says of itself.

Loopback is no boundary: any page in the same browser can send requests to it, and on a shared machine any
user can. The model is Jupyter's: a token on by default, shown once in the address that is printed.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/healthz"})

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
        cookie: Name of the cookie that stands for the token after the first visit.
        prefix: Path below which the app lives, such as "/viz"; empty for the root.
        framed: Whether a notebook of this machine may show it in a frame.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        hosts: frozenset[str] | None,
        cookie: str,
        prefix: str = "",
        framed: bool = False,
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts
        self._cookie = cookie
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
        remember = self._is_first_visit(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if not (self._framed and name == "x-frame-options"):  # which knows no list; the policy says whose
                        answer.setdefault(name, value)
                answer.setdefault("content-security-policy", content_policy(framed=self._framed))
                if not answer.get("cache-control"):
                    answer["cache-control"] = "no-store"
                if remember:
                    secure = "; Secure" if scope.get("scheme") == "https" else ""
                    # The page itself then takes the token out of its address; a redirect would not do: after a link
                    # from another site the browser would not send a strict cookie along with it.
                    answer.append(
                        "set-cookie",
                        f"{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path={self._prefix}/{secure}",
                    )
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._hosts is not None and _name_of(host) not in self._hosts:
            return JSONResponse({"error": f"This server does not answer to the name {_name_of(host)!r}."}, 403)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        origin = headers.get("origin")
        if origin and (changes or headers.get("sec-fetch-mode") == "cors") and _name_and_port(origin) != host.lower():
            return JSONResponse({"error": "This request comes from a page of another server."}, 403)
        path = scope["path"].removeprefix(self._prefix)
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") == "cross-site" and not (navigates and path in ("", "/")):
            return JSONResponse({"error": "This request comes from a page of another site."}, 403)
        if path in OPEN_PATHS or self._token is None:
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in query if name == "token"), None)
        if given is not None and self._is_right(given):
            return None
        bearer = headers.get("authorization", "")
        if bearer.lower().startswith("bearer ") and self._is_right(bearer[7:].strip()):
            return None
        cookie = _cookie(headers.get("cookie", ""), self._cookie)
        if cookie and self._is_right(cookie):
            return None
        if given is not None or bearer or cookie:
            wait = self._note_failure(scope)
            if wait:
                return JSONResponse({"error": "Too many wrong tokens; wait a minute."}, 429)
        return (
            HTMLResponse(_ASKING, 401) if path in ("", "/") else JSONResponse({"error": "This needs the token."}, 401)
        )

    def _is_right(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _is_first_visit(self, scope: Scope) -> bool:
        """Whether this is the page, asked for with the token: a cookie will stand for it from now on."""
        page = scope["type"] == "http" and scope["path"].removeprefix(self._prefix) in ("", "/")
        return page and self._token is not None and b"token=" in scope["query_string"]

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


def _name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _name_and_port(origin: str) -> str:
    return origin.partition("://")[2].lower()


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
