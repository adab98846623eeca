"""A server as who asks it by hand: the tokens of the tests, requests of any kind, and what lies in its folder."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from served import Served

from tracker.store.shipment import MEDIA_TYPE

TOKEN = "a-token-to-write-with"
READING = "a-token-to-read-with"


class Asking:
    """Sends requests to a server on one connection, which is made anew where the server ends it."""

    def __init__(self, served: Served, token: str | None = TOKEN) -> None:
        self._place = served.base.removeprefix("http://")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._connection = http.client.HTTPConnection(self._place, timeout=60)

    def __call__(self, method: str, path: str, data: bytes | None = None, kind: str = MEDIA_TYPE) -> tuple[int, Any]:
        """The status and what was answered."""
        headers = {**self._headers, **({"content-type": kind} if data is not None else {})}
        for is_last in (False, True):
            try:
                self._connection.request(method, path, data, headers)
                answer = self._connection.getresponse()
                said = answer.read()
                return answer.status, json.loads(said) if said[:1] in (b"{", b"[") else said
            except (http.client.HTTPException, OSError):
                self._connection.close()
                if is_last:
                    raise
        raise AssertionError

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def files(root: Path) -> dict[str, bytes]:
    """All files below a folder, and what is in them."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
