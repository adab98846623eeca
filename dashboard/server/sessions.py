"""What a browser has once it showed the token: a cookie, which it sends to every port of this machine, and a key, which
only our page has.

A cookie knows no ports, so that whoever serves something else on 127.0.0.1 is sent it too. It is therefore neither the
token nor enough: alone it opens what a browser asks for by address (the page, its scripts, the list of runs that is
fetched while they load, a picture whose hash one knows), and nothing that changes something. The rest needs the key,
which the page keeps in its own storage (a port has one of its own) and sends in a header.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

SESSION_S = 30 * 86400.0
"""A page may stay open as long as a long training; after that the token is asked for again."""


def secret_of(token: str) -> bytes:
    """What the sessions of a token that somebody chose are made with: they go on when the server starts again.

    Slow on purpose (50 ms): from a cookie one could else try out tokens by the billion.
    """
    return hashlib.scrypt(token.encode(), salt=b"everystep session", n=2**14, r=8, p=1, dklen=32)


@dataclass(frozen=True)
class Session:
    """A browser that was let in."""

    cookie: str
    key: str


class Sessions:
    """Makes sessions, and knows its own again without keeping any.

    Args:
        secret: 32 bytes; of one's own for each start, or `secret_of` a token.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def begin(self) -> Session:
        """A new one."""
        name = f"{int(time.time() + SESSION_S)}.{secrets.token_urlsafe(12)}"
        return Session(f"{name}.{self._sign('cookie', name)}", self._sign("key", name))

    def name_of(self, cookie: str) -> str | None:
        """The name of the session that a cookie stands for; None when it is not ours, or its time is over."""
        name, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("cookie", name).encode()):
            return None
        return name if time.time() < int(name.partition(".")[0]) else None

    def is_key_of(self, name: str, key: str) -> bool:
        """Whether a key is that of a session."""
        return hmac.compare_digest(key.encode(), self._sign("key", name).encode())

    def _sign(self, what: str, name: str) -> str:
        return hmac.new(self._secret, f"{what} {name}".encode(), hashlib.sha256).hexdigest()
