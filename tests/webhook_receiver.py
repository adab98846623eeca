"""A receiver of webhooks on this machine: what it was sent, and how it answers."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any


class Receiver:
    """Listens until the block ends; `answers` gives the status of each request, and None closes the line.

    Args:
        answers: Given the number of the request, from 0.
        headers: Of each answer.
    """

    def __init__(self, answers: Callable[[int], int | None], headers: dict[str, str]) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        """Of each request its key and its body."""
        self.paths: list[str] = []
        self.some = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = answers(len(receiver.got))
                with receiver.some:
                    receiver.paths.append(self.path)
                    receiver.got.append((self.headers["idempotency-key"], body))
                    receiver.some.notify_all()
                if status is not None:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait_for(self, count: int, seconds: float = 20.0) -> list[tuple[str, dict[str, Any]]]:
        """What was sent, once there are so many requests."""
        with self.some:
            assert self.some.wait_for(lambda: len(self.got) >= count, seconds), f"{len(self.got)} of {count} requests"
        return self.got


@contextlib.contextmanager
def receiving(answers: Callable[[int], int | None] = lambda _: 200, **headers: str) -> Iterator[Receiver]:
    """A receiver, until the block ends."""
    made = Receiver(answers, headers)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()
