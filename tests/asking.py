"""Asks a server over plain sockets, so that requests go over the line as they are written; and looks at its memory."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from odd_requests import OddRequest
from served import Served
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    """0 where nothing did: the line was closed."""
    body: bytes
    seconds: float


class Asker:
    """Asks one server.

    Args:
        served: The server, without a token.
        port: Another one than the page's.
    """

    def __init__(self, served: Served, port: int | None = None) -> None:
        self.served = served
        place = urlsplit(served.base)
        self._place = (place.hostname or "", port or place.port or 0)
        self._process = psutil.Process(served.process.pid)

    def rss(self) -> float:
        """Its memory, MiB."""
        return float(self._process.memory_info().rss) / 2**20

    def said(self) -> str:
        """All that it has printed."""
        return "".join(self.served.lines)

    def raw(self, data: bytes, *, cut: bool = False, wait_s: float = 60.0) -> Answer:
        """Sends bytes and takes what comes back, to the end of the line."""
        began, parts = time.perf_counter(), []
        with socket.create_connection(self._place, timeout=wait_s) as line:
            with contextlib.suppress(OSError):  # it may be closed before all of it was sent
                line.sendall(data)
                if cut:
                    line.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while part := line.recv(1 << 16):
                    parts.append(part)
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        if b"transfer-encoding: chunked" in head.lower():
            body = _joined(body)
        return Answer(status, body, time.perf_counter() - began)

    def ask(self, request: OddRequest) -> Answer:
        """Sends a request."""
        lines = [
            request.method.encode() + b" " + request.target + b" HTTP/1.1",
            b"host: 127.0.0.1",
            b"connection: close",
        ]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in request.headers.items()]
        body = request.body
        if body is not None and request.chunked and not request.cut:
            lines.append(b"transfer-encoding: chunked")
            pieces = [body[i : i + 60_000] for i in range(0, len(body), 60_000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif body is not None:
            lines.append(b"content-length: %d" % (len(body) + (1000 if request.cut else 0)))
        return self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""), cut=request.cut)

    def get(self, target: str) -> Answer:
        """A plain question."""
        return self.ask(OddRequest("GET", target.encode(), {}, None))

    def post(self, target: str, body: bytes) -> Answer:
        """One with a body of JSON."""
        return self.ask(OddRequest("POST", target.encode(), {"content-type": "application/json"}, body))

    def say(self, *messages: bytes | str) -> None:
        """Opens a tab, says something, and waits until that is answered or the tab is closed."""
        with contextlib.suppress(WebSocketException, TimeoutError, OSError), self.tab() as tab:
            for message in messages:
                tab.send(message)
            tab.send('{"ping": "end"}')
            while b'"end"' not in bytes(tab.recv(timeout=60)):
                pass

    def tab(self):  # type: ignore[no-untyped-def]
        """An open tab."""
        return connect(f"ws://127.0.0.1:{self._place[1]}/live", max_size=None, close_timeout=0.5, ping_interval=None)

    @property
    def place(self) -> tuple[str, int]:
        """Its address."""
        return self._place


def hashes_of(folder: Path) -> list[str]:
    """What is stored in a run."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(next(folder.glob("*.sqlite")))) as connection:
        return [row[0] for row in connection.execute("SELECT hash FROM blobs")]


def _joined(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            break
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)


def grown(asker: Asker, act: Callable[[], None]) -> float:
    """How many MiB the server grew by, at the most, while something was done."""
    before = most = asker.rss()
    act()
    return max(most, asker.rss()) - before


def is_alive(asker: Asker) -> bool:
    """Whether the good run is shown still."""
    answer = asker.get("/api/v1/scalars?run=a&tag=train/loss&columns=5")
    return answer.status == 200 and json.loads(answer.body)["points"] == 300
