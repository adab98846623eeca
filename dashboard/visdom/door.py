"""How Visdom's client shows the token: as the password of any user, once; then by the cookie that it is given."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

COOKIE = "user_password"
"""As the client calls it: it is what it sends along when it opens its WebSocket."""

LOGIN_PATHS = ("", "/", "/login")

SHOWN = ("/env/", "/compare/")
"""Where a browser is sent to the page of panes, which has a door of its own."""

FAILURES_A_MINUTE = 20

MAX_LOGIN_BYTES = 10_000


class Door:
    """Knows who was let in.

    Args:
        token: The server's; None lets everybody in.
        secret: What the cookie is made with, so that a client goes on after a restart; one of its own by default.
        root: The path below which all of this is: "" or "/visdom".
    """

    def __init__(self, token: str | None, secret: bytes | None, root: str = "") -> None:
        self._password = None if token is None else hashlib.sha256(token.encode()).hexdigest()
        self._cookie = hmac.new(secret or secrets.token_bytes(32), b"everystep visdom port", hashlib.sha256).hexdigest()
        self._root = root
        self._failures: dict[str, deque[float]] = {}

    def lets_in(self, scope: Scope, headers: Headers, path: str | None) -> bool:
        """Whether a request was let in before, or is one that everybody may make: to be let in, or shown the way."""
        if path is None or not f"{path}/".startswith(f"{self._root}/"):
            return False
        if scope["type"] == "http":
            inside = path.removeprefix(self._root)
            if scope["method"] == "POST" and inside in LOGIN_PATHS:
                return True
            if scope["method"] in ("GET", "HEAD") and (inside in ("", "/") or inside.startswith(SHOWN)):
                return True
        return self.was_let_in(headers)

    def was_let_in(self, headers: Headers) -> bool:
        """Whether a request brings the cookie, or there is no token to be shown."""
        if self._password is None:
            return True
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self._cookie.encode())

    def answer(self, scope: Scope, headers: Headers, body: bytes) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers for who asks to be let in."""
        if self._password is None:
            return 200, "", {}
        peer = (scope.get("client") or ("",))[0]
        times = self._failures.setdefault(peer, deque(maxlen=FAILURES_A_MINUTE))
        now = time.monotonic()
        if len(times) == FAILURES_A_MINUTE and now - times[0] < 60:
            return 429, "Too many wrong passwords; wait a minute.", {}
        if len(body) <= MAX_LOGIN_BYTES and hmac.compare_digest(_password(body).encode(), self._password.encode()):
            return 200, "", {"set-cookie": f"{COOKIE}={self._cookie}; HttpOnly; SameSite=Strict"}
        times.append(now)
        if len(self._failures) > 1_000:
            self._failures.clear()
        return 401, 'This needs the token: Visdom(…, username="viz", password=TOKEN).', {}


def _password(body: bytes) -> str:
    """What the client sends: the SHA-256 of the password, in hexadecimal digits; nothing where it sends none."""
    try:
        found = json.loads(body)
        return str(found["password"]).encode("ascii", "replace").decode()
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
